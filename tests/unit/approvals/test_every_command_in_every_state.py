"""The whole table: what each command does in each state, asked by the person whose command it is."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kernel.errors import NotArrivedYet, Rejected
from kernel.testing import Scenario
from services.approvals import domain, events
from services.approvals.commands import Item

from .people import (
    HEAD,
    LEADER,
    OFFICER,
    REPORT,
    VERIFIER,
    approved,
    asks_to_reopen,
    decides,
    granted,
    grants,
    refuses,
    rejected,
    reminds,
    requested,
    returned,
    sent,
    starts_reopening,
    the_report,
    told,
    verified,
    withdrawn,
    withdraws,
)

STATES: dict[str, tuple[Item, tuple[events.Event, ...]]] = {
    "assigned": (the_report(revision=0, route=(), submitted_by=""), ()),
    "awaiting": (REPORT, ()),
    "sent": (REPORT, (sent(),)),
    "verified": (REPORT, (sent(), verified())),
    "approved": (REPORT, (sent(), verified(), approved())),
    "rejected": (REPORT, (rejected(),)),
    "returned": (REPORT, (sent(), returned())),
    "withdrawn": (REPORT, (withdrawn(),)),
    "cancelled": (the_report(is_cancelled=True, is_closed=True), (sent(),)),
    "closed": (the_report(is_closed=True), (sent(),)),
    "requested": (REPORT, (sent(), verified(), approved(), requested())),
    "reopened": (REPORT, (sent(), verified(), approved(), granted())),
    "dropped": (the_report(corrections_ended=1, is_closed=True), (sent(), verified(), approved(), granted())),
}

COMMANDS: dict[str, Callable[[Item], Any]] = {
    "send": lambda item: decides(item, "send", LEADER),
    "reject": lambda item: decides(item, "reject", LEADER),
    "verify": lambda item: decides(item, "verify", VERIFIER),
    "approve": lambda item: decides(item, "approve", HEAD),
    "return": lambda item: decides(item, "return", VERIFIER),
    "officer withdraws": lambda item: withdraws(item, OFFICER),
    "leader withdraws": lambda item: withdraws(item, LEADER),
    "request": asks_to_reopen,
    "start": starts_reopening,
    "grant": grants,
    "refuse": refuses,
    "remind": reminds,
}

# `-` nothing happens and nothing is refused; lower case: refused by that rule.
TABLE = """
state     | send     | reject   | verify   | approve  | return   | officer withdraws | leader withdraws | request  | start    | grant    | refuse   | remind
assigned  | unheard  | unheard  | unheard  | unheard  | unheard  | unheard           | unheard          | unappr   | unappr   | answered | answered | Reminded
awaiting  | Sent     | Rejected | not now  | not now  | not now  | Withdrawn         | Withdrawn        | unappr   | unappr   | answered | answered | Reminded
sent      | -        | not now  | Verified | not now  | Returned | not yours         | Withdrawn        | unappr   | unappr   | answered | answered | too late
verified  | not now  | not now  | -        | Approved | not now  | acted             | acted            | unappr   | unappr   | answered | answered | too late
approved  | not now  | not now  | not now  | -        | not now  | not now           | not now          | Asked    | Granted  | answered | answered | too late
rejected  | not now  | -        | not now  | not now  | not now  | not now           | not now          | unappr   | unappr   | answered | answered | Reminded
returned  | not now  | not now  | not now  | not now  | -        | not now           | not now          | unappr   | unappr   | answered | answered | Reminded
withdrawn | not now  | not now  | not now  | not now  | not now  | -                 | -                | unappr   | unappr   | answered | answered | Reminded
cancelled | cancel   | cancel   | cancel   | cancel   | cancel   | cancel            | cancel           | cancel   | cancel   | answered | answered | cancel
closed    | not now  | not now  | not now  | not now  | not now  | not now           | not now          | unappr   | unappr   | answered | answered | Reminded
requested | not now  | not now  | not now  | -        | not now  | not now           | not now          | open     | Granted  | Granted  | Refused  | too late
reopened  | not now  | not now  | not now  | -        | not now  | not now           | not now          | reopened | reopened | -        | answered | Reminded
dropped   | not now  | not now  | not now  | not now  | not now  | not now           | not now          | Asked    | Granted  | -        | answered | too late
"""  # noqa: E501

HAPPENS: dict[str, type] = {
    "Sent": events.ReportSent,
    "Rejected": events.ReportRejected,
    "Verified": events.ReportVerified,
    "Approved": events.ReportApproved,
    "Returned": events.ReportReturned,
    "Withdrawn": events.SubmissionWithdrawn,
    "Asked": events.ReopeningRequested,
    "Granted": events.ReopeningGranted,
    "Refused": events.ReopeningRefused,
    "Reminded": events.ReminderSent,
}
REFUSES: dict[str, type[Rejected]] = {
    "unheard": NotArrivedYet,
    "not now": domain.NotAwaitingDecision,
    "not yours": domain.NotYourStep,
    "acted": domain.AlreadyActedUpon,
    "unappr": domain.NotApproved,
    "answered": domain.ReopeningIsAnswered,
    "open": domain.ReopeningIsOpen,
    "reopened": domain.AlreadyReopened,
    "cancel": domain.ReportIsCancelled,
    "too late": domain.AlreadySubmitted,
}


def _cells() -> Iterator[tuple[str, str, str]]:
    header, *lines = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]
    for state, *expected in lines:
        yield from zip([state] * len(expected), header[1:], expected, strict=True)


def _asked(state: str, command: str) -> Scenario:
    item, happened = STATES[state]
    return told(item, *happened).when(COMMANDS[command](item))


@pytest.mark.parametrize(("state", "command", "expected"), list(_cells()))
def test_the_table_says_what_happens(state: str, command: str, expected: str) -> None:
    scenario = _asked(state, command)
    if expected in REFUSES:
        scenario.refused(REFUSES[expected])
        return
    assert scenario.refusal is None
    assert [type(event) for event in scenario.happened] == ([HAPPENS[expected]] if expected != "-" else [])


def test_the_table_is_complete() -> None:
    assert {(state, command) for state, command, _ in _cells()} == {(state, command) for state in STATES for command in COMMANDS}


@pytest.mark.parametrize(("state", "command"), [(state, command) for state in STATES for command in COMMANDS])
def test_asking_a_second_time_changes_nothing(state: str, command: str) -> None:
    item, _ = STATES[state]
    once = _asked(state, command)
    if command == "remind" and once.happened:
        return  # one may remind again
    twice = once.when(COMMANDS[command](item))
    assert list(twice.happened) == []
    assert once.happened == () or twice.refusal is None or isinstance(twice.refusal, domain.ReopeningIsOpen | domain.AlreadyReopened)


WORDS = {
    "assigned": "",
    "awaiting": "awaiting_leader",
    "withdrawn": "",
    "closed": "",
    "requested": "approved",
    "dropped": "approved",
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_word(state: str) -> None:
    item, happened = STATES[state]
    assert domain.state_word(item, told(item, *happened).state) == WORDS.get(state, state)


@pytest.mark.parametrize("state", STATES)
def test_only_what_is_under_decision_waits_for_somebody(state: str) -> None:
    item, happened = STATES[state]
    waits = domain.current_step(item, told(item, *happened).state) is not None
    assert waits == (state in ("awaiting", "sent", "verified"))
