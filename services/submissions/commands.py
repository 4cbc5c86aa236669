"""What may be asked of a report: frozen, imperative, with all that the rules need to know. Decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, TypeAlias
from uuid import UUID

from kernel.sheet.model import Value
from kernel.sheet.validation import Finding

from .events import Cells, Origin, Source, Step

Differences = Mapping[str, tuple[Value, Value]]
"""Cell → (as stored, as it would be)."""

Decision = Literal["send", "reject", "verify", "approve", "return", "withdraw"]


@dataclass(frozen=True)
class ReportKey:
    """Which report: one unit, one template, one period, and how its events are labelled."""

    report_id: UUID
    template: str
    period: str
    unit_id: UUID
    sector: str
    province: str
    unit_code: str


@dataclass(frozen=True)
class Reshaping:
    """What another version of the form makes of cells: which keys it has, and what a renamed one is called now."""

    keys: frozenset[str]
    renamed: Mapping[str, str] = field(default_factory=dict)
    only_labels_differ: bool = False

    def changes(self, cells: Cells) -> dict[str, Value]:
        """What must be entered so that `cells` fit the new version: renamed ones moved, lost ones cleared."""
        kept = {self.renamed.get(key, key): value for key, value in cells.items()}
        kept = {key: value for key, value in kept.items() if key in self.keys}
        gone = {key: Value() for key in cells if key not in kept}
        return gone | {key: value for key, value in kept.items() if cells.get(key) != value}


@dataclass(frozen=True)
class Assign:
    key: ReportKey
    assignment_id: UUID
    version: int
    due_on: date
    first_day: date
    last_day: date
    assigned_by: UUID
    closes_on: date | None = None
    entered_by: UUID | None = None
    reshaping: Reshaping | None = None


@dataclass(frozen=True)
class ChangeDueDate:
    assignment_id: UUID
    due_on: date


@dataclass(frozen=True)
class Cancel:
    assignment_id: UUID
    reason: str


@dataclass(frozen=True)
class Close:
    assignment_id: UUID
    automatic: bool = False


@dataclass(frozen=True)
class ReopenPeriod:
    assignment_id: UUID
    reason: str = ""


@dataclass(frozen=True)
class Move:
    version: int
    reshaping: Reshaping


@dataclass(frozen=True)
class EnterValues:
    """`seen` is the version that the cells were typed on; `strict`: any newer one refuses."""

    cells: Cells
    seen: int
    by: str
    origin: Origin = "typed"
    file: str = ""
    strict: bool = False


@dataclass(frozen=True)
class Normalise:
    differences: Differences
    sources: Mapping[str, Source]
    seen: int
    by: str


@dataclass(frozen=True)
class Submit:
    """`entered` are nils filled in first. `findings`, `empty` and `differences` are those of the figures with them.

    `accept`: the caller has confirmed the differences. `explained`: rule → digest of the explanation of a warning.
    """

    seen: int
    by: str
    route: tuple[Step, ...]
    differences: Differences
    sources: Mapping[str, Source]
    findings: Sequence[Finding] = ()
    empty: Sequence[str] = ()
    entered: Cells = field(default_factory=dict)
    accept: bool = False
    explained: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class ReportNil:
    """Fills `cells` with nil without submitting; with submitting it is a Submit that enters them."""

    cells: Sequence[str]
    seen: int
    by: str


@dataclass(frozen=True)
class LogDecision:
    """A decision that approvals has taken. Never refused: what doesn't fit any more is logged without effect."""

    decision: Decision
    decision_id: UUID
    at: datetime
    revision: int
    step: int
    unit: UUID
    role: str
    decided_by: UUID
    figures_hash: str = ""
    reason: str = ""
    cells: tuple[str, ...] = ()
    due_on: date | None = None
    last: bool = False


@dataclass(frozen=True)
class LogReopening:
    """A reopening that was asked for, granted or refused."""

    kind: Literal["requested", "granted", "refused"]
    reopening_id: UUID
    revision: int
    by: UUID
    reason: str = ""
    cells: tuple[str, ...] = ()
    due_on: date | None = None


@dataclass(frozen=True)
class LogReminder:
    to_unit: UUID
    to_role: str
    sent_by: UUID | None
    text: str
    automatic: bool = False
    kind: str = "reminder"


@dataclass(frozen=True)
class DropCorrection:
    by: str


@dataclass(frozen=True)
class RecordHistory:
    """Figures of an earlier time, as approved; they join those recorded before."""

    key: ReportKey
    version: int
    figures: Cells
    route: tuple[Step, ...]
    source: str
    first_day: date
    last_day: date


@dataclass(frozen=True)
class PassStepOver:
    """The units of steps of the current revision that have ended without successor."""

    ended: frozenset[UUID]
    reason: str = "unit-ended"


Command: TypeAlias = (
    Assign
    | ChangeDueDate
    | Cancel
    | Close
    | ReopenPeriod
    | Move
    | EnterValues
    | Normalise
    | Submit
    | ReportNil
    | LogDecision
    | LogReopening
    | LogReminder
    | DropCorrection
    | RecordHistory
    | PassStepOver
)
