"""What has happened to indicators, templates and assignments, as it is stored; holds no rule and no contract."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

import msgspec

from kernel.decider import EventTypes
from kernel.sheet.model import Layout, Sheet


class AddingUp(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a figure is added up, over units and over time. `weight` is a row's key."""

    over_units: str = "sum"
    over_time: str = "sum"
    weight: str | None = None


class Indicator(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a row measures. Limits are canonical decimals."""

    code: str
    name: str = ""
    unit_of_measure: str = ""
    sector: str = ""
    adding_up: AddingUp = AddingUp()
    decimals: int = 0
    minimum: str | None = None
    maximum: str | None = None
    jump: str | None = None
    official_code: str = ""
    source: str = ""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step of the approval route; `at` is own, district, owner or office."""

    action: str
    role: str
    at: str


class RollupPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    mode: str = "mark"
    share: str = "1"


class Cutoff(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which days a period covers; due dates and closing in working days."""

    regime: str = "statistical"
    due_working_days: int = 2
    close_after_working_days: int | None = None


EMPTY_SHEET = Sheet(title="", rows=(), columns=(), layout=Layout())


class Template(msgspec.Struct, frozen=True, omit_defaults=True):
    """A form: as a draft it may be unfinished, as a published version it never changes."""

    code: str
    version: int = 0
    name: str = ""
    sector: str = ""
    kind: str = "report"
    period_type: str = "month"
    owner_id: UUID | None = None
    sheet: Sheet = EMPTY_SHEET
    route: tuple[Step, ...] = ()
    form_number: str = ""
    legal_document: str = ""
    giver: str | None = None
    figure_status: str = "preliminary"
    policy: RollupPolicy = RollupPolicy()
    cutoff: Cutoff = Cutoff()
    source_of_record: bool = True
    indicators: dict[str, Indicator] = {}
    adding_up_columns: dict[str, AddingUp] = {}
    adding_up_cells: dict[str, AddingUp] = {}
    moved_rows: dict[str, str] = {}


@dataclass(frozen=True)
class IndicatorDefined:
    TYPE: ClassVar[str] = "indicator_defined"
    VERSION: ClassVar[int] = 1
    indicator: Indicator


@dataclass(frozen=True)
class TemplatePublished:
    TYPE: ClassVar[str] = "template_published"
    VERSION: ClassVar[int] = 1
    template: Template


@dataclass(frozen=True)
class ReportAssigned:
    """`sector`, `province` and `unit_code` say how all events of this report are routed."""

    TYPE: ClassVar[str] = "report_assigned"
    VERSION: ClassVar[int] = 1
    report_id: UUID
    assignment_id: UUID
    template: str
    version: int
    period: str
    unit_id: UUID
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
class DueDateChanged:
    TYPE: ClassVar[str] = "due_date_changed"
    VERSION: ClassVar[int] = 1
    report_id: UUID
    assignment_id: UUID
    unit_id: UUID
    due_on: date
    closes_on: date | None = None
    reason: str = ""


@dataclass(frozen=True)
class AssignmentCancelled:
    TYPE: ClassVar[str] = "assignment_cancelled"
    VERSION: ClassVar[int] = 1
    report_id: UUID
    assignment_id: UUID
    unit_id: UUID
    reason: str


@dataclass(frozen=True)
class AssignmentClosed:
    TYPE: ClassVar[str] = "assignment_closed"
    VERSION: ClassVar[int] = 1
    report_id: UUID
    assignment_id: UUID
    unit_id: UUID
    automatic: bool = False


@dataclass(frozen=True)
class AssignmentReopened:
    """From now on only people close it: the day of automatic closing is forgotten."""

    TYPE: ClassVar[str] = "assignment_reopened"
    VERSION: ClassVar[int] = 1
    report_id: UUID
    assignment_id: UUID
    unit_id: UUID
    reason: str


@dataclass(frozen=True)
class ReportMoved:
    TYPE: ClassVar[str] = "report_moved"
    VERSION: ClassVar[int] = 1
    report_id: UUID
    unit_id: UUID
    template: str
    period: str
    version: int


@dataclass(frozen=True)
class TextErased:
    """The text beside `event_id` is gone; its hash stands in the log."""

    TYPE: ClassVar[str] = "text_erased"
    VERSION: ClassVar[int] = 1
    event_id: UUID
    reason: str


TYPES = EventTypes(
    IndicatorDefined,
    TemplatePublished,
    ReportAssigned,
    DueDateChanged,
    AssignmentCancelled,
    AssignmentClosed,
    AssignmentReopened,
    ReportMoved,
    TextErased,
)
