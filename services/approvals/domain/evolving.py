"""What each event makes of the progress. Fails at nothing, branches on no rule."""

from dataclasses import replace
from typing import assert_never

from ..events import (
    Decided,
    Event,
    ReminderSent,
    ReopeningGranted,
    ReopeningRefused,
    ReopeningRequested,
    ReportApproved,
    ReportRejected,
    ReportReturned,
    ReportSent,
    ReportVerified,
    SubmissionWithdrawn,
)
from .progress import Progress


def evolve(state: Progress, event: Event) -> Progress:
    match event:
        case ReportSent():
            sent = _passed(state, event, "approved" if event.last else "sent")
            return _approved(sent, event.revision) if event.last else sent
        case ReportVerified():
            return _passed(state, event, "verified")
        case ReportApproved():
            return _approved(_passed(state, event, "approved"), event.revision)
        case ReportRejected():
            return _passed(state, event, "rejected")
        case ReportReturned():
            return _passed(state, event, "returned")
        case SubmissionWithdrawn():
            return _passed(state, event, "withdrawn")
        case ReopeningRequested():
            return replace(state, reopening=event.reopening_id)
        case ReopeningGranted():
            return replace(state, reopening=None, granted=state.granted + 1, answered=event.reopening_id, answer="granted")
        case ReopeningRefused():
            return replace(state, reopening=None, answered=event.reopening_id, answer="refused")
        case ReminderSent():
            return state
        case _:
            assert_never(event)


def _passed(state: Progress, event: Decided | SubmissionWithdrawn, status: str) -> Progress:
    actors = state.actors if state.revision == event.revision else frozenset[str]()
    return replace(state, revision=event.revision, position=event.step + 1, status=status, actors=actors | {event.decided_by})


def _approved(state: Progress, revision: int) -> Progress:
    corrected = state.corrected + (1 if state.granted > state.corrected else 0)
    return replace(state, approved_revision=revision, corrected=corrected)
