"""What may be asked of indicators, templates and assignments; each carries all that its rule looks at."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from .events import Indicator, Template


class Problem(NamedTuple):
    """What forbids publishing: `cell` is a cell's key, a place such as D7 or empty; `message` is Vietnamese."""

    cell: str
    rule: str
    message: str


@dataclass(frozen=True)
class DefineIndicator:
    """`sectors` are those that the caller is in charge of; None: every one."""

    indicator: Indicator
    sectors: frozenset[str] | None = None


@dataclass(frozen=True)
class PublishTemplate:
    """`problems` are those that the sheet and its surroundings have; what earlier versions forbid, the rule adds."""

    template: Template
    problems: tuple[Problem, ...] = ()


class UnitToReport(NamedTuple):
    """A unit and its report. `province` and `code` are official codes."""

    unit_id: UUID
    report_id: UUID
    province: str
    code: str


@dataclass(frozen=True)
class AssignReports:
    """Opens a report for each of `units` but those in `live`, which have one already."""

    assignment_id: UUID
    template: str
    version: int
    sector: str
    period: str
    first_day: date
    last_day: date
    due_on: date
    assigned_by: UUID
    units: tuple[UnitToReport, ...]
    live: frozenset[UUID] = frozenset()
    closes_on: date | None = None
    entered_by: UUID | None = None


@dataclass(frozen=True)
class ChangeDueDate:
    """For `units`, or for all that are not cancelled where None. `reason` is a digest."""

    due_on: date
    closes_on: date | None = None
    units: frozenset[UUID] | None = None
    reason: str = ""


@dataclass(frozen=True)
class CancelReports:
    """`approved` are the reports of which an approved revision is known; `reason` is a digest."""

    reason: str
    approved: frozenset[UUID] = frozenset()
    units: frozenset[UUID] | None = None


@dataclass(frozen=True)
class CloseReports:
    """By hand, or by the clock: then only where the day of closing lies before `today`."""

    units: frozenset[UUID] | None = None
    today: date | None = None


@dataclass(frozen=True)
class ReopenReports:
    reason: str
    units: frozenset[UUID] | None = None


@dataclass(frozen=True)
class MoveReports:
    """`approved` are those of the whole period; `only_labels`: no figure, formula or key differs between the versions."""

    version: int
    approved: frozenset[UUID] = frozenset()
    only_labels: bool = False


@dataclass(frozen=True)
class EraseText:
    """`event_id` is the event beside which the text is kept; `reason` is a digest."""

    event_id: UUID
    reason: str


AboutReports = ChangeDueDate | CancelReports | CloseReports | ReopenReports
AssignmentCommand = AssignReports | AboutReports | MoveReports
