"""Histories that bring a report into each of its states, and the words that do it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts.ids import report_id_of
from kernel.sheet.model import Value
from kernel.testing import Scenario
from services.submissions import commands
from services.submissions.domain import REPORTS, Report
from services.submissions.events import Step

UNIT, DEPARTMENT = UUID(int=1), UUID(int=2)
OFFICER, COLLEAGUE, LEADER = str(UUID(int=11)), str(UUID(int=12)), UUID(int=13)
ASSIGNMENT = UUID(int=21)
KEY = commands.ReportKey(report_id_of("health_m", "2026-03", UNIT), "health_m", "2026-03", UNIT, "health", "52", "21550")
DUE = date(2026, 4, 17)
SENT_AT = datetime(2026, 4, 16, 3, tzinfo=UTC)
ROUTE = (Step("send", "leader", UNIT), Step("verify", "verifier", DEPARTMENT), Step("approve", "leader", DEPARTMENT))


def number(text: str) -> Value:
    return Value(number=Decimal(text))


def assign(**more: Any) -> commands.Assign:
    facts: dict[str, Any] = {
        "assignment_id": ASSIGNMENT,
        "version": 1,
        "due_on": DUE,
        "first_day": date(2026, 2, 15),
        "last_day": date(2026, 3, 14),
        "assigned_by": DEPARTMENT,
    }
    return commands.Assign(KEY, **(facts | more))


def enter(report: Report, **cells: str) -> commands.EnterValues:
    return commands.EnterValues({key.replace("__", "."): number(text) for key, text in cells.items()}, report.version, OFFICER)


def submit(report: Report, **more: Any) -> commands.Submit:
    facts: dict[str, Any] = {"route": ROUTE, "differences": {}, "sources": {}}
    return commands.Submit(report.version, OFFICER, **(facts | more))


def decision(kind: commands.Decision, report: Report, **more: Any) -> commands.LogDecision:
    facts: dict[str, Any] = {"revision": report.revision, "step": 0, "unit": UNIT, "role": "leader", "decided_by": LEADER}
    return commands.LogDecision(kind, UUID(int=100 + report.version), SENT_AT + timedelta(minutes=report.version), **(facts | more))


def granted(report: Report) -> commands.LogReopening:
    return commands.LogReopening("granted", UUID(int=31), report.approved_revision, LEADER)


def play(*steps: Any, start: Report | None = None) -> Report:
    """The report after these commands; a step may be a function of the report that it meets."""
    report = start or REPORTS.initial
    for step in steps:
        command = step(report) if callable(step) else step
        played = Scenario(REPORTS, report).when(command)
        assert played.refusal is None, f"{command} was refused: {played.refusal!r}"
        report = played.state
    return report


def drafting() -> Report:
    return play(assign(), lambda report: enter(report, births__month="5"))


def awaiting_leader() -> Report:
    return play(submit, start=drafting())


def sent() -> Report:
    return play(lambda report: decision("send", report), start=awaiting_leader())


def approved() -> Report:
    return play(lambda report: decision("approve", report, step=2), start=sent())


IN_STATE: dict[str, Report] = {
    "assigned": play(assign()),
    "drafting": drafting(),
    "awaiting_leader": awaiting_leader(),
    "sent": sent(),
    "verified": play(lambda report: decision("verify", report, step=1), start=sent()),
    "approved": approved(),
    "rejected": play(lambda report: decision("reject", report), start=awaiting_leader()),
    "returned": play(lambda report: decision("return", report, step=1), start=sent()),
    "reopened": play(granted, start=approved()),
    "cancelled": play(commands.Cancel(ASSIGNMENT, "x"), start=drafting()),
}
CLOSED = replace(IN_STATE["drafting"], is_closed=True)
