"""Reports assigned over HTTP: to whom, for when, in which version, and who is missing on the way."""

import asyncio
from datetime import date
from typing import Any

import pytest

from contracts.submissions import HistoryRecordedV1

from .province import COMMUNES, FOREIGN, HEALTH, OFFICE, PROVINCE, Province, form, ids, report_of, unit_id


async def test_every_commune_gets_its_report_with_the_due_date_of_the_cut_off(province: Province) -> None:
    await province.publishes()

    answer = await province.assigns()

    assert answer["version"] == 1
    assert answer["due_on"] == "2026-03-17"  # the period ends on Saturday the 14th; two working days later
    assert answer["closes_on"] == "2026-03-24"
    assert {one["report_id"] for one in answer["reports"]} == {str(report_of(unit)) for unit in COMMUNES}
    messages = await province.has_said("report_assigned", 4)
    assert {one.subject for one in messages} == {f"report/{report_of(unit)}" for unit in COMMUNES}
    assert {(one.sector, one.province) for one in messages} == {("health", "52")}
    assert [one.unit for one in messages] == ["23600", "23601", "23602", "23603"]


async def test_assigning_again_opens_only_units_without_a_live_report(province: Province) -> None:
    await province.publishes()
    first = await province.assigns(ids(*COMMUNES[:2]))

    second = await province.assigns()
    third = await province.call(
        "POST", "/assignments", province.designer, {"template": "YT-T", "period": "2026-03", "units": ids(*COMMUNES)}
    )

    assert {one["unit_id"] for one in second["reports"]} == {str(unit) for unit in COMMUNES[2:]}
    assert third.status_code == 200
    assert third.json()["reports"] == []
    assert third.json()["id"] in (first["id"], second["id"])


async def test_a_cancelled_report_is_assigned_again_as_the_same_report(province: Province) -> None:
    await province.publishes()
    first = await province.assigns(ids(*COMMUNES[:2]))
    cancelled = {"reason": "Giao nhầm", "units": [str(COMMUNES[0])]}
    await province.does("POST", f"/assignments/{first['id']}/cancel", province.designer, cancelled)

    again = await province.assigns(ids(*COMMUNES[:2]))

    assert again["reports"] == [{"report_id": str(report_of(COMMUNES[0])), "unit_id": str(COMMUNES[0])}]
    older = await province.get(f"/assignments/{first['id']}", province.designer)
    assert [one["is_cancelled"] for one in older["reports"]] == [True, False]


async def test_the_same_request_sent_twice_assigns_once(province: Province) -> None:
    await province.publishes()
    body = {"template": "YT-T", "period": "2026-03", "units": ids(*COMMUNES)}

    first = await province.does("POST", "/assignments", province.designer, body, idempotency_key="k1")
    second = await province.does("POST", "/assignments", province.designer, body, idempotency_key="k1")
    other = await province.call("POST", "/assignments", province.designer, {**body, "period": "2026-04"}, idempotency_key="k1")

    assert second["id"] == first["id"]
    assert len(second["reports"]) == len(first["reports"]) == 4
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")


async def test_two_who_assign_at_once_never_open_a_report_twice(province: Province) -> None:
    await province.publishes()

    answers = await asyncio.gather(*(province.assigns() for _ in range(4)))

    opened = [one["unit_id"] for answer in answers for one in answer["reports"]]
    assert sorted(opened) == sorted(str(unit) for unit in COMMUNES)
    await province.has_said("report_assigned", 4)


async def test_a_period_keeps_the_version_of_its_first_assignment(province: Province) -> None:
    await province.publishes()
    await province.assigns(ids(COMMUNES[0]))
    await province.publishes_again(name="Y tế – tháng, mẫu mới")

    later = await province.assigns(ids(COMMUNES[1]))
    next_period = await province.assigns(ids(COMMUNES[1]), period="2026-04")

    assert later["version"] == 1
    assert next_period["version"] == 2


async def test_history_fixes_the_version_of_its_period_too(province: Province) -> None:
    await province.publishes()
    said = HistoryRecordedV1(
        report_id=report_of(COMMUNES[0], "2026-02"),
        template="YT-T",
        period="2026-02",
        unit_id=COMMUNES[0],
        version=1,
        revision=1,
        sector="health",
        figures={},
        figures_hash="",
        route=(),
        source="Niên giám",
        first_day=date(2026, 1, 15),
        last_day=date(2026, 2, 14),
    )
    await province.log_says("history_recorded", said)
    await province.publishes_again(name="Mới")

    assert (await province.assigns(ids(COMMUNES[1]), period="2026-02"))["version"] == 1


@pytest.mark.parametrize(
    ("change", "status", "rule"),
    [
        ({"units": ids(unit_id("không có"))}, 422, "unknown-unit"),
        ({"units": ids(FOREIGN)}, 422, "unknown-unit"),
        ({"units": {}}, 422, "units-are-unclear"),
        ({"units": {**ids(COMMUNES[0]), "under": str(PROVINCE)}}, 422, "units-are-unclear"),
        ({"units": {"group": str(HEALTH)}}, 404, "not-found"),
        ({"period": "2026-13"}, 422, "malformed"),
        ({"period": "2026-Q1"}, 422, "period-of-another-type"),
        ({"template": "KHONG-CO"}, 404, "not-found"),
        ({"due_on": "2026-03-20", "closes_on": "2026-03-19"}, 422, "closes-before-due"),
        ({"entered_by": str(OFFICE)}, 422, "only-given-plans-are-entered-by-others"),
    ],
)
async def test_what_cannot_be_assigned_is_refused_whole(province: Province, change: dict[str, Any], status: int, rule: str) -> None:
    await province.publishes()
    body = {"template": "YT-T", "period": "2026-03", "units": ids(*COMMUNES), **change}

    answer = await province.call("POST", "/assignments", province.designer, body)

    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (status, rule), answer.text
    assert (await province.get("/assignments", province.designer))["items"] == []


async def test_only_those_in_charge_assign(province: Province) -> None:
    await province.publishes()
    body = {"template": "YT-T", "period": "2026-03", "units": ids(*COMMUNES)}

    assert (await province.call("POST", "/assignments", province.trader, body)).status_code == 404
    assert (await province.call("POST", "/assignments", province.officer, body)).status_code == 403
    assert (await province.call("POST", "/assignments", {}, body)).status_code == 401
    assert (await province.call("POST", "/assignments", province.office, body)).status_code == 201


async def test_assignments_are_seen_within_the_own_scope(province: Province) -> None:
    await province.publishes()
    made = await province.assigns()
    path = f"/assignments/{made['id']}"

    assert len((await province.get(path, province.office))["reports"]) == 4
    assert [one["unit_id"] for one in (await province.get(path, province.officer))["reports"]] == [str(COMMUNES[0])]
    assert (await province.call("GET", path, province.trader)).status_code == 404
    assert (await province.get("/assignments", province.trader))["items"] == []
    assert (await province.call("GET", "/assignments", province.administrator)).status_code == 403


async def test_assignments_are_listed_page_by_page(province: Province) -> None:
    await province.publishes()
    for period in ("2026-01", "2026-02", "2026-03"):
        await province.assigns(ids(COMMUNES[0]), period=period)

    first = await province.get("/assignments?limit=2&template=YT-T", province.designer)
    second = await province.get(f"/assignments?limit=2&cursor={first['next']}", province.designer)

    assert len(first["items"]) == 2
    assert second["next"] is None
    assert {one["period"] for one in [*first["items"], *second["items"]]} == {"2026-01", "2026-02", "2026-03"}


async def test_steps_that_nobody_may_take_are_warned_of(province: Province) -> None:
    await province.publishes()
    for role in ("data_entry", "leader"):
        await province.hears_of_user(role, COMMUNES[0])
    await province.hears_of_user("leader", HEALTH)

    warnings = (await province.assigns(ids(*COMMUNES[:2])))["warnings"]

    assert [(one["step"], one["role"], one["unit_id"]) for one in warnings] == [
        (2, "verifier", str(HEALTH)),
        (0, "data_entry", str(COMMUNES[1])),
        (1, "leader", str(COMMUNES[1])),
    ]
    assert warnings[0]["units"] == [str(unit) for unit in COMMUNES[:2]]


async def test_a_given_plan_is_entered_by_the_unit_that_gives_it(province: Province) -> None:
    route = [{"action": "send", "role": "leader", "at": "owner"}]
    await province.publishes(kind="plan", giver="committee", period_type="year", route=route)

    answer = await province.assigns(ids(COMMUNES[0]), period="2026")

    messages = await province.has_said("report_assigned", 1)
    assert answer["due_on"] == "2026-04-14"  # two working days after the day on which it is given
    assert f'"entered_by":"{HEALTH}"' in bytes(messages[0].data).decode()
    reports = (await province.get(f"/assignments/{answer['id']}", province.designer))["reports"]
    assert [one["entered_by"] for one in reports] == [str(HEALTH)]


async def test_units_of_a_group_are_assigned(province: Province) -> None:
    await province.publishes()
    group = await province.does("POST", "/groups", province.administrator, {"name": "Vùng sâu", "units": [str(u) for u in COMMUNES[1:3]]})

    answer = await province.assigns({"group": group["id"]})

    assert {one["unit_id"] for one in answer["reports"]} == {str(unit) for unit in COMMUNES[1:3]}
    assert (
        await province.call("POST", "/groups", province.administrator, {"name": "vung sau", "units": [str(COMMUNES[0])]})
    ).status_code == 409
    assert (await province.call("POST", "/groups", province.administrator, {"name": "X", "units": [str(FOREIGN)]})).status_code == 422
    assert (await province.call("POST", "/groups", province.designer, {"name": "X", "units": [str(COMMUNES[0])]})).status_code == 403
    assert [one["name"] for one in (await province.get("/groups", province.designer))["items"]] == ["Vùng sâu"]


async def test_a_draft_alone_cannot_be_assigned(province: Province) -> None:
    await province.does("POST", "/templates", province.designer, {"template": form()})

    answer = await province.call(
        "POST", "/assignments", province.designer, {"template": "YT-T", "period": "2026-03", "units": ids(*COMMUNES)}
    )

    assert answer.status_code == 404
