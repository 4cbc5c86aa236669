"""Deciding on a revision, and taking it back: whose turn it is, what fits, and what a person may do once."""

from collections.abc import Sequence
from typing import Any

from kernel.errors import NotArrivedYet, Rejected

from ..commands import Decide, Item, Seats, Step, Withdraw
from ..events import Event, ReportApproved, ReportRejected, ReportReturned, ReportSent, ReportVerified, SubmissionWithdrawn
from .progress import SENT_BACK, Progress, current_step, is_in_hand, is_last, leaders, officers, on_revision, state_word, step_at
from .refusals import (
    AlreadyActed,
    AlreadyActedUpon,
    DecisionDoesNotFit,
    NotAwaitingDecision,
    NotYourStep,
    ReasonIsMissing,
    ReportIsCancelled,
    RevisionIsOld,
)

DECISIONS = {"send": ("send", "reject"), "verify": ("verify", "return"), "approve": ("approve", "return")}
RESULTS: dict[str, str] = {"send": "sent", "reject": "rejected", "verify": "verified", "approve": "approved", "return": "returned"}


def decide_revision(command: Decide, state: Progress) -> Sequence[Event]:
    item = command.item
    _check_revision(item, command.revision)
    refusal = why_not(item, state, command.decision, command.actor, command.seats)
    if refusal is not None:
        if _holds_already(command, state):
            return []
        raise refusal
    if command.decision in ("reject", "return") and not command.reason:
        raise ReasonIsMissing()
    awaited = current_step(item, state)
    assert awaited is not None
    return [_event_of(command, *awaited)]


def why_not(item: Item, state: Progress, decision: str, actor: str, seats: Seats) -> Rejected | None:
    """Why this caller may not take this decision on the newest revision now; None if it is theirs to take."""
    if item.route and not _may_ever(item, decision, seats):
        return NotYourStep()
    if item.is_cancelled:
        return ReportIsCancelled()
    awaited = current_step(item, state)
    if awaited is None or (awaited[1].role, awaited[1].unit_id) not in seats:
        return NotAwaitingDecision(state=state_word(item, state))
    if decision not in DECISIONS[awaited[1].action]:
        return DecisionDoesNotFit(expected=list(DECISIONS[awaited[1].action]))
    if actor in on_revision(item, state).actors or actor == item.submitted_by:
        return AlreadyActed()
    return None


def _may_ever(item: Item, decision: str, seats: Seats) -> bool:
    """Whether one of these seats is a step of the route that takes this decision."""
    steps = [step_at(item.route, place) for place in range(len(item.route))]
    return any((step.role, step.unit_id) in seats and decision in DECISIONS[step.action] for step in steps)


def _holds_already(command: Decide, state: Progress) -> bool:
    """Whether the last decision was this one, taken at a step of the caller's."""
    item, now = command.item, on_revision(command.item, state)
    if item.is_cancelled or item.is_closed or not 0 < now.position <= len(item.route):
        return False
    taken_at = item.route[now.position - 1]
    if (taken_at.role, taken_at.unit_id) not in command.seats:
        return False
    is_send_that_approved = command.decision == "send" and now.position == 1 and now.status == "approved"
    return is_send_that_approved or now.status == RESULTS[command.decision]


def _check_revision(item: Item, revision: int) -> None:
    if revision > item.revision:
        raise NotArrivedYet(revision=revision)
    if revision < item.revision:
        raise RevisionIsOld(current=item.revision)


def _event_of(command: Decide, place: int, step: Step) -> Event:
    item = command.item
    common: dict[str, Any] = {
        **key_of(item),
        "revision": item.revision,
        "step": place,
        "unit": step.unit_id,
        "role": step.role,
        "decided_by": command.actor,
        "figures_hash": item.figures_hash,
        "reason": command.reason,
        "cells": command.cells,
    }
    match command.decision:
        case "send":
            return ReportSent(**common, last=is_last(item.route, place))
        case "reject":
            return ReportRejected(**common)
        case "verify":
            return ReportVerified(**common)
        case "approve":
            return ReportApproved(**common)
        case _:
            return ReportReturned(**common, due_on=command.due_on)


def key_of(item: Item) -> dict[str, Any]:
    """What every event says of its report."""
    return {"report_id": item.report_id, "template": item.template, "period": item.period, "unit_id": item.unit_id}


def withdraw(command: Withdraw, state: Progress) -> Sequence[Event]:
    item, seats = command.item, command.seats
    _check_revision(item, command.revision)
    now = on_revision(item, state)
    refusal = why_not_withdraw(item, state, seats)
    if refusal is not None:
        if now.status == "withdrawn" and isinstance(refusal, NotAwaitingDecision):
            return []
        raise refusal
    role, unit = min(leaders(item) & seats or officers(item) & seats, key=str)
    return [
        SubmissionWithdrawn(
            **key_of(item),
            revision=item.revision,
            step=now.position,
            unit=unit,
            role=role,
            decided_by=command.actor,
            figures_hash=item.figures_hash,
            reason=command.reason,
            had_been_sent=now.status == "sent",
        )
    ]


def why_not_withdraw(item: Item, state: Progress, seats: Seats) -> Rejected | None:
    """The officer withdraws while the leader hasn't decided; the leader also after sending, while nobody else has acted."""
    is_leader = bool(leaders(item) & seats)
    if not is_leader and not officers(item) & seats:
        return NotYourStep()
    if item.is_cancelled:
        return ReportIsCancelled()
    status = on_revision(item, state).status
    if not is_in_hand(item, state) or status in SENT_BACK:
        return NotAwaitingDecision(state=state_word(item, state))
    if status == "verified":
        return AlreadyActedUpon()
    if status == "sent" and not is_leader:
        return NotYourStep("Báo cáo đã gửi: chỉ lãnh đạo đơn vị thu hồi được")
    return None
