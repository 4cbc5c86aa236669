"""What a report is after each event. Fails at nothing, branches on no rule."""

from collections.abc import Mapping
from dataclasses import replace
from functools import singledispatch
from typing import Any

from kernel.decider import Labels
from kernel.sheet.model import Value

from .. import events
from ..commands import ReportKey
from .state import Objection, Report


def evolve(report: Report, event: Any) -> Report:
    """The report after `event`, whose version is the next one of its stream."""
    return _after(event, replace(report, version=report.version + 1))


@singledispatch
def _after(event: Any, report: Report) -> Report:
    return report


def _settled(report: Report, **changes: Any) -> Report:
    """State or revision changed: what was typed on anything older is stale."""
    return replace(report, moved_at=report.version, settled_at=report.version, typed_at={}, **changes)


@_after.register
def _(event: events.ReportAssigned, report: Report) -> Report:
    is_new = report.state in ("", "cancelled")
    key = ReportKey(event.report_id, event.template, event.period, event.unit_id, event.sector, event.province, event.unit_code)
    facts: dict[str, Any] = {
        "key": key,
        "assignment_id": event.assignment_id,
        "assigned_by": event.assigned_by,
        "entered_by": event.entered_by,
        "first_day": event.first_day,
        "last_day": event.last_day,
        "due_on": event.due_on,
        "closes_on": event.closes_on,
    }
    if not is_new:
        return replace(report, **facts)
    return _settled(report, state="drafting" if report.cells else "assigned", form_version=event.version, is_closed=False, **facts)


@_after.register
def _(event: events.DueDateChanged, report: Report) -> Report:
    return replace(report, due_on=event.due_on)


@_after.register
def _(event: events.AssignmentClosed, report: Report) -> Report:
    return replace(report, is_closed=True)


@_after.register
def _(event: events.AssignmentReopened, report: Report) -> Report:
    return replace(report, is_closed=False)


@_after.register
def _(event: events.ReportMoved, report: Report) -> Report:
    """A revision in flight is void when the report goes back to drafting."""
    if event.state == report.state:
        return _settled(report, form_version=event.version)
    return _settled(_without_send(report), form_version=event.version, state=event.state, route=())


@_after.register
def _(event: events.ValuesEntered, report: Report) -> Report:
    state = "drafting" if report.state == "assigned" else report.state
    return replace(_with_cells(report, event.cells, event.by), state=state)


@_after.register
def _(event: events.ValuesNormalised, report: Report) -> Report:
    state = "drafting" if report.state == "assigned" and event.cells else report.state
    return replace(_with_cells(report, event.cells, event.by), sources=event.sources, state=state)


def _with_cells(report: Report, cells: Mapping[str, Value], by: str) -> Report:
    merged = {**report.cells, **cells}
    for key, value in cells.items():
        if value.is_blank:
            merged.pop(key, None)
    typed_at = {**report.typed_at, **dict.fromkeys(cells, (report.version, by))}
    return replace(report, cells=merged, typed_at=typed_at, moved_at=report.version)


@_after.register
def _(event: events.ReportSubmittedToLeader, report: Report) -> Report:
    return _settled(
        report,
        state="awaiting_leader",
        revision=event.revision,
        cells=event.figures,
        figures=event.figures,
        figures_hash=event.figures_hash,
        figures_version=event.version,
        route=event.route,
        submitted_by=event.submitted_by,
        submitted_seen=event.seen,
        objection=None,
    )


@_after.register
def _(event: events.ReportCancelled, report: Report) -> Report:
    if event.effect == "none":
        return report
    return _settled(report, state="cancelled", sends={}, sent_revision=0, route=(), objection=None)


@_after.register
def _(event: events.ReportSent, report: Report) -> Report:
    if event.effect == "none":
        return report
    sent = replace(report, sends={**report.sends, event.revision: event.at}, sent_revision=event.revision, was_ever_sent=True)
    return _approved(sent) if event.state == "approved" else _settled(sent, state=event.state)


@_after.register
def _(event: events.ReportVerified, report: Report) -> Report:
    return report if event.effect == "none" else _settled(report, state=event.state)


@_after.register
def _(event: events.ReportApproved, report: Report) -> Report:
    return report if event.effect == "none" else _approved(report)


def _approved(report: Report) -> Report:
    return _settled(
        report, state="approved", approved_revision=report.revision, approved_figures=report.figures, approved_sources=report.sources
    )


@_after.register
def _(event: events.ReportRejected, report: Report) -> Report:
    return report if event.effect == "none" else _sent_back(report, event)


@_after.register
def _(event: events.ReportReturned, report: Report) -> Report:
    if event.effect == "none":
        return report
    due_on = report.due_on if event.due_on is None else event.due_on
    return replace(_sent_back(_without_send(report, stays_visible=True), event), due_on=due_on)


@_after.register
def _(event: events.SubmissionWithdrawn, report: Report) -> Report:
    return report if event.effect == "none" else _settled(_without_send(report), state=event.state, route=())


def _sent_back(report: Report, event: events.Decided) -> Report:
    return _settled(report, state=event.state, objection=Objection(event.decision_id, event.cells))


def _without_send(report: Report, *, stays_visible: bool = False) -> Report:
    """The last revision no longer counts as sent. Of a returned one others may go on seeing what they have returned."""
    sends = {revision: at for revision, at in report.sends.items() if revision != report.revision}
    is_lost = report.sent_revision == report.revision and not stays_visible
    return replace(report, sends=sends, sent_revision=max(sends, default=0) if is_lost else report.sent_revision)


@_after.register
def _(event: events.ReopeningGranted, report: Report) -> Report:
    if event.effect == "none":
        return report
    due_on = report.due_on if event.due_on is None else event.due_on
    return _settled(report, state="reopened", due_on=due_on, objection=None)


@_after.register
def _(event: events.ReopeningDropped, report: Report) -> Report:
    """Revisions made for the correction count no longer; the cells are the approved ones again."""
    sends = {revision: at for revision, at in report.sends.items() if revision <= event.revision}
    return _settled(
        report,
        state="approved",
        cells=report.approved_figures,
        sources=report.approved_sources,
        sends=sends,
        sent_revision=event.revision,
        route=(),
        objection=None,
    )


@_after.register
def _(event: events.StepPassedOver, report: Report) -> Report:
    route = tuple(replace(step, passed_over=event.reason) if n == event.step else step for n, step in enumerate(report.route))
    return replace(report, route=route)


@_after.register
def _(event: events.HistoryRecorded, report: Report) -> Report:
    key = ReportKey(event.report_id, event.template, event.period, event.unit_id, event.sector, event.province, event.unit_code)
    recorded = _settled(
        report,
        key=key,
        form_version=event.version,
        first_day=event.first_day,
        last_day=event.last_day,
        due_on=event.last_day,
        cells=event.figures,
        figures=event.figures,
        figures_hash=event.figures_hash,
        figures_version=event.version,
        revision=event.revision,
        sent_revision=event.revision,
        route=event.route,
        is_history=True,
        was_ever_sent=True,
    )
    return _approved(recorded)


RELEASED = (events.ReportSent, events.ReportVerified, events.ReportReturned, events.ReportApproved, events.ReopeningGranted)
"""Decisions that departments receive where they had effect."""


def labels(report: Report, event: Any) -> Labels:
    """Where the event is routed, and whether departments may have it; `report` is the one before it."""
    if isinstance(event, events.ReportAssigned | events.HistoryRecorded):
        return Labels(event.sector, event.province, event.unit_code, isinstance(event, events.HistoryRecorded))
    key = report.known
    return Labels(key.sector, key.province, key.unit_code, _is_released(event))


def _is_released(event: Any) -> bool:
    if isinstance(event, events.ReopeningDropped):
        return True
    if isinstance(event, RELEASED):
        return event.effect == "applied"
    if isinstance(event, events.SubmissionWithdrawn | events.ReportCancelled):
        return event.effect == "applied" and event.had_been_sent
    return False
