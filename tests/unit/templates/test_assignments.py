"""What may happen to an assignment."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import report_id_of
from kernel.testing import Scenario
from services.templates.commands import (
    AssignReports,
    CancelReports,
    ChangeDueDate,
    CloseReports,
    MoveReports,
    ReopenReports,
    UnitToReport,
)
from services.templates.domain.assignment import (
    ASSIGNMENT,
    ApprovedReportExists,
    Assignment,
    ClosesBeforeDue,
    ReasonIsMissing,
    labels,
    refusal,
)
from services.templates.events import (
    AssignmentCancelled,
    AssignmentClosed,
    AssignmentReopened,
    DueDateChanged,
    ReportAssigned,
    ReportMoved,
)

from .examples import EAST, HEALTH, NORTH, SOUTH, an_id

ID = an_id("đợt giao")
DUE, CLOSES = date(2026, 3, 17), date(2026, 3, 24)


def report(unit: UUID) -> UUID:
    return report_id_of("YT-T", "2026-03", unit)


def assigned(unit: UUID, **changes: Any) -> ReportAssigned:
    event = ReportAssigned(
        report_id=report(unit),
        assignment_id=ID,
        template="YT-T",
        version=1,
        period="2026-03",
        unit_id=unit,
        due_on=DUE,
        first_day=date(2026, 2, 15),
        last_day=date(2026, 3, 14),
        assigned_by=HEALTH,
        sector="health",
        province="52",
        unit_code="23601",
        closes_on=CLOSES,
    )
    return replace(event, **changes)


def assign(*units: UUID, **changes: Any) -> AssignReports:
    command = AssignReports(
        assignment_id=ID,
        template="YT-T",
        version=1,
        sector="health",
        period="2026-03",
        first_day=date(2026, 2, 15),
        last_day=date(2026, 3, 14),
        due_on=DUE,
        assigned_by=HEALTH,
        units=tuple(UnitToReport(unit, report(unit), "52", "23601") for unit in units),
        closes_on=CLOSES,
    )
    return replace(command, **changes)


TWO = Scenario(ASSIGNMENT).given(assigned(NORTH), assigned(SOUTH))
CANCELLED = AssignmentCancelled(report(NORTH), ID, NORTH, "vì")
CLOSED = AssignmentClosed(report(NORTH), ID, NORTH)


def test_every_unit_is_assigned_its_report() -> None:
    Scenario(ASSIGNMENT).when(assign(NORTH, SOUTH)).then(assigned(NORTH), assigned(SOUTH))


def test_a_unit_named_twice_is_assigned_once_in_its_first_place() -> None:
    Scenario(ASSIGNMENT).when(assign(NORTH, SOUTH, NORTH)).then(assigned(NORTH), assigned(SOUTH))


def test_assigning_again_opens_only_units_without_a_live_report() -> None:
    TWO.when(assign(NORTH, SOUTH, EAST)).then(assigned(EAST))


def test_units_with_a_live_report_of_another_assignment_are_left_out() -> None:
    Scenario(ASSIGNMENT).when(assign(NORTH, SOUTH, live=frozenset({NORTH}))).then(assigned(SOUTH))


def test_a_cancelled_report_is_assigned_again() -> None:
    TWO.given(CANCELLED).when(assign(NORTH, SOUTH)).then(assigned(NORTH))


def test_a_period_does_not_close_before_it_is_due() -> None:
    Scenario(ASSIGNMENT).when(assign(NORTH, closes_on=date(2026, 3, 16))).refused(ClosesBeforeDue)
    TWO.when(ChangeDueDate(date(2026, 3, 20), date(2026, 3, 19))).refused(ClosesBeforeDue)


def test_the_due_date_is_extended_for_all_or_for_some() -> None:
    later, closing = date(2026, 3, 20), date(2026, 3, 27)
    north, south = (DueDateChanged(report(unit), ID, unit, later, closing) for unit in (NORTH, SOUTH))
    TWO.when(ChangeDueDate(later, closing)).then(north, south)
    TWO.when(ChangeDueDate(later, closing, frozenset({SOUTH}))).then(south)
    TWO.given(north).when(ChangeDueDate(later, closing)).then(south)


def test_the_due_date_of_a_cancelled_report_stays() -> None:
    later = date(2026, 3, 20)
    TWO.given(CANCELLED).when(ChangeDueDate(later, None)).then(DueDateChanged(report(SOUTH), ID, SOUTH, later, None))


def test_a_report_that_only_people_close_is_not_closed_by_an_extension() -> None:
    reopened = Scenario(ASSIGNMENT).given(assigned(NORTH), CLOSED, AssignmentReopened(report(NORTH), ID, NORTH, "vì"))
    later = date(2026, 3, 20)
    reopened.when(ChangeDueDate(later, date(2026, 3, 27))).then(DueDateChanged(report(NORTH), ID, NORTH, later, None))


def test_cancelling_needs_a_reason() -> None:
    TWO.when(CancelReports("")).refused(ReasonIsMissing)


def test_cancelling_takes_all_but_approved_reports() -> None:
    south = AssignmentCancelled(report(SOUTH), ID, SOUTH, "vì")
    TWO.when(CancelReports("vì")).then(CANCELLED, south)
    TWO.when(CancelReports("vì", approved=frozenset({report(NORTH)}))).then(south)


def test_cancelling_what_is_cancelled_is_nothing_new() -> None:
    TWO.given(CANCELLED).when(CancelReports("vì", units=frozenset({NORTH}))).then()


def test_a_period_is_closed_by_hand_at_any_time() -> None:
    TWO.when(CloseReports(frozenset({NORTH}))).then(CLOSED)
    TWO.given(CLOSED).when(CloseReports(frozenset({NORTH}))).then()


def test_a_period_closes_by_itself_only_when_its_last_day_is_over() -> None:
    by_itself = [AssignmentClosed(report(unit), ID, unit, automatic=True) for unit in (NORTH, SOUTH)]
    TWO.when(CloseReports(today=CLOSES)).then()
    TWO.when(CloseReports(today=date(2026, 3, 25))).then(*by_itself)


def test_a_period_without_a_closing_day_never_closes_by_itself() -> None:
    Scenario(ASSIGNMENT).given(assigned(NORTH, closes_on=None)).when(CloseReports(today=date(2030, 1, 1))).then()


def test_a_closed_period_is_reopened_with_a_reason_and_stays_open() -> None:
    closed = TWO.given(CLOSED)
    closed.when(ReopenReports("")).refused(ReasonIsMissing)
    reopened = closed.when(ReopenReports("vì")).then(AssignmentReopened(report(NORTH), ID, NORTH, "vì"))
    reopened.when(CloseReports(frozenset({NORTH}), today=date(2030, 1, 1))).then()


def test_reopening_what_is_open_is_nothing_new() -> None:
    TWO.when(ReopenReports("vì")).then()


def test_reports_are_moved_to_another_version_once() -> None:
    moved = [ReportMoved(report(unit), unit, "YT-T", "2026-03", 2) for unit in (NORTH, SOUTH)]
    after = TWO.when(MoveReports(2)).then(*moved)
    after.when(MoveReports(2)).then()


def test_nothing_is_moved_while_an_approved_report_exists() -> None:
    TWO.when(MoveReports(2, approved=frozenset({report(EAST)}))).refused(ApprovedReportExists)


def test_where_only_labels_differ_all_but_the_approved_are_moved() -> None:
    command = MoveReports(2, approved=frozenset({report(NORTH)}), only_labels=True)
    TWO.when(command).then(ReportMoved(report(SOUTH), SOUTH, "YT-T", "2026-03", 2))


def test_cancelled_reports_are_not_moved() -> None:
    TWO.given(CANCELLED).when(MoveReports(2)).then(ReportMoved(report(SOUTH), SOUTH, "YT-T", "2026-03", 2))


def test_all_events_of_a_report_are_about_it_and_routed_alike() -> None:
    first = labels(Assignment(), assigned(NORTH))
    assert (first.sector, first.province, first.unit, first.subject) == ("health", "52", "23601", f"report/{report(NORTH)}")
    assert labels(TWO.state, CANCELLED) == first


@pytest.mark.parametrize(
    ("command", "unit", "rule"),
    [
        (CloseReports(), EAST, "not-assigned"),
        (CloseReports(), NORTH, "assignment-is-cancelled"),
        (ChangeDueDate(DUE), NORTH, "assignment-is-cancelled"),
        (CancelReports("vì", approved=frozenset({report(SOUTH)})), SOUTH, "already-approved"),
        (CancelReports("vì"), NORTH, None),
        (CloseReports(), SOUTH, None),
    ],
)
def test_each_report_says_why_it_is_left_as_it_is(command: Any, unit: UUID, rule: str | None) -> None:
    state: Assignment = TWO.given(CANCELLED).state
    assert refusal(command, state.reports.get(unit)) == rule


units = st.sampled_from([NORTH, SOUTH, EAST])
some = st.one_of(st.none(), st.frozensets(units))
days = st.dates(date(2026, 3, 1), date(2026, 4, 30))
commands = st.one_of(
    st.builds(lambda chosen: assign(*chosen), st.lists(units, max_size=3)),
    st.builds(lambda day, chosen: ChangeDueDate(day, None, chosen), days, some),
    st.builds(lambda chosen, approved: CancelReports("vì", frozenset(map(report, approved)), chosen), some, st.frozensets(units)),
    st.builds(CloseReports, some, st.one_of(st.none(), days)),
    st.builds(lambda chosen: ReopenReports("vì", chosen), some),
    st.builds(lambda version: MoveReports(version), st.integers(1, 3)),
)


@given(st.lists(commands, max_size=12))
def test_asking_twice_for_the_same_happens_once(asked: list[Any]) -> None:
    state = Assignment()
    for command in asked:
        state = ASSIGNMENT.fold(ASSIGNMENT.decide(command, state), state)
        assert list(ASSIGNMENT.decide(command, state)) == []


@given(st.lists(commands, max_size=12))
def test_a_state_is_what_its_stored_events_make_of_it(asked: list[Any]) -> None:
    state, happened = Assignment(), []
    for command in asked:
        events = list(ASSIGNMENT.decide(command, state))
        happened += [ASSIGNMENT.types.decode(one.TYPE, one.VERSION, ASSIGNMENT.types.encode(one)) for one in events]
        state = ASSIGNMENT.fold(events, state)
    assert ASSIGNMENT.fold(happened) == state
