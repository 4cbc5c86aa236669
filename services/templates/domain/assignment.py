"""An assignment: which units owe which report by when, until it is cancelled or closed. Knows nothing of figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, assert_never
from uuid import UUID

from kernel.decider import SYSTEM, Decider, Labels
from kernel.errors import Malformed, Rejected

from ..commands import (
    AboutReports,
    AssignmentCommand,
    AssignReports,
    CancelReports,
    ChangeDueDate,
    CloseReports,
    MoveReports,
    ReopenReports,
)
from ..events import (
    TYPES,
    AssignmentCancelled,
    AssignmentClosed,
    AssignmentReopened,
    DueDateChanged,
    ReportAssigned,
    ReportMoved,
)

Event = ReportAssigned | DueDateChanged | AssignmentCancelled | AssignmentClosed | AssignmentReopened | ReportMoved


class ReasonIsMissing(Malformed):
    title = "Cần nêu lý do"


class ClosesBeforeDue(Malformed):
    title = "Ngày khóa kỳ không được trước hạn nộp"


class ApprovedReportExists(Rejected):
    title = "Đã có báo cáo được duyệt trong kỳ này nên không chuyển phiên bản biểu mẫu được"


@dataclass(frozen=True)
class ExpectedReport:
    """What is known here of one unit's report."""

    report_id: UUID
    unit_id: UUID
    version: int
    due_on: date
    closes_on: date | None
    labels: Labels
    is_cancelled: bool = False
    is_closed: bool = False


@dataclass(frozen=True)
class Assignment:
    """`reports` are by unit id, in the order in which they were assigned."""

    id: UUID | None = None
    template: str = ""
    period: str = ""
    reports: Mapping[UUID, ExpectedReport] = field(default_factory=dict)


def decide(command: AssignmentCommand, state: Assignment) -> Sequence[Event]:
    match command:
        case AssignReports():
            return list(_assign(command, state))
        case ChangeDueDate():
            return list(_change_due_date(command, state))
        case CancelReports():
            return list(_cancel(command, state))
        case CloseReports():
            return list(_close(command, state))
        case ReopenReports():
            return list(_reopen(command, state))
        case MoveReports():
            return list(_move(command, state))
        case _:
            assert_never(command)


def refusal(command: AboutReports, report: ExpectedReport | None) -> str | None:
    """The rule that keeps one report from what was asked for all of them; None where it may, or where it is so already."""
    if report is None:
        return "not-assigned"
    if isinstance(command, CancelReports):
        return "already-approved" if report.report_id in command.approved and not report.is_cancelled else None
    return "assignment-is-cancelled" if report.is_cancelled else None


def concerned(command: AboutReports, state: Assignment) -> list[ExpectedReport]:
    """The reports that a command is about and that no rule keeps from it."""
    chosen = state.reports.values() if command.units is None else [r for u, r in state.reports.items() if u in command.units]
    return [report for report in chosen if refusal(command, report) is None]


def _assign(command: AssignReports, state: Assignment) -> Iterator[ReportAssigned]:
    _refuse_closing_before_due(command.due_on, command.closes_on)
    for unit in {unit.unit_id: unit for unit in command.units}.values():
        known = state.reports.get(unit.unit_id)
        if unit.unit_id in command.live or (known is not None and not known.is_cancelled):
            continue
        yield ReportAssigned(
            report_id=unit.report_id,
            assignment_id=command.assignment_id,
            template=command.template,
            version=command.version,
            period=command.period,
            unit_id=unit.unit_id,
            due_on=command.due_on,
            first_day=command.first_day,
            last_day=command.last_day,
            assigned_by=command.assigned_by,
            sector=command.sector,
            province=unit.province,
            unit_code=unit.code,
            closes_on=command.closes_on,
            entered_by=command.entered_by,
        )


def _change_due_date(command: ChangeDueDate, state: Assignment) -> Iterator[DueDateChanged]:
    _refuse_closing_before_due(command.due_on, command.closes_on)
    for report in concerned(command, state):
        if report.due_on != command.due_on:
            closes_on = None if report.closes_on is None else command.closes_on
            yield DueDateChanged(report.report_id, _id(state), report.unit_id, command.due_on, closes_on, command.reason)


def _cancel(command: CancelReports, state: Assignment) -> Iterator[AssignmentCancelled]:
    if not command.reason:
        raise ReasonIsMissing(field="reason")
    for report in concerned(command, state):
        if not report.is_cancelled:
            yield AssignmentCancelled(report.report_id, _id(state), report.unit_id, command.reason)


def _close(command: CloseReports, state: Assignment) -> Iterator[AssignmentClosed]:
    for report in concerned(command, state):
        is_time = command.today is None or (report.closes_on is not None and report.closes_on < command.today)
        if is_time and not report.is_closed:
            yield AssignmentClosed(report.report_id, _id(state), report.unit_id, automatic=command.today is not None)


def _reopen(command: ReopenReports, state: Assignment) -> Iterator[AssignmentReopened]:
    if not command.reason:
        raise ReasonIsMissing(field="reason")
    for report in concerned(command, state):
        if report.is_closed:
            yield AssignmentReopened(report.report_id, _id(state), report.unit_id, command.reason)


def _move(command: MoveReports, state: Assignment) -> Iterator[ReportMoved]:
    if command.approved and not command.only_labels:
        raise ApprovedReportExists(count=len(command.approved))
    for report in state.reports.values():
        stays = report.is_cancelled or report.report_id in command.approved or report.version == command.version
        if not stays:
            yield ReportMoved(report.report_id, report.unit_id, state.template, state.period, command.version)


def _refuse_closing_before_due(due_on: date, closes_on: date | None) -> None:
    if closes_on is not None and closes_on < due_on:
        raise ClosesBeforeDue(due_on=due_on, closes_on=closes_on)


def _id(state: Assignment) -> UUID:
    assert state.id is not None, "an assignment without reports has nothing to tell of"
    return state.id


def evolve(state: Assignment, event: Event) -> Assignment:
    match event:
        case ReportAssigned():
            report = ExpectedReport(event.report_id, event.unit_id, event.version, event.due_on, event.closes_on, _labels_of(event))
            reports = {**state.reports, event.unit_id: report}
            return Assignment(event.assignment_id, event.template, event.period, reports)
        case DueDateChanged():
            return _with(state, event.unit_id, due_on=event.due_on, closes_on=event.closes_on)
        case AssignmentCancelled():
            return _with(state, event.unit_id, is_cancelled=True)
        case AssignmentClosed():
            return _with(state, event.unit_id, is_closed=True)
        case AssignmentReopened():
            return _with(state, event.unit_id, is_closed=False, closes_on=None)
        case ReportMoved():
            return _with(state, event.unit_id, version=event.version)
        case _:
            assert_never(event)


def _with(state: Assignment, unit_id: UUID, **changes: Any) -> Assignment:
    return replace(state, reports={**state.reports, unit_id: replace(state.reports[unit_id], **changes)})


def labels(state: Assignment, event: Event) -> Labels:
    if isinstance(event, ReportAssigned):
        return _labels_of(event)
    report = state.reports.get(event.unit_id)
    return report.labels if report else SYSTEM


def _labels_of(event: ReportAssigned) -> Labels:
    return Labels(event.sector, event.province or "-", event.unit_code, subject=f"report/{event.report_id}")


ASSIGNMENT: Decider[Assignment, AssignmentCommand] = Decider(Assignment(), decide, evolve, TYPES, labels)
