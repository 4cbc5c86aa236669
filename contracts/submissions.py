"""What submissions says of itself: the life of a report while it is editable. Decisions are in approvals, as logged."""

from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from kernel.sheet.model import Value

from .vocabulary import Effect, Role, Sector, StepAction

Figures = dict[str, Value]
"""Cell key → value; cells that are blank are left out."""


class ResolvedStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step of the route with its unit, frozen at submit."""

    action: StepAction
    role: Role
    unit_id: UUID
    passed_over: str = ""  # why it is skipped: `unit-ended`


class ReportKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """What every event of a report says of it."""

    report_id: UUID
    template: str
    period: str
    unit_id: UUID


class ValuesEnteredV1(ReportKey, frozen=True, omit_defaults=True):
    """Cells that were set; a blank value clears its cell. `history`: entered as approved figures of an earlier time."""

    cells: Figures
    origin: Literal["typed", "imported", "nil", "moved", "previous", "cleared", "history"] = "typed"
    file: str = ""  # SHA-256 of the imported workbook


class CarriedFrom(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which figure a carried cell was filled from; several for a year to date."""

    report_id: UUID
    revision: int
    seq: int
    approved: bool = True


class ValuesNormalisedV1(ReportKey, frozen=True, omit_defaults=True):
    """Formula and carried cells that were recomputed, with what they had before."""

    cells: Figures
    before: Figures
    sources: dict[str, CarriedFrom] = {}


class ReportSubmittedToLeaderV1(ReportKey, frozen=True, omit_defaults=True):
    """Revision `revision` with its full figures. `figures_hash` is SHA-256 of their canonical JSON, in hex."""

    version: int
    revision: int
    sector: Sector
    figures: Figures
    figures_hash: str
    route: tuple[ResolvedStep, ...]
    due_on: date
    submitted_by: UUID
    changed: tuple[str, ...] = ()  # cells that differ from the revision before
    warnings: tuple[str, ...] = ()  # keys of rules that warn
    note: str = ""  # SHA-256(salt ‖ text)


class ReportCancelledV1(ReportKey, frozen=True, omit_defaults=True):
    """`effect: none`: a revision was approved meanwhile; the report stands, and the log shows that it was to be cancelled."""

    reason: str
    assignment_id: UUID
    had_been_sent: bool = False
    effect: Effect = "applied"


class ReopeningDroppedV1(ReportKey, frozen=True, omit_defaults=True):
    """The correction was given up; the approved revision stands again."""

    revision: int


class StepPassedOverV1(ReportKey, frozen=True, omit_defaults=True):
    """A frozen step whose unit ended without successor is passed over."""

    revision: int
    step: int
    reason: str


class HistoryRecordedV1(ReportKey, frozen=True, omit_defaults=True):
    """Figures of an earlier time, entered as approved, with their source. Revision 1 of a report that nobody had to send."""

    version: int
    revision: int
    sector: Sector
    figures: Figures
    figures_hash: str
    route: tuple[ResolvedStep, ...]
    source: str
    first_day: date
    last_day: date


class CheckpointSignedV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """Ed25519 over (seq, head hash, RFC 6962 Merkle root of the entry hashes 1..seq); all in hex."""

    seq: int
    head: str
    root: str
    key_id: str
    signature: str


class TextErasedV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """The text of `event_id` was erased where it was kept; its hash still stands in the log."""

    event_id: UUID
    reason: str
