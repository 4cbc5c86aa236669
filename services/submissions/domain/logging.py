"""What approvals says, put into the report's one order: never refused, and without effect where it no longer fits."""

from collections.abc import Sequence
from typing import Any

from .. import events
from ..commands import LogDecision, LogReminder, LogReopening, PassStepOver
from .naming import of
from .state import IN_FLIGHT, Report

FITS: dict[str, frozenset[str]] = {
    "send": frozenset({"awaiting_leader"}),
    "reject": frozenset({"awaiting_leader"}),
    "verify": frozenset({"sent", "verified"}),
    "approve": frozenset({"sent", "verified"}),
    "return": frozenset({"sent", "verified"}),
    "withdraw": frozenset({"awaiting_leader", "sent"}),
}
LEADS_TO = {"send": "sent", "reject": "rejected", "verify": "verified", "approve": "approved", "return": "returned", "withdraw": "drafting"}


def log_decision(command: LogDecision, report: Report) -> Sequence[Any]:
    fits = command.revision == report.revision and report.state in FITS[command.decision]
    state = report.state
    if fits:
        state = "approved" if command.decision == "send" and command.last else LEADS_TO[command.decision]
    common: dict[str, Any] = {
        **of(report.known),
        "decision_id": command.decision_id,
        "revision": command.revision,
        "step": command.step,
        "unit": command.unit,
        "role": command.role,
        "decided_by": command.decided_by,
        "at": command.at,
        "effect": "applied" if fits else "none",
        "state": state,
        "figures_hash": report.figures_hash if fits else command.figures_hash,
        "reason": command.reason,
        "cells": command.cells,
        "due_on": command.due_on,
        "last": command.last,
        "had_been_sent": command.revision in report.sends,
    }
    if command.decision == "send" and fits:
        common |= {"figures": report.figures, "version": report.figures_version}
    return [events.DECIDED[command.decision](**common)]


def log_reopening(command: LogReopening, report: Report) -> Sequence[Any]:
    if command.kind == "requested":
        asked = events.ReopeningRequested(
            **of(report.known),
            reopening_id=command.reopening_id,
            revision=command.revision,
            requested_by=command.by,
            reason=command.reason,
            cells=command.cells,
        )
        return [asked]
    return [_answered(command, report)]


def _answered(command: LogReopening, report: Report) -> events.ReopeningAnswered:
    fits = report.state == "approved" and command.revision == report.approved_revision
    answer = {"granted": events.ReopeningGranted, "refused": events.ReopeningRefused}[command.kind]
    return answer(
        **of(report.known),
        reopening_id=command.reopening_id,
        revision=command.revision,
        decided_by=command.by,
        effect="applied" if fits else "none",
        state="reopened" if fits and command.kind == "granted" else report.state,
        reason=command.reason,
        due_on=command.due_on,
    )


def log_reminder(command: LogReminder, report: Report) -> Sequence[Any]:
    sent = events.ReminderSent(
        **of(report.known),
        to_unit=command.to_unit,
        to_role=command.to_role,
        sent_by=command.sent_by,
        text=command.text,
        automatic=command.automatic,
        kind=command.kind,
    )
    return [sent]


def pass_step_over(command: PassStepOver, report: Report) -> Sequence[Any]:
    """Each step of the waiting revision whose unit has ended, once."""
    if report.state not in IN_FLIGHT:
        return []
    passed = [n for n, step in enumerate(report.route) if step.unit_id in command.ended and not step.passed_over]
    return [events.StepPassedOver(**of(report.known), revision=report.revision, step=n, reason=command.reason) for n in passed]
