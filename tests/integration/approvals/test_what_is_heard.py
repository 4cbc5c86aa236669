"""Each contract that approvals listens to, and the rows that it makes."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from contracts import identity, templates
from contracts import submissions as log
from kernel.testing import A_MOMENT

from .month import (
    FIRST,
    FORM,
    HEAD,
    HEALTH,
    LEADER,
    OFFICE,
    OFFICER,
    PERIOD,
    PROVINCE,
    SECOND,
    Month,
    an_id,
    problem,
    step,
    three_steps,
)


async def test_an_assignment_opens_the_report(month: Month) -> None:
    row = await month.row(await month.assigned())
    assert (row["template"], row["version"], row["period"], row["unit_id"], row["unit_code"]) == (FORM, 1, PERIOD, FIRST, "21001")
    assert (row["province"], row["sector"], row["owner_id"], row["due_on"]) == ("52", "health", HEALTH, date(2026, 4, 17))
    assert (row["revision"], row["state"], row["awaited_unit"]) == (0, "", None)


async def test_a_submission_waits_for_the_first_step(month: Month) -> None:
    row = await month.row(await month.submitted(changed=("visits.actual",), warnings=("w1",), note="n"))
    assert (row["revision"], row["state"], row["submitted_by"], row["submitted_at"]) == (1, "awaiting_leader", str(OFFICER), A_MOMENT)
    assert (row["awaited_step"], row["awaited_action"], row["awaited_role"], row["awaited_unit"]) == (0, "send", "leader", FIRST)
    assert (row["changed"], row["warnings"], row["has_note"], row["actors"]) == (["visits.actual"], ["w1"], True, [str(OFFICER)])
    assert set(row["route_units"]) == {FIRST, HEALTH}


async def test_a_report_waits_for_its_unit_and_its_form(month: Month) -> None:
    unit = an_id("new commune")
    report = await month.assigned(unit, version=2)
    assert await month.row(report) == {}
    registered = identity.UnitRegisteredV1(unit, "21009", "Ia Grai", "commune", "Xã", date(2025, 7, 1), PROVINCE, "52")
    await month.of_identity("unit_registered", f"unit/{unit}", registered)
    assert await month.row(report) == {}
    await month.knows_the_form(version=2)
    assert (await month.row(report))["unit_name"] == "Ia Grai"
    assert await month.service.runtime.pool.fetchval("SELECT count(*) FROM parked WHERE ended_at IS NULL") == 0


async def test_what_follows_about_a_waiting_report_waits_behind_it(month: Month) -> None:
    unit = an_id("new commune")
    report = await month.submitted(unit)
    registered = identity.UnitRegisteredV1(unit, "21009", "Ia Grai", "commune", "Xã", date(2025, 7, 1), PROVINCE, "52")
    await month.of_identity("unit_registered", f"unit/{unit}", registered)
    assert (await month.row(report))["state"] == "awaiting_leader"


async def test_a_message_that_comes_twice_is_taken_once(month: Month) -> None:
    report = await month.submitted()
    bodies = month.service.publishers["submissions"].bodies
    await month.service.runtime.inboxes["submissions"].receive(bodies)
    assert (await month.row(report))["revision"] == 1


async def test_a_due_date_moves(month: Month) -> None:
    report = await month.submitted()
    change = templates.DueDateChangedV1(report, an_id("assignment"), date(2026, 4, 20))
    await month.of_the_log("due_date_changed", report, change)
    assert (await month.row(report))["due_on"] == date(2026, 4, 20)


async def test_a_return_may_set_a_due_date(month: Month) -> None:
    report = await month.submitted()
    await month.takes("send", month.leader, report)
    body = {"decision": "return", "note": "x", "reports": [{"id": str(report), "revision": 1, "due_on": "2026-04-22"}]}
    [item] = (await month.post("/decisions", month.verifier, body)).json()["items"]
    await month.log_takes(item["event_id"], "report_returned", "returned", report, due_on=date(2026, 4, 22))
    assert (await month.row(report))["due_on"] == date(2026, 4, 22)


async def test_what_has_an_effect_is_marked_so(month: Month) -> None:
    report = await month.submitted()
    taken = await month.takes("send", month.leader, report)
    await month.log_takes(taken["event_id"], "report_sent", "sent", report)
    [decision] = (await month.get(f"/reports/{report}/decisions", month.leader)).json()["items"]
    assert (decision["event_id"], decision["effect"], decision["step"]) == (taken["event_id"], "applied", 0)


# ------------------------------------------------------------------ cancelled, moved, passed over


async def test_a_cancelled_report_waits_for_nobody(month: Month) -> None:
    report = await month.submitted()
    await month.cancelled(report)
    assert await month.inbox(month.leader) == []
    assert problem(await month.decide("send", month.leader, report)) == (409, "report-is-cancelled")
    assert problem(await month.withdraw(month.officer, report)) == (409, "report-is-cancelled")
    assert await month.state(report) == "cancelled"


async def test_a_report_that_is_assigned_again_waits_from_its_next_submission(month: Month) -> None:
    report = await month.submitted()
    await month.cancelled(report)
    await month.assigned()
    assert await month.inbox(month.leader) == []
    assert await month.state(report) == "drafting"
    assert problem(await month.decide("send", month.leader, report)) == (409, "not-awaiting-decision")
    await month.submitted()
    assert [item["revision"] for item in await month.inbox(month.leader)] == [2]
    await month.takes("send", month.leader, report)


async def test_a_decision_that_crossed_a_cancellation_closes_the_item(month: Month) -> None:
    report = await month.submitted()
    sent = await month.takes("send", month.leader, report)
    await month.log_takes(sent["event_id"], "report_sent", "sent", report)
    late = await month.takes("verify", month.verifier, report)
    await month.cancelled(report)
    await month.log_takes(late["event_id"], "report_verified", "cancelled", report, effect="none")
    assert await month.inbox(month.head) == []
    decisions = (await month.get(f"/reports/{report}/decisions", month.leader)).json()["items"]
    assert [one["effect"] for one in decisions] == ["applied", "none"]


async def test_a_decision_without_effect_closes_the_item_even_where_nothing_else_was_heard(month: Month) -> None:
    report = await month.submitted()
    sent = await month.takes("send", month.leader, report)
    await month.log_takes(sent["event_id"], "report_sent", "drafting", report, effect="none")
    assert await month.inbox(month.verifier) == []
    assert problem(await month.decide("verify", month.verifier, report)) == (409, "not-awaiting-decision")
    row = await month.row(report)
    assert (row["state"], row["first_sent_at"]) == ("", None)


async def test_an_approval_that_crossed_a_cancellation_is_none_when_it_is_assigned_again(month: Month) -> None:
    report = await month.submitted(route=(step("send", "leader", FIRST),))
    approved = await month.takes("send", month.leader, report)
    assert approved["state"] == "approved"
    await month.cancelled(report)
    await month.log_takes(approved["event_id"], "report_sent", "cancelled", report, effect="none", last=True)
    await month.assigned()
    assert await month.state(report) == "drafting"
    await month.submitted(route=(step("send", "leader", FIRST),))
    assert (await month.takes("send", month.leader, report))["state"] == "approved"


async def test_a_cancellation_that_crossed_an_approval_changes_nothing(month: Month) -> None:
    report = await month.approved()
    await month.cancelled(report, effect="none")
    assert await month.state(report) == "approved"


async def test_a_report_that_moves_to_another_version_goes_back_to_drafting(month: Month) -> None:
    report = await month.submitted()
    await month.knows_the_form(version=2)
    moved = templates.ReportMovedV1(report, FORM, PERIOD, 2, "drafting")
    await month.of_the_log("report_moved", report, moved)
    assert await month.inbox(month.leader) == []
    assert (await month.row(report))["version"] == 2
    assert await month.state(report) == "drafting"


async def test_where_only_labels_differ_what_waits_goes_on_waiting(month: Month) -> None:
    report = await month.submitted()
    await month.knows_the_form(version=2)
    await month.of_the_log("report_moved", report, templates.ReportMovedV1(report, FORM, PERIOD, 2, "awaiting_leader"))
    await month.takes("send", month.leader, report)


async def test_a_step_that_is_passed_over_waits_for_the_next(month: Month) -> None:
    gone = an_id("department that ended")
    route = (step("send", "leader", FIRST), step("verify", "verifier", gone), step("approve", "leader", HEALTH))
    report = await month.submitted(route=route)
    await month.takes("send", month.leader, report)
    assert await month.inbox(month.head) == []
    passed = log.StepPassedOverV1(report, FORM, PERIOD, FIRST, revision=1, step=1, reason="unit-ended")
    await month.of_the_log("step_passed_over", report, passed)
    assert [item["action"] for item in await month.inbox(month.head)] == ["approve"]
    assert (await month.takes("approve", month.head, report))["state"] == "approved"


async def test_a_route_may_come_with_a_step_passed_over(month: Month) -> None:
    route = (step("send", "leader", FIRST), step("verify", "verifier", HEALTH, "unit-ended"), step("approve", "leader", HEALTH))
    report = await month.submitted(route=route)
    await month.takes("send", month.leader, report)
    assert [item["report_id"] for item in await month.inbox(month.head)] == [str(report)]


# ------------------------------------------------------------------ lateness


async def test_the_first_send_that_stands_tells_whether_it_was_late(month: Month) -> None:
    report = await month.submitted()
    month.service.clock.now = datetime(2026, 4, 17, 16, 59, 59, tzinfo=UTC)  # 23:59:59 in Việt Nam
    await month.takes("send", month.leader, report)
    assert (await month.look(report))["lateness_word"] == "Đúng hạn"
    month.service.clock.advance(timedelta(days=3))
    await month.takes("return", month.verifier, report, note="x")
    assert (await month.look(report))["lateness_word"] == "Quá hạn"
    await month.submitted()
    await month.takes("send", month.leader, report)
    assert (await month.look(report))["lateness_word"] == "Gửi trễ hạn"


async def test_a_correction_that_is_returned_leaves_the_first_send(month: Month) -> None:
    report = await month.approved()
    body = {"report_id": str(report), "reason": "x"}
    await month.post("/reopenings/start", month.head, body)
    await month.submitted()
    month.service.clock.advance(timedelta(days=30))
    await month.takes("send", month.leader, report)
    await month.takes("return", month.verifier, report, note="x")
    assert (await month.look(report))["lateness"] == "on-time"


# ------------------------------------------------------------------ people


async def test_seats_follow_the_persons_grants(month: Month) -> None:
    async def seats() -> set[tuple[str, UUID]]:
        rows = await month.service.runtime.pool.fetch("SELECT role, unit_id FROM seat WHERE user_id = $1", HEAD)
        return {(row["role"], row["unit_id"]) for row in rows}

    await month.knows_person(HEAD, ("leader", HEALTH), ("verifier", HEALTH))
    assert await seats() == {("leader", HEALTH), ("verifier", HEALTH)}
    changed = identity.UserChangedV1(HEAD, (identity.Grant("leader", OFFICE),))
    await month.of_identity("user_changed", f"user/{HEAD}", changed)
    assert await seats() == {("leader", OFFICE)}
    await month.of_identity("user_disabled", f"user/{HEAD}", identity.UserDisabledV1(HEAD, A_MOMENT))
    assert await seats() == set()


async def test_a_token_ends_with_the_grant(month: Month) -> None:
    report = await month.submitted()
    token = month.leader
    changed = identity.UserChangedV1(LEADER, (), A_MOMENT + timedelta(seconds=1))
    await month.of_identity("user_changed", f"user/{LEADER}", changed)
    assert (await month.decide("send", token, report)).status_code == 401
    month.service.clock.advance(timedelta(seconds=2))
    await month.takes("send", month.leader, report)


async def test_a_reorganisation_tells_who_acts(month: Month) -> None:
    change = identity.UnitsReorganisedV1(
        an_id("reorganisation"), date(2026, 4, 1), "NQ", (FIRST,), (identity.Succession(FIRST, SECOND, whole=True),)
    )
    await month.of_identity("units_reorganised", f"reorganisation/{an_id('reorganisation')}", change)
    tree = month.service.app.state.tree
    assert tree.successor(FIRST) == SECOND
    assert tree.get(FIRST, date(2026, 4, 2)) is None


async def test_figures_of_an_earlier_time_are_approved(month: Month) -> None:
    report = await month.history()
    row = await month.row(report)
    assert (row["state"], row["approved_revision"], row["awaited_unit"]) == ("approved", 1, None)
    assert len(three_steps(FIRST)) == 3
    assert problem(await month.decide("approve", month.head, report)) == (409, "not-awaiting-decision")
