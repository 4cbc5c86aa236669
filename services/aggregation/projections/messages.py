"""What aggregation takes from submissions' log: the contracts, with figures left undecoded where they are only kept."""

from datetime import date
from uuid import UUID

import msgspec

from contracts.approvals import LoggedDecisionV1, LoggedReopeningV1, LoggedReportSentV1, ReminderSentV1
from contracts.identity import UnitChangedV1, UnitRegisteredV1, UnitsReorganisedV1
from contracts.submissions import HistoryRecordedV1, ReopeningDroppedV1, ReportCancelledV1, ReportKey
from contracts.templates import (
    AssignmentClosedV1,
    AssignmentReopenedV1,
    DueDateChangedV1,
    IndicatorDefinedV1,
    ReportAssignedV1,
    ReportMovedV1,
    TemplatePublishedV1,
)


class Touched(ReportKey, frozen=True):
    """ValuesEntered and ValuesNormalised, of which only the fact counts here."""


class Submitted(ReportKey, frozen=True):
    """ReportSubmittedToLeader with its figures as they came."""

    version: int
    revision: int
    figures: msgspec.Raw
    due_on: date | None = None
    submitted_by: UUID | None = None


PAYLOADS: dict[str, type] = {
    "unit_registered": UnitRegisteredV1,
    "unit_changed": UnitChangedV1,
    "units_reorganised": UnitsReorganisedV1,
    "indicator_defined": IndicatorDefinedV1,
    "template_published": TemplatePublishedV1,
    "report_assigned": ReportAssignedV1,
    "due_date_changed": DueDateChangedV1,
    "assignment_closed": AssignmentClosedV1,
    "assignment_reopened": AssignmentReopenedV1,
    "report_moved": ReportMovedV1,
    "values_entered": Touched,
    "values_normalised": Touched,
    "report_submitted_to_leader": Submitted,
    "report_cancelled": ReportCancelledV1,
    "reopening_dropped": ReopeningDroppedV1,
    "history_recorded": HistoryRecordedV1,
    "report_sent": LoggedReportSentV1,
    "report_rejected": LoggedDecisionV1,
    "report_verified": LoggedDecisionV1,
    "report_returned": LoggedDecisionV1,
    "report_approved": LoggedDecisionV1,
    "submission_withdrawn": LoggedDecisionV1,
    "reopening_granted": LoggedReopeningV1,
    "reminder_sent": ReminderSentV1,
}


def type_of(name: str) -> str:
    return f"vn.ktxh.{name}.v1"


def name_of(type_: str) -> str:
    """`vn.ktxh.report_sent.v1` → `report_sent`."""
    return type_.split(".")[2]


BY_TYPE: dict[str, type] = {type_of(name): payload for name, payload in PAYLOADS.items()}
