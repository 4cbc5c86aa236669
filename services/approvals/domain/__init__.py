"""The rules of deciding: whose turn it is, what fits, and what a person may do once. Pure."""

from collections.abc import Sequence
from typing import assert_never

from kernel.decider import Decider, EventTypes, Labels

from ..commands import (
    Command,
    Decide,
    EraseText,
    GrantReopening,
    Item,
    RefuseReopening,
    Remind,
    RequestReopening,
    StartReopening,
    Withdraw,
)
from ..events import (
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
    TextErased,
)
from . import decisions, reminders, reopenings
from .decisions import DECISIONS, RESULTS, why_not, why_not_withdraw
from .erasing import TextState, erase, erased
from .evolving import evolve
from .progress import Progress, approved_revision, current_step, granting_step, is_reopened, on_revision, state_word
from .refusals import (
    AlreadyActed,
    AlreadyActedUpon,
    AlreadyReopened,
    AlreadySubmitted,
    DecisionDoesNotFit,
    NotApproved,
    NotAwaitingDecision,
    NotYourStep,
    ReasonIsMissing,
    ReopeningIsAnswered,
    ReopeningIsOpen,
    ReportIsCancelled,
    RevisionIsOld,
)
from .reminders import why_not_remind
from .reopenings import may_grant, why_not_request, why_not_start


def decide(command: Command, state: Progress) -> Sequence[Event]:
    match command:
        case Decide():
            return decisions.decide_revision(command, state)
        case Withdraw():
            return decisions.withdraw(command, state)
        case RequestReopening():
            return reopenings.request(command, state)
        case StartReopening():
            return reopenings.start(command, state)
        case GrantReopening():
            return reopenings.grant(command, state)
        case RefuseReopening():
            return reopenings.refuse(command, state)
        case Remind():
            return reminders.remind(command, state)
        case _:
            assert_never(command)


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
    TextErased,
)

TEXT: Decider[TextState, EraseText] = Decider(TextState(), erase, erased, TYPES)


def decider(item: Item) -> Decider[Progress, Command]:
    """The decider of one report; its events are labelled with what the item says of the report."""
    labels = Labels(item.sector, item.province, item.unit_code)
    return Decider(Progress(), decide, evolve, TYPES, lambda state, event: labels)


__all__ = [
    "DECISIONS",
    "RESULTS",
    "TEXT",
    "TYPES",
    "AlreadyActed",
    "AlreadyActedUpon",
    "AlreadyReopened",
    "AlreadySubmitted",
    "DecisionDoesNotFit",
    "NotApproved",
    "NotAwaitingDecision",
    "NotYourStep",
    "Progress",
    "ReasonIsMissing",
    "ReopeningIsAnswered",
    "ReopeningIsOpen",
    "ReportIsCancelled",
    "RevisionIsOld",
    "TextState",
    "approved_revision",
    "current_step",
    "decide",
    "decider",
    "evolve",
    "granting_step",
    "is_reopened",
    "may_grant",
    "on_revision",
    "state_word",
    "why_not",
    "why_not_remind",
    "why_not_request",
    "why_not_start",
    "why_not_withdraw",
]
