"""What has happened in approvals, as it is stored. Free text is here only as its digest."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True)
class _OfReport:
    report_id: UUID
    template: str
    period: str
    unit_id: UUID


@dataclass(frozen=True)
class _Decision(_OfReport):
    revision: int
    step: int
    unit: UUID
    role: str
    decided_by: str
    figures_hash: str = ""
    reason: str = ""
    cells: tuple[str, ...] = ()
    due_on: date | None = None


@dataclass(frozen=True)
class ReportSent(_Decision):
    TYPE: ClassVar[str] = "report_sent"
    VERSION: ClassVar[int] = 1
    last: bool = False


@dataclass(frozen=True)
class ReportRejected(_Decision):
    TYPE: ClassVar[str] = "report_rejected"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class ReportVerified(_Decision):
    TYPE: ClassVar[str] = "report_verified"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class ReportReturned(_Decision):
    TYPE: ClassVar[str] = "report_returned"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class ReportApproved(_Decision):
    TYPE: ClassVar[str] = "report_approved"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class SubmissionWithdrawn(_Decision):
    TYPE: ClassVar[str] = "submission_withdrawn"
    VERSION: ClassVar[int] = 1
    had_been_sent: bool = False


@dataclass(frozen=True)
class _Reopening(_OfReport):
    reopening_id: UUID
    revision: int
    decided_by: str
    reason: str = ""


@dataclass(frozen=True)
class ReopeningRequested(_Reopening):
    TYPE: ClassVar[str] = "reopening_requested"
    VERSION: ClassVar[int] = 1
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReopeningGranted(_Reopening):
    TYPE: ClassVar[str] = "reopening_granted"
    VERSION: ClassVar[int] = 1
    due_on: date | None = None


@dataclass(frozen=True)
class ReopeningRefused(_Reopening):
    TYPE: ClassVar[str] = "reopening_refused"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class ReminderSent(_OfReport):
    TYPE: ClassVar[str] = "reminder_sent"
    VERSION: ClassVar[int] = 1
    to_unit: UUID
    to_role: str
    sent_by: str
    text: str


@dataclass(frozen=True)
class TextErased:
    """A note or reason was erased; the digest stays where it is. `reason` is a digest too."""

    TYPE: ClassVar[str] = "text_erased"
    VERSION: ClassVar[int] = 1
    event_id: UUID
    reason: str


Decided = ReportSent | ReportRejected | ReportVerified | ReportReturned | ReportApproved
Event = Decided | SubmissionWithdrawn | ReopeningRequested | ReopeningGranted | ReopeningRefused | ReminderSent
