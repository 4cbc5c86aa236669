"""Every stored event as the contract that is published. Total: a stored type that is missing here fails the tests."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any
from uuid import UUID

import msgspec

from contracts import approvals, identity, submissions, templates
from kernel.event_store import Recorded

from . import events

_COPIED: dict[type, type[msgspec.Struct]] = {
    events.UnitRegistered: identity.UnitRegisteredV1,
    events.UnitChanged: identity.UnitChangedV1,
    events.UnitsReorganised: identity.UnitsReorganisedV1,
    events.IndicatorDefined: templates.IndicatorDefinedV1,
    events.TemplatePublished: templates.TemplatePublishedV1,
    events.TextErased: submissions.TextErasedV1,
}
_SAME_FIELDS: dict[type, type[msgspec.Struct]] = {
    events.ReportAssigned: templates.ReportAssignedV1,
    events.DueDateChanged: templates.DueDateChangedV1,
    events.AssignmentClosed: templates.AssignmentClosedV1,
    events.AssignmentReopened: templates.AssignmentReopenedV1,
    events.ReportMoved: templates.ReportMovedV1,
    events.ValuesEntered: submissions.ValuesEnteredV1,
    events.ReportCancelled: submissions.ReportCancelledV1,
    events.ReopeningDropped: submissions.ReopeningDroppedV1,
    events.StepPassedOver: submissions.StepPassedOverV1,
    events.ReportSent: approvals.LoggedReportSentV1,
    events.ReportRejected: approvals.LoggedDecisionV1,
    events.ReportVerified: approvals.LoggedDecisionV1,
    events.ReportReturned: approvals.LoggedDecisionV1,
    events.ReportApproved: approvals.LoggedDecisionV1,
    events.SubmissionWithdrawn: approvals.LoggedDecisionV1,
    events.ReopeningRequested: approvals.ReopeningRequestedV1,
    events.ReopeningGranted: approvals.LoggedReopeningV1,
    events.ReopeningRefused: approvals.LoggedReopeningV1,
    events.ReminderSent: approvals.ReminderSentV1,
    events.CheckpointSigned: submissions.CheckpointSignedV1,
}


def publish(recorded: Recorded) -> tuple[str, msgspec.Struct]:
    """(CloudEvents type, payload). Raises KeyError for a stored event that nobody has given a contract."""
    event = recorded.event
    return f"vn.ktxh.{event.TYPE}.v1", _CONTRACTS[type(event)](event)


def _copied(contract: type[msgspec.Struct]) -> Callable[[Any], msgspec.Struct]:
    return lambda event: msgspec.convert(event.body, contract)


def _alike(contract: type[msgspec.Struct], stored: type) -> Callable[[Any], msgspec.Struct]:
    """The contract holds some of the stored event's fields, under the same names."""
    stored_names = {field.name for field in fields(stored)}
    names = [name for name in contract.__struct_fields__ if name in stored_names]
    return lambda event: contract(**{name: getattr(event, name) for name in names})


def _key(event: events.OfReport) -> dict[str, Any]:
    return {"report_id": event.report_id, "template": event.template, "period": event.period, "unit_id": event.unit_id}


def _normalised(event: events.ValuesNormalised) -> submissions.ValuesNormalisedV1:
    sources = {
        key: submissions.CarriedFrom(source.report_id, source.revision, source.seq, source.approved)
        for key, source in event.sources.items()
    }
    return submissions.ValuesNormalisedV1(**_key(event), cells=dict(event.cells), before=dict(event.before), sources=sources)


def _route(steps: tuple[events.Step, ...]) -> tuple[submissions.ResolvedStep, ...]:
    return tuple(submissions.ResolvedStep(step.action, step.role, step.unit_id, step.passed_over) for step in steps)  # type: ignore[arg-type]


def _submitted(event: events.ReportSubmittedToLeader) -> submissions.ReportSubmittedToLeaderV1:
    return submissions.ReportSubmittedToLeaderV1(
        **_key(event),
        version=event.version,
        revision=event.revision,
        sector=event.sector,  # type: ignore[arg-type]
        figures=dict(event.figures),
        figures_hash=event.figures_hash,
        route=_route(event.route),
        due_on=event.due_on,
        submitted_by=UUID(event.submitted_by),
        changed=event.changed,
        warnings=event.warnings,
        note=event.note,
    )


def _history(event: events.HistoryRecorded) -> submissions.HistoryRecordedV1:
    return submissions.HistoryRecordedV1(
        **_key(event),
        version=event.version,
        revision=event.revision,
        sector=event.sector,  # type: ignore[arg-type]
        figures=dict(event.figures),
        figures_hash=event.figures_hash,
        route=_route(event.route),
        source=event.source,
        first_day=event.first_day,
        last_day=event.last_day,
    )


_CONTRACTS: dict[type, Callable[[Any], msgspec.Struct]] = {
    **{stored: _copied(contract) for stored, contract in _COPIED.items()},
    **{stored: _alike(contract, stored) for stored, contract in _SAME_FIELDS.items()},
    events.ValuesNormalised: _normalised,
    events.ReportSubmittedToLeader: _submitted,
    events.HistoryRecorded: _history,
}
