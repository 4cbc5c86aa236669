"""What the passing of time causes: schedules open their periods, periods close. Knows no clock: it is told the moment."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID, uuid5

import structlog

from kernel.calendar import Period, parse_period, today
from kernel.errors import Rejected
from kernel.event_store import NAMESPACE, Context
from kernel.handler import handle
from kernel.runtime import Runtime
from kernel.tree import Tree

from ..calculation.due_dates import Anchor, Opening, openings, regime_of
from ..calculation.units import units_meant
from ..commands import CloseReports
from ..domain.assignment import ASSIGNMENT
from ..projections import project_assignment
from ..queries import assignments, calendar, templates
from .opening import Order, open_reports, stream_of

log = structlog.get_logger()


class Ticked(NamedTuple):
    """How many periods were opened and how many reports were closed."""

    opened: int
    closed: int


async def tick(runtime: Runtime, tree: Tree, now: datetime) -> Ticked:
    """Does what is due by now and hasn't been done, missed openings included. Doing it twice, or in two places, does it once."""
    return Ticked(await _open_due_periods(runtime, tree, now), await _close_due_periods(runtime, now))


def clock_task(runtime: Runtime, tree: Tree, clock: Callable[[], datetime], seconds: float) -> Callable[[], Awaitable[None]]:
    """Ticks for ever, once the copies that it goes by have caught up."""

    async def run() -> None:
        while True:
            if runtime.inboxes and not await runtime.lacking():
                await tick(runtime, tree, clock())
                await asyncio.sleep(seconds)
            else:
                await asyncio.sleep(min(seconds, 0.5))

    return run


def assignment_id_of(schedule_id: UUID, period: str) -> UUID:
    return uuid5(NAMESPACE, f"{schedule_id}/{period}")


async def _open_due_periods(runtime: Runtime, tree: Tree, now: datetime) -> int:
    opened = 0
    for schedule in await calendar.schedules_at_work(runtime.pool):
        for opening in await _due(runtime, schedule, today(now)):
            try:
                opened += await _open(runtime, tree, schedule, opening, now)
            except Rejected as refused:
                log.warning("schedule could not open", schedule=str(schedule.id), period=opening.period.id, why=repr(refused))
                break  # the periods after it wait, so that none is opened out of turn
    return opened


async def _due(runtime: Runtime, schedule: calendar.Schedule, until: date) -> list[Opening]:
    template = await templates.get_version(runtime.pool, schedule.template)
    if template is None:
        return []
    done = await calendar.opened_periods(runtime.pool, schedule.id)
    last = parse_period(schedule.last_period) if schedule.last_period else None
    first = _first_open(parse_period(schedule.first_period), done)
    if last is not None and first == last.next():
        return []
    anchor: Anchor = "start" if schedule.anchor == "start" else "end"
    due = openings(first, last, regime_of(template.cutoff), anchor, schedule.days, until)
    return [one for one in due if one.period.id not in done]


def _first_open(first: Period, done: frozenset[str]) -> Period:
    while first.id in done:
        first = first.next()
    return first


async def _open(runtime: Runtime, tree: Tree, schedule: calendar.Schedule, opening: Opening, now: datetime) -> bool:
    """Opens one period of a schedule, with the units that its rule means on the stated day, unless another process has."""
    period, assignment_id = opening.period, assignment_id_of(schedule.id, opening.period.id)
    context = Context("templates", now, correlation_id=str(assignment_id), event_id=lambda stream, n: uuid5(assignment_id, f"{stream}/{n}"))
    giver = tree.get(schedule.assigned_by)
    if giver is None:
        return False
    async with runtime.store.begin() as work:
        await work.lock([f"schedule/{schedule.id}"])
        if period.id in await calendar.opened_periods(work.connection, schedule.id):
            return False
        grouped = await calendar.group_units(work.connection, schedule.units.group, giver.province_code)
        nodes = units_meant(schedule.units, tree, opening.stated_day, giver.province_code, grouped or ())
        order = Order(
            schedule.template,
            period,
            tuple(nodes),
            schedule.assigned_by,
            giver.province_code,
            opening.stated_day,
            entered_by=schedule.entered_by,
            schedule_id=schedule.id,
        )
        opened = await open_reports(work, runtime.store, assignment_id, order, context)
        await work.connection.execute(
            "INSERT INTO schedule_opening VALUES ($1, $2, $3, $4, $5)",
            *(schedule.id, period.id, opening.stated_day, now, assignment_id if opened.events else None),
        )
    log.info("schedule opened", schedule=str(schedule.id), period=period.id, reports=len(opened.events))
    return True


async def _close_due_periods(runtime: Runtime, now: datetime) -> int:
    closed = 0
    day = today(now)
    for assignment_id in await assignments.assignments_to_close(runtime.pool, day):
        context = Context("templates", now, correlation_id=f"close/{assignment_id}")
        command = CloseReports(today=day)
        outcome = await handle(runtime.store, ASSIGNMENT, stream_of(assignment_id), command, context, project=project_assignment)
        closed += len(outcome.events)
    return closed
