"""The rules of deciding: whose turn it is, what fits, and what a person may do once. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never
from uuid import UUID

from kernel.decider import Decider, EventTypes, Labels
from kernel.errors import Malformed, NotArrivedYet, NotFound, Rejected

from .commands import (
    Command,
    Decide,
    GrantReopening,
    Item,
    RefuseReopening,
    Remind,
    RequestReopening,
    Seats,
    StartReopening,
    Step,
    Withdraw,
)
from .events import (
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


class RevisionIsOld(Rejected):
    title = "Báo cáo đã có lần trình mới hơn; xin xem lại số liệu mới"


class ReportIsCancelled(Rejected):
    title = "Báo cáo đã bị hủy giao"


class NotAwaitingDecision(Rejected):
    title = "Báo cáo không chờ xử lý ở bước này"


class DecisionDoesNotFit(Rejected):
    title = "Bước hiện tại của báo cáo không nhận thao tác này"


class NotYourStep(Rejected):
    status = 403
    title = "Bước này thuộc đơn vị hoặc vai trò khác"


class AlreadyActed(Rejected):
    title = "Bạn đã trình hoặc xử lý lần trình này; người khác của đơn vị xử lý bước này"


class ReasonIsMissing(Malformed):
    title = "Cần nêu lý do"


class AlreadyActedUpon(Rejected):
    title = "Đã có đơn vị xử lý sau khi gửi, không thu hồi được nữa"


class NotApproved(Rejected):
    title = "Chỉ đề nghị đính chính được báo cáo đã duyệt"


class AlreadyReopened(Rejected):
    title = "Báo cáo đang được đính chính"


class ReopeningIsOpen(Rejected):
    title = "Đã có đề nghị đính chính đang chờ trả lời"


class AlreadySubmitted(Rejected):
    title = "Báo cáo đã được trình, không cần đôn đốc"


ENDED = frozenset({"approved", "rejected", "returned", "withdrawn"})
DECISIONS = {"send": ("send", "reject"), "verify": ("verify", "return"), "approve": ("approve", "return")}
RESULTS: dict[str, str] = {"send": "sent", "reject": "rejected", "verify": "verified", "approve": "approved", "return": "returned"}


@dataclass(frozen=True)
class Progress:
    """What was decided here on the newest revision that anybody decided on, and where its correction stands."""

    revision: int = 0
    position: int = 0
    status: str = ""
    actors: frozenset[str] = frozenset()
    approved_revision: int = 0
    granted: int = 0  # reopenings ever granted
    corrected: int = 0  # of them, ended by a new approval
    reopening: UUID | None = None  # requested and not yet answered


def decide(command: Command, state: Progress) -> Sequence[Event]:
    match command:
        case Decide():
            return _decide(command, state)
        case Withdraw():
            return _withdraw(command, state)
        case RequestReopening():
            return _request(command, state)
        case StartReopening():
            return _start(command, state)
        case GrantReopening():
            return _grant(command, state)
        case RefuseReopening():
            return _refuse(command, state)
        case Remind():
            return _remind(command, state)
        case _:
            assert_never(command)


def on_revision(item: Item, state: Progress) -> Progress:
    """The progress of the item's newest revision: nothing yet, if it was submitted since."""
    if state.revision == item.revision:
        return state
    return replace(state, revision=item.revision, position=0, status="", actors=frozenset())


def current_step(item: Item, state: Progress) -> tuple[int, Step] | None:
    """The step that is awaited: its place in the route and who it is; None where nothing is awaited."""
    now = on_revision(item, state)
    if item.revision <= approved_revision(item, state) or item.is_cancelled or item.is_closed or now.status in ENDED:
        return None
    return _from(item, now.position)


def _from(item: Item, position: int) -> tuple[int, Step] | None:
    for place in range(position, len(item.route)):
        if not item.route[place].passed_over:
            return place, item.route[place]
    return None


def state_word(item: Item, state: Progress) -> str:
    """The report's state, as far as it is decided here; empty while submissions holds the ball."""
    if item.is_cancelled:
        return "cancelled"
    if item.revision and item.revision <= approved_revision(item, state):
        return "reopened" if is_reopened(item, state) else "approved"
    status = on_revision(item, state).status
    if status == "withdrawn" or not item.revision:
        return ""
    return status or "awaiting_leader"


def is_reopened(item: Item, state: Progress) -> bool:
    return state.granted > state.corrected + item.corrections_dropped


def why_not(item: Item, state: Progress, decision: str, actor: str, seats: Seats) -> Rejected | None:
    """Why this caller may not take this decision on the newest revision now; None if it is theirs to take."""
    awaited = current_step(item, state)
    if item.is_cancelled:
        return ReportIsCancelled()
    if awaited is None:
        return NotAwaitingDecision(state=state_word(item, state))
    _, step = awaited
    if (step.role, step.unit_id) not in seats:
        return NotYourStep(role=step.role, unit=str(step.unit_id))
    if decision not in DECISIONS[step.action]:
        return DecisionDoesNotFit(expected=list(DECISIONS[step.action]))
    if actor in on_revision(item, state).actors or actor == item.submitted_by:
        return AlreadyActed()
    return None


def _decide(command: Decide, state: Progress) -> Sequence[Event]:
    item = command.item
    _check_revision(item, command.revision)
    now = on_revision(item, state)
    if not item.is_cancelled and now.status == RESULTS[command.decision]:
        return []
    refusal = why_not(item, state, command.decision, command.actor, command.seats)
    if refusal is not None:
        raise refusal
    if command.decision in ("reject", "return") and not command.reason:
        raise ReasonIsMissing()
    awaited = current_step(item, state)
    assert awaited is not None
    return [_event_of(command, *awaited)]


def _check_revision(item: Item, revision: int) -> None:
    if revision > item.revision:
        raise NotArrivedYet(revision=revision)
    if revision < item.revision:
        raise RevisionIsOld(current=item.revision)


def _event_of(command: Decide, place: int, step: Step) -> Event:
    item = command.item
    common: dict[str, Any] = {
        **_key(item),
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
            return ReportSent(**common, last=_from(item, place + 1) is None)
        case "reject":
            return ReportRejected(**common)
        case "verify":
            return ReportVerified(**common)
        case "approve":
            return ReportApproved(**common)
        case _:
            return ReportReturned(**common, due_on=command.due_on)


def _key(item: Item) -> dict[str, Any]:
    return {"report_id": item.report_id, "template": item.template, "period": item.period, "unit_id": item.unit_id}


def _withdraw(command: Withdraw, state: Progress) -> Sequence[Event]:
    item = command.item
    _check_revision(item, command.revision)
    now = on_revision(item, state)
    if now.status == "withdrawn":
        return []
    if item.is_cancelled:
        raise ReportIsCancelled()
    refusal = why_not_withdraw(item, state, command.seats)
    if refusal is not None:
        raise refusal
    role = "leader" if ("leader", item.unit_id) in command.seats else "data_entry"
    return [
        SubmissionWithdrawn(
            **_key(item),
            revision=item.revision,
            step=now.position,
            unit=item.unit_id,
            role=role,
            decided_by=command.actor,
            figures_hash=item.figures_hash,
            reason=command.reason,
            had_been_sent=now.status == "sent",
        )
    ]


def why_not_withdraw(item: Item, state: Progress, seats: Seats) -> Rejected | None:
    """The officer withdraws while the leader hasn't decided; the leader also after sending, while nobody else has acted."""
    now = on_revision(item, state)
    is_officer, is_leader = ("data_entry", item.unit_id) in seats, ("leader", item.unit_id) in seats
    if not is_officer and not is_leader:
        return NotYourStep()
    if item.is_cancelled or item.revision == 0 or item.is_closed or now.status in ENDED:
        return NotAwaitingDecision(state=state_word(item, state))
    if now.status == "verified":
        return AlreadyActedUpon()
    if now.status == "sent" and not is_leader:
        return NotYourStep("Báo cáo đã gửi: chỉ lãnh đạo đơn vị thu hồi được")
    return None


def _check_reopenable(item: Item, state: Progress) -> None:
    if is_reopened(item, state):
        raise AlreadyReopened()
    if state_word(item, state) != "approved":
        raise NotApproved(state=state_word(item, state))


def _request(command: RequestReopening, state: Progress) -> Sequence[Event]:
    item = command.item
    if not {("data_entry", item.unit_id), ("leader", item.unit_id)} & command.seats:
        raise NotYourStep()
    _check_reopenable(item, state)
    if state.reopening is not None:
        raise ReopeningIsOpen(reopening=str(state.reopening))
    if not command.reason:
        raise ReasonIsMissing()
    return [
        ReopeningRequested(
            **_key(item),
            reopening_id=command.reopening_id,
            revision=approved_revision(item, state),
            decided_by=command.actor,
            reason=command.reason,
            cells=command.cells,
        )
    ]


def approved_revision(item: Item, state: Progress) -> int:
    """The newest approved revision, decided here or recorded as history; 0 if there is none."""
    return max(item.approved_revision, state.approved_revision)


def granting_step(item: Item) -> Step | None:
    """Who may grant a reopening: the last step of the approved revision's route that isn't passed over."""
    route = item.last_route or item.route
    return next((step for step in reversed(route) if not step.passed_over), None)


def may_grant(item: Item, seats: Seats) -> bool:
    step = granting_step(item)
    return step is not None and (step.role, step.unit_id) in seats


def _start(command: StartReopening, state: Progress) -> Sequence[Event]:
    if not may_grant(command.item, command.seats):
        raise NotYourStep()
    _check_reopenable(command.item, state)
    if not command.reason:
        raise ReasonIsMissing()
    return [_granted(command, state)]


def _grant(command: GrantReopening, state: Progress) -> Sequence[Event]:
    if not may_grant(command.item, command.seats):
        raise NotYourStep()
    if state.reopening != command.reopening_id:
        raise NotFound("Không có đề nghị đính chính này đang chờ trả lời")
    _check_reopenable(command.item, state)
    return [_granted(command, state)]


def _granted(command: StartReopening | GrantReopening, state: Progress) -> ReopeningGranted:
    return ReopeningGranted(
        **_key(command.item),
        reopening_id=command.reopening_id,
        revision=approved_revision(command.item, state),
        decided_by=command.actor,
        reason=command.reason,
        due_on=command.due_on,
    )


def _refuse(command: RefuseReopening, state: Progress) -> Sequence[Event]:
    if not may_grant(command.item, command.seats):
        raise NotYourStep()
    if state.reopening != command.reopening_id:
        raise NotFound("Không có đề nghị đính chính này đang chờ trả lời")
    if not command.reason:
        raise ReasonIsMissing()
    return [
        ReopeningRefused(
            **_key(command.item),
            reopening_id=command.reopening_id,
            revision=approved_revision(command.item, state),
            decided_by=command.actor,
            reason=command.reason,
        )
    ]


def _remind(command: Remind, state: Progress) -> Sequence[Event]:
    item = command.item
    if item.is_cancelled:
        raise ReportIsCancelled()
    if state_word(item, state) in ("sent", "verified", "approved"):
        raise AlreadySubmitted()
    return [
        ReminderSent(
            **_key(item),
            to_unit=command.to_unit,
            to_role=command.to_role,
            sent_by=command.actor,
            text=command.text,
            automatic=command.is_automatic,
        )
    ]


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
            return replace(state, reopening=None, granted=state.granted + 1)
        case ReopeningRefused():
            return replace(state, reopening=None)
        case ReminderSent():
            return state
        case _:
            assert_never(event)


def _passed(
    state: Progress,
    event: ReportSent | ReportRejected | ReportVerified | ReportReturned | ReportApproved | SubmissionWithdrawn,
    status: str,
) -> Progress:
    actors = state.actors if state.revision == event.revision else frozenset[str]()
    return replace(state, revision=event.revision, position=event.step + 1, status=status, actors=actors | {event.decided_by})


def _approved(state: Progress, revision: int) -> Progress:
    corrected = state.corrected + (1 if state.granted > state.corrected else 0)
    return replace(state, approved_revision=revision, corrected=corrected)


TYPES = EventTypes(
    ReportSent,
    ReportRejected,
    ReportVerified,
    ReportReturned,
    ReportApproved,
    SubmissionWithdrawn,
    ReopeningRequested,
    ReopeningGranted,
    ReopeningRefused,
    ReminderSent,
)


def decider(item: Item) -> Decider[Progress, Command]:
    """The decider of one report; its events are labelled with what the item says of the report."""
    labels = Labels(item.sector, item.province, item.unit_code)
    return Decider(Progress(), decide, evolve, TYPES, lambda state, event: labels)
