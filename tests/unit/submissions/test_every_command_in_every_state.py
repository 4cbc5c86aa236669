"""The state table of a report's life, complete: each command against each state."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from kernel.testing import Scenario
from services.submissions import commands
from services.submissions.domain import REPORTS, Report
from services.submissions.domain.refusals import NoApprovedRevision, NotEditable, ReportIsLive, UnknownReport
from tests.unit.submissions.stories import (
    ASSIGNMENT,
    DEPARTMENT,
    IN_STATE,
    KEY,
    LEADER,
    OFFICER,
    ROUTE,
    assign,
    decision,
    enter,
    number,
    submit,
)

EDITABLE = ("assigned", "drafting", "rejected", "returned", "reopened")
STATES = tuple(IN_STATE)
RESHAPING = commands.Reshaping(frozenset({"births.month"}))

ASKED: dict[str, Callable[[Report], Any]] = {
    "assign": lambda report: assign(due_on=date(2026, 4, 20)),
    "change due date": lambda report: commands.ChangeDueDate(ASSIGNMENT, date(2026, 4, 20)),
    "cancel": lambda report: commands.Cancel(ASSIGNMENT, "x"),
    "close": lambda report: commands.Close(ASSIGNMENT),
    "reopen period": lambda report: commands.ReopenPeriod(ASSIGNMENT),
    "move": lambda report: commands.Move(2, RESHAPING),
    "enter": lambda report: enter(report, births__month="9"),
    "normalise": lambda report: commands.Normalise({"births.to_date": (number("1"), number("9"))}, {}, report.version, OFFICER),
    "submit": submit,
    "nil": lambda report: commands.ReportNil(["births.month"], report.version, OFFICER),
    "send": lambda report: decision("send", report),
    "reject": lambda report: decision("reject", report),
    "verify": lambda report: decision("verify", report),
    "approve": lambda report: decision("approve", report),
    "return": lambda report: decision("return", report),
    "withdraw": lambda report: decision("withdraw", report),
    "request reopening": lambda report: commands.LogReopening("requested", UUID(int=5), report.revision, LEADER),
    "grant reopening": lambda report: commands.LogReopening("granted", UUID(int=5), report.approved_revision, LEADER),
    "refuse reopening": lambda report: commands.LogReopening("refused", UUID(int=5), report.approved_revision, LEADER),
    "remind": lambda report: commands.LogReminder(KEY.unit_id, "data_entry", None, "ab"),
    "drop correction": lambda report: commands.DropCorrection(OFFICER),
    "record history": lambda report: commands.RecordHistory(KEY, 1, {"births.month": number("9")}, ROUTE, "x", date.min, date.min),
    "pass a step over": lambda report: commands.PassStepOver(frozenset({DEPARTMENT})),
}

# What happens in each state; a state that is not named: nothing happens. A class: the rule that refuses.
IN_FLIGHT = ("awaiting_leader", "sent", "verified")
HAPPENS: dict[str, dict[str, Any]] = {
    "assign": {state: ["report_assigned"] for state in STATES},
    "change due date": {state: ["due_date_changed"] for state in STATES if state != "cancelled"},
    "cancel": {state: ["report_cancelled"] for state in STATES if state != "cancelled"},
    "close": {state: ["assignment_closed"] for state in STATES if state != "cancelled"},
    "reopen period": {},
    "move": {state: ["report_moved"] for state in STATES if state not in ("cancelled", "approved", "reopened")},
    "enter": {state: ["values_entered"] if state in EDITABLE else NotEditable for state in STATES},
    "normalise": {state: ["values_normalised"] if state in EDITABLE else NotEditable for state in STATES},
    "submit": {state: ["report_submitted_to_leader"] if state in EDITABLE else NotEditable for state in STATES},
    "nil": {state: ["values_entered"] if state in EDITABLE else NotEditable for state in STATES},
    "send": {state: ["report_sent"] for state in STATES},
    "reject": {state: ["report_rejected"] for state in STATES},
    "verify": {state: ["report_verified"] for state in STATES},
    "approve": {state: ["report_approved"] for state in STATES},
    "return": {state: ["report_returned"] for state in STATES},
    "withdraw": {state: ["submission_withdrawn"] for state in STATES},
    "request reopening": {state: ["reopening_requested"] for state in STATES},
    "grant reopening": {state: ["reopening_granted"] for state in STATES},
    "refuse reopening": {state: ["reopening_refused"] for state in STATES},
    "remind": {state: ["reminder_sent"] for state in STATES},
    "drop correction": {
        **dict.fromkeys(EDITABLE, NoApprovedRevision),
        **dict.fromkeys((*IN_FLIGHT, "cancelled"), NotEditable),
        "reopened": ["reopening_dropped"],
    },
    "record history": dict.fromkeys(STATES, ReportIsLive),
    "pass a step over": {state: ["step_passed_over", "step_passed_over"] for state in IN_FLIGHT},
}

# Where a decision had effect, and what it made of the report; everywhere else its effect is none.
EFFECT: dict[tuple[str, str], str] = {
    ("send", "awaiting_leader"): "sent",
    ("reject", "awaiting_leader"): "rejected",
    ("withdraw", "awaiting_leader"): "drafting",
    ("withdraw", "sent"): "drafting",
    ("verify", "sent"): "verified",
    ("verify", "verified"): "verified",
    ("approve", "sent"): "approved",
    ("approve", "verified"): "approved",
    ("return", "sent"): "returned",
    ("return", "verified"): "returned",
    ("grant reopening", "approved"): "reopened",
    ("refuse reopening", "approved"): "approved",
}
AFTERWARDS: dict[tuple[str, str], str] = {
    ("assign", "cancelled"): "drafting",
    **{("cancel", state): "cancelled" for state in STATES if state not in ("approved", "reopened")},
    **{("move", state): "drafting" for state in STATES if state not in ("assigned", "approved", "reopened", "cancelled")},
    **{(command, "assigned"): "drafting" for command in ("enter", "normalise", "nil")},
    **{("submit", state): "awaiting_leader" for state in EDITABLE},
    ("drop correction", "reopened"): "approved",
    **EFFECT,
}


def test_the_table_is_complete() -> None:
    assert ASKED.keys() == HAPPENS.keys()
    assert set(IN_STATE) == {report.state for report in IN_STATE.values()}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command", ASKED)
def test_what_a_command_does_in_a_state(command: str, state: str) -> None:
    report = IN_STATE[state]
    played = Scenario(REPORTS, report).when(ASKED[command](report))
    expected = HAPPENS[command].get(state, [])
    if isinstance(expected, type):
        played.refused(expected)
        return
    assert played.refusal is None, played.refusal
    assert [event.TYPE for event in played.happened] == expected
    assert played.state.state == AFTERWARDS.get((command, state), state)
    effects = {event.effect for event in played.happened if hasattr(event, "effect")}
    if command in ("send", "reject", "verify", "approve", "return", "withdraw", "grant reopening", "refuse reopening"):
        assert effects == {"applied" if (command, state) in EFFECT else "none"}


@pytest.mark.parametrize("command", [name for name in ASKED if name not in ("assign", "record history")])
def test_nothing_happens_to_a_report_that_nobody_was_asked_for(command: str) -> None:
    Scenario(REPORTS).when(ASKED[command](REPORTS.initial)).refused(UnknownReport)
