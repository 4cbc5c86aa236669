"""One report as its events leave it: what is expected, which revision counts in which lens. Decides nothing, reads no figure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

APPROVED, SENT = 0, 1
LENSES = (APPROVED, SENT)
FOREVER = 9223372036854775807


class UnknownReport(ValueError):
    """An event about a report that was never assigned nor recorded as history."""


@dataclass(frozen=True, slots=True)
class Report:
    """A revision is named by the seq of the event that made it: `origin` is the newest, `approved` and `sent` are those that count."""

    id: UUID
    template: str
    version: int
    period: str
    unit_id: UUID
    first_day: date
    last_day: date
    due_on: date | None = None
    closes_on: date | None = None
    assigned_by: UUID | None = None
    entered_by: UUID | None = None
    assignment_id: UUID | None = None
    state: str = "assigned"
    is_expected: bool = True
    is_closed: bool = False
    revision: int = 0
    origin: int = 0
    approved: int | None = None
    approved_revision: int | None = None
    sent: int | None = None
    sent_revision: int | None = None
    first_sent: int | None = None
    first_sent_at: datetime | None = None
    updated_at: datetime | None = None
    seq: int = 0

    def counted(self, lens: int) -> int | None:
        """The revision whose figures a lens adds up: `sent` falls back on the approved one."""
        return self.approved if lens == APPROVED or self.sent is None else self.sent

    def standing(self, lens: int) -> int | None:
        """The revision that has an open interval of its own in the lens."""
        return self.approved if lens == APPROVED else self.sent


def after(report: Report | None, name: str, payload: Any, seq: int, at: datetime) -> Report | None:
    """The report after the event `name`; None where the event makes none. Raises UnknownReport."""
    if report is not None and seq <= report.seq:
        return report
    if name == "report_assigned":
        changed: Report | None = _assigned(report, payload)
    elif name == "history_recorded":
        changed = _history(report, payload, seq, at)
    elif name in _OTHERS:
        if report is None:
            if name in _TYPING:
                return None  # history is entered before it is recorded
            raise UnknownReport(f"{name} of report {payload.report_id}")
        changed = _OTHERS[name](report, payload, seq, at)
        if changed is report and name in _TYPING:
            return report  # of all that is typed only the beginning counts
    else:
        return report
    return None if changed is None else replace(changed, seq=seq, updated_at=at)


def _assigned(report: Report | None, payload: Any) -> Report:
    said = {
        "version": payload.version,
        "first_day": payload.first_day,
        "last_day": payload.last_day,
        "due_on": payload.due_on,
        "closes_on": payload.closes_on,
        "assigned_by": payload.assigned_by,
        "entered_by": payload.entered_by,
        "assignment_id": payload.assignment_id,
        "is_expected": True,
        "is_closed": False,
    }
    if report is None:
        return Report(id=payload.report_id, template=payload.template, period=payload.period, unit_id=payload.unit_id, **said)
    state = ("drafting" if report.revision else "assigned") if report.state == "cancelled" else report.state
    return replace(report, state=state, **said)


def _history(report: Report | None, payload: Any, seq: int, at: datetime) -> Report:
    known = report or Report(
        id=payload.report_id,
        template=payload.template,
        version=payload.version,
        period=payload.period,
        unit_id=payload.unit_id,
        first_day=payload.first_day,
        last_day=payload.last_day,
    )
    return replace(
        known,
        state="approved",
        is_expected=True,
        version=payload.version,
        revision=payload.revision,
        origin=seq,
        approved=seq,
        approved_revision=payload.revision,
        sent=None,
        sent_revision=None,
        first_sent=seq,
        first_sent_at=known.first_sent_at or at,
    )


def _due_date_changed(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    return replace(report, due_on=payload.due_on)


def _closed(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    return replace(report, is_closed=True)


def _opened_again(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    return replace(report, is_closed=False)


def _moved(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    """Back to drafting, what was sent is void; where only labels differ, the report stands as it stood."""
    moved = replace(report, version=payload.version)
    state = payload.state or (report.state if report.approved is not None or report.state == "assigned" else "drafting")
    return moved if state == report.state else _not_sent(replace(moved, state=state))


def _worked_on(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    return replace(report, state="drafting") if report.state == "assigned" else report


def _submitted(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    return replace(report, state="awaiting_leader", revision=payload.revision, origin=seq)


def _sent(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    if not _fits(report, payload):
        return report
    is_first = report.first_sent is None
    sent = replace(
        report,
        state=payload.state or "sent",
        sent=report.origin,
        sent_revision=report.revision,
        first_sent=report.origin if is_first else report.first_sent,
        first_sent_at=at if is_first else report.first_sent_at,
    )
    return _now_approved(sent) if payload.last or sent.state == "approved" else sent


def _rejected(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    return _not_sent(replace(report, state=payload.state or "rejected")) if _fits(report, payload) else report


def _verified(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    if not _fits(report, payload):
        return report
    verified = replace(report, state=payload.state or "verified")
    return _now_approved(verified) if verified.state == "approved" else verified


def _returned(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    if not _fits(report, payload):
        return report
    return _not_sent(replace(report, state=payload.state or "returned", due_on=payload.due_on or report.due_on))


def _approved(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    return _now_approved(report) if _fits(report, payload) else report


def _withdrawn(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    fallback = "drafting" if report.approved is None else "reopened"
    return _not_sent(replace(report, state=payload.state or fallback)) if _fits(report, payload) else report


def _reopened(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    if payload.effect == "none":
        return report
    return replace(report, state=payload.state or "reopened", due_on=payload.due_on or report.due_on)


def _dropped(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    return replace(_not_sent(report), state="approved")


def _cancelled(report: Report, payload: Any, seq: int, at: datetime) -> Report:
    """A cancellation that crossed an approval has no effect."""
    if report.approved is not None or payload.effect == "none":
        return report
    return _not_sent(replace(report, state="cancelled", is_expected=False))


def _fits(report: Report, payload: Any) -> bool:
    return bool(payload.effect == "applied" and payload.revision == report.revision and report.origin)


def _not_sent(report: Report) -> Report:
    """The revision that is on its way no longer is; if it was the one sent first, nothing counts as sent in time."""
    is_first = report.first_sent is not None and report.first_sent == report.sent
    return replace(
        report,
        sent=None,
        sent_revision=None,
        first_sent=None if is_first else report.first_sent,
        first_sent_at=None if is_first else report.first_sent_at,
    )


def _now_approved(report: Report) -> Report:
    return replace(report, state="approved", approved=report.origin, approved_revision=report.revision, sent=None, sent_revision=None)


_OTHERS: dict[str, Callable[[Report, Any, int, datetime], Report]] = {
    "due_date_changed": _due_date_changed,
    "assignment_closed": _closed,
    "assignment_reopened": _opened_again,
    "report_moved": _moved,
    "values_entered": _worked_on,
    "values_normalised": _worked_on,
    "report_submitted_to_leader": _submitted,
    "report_sent": _sent,
    "report_rejected": _rejected,
    "report_verified": _verified,
    "report_returned": _returned,
    "report_approved": _approved,
    "submission_withdrawn": _withdrawn,
    "reopening_granted": _reopened,
    "reopening_dropped": _dropped,
    "report_cancelled": _cancelled,
}

_TYPING = ("values_entered", "values_normalised")
EVENTS: tuple[str, ...] = ("report_assigned", "history_recorded", *_OTHERS)
"""The events that are about one report."""
