"""What templates says: indicators, published forms, and which report is expected of whom."""

from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from kernel.sheet.model import Sheet

from .vocabulary import FigureStatus, Giver, OverTime, OverUnits, PeriodType, Role, Sector, StepAction


class AddingUp(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a figure is added up: over units and over time. `weight` is the row whose figure, same column, weighs a weighted mean."""

    over_units: OverUnits = "sum"
    over_time: OverTime = "sum"
    weight: str | None = None


class IndicatorDefinedV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an indicator is from now on: its name, unit of measure, sector, bounds, and how it is added up."""

    code: str
    name: str
    unit_of_measure: str
    sector: Sector
    adding_up: AddingUp
    decimals: int = 0
    minimum: str | None = None
    maximum: str | None = None
    jump: str | None = None
    official_code: str = ""
    source: str = ""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step of the approval route as the template says it.

    `at` names a unit relative to the reporting one: itself, its district, the department that owns the template
    (or, for a given plan, the unit that gave it), or the provincial office.
    """

    action: StepAction
    role: Role
    at: Literal["own", "district", "owner", "office"]


class RollupPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a reader sees where not everybody has reported: the figure, the figure marked, or nothing below `share`."""

    mode: Literal["show", "mark", "hold"] = "mark"
    share: str = "1"


class Cutoff(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which days a period covers and when it is due. `statistical`: 15th to 14th (Decree 09/2019); `calendar`: 1st to last."""

    regime: Literal["statistical", "calendar"] = "statistical"
    due_working_days: int = 2
    close_after_working_days: int | None = None


class TemplateV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """A published form. Nothing of a published version ever changes; row and column keys stay across versions."""

    code: str
    version: int
    name: str
    sector: Sector
    kind: Literal["report", "plan"]
    period_type: PeriodType
    owner_id: UUID  # the unit that assigns it
    sheet: Sheet
    route: tuple[Step, ...]
    form_number: str = ""
    legal_document: str = ""
    giver: Giver | None = None  # of a plan
    figure_status: FigureStatus = "preliminary"
    policy: RollupPolicy = RollupPolicy()
    cutoff: Cutoff = Cutoff()
    source_of_record: bool = True
    indicators: dict[str, IndicatorDefinedV1] = {}  # as they were when it was published
    adding_up_columns: dict[str, AddingUp] = {}
    adding_up_cells: dict[str, AddingUp] = {}
    moved_rows: dict[str, str] = {}  # row key of the version before → row key now, where a redesign renamed one

    def adding_up(self, cell: str) -> AddingUp:
        """How `cell` is added up: its own rule, else its column's, else its indicator's."""
        row, column = cell.split(".", 1)
        own = self.adding_up_cells.get(cell) or self.adding_up_columns.get(column)
        if own:
            return own
        ref = self.sheet.refs[cell]
        return self.indicators[ref.row.subject or row].adding_up


class TemplatePublishedV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version of a form was published. It never changes; the next one has the next number."""

    template: TemplateV1


class ReportAssignedV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """This unit is expected to report this form for this period. `report_id` is UUIDv5 of template code, period and unit id."""

    report_id: UUID
    assignment_id: UUID
    template: str
    version: int
    period: str
    unit_id: UUID
    due_on: date
    first_day: date
    last_day: date
    assigned_by: UUID  # unit
    closes_on: date | None = None
    entered_by: UUID | None = None  # the unit that enters the figures where it is not the reporting one (a given plan)


class DueDateChangedV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """The report is due on another day: an extension, or a correction of one."""

    report_id: UUID
    assignment_id: UUID
    due_on: date
    closes_on: date | None = None  # moves with it


class AssignmentCancelledV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """`reason` is SHA-256(salt ‖ text); the text stays in templates."""

    report_id: UUID
    assignment_id: UUID
    reason: str


class AssignmentClosedV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """The period is closed for this report: from now on it can't be submitted for the first time."""

    report_id: UUID
    assignment_id: UUID
    automatic: bool = False


class AssignmentReopenedV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """The period is open again for this report. `reason` is SHA-256(salt ‖ text)."""

    report_id: UUID
    assignment_id: UUID
    reason: str


class ReportMovedV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """The report's template version was changed for its period; it goes back to drafting, values kept by key."""

    report_id: UUID
    template: str
    period: str
    version: int
    state: str = ""  # in the log: where the report stands after it; unchanged where only labels differ
