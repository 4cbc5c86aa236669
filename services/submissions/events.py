"""What has happened to a report, and what is copied into the log beside it, as it is stored. Decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from kernel.decider import EventTypes
from kernel.sheet.model import Value

Cells = Mapping[str, Value]
Origin = Literal["typed", "imported", "nil", "moved", "previous", "cleared", "history"]
Effect = Literal["applied", "none"]


@dataclass(frozen=True)
class Step:
    """A step of a route with its unit, as frozen at submit."""

    action: str
    role: str
    unit_id: UUID
    passed_over: str = ""


@dataclass(frozen=True)
class Source:
    """The figure that a carried cell was filled from: a revision of another report, and the log's seq that made it count."""

    report_id: UUID
    revision: int
    seq: int = 0
    approved: bool = True

    @property
    def revision_of(self) -> tuple[UUID, int, bool]:
        """What has moved when this differs; the seq of one and the same revision is known a moment later only."""
        return self.report_id, self.revision, self.approved


@dataclass(frozen=True)
class OfReport:
    """What every event of a report says of it."""

    report_id: UUID
    template: str
    period: str
    unit_id: UUID


@dataclass(frozen=True)
class ReportAssigned(OfReport):
    TYPE: ClassVar[str] = "report_assigned"
    VERSION: ClassVar[int] = 1
    assignment_id: UUID
    version: int
    due_on: date
    first_day: date
    last_day: date
    assigned_by: UUID
    sector: str
    province: str
    unit_code: str
    closes_on: date | None = None
    entered_by: UUID | None = None


@dataclass(frozen=True)
class DueDateChanged(OfReport):
    TYPE: ClassVar[str] = "due_date_changed"
    VERSION: ClassVar[int] = 1
    assignment_id: UUID
    due_on: date


@dataclass(frozen=True)
class AssignmentClosed(OfReport):
    TYPE: ClassVar[str] = "assignment_closed"
    VERSION: ClassVar[int] = 1
    assignment_id: UUID
    automatic: bool = False


@dataclass(frozen=True)
class AssignmentReopened(OfReport):
    TYPE: ClassVar[str] = "assignment_reopened"
    VERSION: ClassVar[int] = 1
    assignment_id: UUID
    reason: str = ""


@dataclass(frozen=True)
class ReportMoved(OfReport):
    TYPE: ClassVar[str] = "report_moved"
    VERSION: ClassVar[int] = 1
    version: int
    state: str  # where the report stands after it


@dataclass(frozen=True)
class ValuesEntered(OfReport):
    """Cells that were set; a blank value clears its cell."""

    TYPE: ClassVar[str] = "values_entered"
    VERSION: ClassVar[int] = 1
    cells: Cells
    by: str
    origin: Origin = "typed"
    file: str = ""


@dataclass(frozen=True)
class ValuesNormalised(OfReport):
    """Carried and formula cells as recomputed, what they had before, and where carried ones come from now (of all of them)."""

    TYPE: ClassVar[str] = "values_normalised"
    VERSION: ClassVar[int] = 1
    cells: Cells
    before: Cells
    sources: Mapping[str, Source]
    by: str


@dataclass(frozen=True)
class ReportSubmittedToLeader(OfReport):
    """`seen` is the version that the submitter had before them."""

    TYPE: ClassVar[str] = "report_submitted_to_leader"
    VERSION: ClassVar[int] = 1
    version: int
    revision: int
    sector: str
    figures: Cells
    figures_hash: str
    route: tuple[Step, ...]
    due_on: date
    submitted_by: str
    seen: int
    changed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class ReportCancelled(OfReport):
    TYPE: ClassVar[str] = "report_cancelled"
    VERSION: ClassVar[int] = 1
    reason: str
    assignment_id: UUID
    had_been_sent: bool = False
    effect: Effect = "applied"


@dataclass(frozen=True)
class ReopeningDropped(OfReport):
    TYPE: ClassVar[str] = "reopening_dropped"
    VERSION: ClassVar[int] = 1
    revision: int


@dataclass(frozen=True)
class StepPassedOver(OfReport):
    TYPE: ClassVar[str] = "step_passed_over"
    VERSION: ClassVar[int] = 1
    revision: int
    step: int
    reason: str


@dataclass(frozen=True)
class HistoryRecorded(OfReport):
    TYPE: ClassVar[str] = "history_recorded"
    VERSION: ClassVar[int] = 1
    version: int
    revision: int
    sector: str
    province: str
    unit_code: str
    figures: Cells
    figures_hash: str
    route: tuple[Step, ...]
    source: str
    first_day: date
    last_day: date


@dataclass(frozen=True)
class Decided(OfReport):
    """Somebody's decision, logged under its own id. `state`: where the report stands after it; `at`: when it was taken."""

    decision_id: UUID
    revision: int
    step: int
    unit: UUID
    role: str
    decided_by: UUID
    at: datetime
    effect: Effect
    state: str
    figures_hash: str = ""
    reason: str = ""
    cells: tuple[str, ...] = ()
    due_on: date | None = None
    last: bool = False
    had_been_sent: bool = False


@dataclass(frozen=True)
class ReportSent(Decided):
    TYPE: ClassVar[str] = "report_sent"
    VERSION: ClassVar[int] = 1
    figures: Cells = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True)
class ReportRejected(Decided):
    TYPE: ClassVar[str] = "report_rejected"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class ReportVerified(Decided):
    TYPE: ClassVar[str] = "report_verified"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class ReportReturned(Decided):
    TYPE: ClassVar[str] = "report_returned"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class ReportApproved(Decided):
    TYPE: ClassVar[str] = "report_approved"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class SubmissionWithdrawn(Decided):
    TYPE: ClassVar[str] = "submission_withdrawn"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class ReopeningRequested(OfReport):
    TYPE: ClassVar[str] = "reopening_requested"
    VERSION: ClassVar[int] = 1
    reopening_id: UUID
    revision: int
    requested_by: UUID
    reason: str = ""
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReopeningAnswered(OfReport):
    reopening_id: UUID
    revision: int
    decided_by: UUID
    effect: Effect
    state: str
    reason: str = ""
    due_on: date | None = None


@dataclass(frozen=True)
class ReopeningGranted(ReopeningAnswered):
    TYPE: ClassVar[str] = "reopening_granted"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class ReopeningRefused(ReopeningAnswered):
    TYPE: ClassVar[str] = "reopening_refused"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class ReminderSent(OfReport):
    TYPE: ClassVar[str] = "reminder_sent"
    VERSION: ClassVar[int] = 1
    to_unit: UUID
    to_role: str
    sent_by: UUID | None
    text: str
    automatic: bool = False
    kind: str = "reminder"


@dataclass(frozen=True)
class Copied:
    """What another service has said, as it said it; `sector` is the message's label, `released` whether departments get it."""

    body: dict[str, Any]
    sector: str = "system"
    province: str = "-"
    unit: str = "-"


@dataclass(frozen=True)
class UnitRegistered(Copied):
    TYPE: ClassVar[str] = "unit_registered"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class UnitChanged(Copied):
    TYPE: ClassVar[str] = "unit_changed"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class UnitsReorganised(Copied):
    TYPE: ClassVar[str] = "units_reorganised"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class IndicatorDefined(Copied):
    TYPE: ClassVar[str] = "indicator_defined"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class TemplatePublished(Copied):
    TYPE: ClassVar[str] = "template_published"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class TextErased(Copied):
    TYPE: ClassVar[str] = "text_erased"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class CheckpointSigned:
    """Ed25519 over (seq, head, root); all in hex."""

    TYPE: ClassVar[str] = "checkpoint_signed"
    VERSION: ClassVar[int] = 1
    seq: int
    head: str
    root: str
    key_id: str
    signature: str


DECIDED: dict[str, type[Decided]] = {
    "send": ReportSent,
    "reject": ReportRejected,
    "verify": ReportVerified,
    "approve": ReportApproved,
    "return": ReportReturned,
    "withdraw": SubmissionWithdrawn,
}

OF_REPORT = (
    *(ReportAssigned, DueDateChanged, AssignmentClosed, AssignmentReopened, ReportMoved, ValuesEntered, ValuesNormalised),
    *(ReportSubmittedToLeader, ReportCancelled, ReopeningDropped, StepPassedOver, HistoryRecorded),
    *(ReportSent, ReportRejected, ReportVerified, ReportReturned, ReportApproved, SubmissionWithdrawn),
    *(ReopeningRequested, ReopeningGranted, ReopeningRefused, ReminderSent),
)
COPIES = (UnitRegistered, UnitChanged, UnitsReorganised, IndicatorDefined, TemplatePublished, TextErased)

TYPES = EventTypes(*OF_REPORT, *COPIES, CheckpointSigned)
