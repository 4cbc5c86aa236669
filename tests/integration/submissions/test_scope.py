"""Who sees which report, and of which the figures: one predicate for lists, single reports, history and revisions."""

from typing import Any

import pytest

from tests.integration.submissions.world import EDUCATION, HEALTH, OFFICE, PLEIKU, PROVINCE, QUY_NHON, World


async def test_lists_hold_what_the_caller_may_see(world: World) -> None:
    mine, theirs = await world.assign(), await world.assign(unit=PLEIKU)
    both = {str(mine), str(theirs)}
    seen = {
        "officer": await _listed(world, world.officer()),
        "health": await _listed(world, world.verifier(HEALTH)),
        "education": await _listed(world, world.verifier(EDUCATION)),
        "office": await _listed(world, world.service.as_user(("compiler", OFFICE))),
        "executive": await _listed(world, world.service.as_user(("executive", PROVINCE))),
    }
    assert seen == {"officer": {str(mine)}, "health": both, "education": set(), "office": both, "executive": both}


@pytest.mark.parametrize("role", ["administrator", "operator"])
async def test_administrators_and_operators_read_no_reports(world: World, role: str) -> None:
    await world.assign()
    assert (await world.client.get("/reports", headers=world.service.as_user((role, OFFICE)))).status_code == 403


async def test_others_see_state_and_lateness_at_once_and_figures_only_once_sent(world: World) -> None:
    report_id = await world.assign()
    await world.submitted(report_id)
    seen = await world.get(report_id, world.verifier())
    assert (seen["state"], seen["cells"], seen["figures_of"]) == ("awaiting_leader", {}, None)
    history = await _read(world, f"/reports/{report_id}/history")
    assert {item["type"] for item in history["items"]} == {"report_assigned", "report_submitted_to_leader"}
    assert history["revisions"] == []
    assert (await _read(world, f"/reports/{report_id}/cells/births.month/history"))["items"] == []
    assert (await world.client.get(f"/reports/{report_id}/revisions/1", headers=world.verifier())).status_code == 404
    await world.decide("send", report_id, 1)
    seen = await world.get(report_id, world.verifier())
    assert (seen["figures_of"], seen["cells"]["births.month"]) == (1, {"number": "12"})
    assert (await _read(world, f"/reports/{report_id}/revisions/1"))["figures"]["births.month"] == {"number": "12"}
    cell = await _read(world, f"/reports/{report_id}/cells/births.month/history")
    assert [item["after"] for item in cell["items"]] == [{"number": "12"}]


async def test_while_a_return_is_corrected_others_go_on_seeing_what_was_sent(world: World) -> None:
    report_id = await world.assign()
    await world.submitted(report_id)
    await world.decide("send", report_id, 1)
    await world.decide("return", report_id, 1, step=1)
    version = (await world.get(report_id))["version"]
    await world.save(report_id, {"births.month": "77"}, version)
    seen = await world.get(report_id, world.verifier())
    assert (seen["state"], seen["cells"]["births.month"]) == ("returned", {"number": "12"})


async def test_every_answer_says_what_the_caller_may_do_and_why_not(world: World) -> None:
    report_id = await world.assign()
    assert (await world.get(report_id))["actions"]["edit"] == {"allowed": True}
    theirs = (await world.get(report_id, world.verifier()))["actions"]["edit"]
    assert (theirs["allowed"], theirs["rule"]) == (False, "not-your-unit")
    await world.submitted(report_id)
    assert (await world.get(report_id))["actions"]["submit"]["rule"] == "not-editable"
    assert (await world.get(report_id))["actions"]["drop_correction"]["rule"] == "not-editable"


async def test_lists_are_filtered_searched_counted_and_paged(world: World) -> None:
    for period in ("2026-01", "2026-02", "2026-03"):
        await world.assign(period)
    await world.assign("2026-03", PLEIKU)
    office = world.service.as_user(("compiler", OFFICE))
    assert len(await _listed(world, office, "?q=quy nhon")) == 3
    assert len(await _listed(world, office, "?q=pleiku y te")) == 1
    assert len(await _listed(world, office, f"?period=2026-03&unit={QUY_NHON}")) == 1
    assert len(await _listed(world, office, "?state=drafting")) == 0
    first = (await world.client.get("/reports?limit=3", headers=office)).json()
    second = (await world.client.get(f"/reports?limit=3&cursor={first['next']}", headers=office)).json()
    ids = [item["id"] for item in (*first["items"], *second["items"])]
    assert len(ids) == len(set(ids)) == 4
    assert second["next"] is None
    assert first["counts"] == {"state": {"assigned": 4}, "lateness": {"not-due": 4}}
    assert (await world.client.get("/reports?cursor=nonsense", headers=office)).status_code == 422


async def test_mine_is_what_my_own_unit_fills_in(world: World) -> None:
    await world.assign()
    assert len(await _listed(world, world.verifier(), "?mine=true")) == 0
    assert len(await _listed(world, world.officer(), "?mine=true")) == 1


async def test_lateness_is_derived_from_the_clock_and_the_first_send(world: World) -> None:
    from datetime import UTC, datetime

    report_id = await world.assign()  # due on 17 April
    words = {}
    for day in (10, 15, 18):
        world.service.clock.now = datetime(2026, 4, day, 1, tzinfo=UTC)
        words[day] = (await world.get(report_id))["lateness"]
    assert words == {10: "not-due", 15: "due-soon", 18: "overdue"}
    assert len(await _listed(world, world.officer(), "?lateness=overdue")) == 1


async def _listed(world: World, headers: dict[str, str], query: str = "") -> set[str]:
    answer = await world.client.get(f"/reports{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return {item["id"] for item in answer.json()["items"]}


async def _read(world: World, path: str) -> Any:
    answer = await world.client.get(path, headers=world.verifier())
    assert answer.status_code == 200, answer.text
    return answer.json()
