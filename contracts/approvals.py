"""What approvals says: decisions on a revision, withdrawals, reopenings, reminders.

Each has two shapes: as approvals says it, without figures (`vn.ktxh.approvals.<event>.v1`), and as submissions logs
it (`vn.ktxh.<event>.v1`), with the effect that it had and, for a sent report, the revision's figures.
"""

from datetime import date
from typing import Literal
from uuid import UUID

from .submissions import Figures, ReportKey
from .vocabulary import Effect, Role


class DecisionV1(ReportKey, frozen=True, omit_defaults=True):
    """One person's decision on one revision at one step, in a role of a unit. `reason` is SHA-256(salt ‖ text)."""

    revision: int
    step: int
    unit: UUID  # of the step
    role: Role
    decided_by: UUID
    figures_hash: str = ""
    reason: str = ""
    cells: tuple[str, ...] = ()
    due_on: date | None = None  # a return may set one of its own


class ReportSentV1(DecisionV1, frozen=True, omit_defaults=True):
    """The unit's own leader sent the revision on."""

    last: bool = False  # no step follows: the send is the approval too


class ReportRejectedV1(DecisionV1, frozen=True, omit_defaults=True):
    """The unit's own leader rejected the revision; the report is editable again."""


class ReportVerifiedV1(DecisionV1, frozen=True, omit_defaults=True):
    """A middle step found the revision right."""


class ReportReturnedV1(DecisionV1, frozen=True, omit_defaults=True):
    """A later step returned the revision; the report is editable again."""


class ReportApprovedV1(DecisionV1, frozen=True, omit_defaults=True):
    """The last step approved the revision: its figures count."""


class SubmissionWithdrawnV1(DecisionV1, frozen=True, omit_defaults=True):
    """The revision is void; `had_been_sent` says whether anybody outside the unit could have seen it."""

    had_been_sent: bool = False


class ReopeningRequestedV1(ReportKey, frozen=True, omit_defaults=True):
    """The unit asks to correct its approved report."""

    reopening_id: UUID
    revision: int
    requested_by: UUID
    reason: str = ""
    cells: tuple[str, ...] = ()


class ReopeningGrantedV1(ReportKey, frozen=True, omit_defaults=True):
    """The approved report may be corrected; the approved revision counts until the next is approved."""

    reopening_id: UUID
    revision: int
    decided_by: UUID
    reason: str = ""
    due_on: date | None = None


class ReopeningRefusedV1(ReopeningGrantedV1, frozen=True, omit_defaults=True):
    """The approved report may not be corrected."""


class ReminderSentV1(ReportKey, frozen=True, omit_defaults=True):
    """Addressed to a role of a unit, never to a person."""

    to_unit: UUID
    to_role: Role
    sent_by: UUID | None
    text: str  # SHA-256(salt ‖ text)
    automatic: bool = False
    kind: Literal["reminder", "due-soon", "overdue"] = "reminder"


class LoggedDecisionV1(DecisionV1, frozen=True, omit_defaults=True):
    """A decision in submissions' log: `effect` says whether it still fitted, `state` where the report stands after it."""

    effect: Effect = "applied"
    state: str = ""
    last: bool = False
    had_been_sent: bool = False


class LoggedReportSentV1(LoggedDecisionV1, frozen=True, omit_defaults=True):
    """A sent revision with its figures and their hash: what departments receive."""

    figures: Figures = {}
    version: int = 0


class LoggedReopeningV1(ReopeningGrantedV1, frozen=True, omit_defaults=True):
    """A granted or refused reopening in submissions' log, with its effect and where the report stands after it."""

    effect: Effect = "applied"
    state: str = ""
