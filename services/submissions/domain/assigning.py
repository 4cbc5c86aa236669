"""What templates says of a report: assigned, due, cancelled, closed, moved to another version of its form."""

from collections.abc import Sequence
from typing import Any

from .. import events
from ..commands import Assign, Cancel, ChangeDueDate, Close, Move, ReopenPeriod, Reshaping
from .naming import of
from .state import Report


def assign(command: Assign, report: Report) -> Sequence[Any]:
    """Logged whenever it says something new; drafts of a cancelled report are kept, fitted to the version that is asked for."""
    assigned = _assigned(command)
    if report.state not in ("", "cancelled") and _is_so_already(command, report):
        return []
    happened: list[Any] = [assigned]
    if report.state == "cancelled" and command.reshaping is not None and command.version != report.form_version:
        happened += _reshaped(report, command.reshaping)
    return happened


def _is_so_already(command: Assign, report: Report) -> bool:
    return report.assignment_id == command.assignment_id and report.due_on == command.due_on


def _assigned(command: Assign) -> events.ReportAssigned:
    key = command.key
    return events.ReportAssigned(
        **of(key),
        assignment_id=command.assignment_id,
        version=command.version,
        due_on=command.due_on,
        first_day=command.first_day,
        last_day=command.last_day,
        assigned_by=command.assigned_by,
        sector=key.sector,
        province=key.province,
        unit_code=key.unit_code,
        closes_on=command.closes_on,
        entered_by=command.entered_by,
    )


def change_due_date(command: ChangeDueDate, report: Report) -> Sequence[Any]:
    if report.state == "cancelled" or report.due_on == command.due_on:
        return []
    return [events.DueDateChanged(**of(report.known), assignment_id=command.assignment_id, due_on=command.due_on)]


def cancel(command: Cancel, report: Report) -> Sequence[Any]:
    """Cancels in any state, except where an approved revision exists: then the cancellation is logged without effect."""
    if report.state == "cancelled":
        return []
    effect: events.Effect = "none" if report.approved_revision else "applied"
    cancelled = events.ReportCancelled(
        **of(report.known),
        reason=command.reason,
        assignment_id=command.assignment_id,
        had_been_sent=report.was_ever_sent,
        effect=effect,
    )
    return [cancelled]


def close(command: Close, report: Report) -> Sequence[Any]:
    if report.is_closed or report.state == "cancelled":
        return []
    return [events.AssignmentClosed(**of(report.known), assignment_id=command.assignment_id, automatic=command.automatic)]


def reopen_period(command: ReopenPeriod, report: Report) -> Sequence[Any]:
    if not report.is_closed or report.state == "cancelled":
        return []
    return [events.AssignmentReopened(**of(report.known), assignment_id=command.assignment_id, reason=command.reason)]


def move(command: Move, report: Report) -> Sequence[Any]:
    """Back to drafting on the other version, values kept by key. An approved report follows only where nothing but labels differs."""
    if report.state == "cancelled" or report.form_version == command.version:
        return []
    if report.approved_revision and not command.reshaping.only_labels_differ:
        return []
    if command.reshaping.only_labels_differ:
        return [events.ReportMoved(**of(report.known), version=command.version, state=report.state)]
    state = "assigned" if report.state == "assigned" else "drafting"
    moved = events.ReportMoved(**of(report.known), version=command.version, state=state)
    return [moved, *_reshaped(report, command.reshaping)]


def _reshaped(report: Report, reshaping: Reshaping) -> list[Any]:
    changes = reshaping.changes(report.cells)
    return [events.ValuesEntered(**of(report.known), cells=changes, by="", origin="moved")] if changes else []
