"""Every contract by its CloudEvents type: the one place that models, JSON Schemas and AsyncAPI come from."""

from typing import NamedTuple

import msgspec

from . import aggregation, approvals, identity, submissions, templates

Payload = type[msgspec.Struct]


class Contract(NamedTuple):
    """A published event: its CloudEvents `type`, its payload and who says it. `released`: departments may receive it."""

    type: str
    payload: Payload
    publisher: str
    released: bool = False


def _internal(publisher: str, **events: Payload) -> list[Contract]:
    return [Contract(f"vn.ktxh.{publisher}.{name}.v1", payload, publisher) for name, payload in events.items()]


def _logged(**events: Payload) -> list[Contract]:
    return [Contract(f"vn.ktxh.{name}.v1", payload, "submissions", name in RELEASED) for name, payload in events.items()]


RELEASED = frozenset(
    {
        "report_sent",
        "report_verified",
        "report_returned",
        "report_approved",
        "reopening_granted",
        "reopening_dropped",
        "template_published",
        "submission_withdrawn",
        "report_cancelled",
        "history_recorded",
    }
)
"""Names of logged events that departments may receive at all; whether one is, is decided at append and stored."""

ALL: tuple[Contract, ...] = (
    *_internal(
        "identity",
        unit_registered=identity.UnitRegisteredV1,
        unit_changed=identity.UnitChangedV1,
        units_reorganised=identity.UnitsReorganisedV1,
        user_registered=identity.UserRegisteredV1,
        user_changed=identity.UserChangedV1,
        user_disabled=identity.UserDisabledV1,
    ),
    *_internal(
        "templates",
        indicator_defined=templates.IndicatorDefinedV1,
        template_published=templates.TemplatePublishedV1,
        report_assigned=templates.ReportAssignedV1,
        due_date_changed=templates.DueDateChangedV1,
        assignment_cancelled=templates.AssignmentCancelledV1,
        assignment_closed=templates.AssignmentClosedV1,
        assignment_reopened=templates.AssignmentReopenedV1,
        report_moved=templates.ReportMovedV1,
        text_erased=submissions.TextErasedV1,
    ),
    *_internal(
        "approvals",
        report_sent=approvals.ReportSentV1,
        report_rejected=approvals.ReportRejectedV1,
        report_verified=approvals.ReportVerifiedV1,
        report_returned=approvals.ReportReturnedV1,
        report_approved=approvals.ReportApprovedV1,
        submission_withdrawn=approvals.SubmissionWithdrawnV1,
        reopening_requested=approvals.ReopeningRequestedV1,
        reopening_granted=approvals.ReopeningGrantedV1,
        reopening_refused=approvals.ReopeningRefusedV1,
        reminder_sent=approvals.ReminderSentV1,
        text_erased=submissions.TextErasedV1,
    ),
    *_internal("aggregation", figures_released=aggregation.FiguresReleasedV1),
    *_logged(
        unit_registered=identity.UnitRegisteredV1,
        unit_changed=identity.UnitChangedV1,
        units_reorganised=identity.UnitsReorganisedV1,
        indicator_defined=templates.IndicatorDefinedV1,
        template_published=templates.TemplatePublishedV1,
        report_assigned=templates.ReportAssignedV1,
        due_date_changed=templates.DueDateChangedV1,
        assignment_closed=templates.AssignmentClosedV1,
        assignment_reopened=templates.AssignmentReopenedV1,
        report_moved=templates.ReportMovedV1,
        values_entered=submissions.ValuesEnteredV1,
        values_normalised=submissions.ValuesNormalisedV1,
        report_submitted_to_leader=submissions.ReportSubmittedToLeaderV1,
        report_cancelled=submissions.ReportCancelledV1,
        reopening_dropped=submissions.ReopeningDroppedV1,
        step_passed_over=submissions.StepPassedOverV1,
        history_recorded=submissions.HistoryRecordedV1,
        checkpoint_signed=submissions.CheckpointSignedV1,
        text_erased=submissions.TextErasedV1,
        report_sent=approvals.LoggedReportSentV1,
        report_rejected=approvals.LoggedDecisionV1,
        report_verified=approvals.LoggedDecisionV1,
        report_returned=approvals.LoggedDecisionV1,
        report_approved=approvals.LoggedDecisionV1,
        submission_withdrawn=approvals.LoggedDecisionV1,
        reopening_requested=approvals.ReopeningRequestedV1,
        reopening_granted=approvals.LoggedReopeningV1,
        reopening_refused=approvals.LoggedReopeningV1,
        reminder_sent=approvals.ReminderSentV1,
    ),
)

BY_TYPE: dict[str, Contract] = {contract.type: contract for contract in ALL}

LISTENERS: dict[str, tuple[str, ...]] = {
    "identity": ("templates", "submissions", "approvals", "aggregation"),
    "templates": ("submissions", "approvals"),
    "submissions": ("templates", "approvals", "aggregation"),
    "approvals": ("submissions",),
    "aggregation": (),
}
"""publisher → services that listen to it. Aggregation listens to identity for one thing only: tokens that end early."""
