"""Corrections of what was approved: asked for by the unit, granted, refused or begun by the unit of the last step."""

from collections.abc import Sequence

from kernel.errors import Rejected

from ..commands import GrantReopening, Item, RefuseReopening, RequestReopening, Seats, StartReopening
from ..events import Event, ReopeningGranted, ReopeningRefused, ReopeningRequested
from .decisions import key_of
from .progress import Progress, approved_revision, granting_step, is_reopened, leaders, officers, state_word
from .refusals import (
    AlreadyReopened,
    NotApproved,
    NotYourStep,
    ReasonIsMissing,
    ReopeningIsAnswered,
    ReopeningIsOpen,
    ReportIsCancelled,
)


def may_grant(item: Item, seats: Seats) -> bool:
    step = granting_step(item)
    return step is not None and (step.role, step.unit_id) in seats


def why_not_request(item: Item, state: Progress, seats: Seats) -> Rejected | None:
    """Why these seats may not ask for a reopening now; None if they may."""
    if not (officers(item) | leaders(item)) & seats:
        return NotYourStep()
    refusal = _why_not_reopenable(item, state)
    if refusal is None and state.reopening is not None:
        return ReopeningIsOpen(reopening=str(state.reopening))
    return refusal


def why_not_start(item: Item, state: Progress, seats: Seats) -> Rejected | None:
    """Why these seats may not reopen the report now, asked or not; None if they may."""
    return _why_not_reopenable(item, state) if may_grant(item, seats) else NotYourStep()


def _why_not_reopenable(item: Item, state: Progress) -> Rejected | None:
    if item.is_cancelled:
        return ReportIsCancelled()
    if is_reopened(item, state):
        return AlreadyReopened()
    word = state_word(item, state)
    return None if word == "approved" else NotApproved(state=word)


def request(command: RequestReopening, state: Progress) -> Sequence[Event]:
    item = command.item
    refusal = why_not_request(item, state, command.seats)
    if refusal is not None:
        raise refusal
    if not command.reason:
        raise ReasonIsMissing()
    return [
        ReopeningRequested(
            **key_of(item),
            reopening_id=command.reopening_id,
            revision=approved_revision(item, state),
            decided_by=command.actor,
            reason=command.reason,
            cells=command.cells,
        )
    ]


def start(command: StartReopening, state: Progress) -> Sequence[Event]:
    """Where the unit has asked meanwhile, this is the answer to it."""
    refusal = why_not_start(command.item, state, command.seats)
    if refusal is not None:
        raise refusal
    if not command.reason:
        raise ReasonIsMissing()
    return [
        ReopeningGranted(
            **key_of(command.item),
            reopening_id=state.reopening or command.reopening_id,
            revision=approved_revision(command.item, state),
            decided_by=command.actor,
            reason=command.reason,
            due_on=command.due_on,
        )
    ]


def grant(command: GrantReopening, state: Progress) -> Sequence[Event]:
    if not may_grant(command.item, command.seats):
        raise NotYourStep()
    if _is_answered_so(command, state, "granted"):
        return []
    refusal = _why_not_reopenable(command.item, state)
    if refusal is not None:
        raise refusal
    return [
        ReopeningGranted(
            **key_of(command.item),
            reopening_id=command.reopening_id,
            revision=approved_revision(command.item, state),
            decided_by=command.actor,
            reason=command.reason,
            due_on=command.due_on,
        )
    ]


def refuse(command: RefuseReopening, state: Progress) -> Sequence[Event]:
    if not may_grant(command.item, command.seats):
        raise NotYourStep()
    if _is_answered_so(command, state, "refused"):
        return []
    if not command.reason:
        raise ReasonIsMissing()
    return [
        ReopeningRefused(
            **key_of(command.item),
            reopening_id=command.reopening_id,
            revision=approved_revision(command.item, state),
            decided_by=command.actor,
            reason=command.reason,
        )
    ]


def _is_answered_so(command: GrantReopening | RefuseReopening, state: Progress, answer: str) -> bool:
    """Whether it already has this answer. Raises ReopeningIsAnswered where it has another, or a later one was answered since."""
    if state.reopening == command.reopening_id:
        return False
    if (state.answered, state.answer) != (command.reopening_id, answer):
        raise ReopeningIsAnswered()
    return True
