"""Assignments changed over HTTP: extended, cancelled, closed, reopened, moved to another version; for one, some, all."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.approvals import LoggedDecisionV1
from contracts.identity import Succession, UnitsReorganisedV1
from services.templates.consumers.clock import tick

from .province import COMMUNES, HEALTH, SINCE, Province, form, ids, report_of, unit_id


def approved(unit: UUID, effect: str = "applied") -> LoggedDecisionV1:
    return LoggedDecisionV1(
        report_id=report_of(unit),
        template="YT-T",
        period="2026-03",
        unit_id=unit,
        revision=1,
        step=3,
        unit=HEALTH,
        role="leader",
        decided_by=unit_id("một người"),
        effect=effect,  # type: ignore[arg-type]
        state="approved",
    )


async def _change(province: Province, made: Any, what: str, body: Any) -> list[tuple[str, str | None]]:
    method = "PUT" if what == "due-date" else "POST"
    answer = await province.does(method, f"/assignments/{made['id']}/{what}", province.designer, body)
    return [(one["outcome"], one.get("rule")) for one in answer["items"]]


async def test_cancelling_needs_a_reason(province: Province) -> None:
    await province.publishes()
    made = await province.assigns()

    for body in ({}, {"reason": "   "}):
        answer = await province.call("POST", f"/assignments/{made['id']}/cancel", province.designer, body)
        assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (422, "reason-is-missing")
    reports = (await province.get(f"/assignments/{made['id']}", province.designer))["reports"]
    assert not any(one["is_cancelled"] for one in reports)


async def test_an_approved_report_is_not_cancelled_while_the_others_are(province: Province) -> None:
    await province.publishes()
    made = await province.assigns(ids(*COMMUNES[:3]))
    await province.log_says("report_approved", approved(COMMUNES[0]))
    await province.log_says("report_approved", approved(COMMUNES[1], effect="none"))

    outcomes = await _change(province, made, "cancel", {"reason": "Giao nhầm"})
    again = await _change(province, made, "cancel", {"reason": "Giao nhầm"})

    assert sorted(outcomes, key=str) == [("done", None), ("done", None), ("refused", "already-approved")]
    assert sorted(again, key=str) == [("already", None), ("already", None), ("refused", "already-approved")]
    messages = await province.has_said("assignment_cancelled", 2)
    texts = await province.get(f"/texts?events={messages[0].id},{messages[1].id}", province.designer)
    assert set(texts.values()) == {"Giao nhầm"}
    assert (await province.get(f"/texts?events={messages[0].id}", province.trader)) == {}
    assert b"Giao" not in bytes(messages[0].data)


async def test_a_reason_is_erased_for_good_while_its_event_stands(province: Province) -> None:
    await province.publishes()
    made = await province.assigns(ids(COMMUNES[0]))
    await _change(province, made, "cancel", {"reason": "Ông A nghỉ ốm"})
    said = (await province.has_said("assignment_cancelled", 1))[0]
    path, why = f"/texts/{said.id}", {"reason": "Có thông tin cá nhân"}

    assert (await province.call("DELETE", path, province.designer, why)).status_code == 403
    assert (await province.call("DELETE", path, province.administrator, {})).status_code == 422
    assert (await province.call("DELETE", f"/texts/{unit_id('x')}", province.administrator, why)).status_code == 404
    assert (await province.call("DELETE", path, province.administrator, why)).status_code == 204
    assert (await province.call("DELETE", path, province.administrator, why)).status_code == 204

    assert await province.get(f"/texts?events={said.id}", province.designer) == {str(said.id): None}
    erased = (await province.has_said("text_erased", 1))[0]
    assert str(said.id).encode() in bytes(erased.data)


async def test_an_approval_that_came_after_the_cancelling_keeps_the_report_alive(province: Province) -> None:
    await province.publishes()
    made = await province.assigns(ids(COMMUNES[0]))
    await _change(province, made, "cancel", {"reason": "Giao nhầm"})
    await province.log_says("report_approved", approved(COMMUNES[0]))

    assert (await province.assigns(ids(COMMUNES[0])))["reports"] == []
    reports = (await province.get(f"/assignments/{made['id']}", province.designer))["reports"]
    assert [(one["is_cancelled"], one["is_approved"]) for one in reports] == [(False, True)]


async def test_the_due_date_is_extended_for_some_units_and_the_closing_follows(province: Province) -> None:
    await province.publishes()
    made = await province.assigns()
    body = {"due_on": "2026-03-20", "units": [str(COMMUNES[0]), str(unit_id("không có"))], "reason": "Mưa lũ"}

    assert await _change(province, made, "due-date", body) == [("done", None), ("refused", "not-assigned")]
    assert await _change(province, made, "due-date", body) == [("already", None), ("refused", "not-assigned")]
    reports = (await province.get(f"/assignments/{made['id']}", province.designer))["reports"]
    dates = {one["unit_id"]: (one["due_on"], one["closes_on"]) for one in reports}
    assert dates[str(COMMUNES[0])] == ("2026-03-20", "2026-03-27")
    assert dates[str(COMMUNES[1])] == ("2026-03-17", "2026-03-24")
    await province.has_said("due_date_changed", 1)


async def test_a_period_is_closed_for_one_and_reopened_with_a_reason(province: Province) -> None:
    await province.publishes()
    made = await province.assigns(ids(*COMMUNES[:2]))
    one = {"units": [str(COMMUNES[0])]}

    assert await _change(province, made, "close", one) == [("done", None)]
    assert await _change(province, made, "close", {}) == [("already", None), ("done", None)]
    refused = await province.call("POST", f"/assignments/{made['id']}/reopen", province.designer, one)
    assert refused.json()["type"].endswith("reason-is-missing")
    assert await _change(province, made, "reopen", {**one, "reason": "Bổ sung"}) == [("done", None)]
    reports = (await province.get(f"/assignments/{made['id']}", province.designer))["reports"]
    assert [one["is_closed"] for one in reports] == [False, True]


async def test_a_period_closes_by_itself_after_its_last_day_and_stays_open_once_reopened(province: Province) -> None:
    await province.publishes()
    made = await province.assigns(ids(COMMUNES[0]), period="2026-04")  # due on 16 April, open until the 23rd
    service, clock = province.service, province.service.clock

    async def ticked() -> int:
        return (await tick(service.runtime, service.app.state.tree, clock())).closed

    clock.now = clock.now.replace(month=4, day=23, hour=16, minute=59)  # 23:59 in Việt Nam
    assert await ticked() == 0
    clock.advance(timedelta(minutes=1))
    assert await ticked() == 1
    assert await ticked() == 0
    assert await _change(province, made, "reopen", {"reason": "Bổ sung"}) == [("done", None)]
    clock.advance(timedelta(days=30))
    assert await ticked() == 0


async def test_a_foreign_department_changes_nothing(province: Province) -> None:
    await province.publishes()
    made = await province.assigns()
    changes: tuple[tuple[str, str, Any], ...] = (
        ("POST", "cancel", {"reason": "x"}),
        ("POST", "close", {}),
        ("POST", "reopen", {"reason": "x"}),
        ("PUT", "due-date", {"due_on": "2026-04-01"}),
    )
    for method, what, body in changes:
        answer = await province.call(method, f"/assignments/{made['id']}/{what}", province.trader, body)
        assert answer.status_code == 404, what
        unknown = await province.call(method, f"/assignments/{unit_id('x')}/{what}", province.designer, body)
        assert unknown.status_code == 404


async def test_a_period_is_moved_to_another_version_until_something_is_approved(province: Province) -> None:
    await province.publishes()
    await province.assigns(ids(*COMMUNES[:2]))
    await province.assigns(ids(COMMUNES[2]))
    sheet = form()["sheet"]
    await province.publishes_again(sheet={**sheet, "rows": sheet["rows"][:2]})
    path, body = "/templates/YT-T/periods/2026-03/move", {"version": 2}

    moved = await province.does("POST", path, province.designer, body)
    again = await province.does("POST", path, province.designer, body)
    await province.log_says("report_approved", approved(COMMUNES[0]))
    back = await province.call("POST", path, province.designer, {"version": 1})

    assert {one["unit_id"] for one in moved["items"]} == {str(unit) for unit in COMMUNES[:3]}
    assert again["items"] == []
    assert (back.status_code, back.json()["type"].rsplit("/", 1)[-1]) == (409, "approved-report-exists")
    assert (await province.assigns(ids(COMMUNES[3])))["version"] == 2
    await province.has_said("report_moved", 3)
    assert (await province.call("POST", "/templates/YT-T/periods/2026-05/move", province.designer, body)).status_code == 404


async def test_a_version_that_differs_in_labels_only_replaces_another_even_after_an_approval(province: Province) -> None:
    await province.publishes()
    await province.assigns(ids(*COMMUNES[:2]))
    await province.publishes_again(name="Y tế – tháng")
    await province.log_says("report_approved", approved(COMMUNES[0]))

    moved = await province.does("POST", "/templates/YT-T/periods/2026-03/move", province.designer, {"version": 2})

    assert [one["unit_id"] for one in moved["items"]] == [str(COMMUNES[1])]


async def test_a_merger_moves_open_reports_to_the_successor(province: Province) -> None:
    await province.publishes()
    made = await province.assigns(ids(*COMMUNES[:3]))
    earlier = await province.assigns(ids(*COMMUNES[:3]), period="2026-01")
    await province.log_says("report_approved", approved(COMMUNES[1]))
    merger = UnitsReorganisedV1(
        reorganisation_id=unit_id("sáp nhập"),
        effective_on=SINCE.replace(year=2026, month=3, day=1),
        legal_document="Nghị quyết 1/NQ",
        ended=COMMUNES[:2],
        successions=tuple(Succession(from_unit=ended, to_unit=COMMUNES[3], whole=True) for ended in COMMUNES[:2]),
    )

    await province.service.hears("identity", "vn.ktxh.identity.units_reorganised.v1", f"reorganisation/{merger.reorganisation_id}", merger)

    reports = (await province.get(f"/assignments/{made['id']}", province.designer))["reports"]
    found = {one["unit_id"]: (one["is_cancelled"], one["is_approved"]) for one in reports}
    assert found == {
        str(COMMUNES[0]): (True, False),
        str(COMMUNES[1]): (False, True),
        str(COMMUNES[2]): (False, False),
        str(COMMUNES[3]): (False, False),
    }
    before = (await province.get(f"/assignments/{earlier['id']}", province.designer))["reports"]
    assert not any(one["is_cancelled"] for one in before)
