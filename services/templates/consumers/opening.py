"""How reports are opened, whoever wants them: a person, the clock or a reorganisation. One transaction, given by the caller."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from contracts.ids import report_id_of
from kernel.calendar import NotAPeriod, Period, parse_period
from kernel.decider import Decider
from kernel.errors import Malformed, NotFound
from kernel.event_store import Context, EventStore, Recorded, UnitOfWork
from kernel.handler import handle_in
from kernel.tree import Node

from ..calculation.checks import is_given_plan
from ..calculation.due_dates import Deadline, deadline, regime_of
from ..commands import AssignReports, UnitToReport
from ..domain.assignment import ASSIGNMENT, Assignment
from ..events import Template
from ..projections import keep_assignment, project_assignment
from ..queries import assignments, calendar, templates


class PeriodOfAnotherType(Malformed):
    title = "Kỳ báo cáo không đúng loại kỳ của biểu mẫu"


class OnlyGivenPlansAreEnteredByOthers(Malformed):
    title = "Chỉ biểu kế hoạch được giao mới do đơn vị khác nhập thay"


@dataclass(frozen=True)
class Order:
    """What is to be assigned to whom; `day` is the day as of which it is. Dates left open follow the template's cut-off."""

    template: str
    period: Period
    nodes: tuple[Node, ...]
    assigned_by: UUID
    province: str
    day: date
    due_on: date | None = None
    closes_on: date | None = None
    entered_by: UUID | None = None
    schedule_id: UUID | None = None


@dataclass(frozen=True)
class Opened:
    template: Template
    deadline: Deadline
    events: tuple[Recorded, ...]


def stream_of(assignment_id: UUID) -> str:
    return f"assignment/{assignment_id}"


def period_named(text: str) -> Period:
    """Raises Malformed."""
    try:
        return parse_period(text)
    except NotAPeriod as failure:
        raise Malformed(str(failure), field="period") from failure


async def open_reports(work: UnitOfWork, store: EventStore, assignment_id: UUID, order: Order, context: Context) -> Opened:
    """Opens a report for each unit that has no live one, and fixes the period's version if this is its first assignment.

    The period's lock keeps two assignments of the same units apart. Raises NotFound, PeriodOfAnotherType, AlreadyAppended.
    """
    period = order.period.id
    await work.lock([f"period/{order.template}/{period}"])
    template = await template_of_period(work, order.template, order.period)
    dates = await _deadline(work, template, order)
    first_day, last_day = order.period.days(regime_of(template.cutoff))
    command = AssignReports(
        assignment_id=assignment_id,
        template=order.template,
        version=template.version,
        sector=template.sector,
        period=period,
        first_day=first_day,
        last_day=last_day,
        due_on=dates.due_on,
        assigned_by=order.assigned_by,
        units=tuple(to_report(order.template, period, node) for node in order.nodes),
        live=await assignments.live_units(work.connection, order.template, period),
        closes_on=dates.closes_on,
        entered_by=_entering_unit(template, order),
    )
    decider: Decider[Assignment, AssignReports] = ASSIGNMENT  # type: ignore[assignment]
    outcome = await handle_in(work, store, decider, stream_of(assignment_id), command, context, project=project_assignment)
    if outcome.events:
        await keep_assignment(work.connection, outcome.events[0].event, order.province, context.now, order.schedule_id)
        await pin(work, order.template, period, template.version)
    return Opened(template, dates, outcome.events)


def to_report(template: str, period: str, node: Node) -> UnitToReport:
    return UnitToReport(node.id, report_id_of(template, period, node.id), node.province_code, node.code)


async def template_of_period(work: UnitOfWork, code: str, period: Period) -> Template:
    """The version that holds for the period: the pinned one, else the newest."""
    pinned = await templates.pinned_version(work.connection, code, period.id)
    template = await templates.get_version(work.connection, code, pinned)
    if template is None:
        raise NotFound("Không có biểu mẫu đã ban hành với mã này", template=code)
    if template.period_type != period.type:
        raise PeriodOfAnotherType(period=period.id, period_type=template.period_type)
    return template


async def pin(work: UnitOfWork, template: str, period: str, version: int) -> None:
    """Fixes the period's version, where it isn't fixed yet."""
    await work.connection.execute("INSERT INTO pinned_version VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", template, period, version)


async def _deadline(work: UnitOfWork, template: Template, order: Order) -> Deadline:
    days = await calendar.working_days(work.connection)
    given_on = order.day if template.kind == "plan" else None
    dates = deadline(order.period, template.cutoff, days, plan_given_on=given_on, due_on=order.due_on)
    return dates if order.closes_on is None else dates._replace(closes_on=order.closes_on)


def _entering_unit(template: Template, order: Order) -> UUID | None:
    if is_given_plan(template):
        return order.entered_by or order.assigned_by
    if order.entered_by is not None:
        raise OnlyGivenPlansAreEnteredByOthers(template=template.code)
    return None
