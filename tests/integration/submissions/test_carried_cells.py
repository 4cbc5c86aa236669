"""Carried cells follow their source until submit, and are frozen there."""

from uuid import UUID

from tests.integration.submissions.world import World


async def _approve(world: World, period: str, births: str) -> UUID:
    report_id = await world.assign(period)
    revision = await world.submitted(report_id, births=births)
    await world.decide("send", report_id, revision, period)
    await world.decide("approve", report_id, revision, period, step=2)
    return report_id


async def test_january_starts_from_nothing(world: World) -> None:
    report_id = await world.assign("2026-01")
    await world.submitted(report_id, births="10")
    cells = (await world.get(report_id))["cells"]
    assert (cells["births.before"], cells["births.to_date"]) == ({"number": "0"}, {"number": "10"})


async def test_the_year_so_far_adds_up_the_approved_months_and_says_where_from(world: World) -> None:
    january = await _approve(world, "2026-01", "10")
    february = await _approve(world, "2026-02", "4")
    report_id = await world.assign("2026-03")
    version = (await world.get(report_id))["version"]
    shown = await world.client.post(f"/reports/{report_id}/normalise?dry_run=true", headers=world.officer())
    carried = {row["cell"]: row["after"] for row in shown.json()["differences"] if row["role"] == "carried"}
    assert carried == {"births.before": {"number": "14"}, "deaths.before": {"number": "6"}}
    assert shown.json()["version"] == version
    done = await world.post(f"/reports/{report_id}/normalise", version)
    assert done.status_code == 200, done.text
    report = await world.get(report_id)
    assert report["cells"]["births.before"] == {"number": "14"}
    assert report["sources"]["births.before"]["report_id"] == str(february)
    assert report["sources"]["births.before"]["approved"] is True
    assert report["typable"] == ["births.month", "deaths.month"]
    assert january != february


async def test_a_sent_source_is_taken_and_labelled_until_it_is_approved(world: World) -> None:
    january = await world.assign("2026-01")
    await world.submitted(january, births="10")
    await world.decide("send", january, 1, "2026-01")
    report_id = await world.assign("2026-02")
    await world.post(f"/reports/{report_id}/normalise", 1)
    report = await world.get(report_id)
    assert report["cells"]["births.before"] == {"number": "10"}
    assert report["sources"]["births.before"]["approved"] is False


async def test_a_source_that_moved_after_normalising_refuses_the_submit_and_shows_old_and_new(world: World) -> None:
    january = await world.assign("2026-01")
    await world.submitted(january, births="10")
    await world.decide("send", january, 1, "2026-01")
    report_id = await world.assign("2026-02")
    saved = await world.save(report_id, {"births.month": "9", "deaths.month": "1"}, 1)
    normalised = await world.post(f"/reports/{report_id}/normalise", saved.json()["version"])
    await world.decide("return", january, 1, "2026-01", step=1)
    await world.submitted(january, births="11")
    await world.decide("send", january, 2, "2026-01")
    refused = await world.post(f"/reports/{report_id}/submit", normalised.json()["version"])
    assert refused.json()["type"] == "/problems/not-normalised"
    moved = {row["cell"]: (row["before"]["number"], row["after"]["number"]) for row in refused.json()["differences"]}
    assert moved == {"births.before": ("10", "11"), "births.to_date": ("19", "20")}
    confirmed = await world.post(f"/reports/{report_id}/submit", refused.json()["version"], normalise=True)
    assert confirmed.status_code == 200
    await world.decide("return", january, 2, "2026-01", step=1)
    await world.submitted(january, births="50")
    await world.decide("send", january, 3, "2026-01")
    report = await world.get(report_id)
    assert report["cells"]["births.before"] == {"number": "11"}
    assert report["out_of_date"] == ["births.before"]


async def test_a_carried_cell_without_source_is_typed_and_marked_so(world: World) -> None:
    report_id = await world.assign("2026-03")
    assert "births.before" in (await world.get(report_id))["typable"]
    saved = await world.save(report_id, {"births.before": "30", "births.month": "1", "deaths.month": "1"}, 1)
    assert saved.status_code == 200, saved.text
    done = await world.post(f"/reports/{report_id}/submit", saved.json()["version"], normalise=True)
    assert done.status_code == 200
    cells = (await world.get(report_id))["cells"]
    assert cells["births.before"] == {"number": "30", "typed": True}
    assert cells["births.to_date"] == {"number": "31"}


async def test_a_carried_cell_with_a_source_is_not_typed(world: World) -> None:
    await _approve(world, "2026-01", "10")
    report_id = await world.assign("2026-02")
    refused = await world.save(report_id, {"births.before": "30"}, 1)
    assert refused.json()["errors"][0]["rule"] == "not-an-input"


async def test_a_jump_needs_an_explanation_which_is_kept_beside_the_log(world: World) -> None:
    await _approve(world, "2026-01", "10")
    report_id = await world.assign("2026-02")
    saved = await world.save(report_id, {"births.month": "500", "deaths.month": "3"}, 1)
    version = saved.json()["version"]
    refused = await world.post(f"/reports/{report_id}/submit", version, normalise=True)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/explanation-missing")
    assert refused.json()["findings"][0]["rule"] == "jump"
    done = await world.post(
        f"/reports/{report_id}/submit", version, normalise=True, explanations={"jump": "Bệnh viện mới"}, note="Xin duyệt"
    )
    assert done.status_code == 200, done.text
    revision = (await world.client.get(f"/reports/{report_id}/revisions/1", headers=world.officer())).json()
    assert (revision["note"], revision["explanations"]) == ("Xin duyệt", {"jump": "Bệnh viện mới"})
    assert len(revision["figures"]["births.month"]["explained"]) == 64
    kept = await world.client.get(f"/texts?events={revision['event_id']}", headers=world.officer())
    assert kept.json() == {revision["event_id"]: "Xin duyệt"}


async def test_inputs_of_the_month_before_are_copied(world: World) -> None:
    await _approve(world, "2026-01", "10")
    report_id = await world.assign("2026-02")
    answer = await world.post(f"/reports/{report_id}/copy-previous", 1, rows=["births"])
    assert answer.status_code == 200, answer.text
    assert (await world.get(report_id))["cells"] == {"births.month": {"number": "10"}}
    cleared = await world.post(f"/reports/{report_id}/clear", answer.json()["version"])
    assert cleared.json()["changed"] == ["births.month"]
    assert (await world.get(report_id))["cells"] == {}
