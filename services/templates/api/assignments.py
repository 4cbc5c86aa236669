"""Assignments: given to many units, extended, cancelled, closed and reopened for one, some or all."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid5

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from kernel.auth import Allow, Principal
from kernel.calendar import Period
from kernel.errors import NotFound
from kernel.event_store import AlreadyAppended, Context, Recorded, UnitOfWork
from kernel.handler import Outcome, Prepared, handle_prepared
from kernel.texts import Sealed, keep, seal
from kernel.tree import Node
from kernel.web import context_of, json_response

from ..calculation.due_dates import Deadline, closing, regime_of
from ..calculation.route import Ground, office_of, warnings
from ..calculation.units import UnitsRule, UnknownUnit, units_meant
from ..commands import AboutReports, CancelReports, ChangeDueDate, CloseReports, ReopenReports
from ..consumers.opening import Opened, Order, open_reports, period_named, stream_of
from ..domain.assignment import ASSIGNMENT, Assignment, refusal
from ..events import TYPES, ReportAssigned, Template
from ..projections import project_assignment
from ..queries import assignments, calendar, templates
from ..queries.scope import READERS, assignment_scope, designing_unit
from .asking import Compiler, Limit, refuse_another_body, runtime_of, today_of, tree_of, unit_in_charge

router = APIRouter(tags=["giao báo cáo"])
Looker = Annotated[Principal, Depends(Allow(*READERS))]

AskWith = Callable[[UnitOfWork, Any], Awaitable[AboutReports]]
"""Makes the command, with what it needs of the tables: (transaction under the assignment's lock, the assignment's head)."""

TITLES = {
    "not-assigned": "Đơn vị không có trong đợt giao này",
    "already-approved": "Báo cáo đã được duyệt nên không hủy giao được",
    "assignment-is-cancelled": "Báo cáo đã hủy giao",
}


class Units(BaseModel):
    """Exactly one way: named units; units of a level under one; a group."""

    ids: list[UUID] | None = None
    under: UUID | None = None
    level: str | None = None
    group: UUID | None = None

    def rule(self) -> UnitsRule:
        return UnitsRule(tuple(self.ids or ()), self.under, self.level, self.group)


class AssignBody(BaseModel):
    template: str = Field(examples=["YT-T"])
    period: str = Field(examples=["2026-03"])
    units: Units = Field(examples=[{"under": "0b0f7a0e-0000-5000-8000-000000000000", "level": "commune"}])
    due_on: date | None = None
    closes_on: date | None = None
    entered_by: UUID | None = None


class SomeUnits(BaseModel):
    units: list[UUID] | None = Field(None, description="Để trống: tất cả")


class WithReason(SomeUnits):
    reason: str = Field("", max_length=2000)


class DueDateBody(WithReason):
    due_on: date


@router.post("/assignments", status_code=201, summary="Giao báo cáo cho nhiều đơn vị", operation_id="assign")
async def assign(request: Request, caller: Compiler, body: AssignBody) -> Response:
    runtime, order = runtime_of(request), await _order(request, caller, body)
    context = await context_of(request, caller)
    assignment_id = uuid5(context.event_id("assignment", 0), "assignment")
    try:
        async with runtime.store.begin() as work:
            opened = await open_reports(work, runtime.store, assignment_id, order, context)
    except AlreadyAppended as repeated:
        await refuse_another_body(runtime, repeated, context)
        opened = await _opened_before(request, assignment_id, order, context)
    found = await _warnings(request, opened.template, order)
    existing = assignment_id if opened.events else await assignments.newest_of_period(runtime.pool, order.template, order.period.id)
    return json_response(_answer(existing or assignment_id, opened, order.period, found), 201 if opened.events else 200)


def _answer(assignment_id: UUID, opened: Opened, period: Period, found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": assignment_id,
        "template": opened.template.code,
        "version": opened.template.version,
        "period": period.id,
        "period_title": period.title,
        "due_on": opened.deadline.due_on,
        "closes_on": opened.deadline.closes_on,
        "reports": [{"report_id": one.event.report_id, "unit_id": one.event.unit_id} for one in opened.events],
        "warnings": found,
    }


async def _order(request: Request, caller: Principal, body: AssignBody) -> Order:
    """What the caller may and wants to assign. Raises NotFound, UnknownUnit, UnitsAreUnclear."""
    pool, tree = runtime_of(request).pool, tree_of(request)
    template = await templates.get_version(pool, body.template)
    if template is None:
        raise NotFound("Không có biểu mẫu đã ban hành với mã này", template=body.template)
    unit = unit_in_charge(request, caller, template.owner_id, template.sector)
    giver = tree.get(unit)
    assert giver is not None, "whoever is in charge is in the tree"
    if body.entered_by is not None and body.entered_by not in tree:
        raise UnknownUnit(units=[body.entered_by])
    period = period_named(body.period)
    nodes = await units_on(request, body.units.rule(), min(today_of(request), period.days(regime_of(template.cutoff))[1]), giver)
    return Order(
        body.template, period, tuple(nodes), unit, giver.province_code, today_of(request), body.due_on, body.closes_on, body.entered_by
    )


async def units_on(request: Request, rule: UnitsRule, day: date, giver: Node) -> list[Node]:
    """The units that a rule means for the giver's province on that day. Raises NotFound for an unknown group."""
    grouped = await calendar.group_units(runtime_of(request).pool, rule.group, giver.province_code)
    if rule.group is not None and grouped is None:
        raise NotFound("Không có nhóm đơn vị này")
    return units_meant(rule, tree_of(request), day, giver.province_code, grouped or ())


async def _opened_before(request: Request, assignment_id: UUID, order: Order, context: Context) -> Opened:
    """What the first attempt with the same Idempotency-Key opened."""
    async with runtime_of(request).store.begin() as work:
        recorded = await work.load(stream_of(assignment_id), TYPES)
    first = [one for one in recorded if isinstance(one.event, ReportAssigned) and one.request_hash == context.request_hash]
    event: ReportAssigned = first[0].event
    template = await templates.get_version(runtime_of(request).pool, order.template, event.version)
    assert template is not None, "an assignment names a published version"
    return Opened(template, Deadline(event.due_on, event.closes_on), tuple(first))


async def _warnings(request: Request, template: Template, order: Order) -> list[dict[str, Any]]:
    tree, day = tree_of(request), today_of(request)
    office = office_of(order.province, tree, day)
    units = {unit for node in order.nodes for unit in (node.id, *(above.id for above in tree.ancestors(node.id)))}
    named = {unit for unit in (office, order.assigned_by, template.owner_id) if unit is not None}
    who = await assignments.eligible(runtime_of(request).pool, units | named)
    return warnings(template, order.nodes, Ground(tree, day, order.assigned_by, office), who)


@router.get("/assignments", summary="Các đợt giao báo cáo", operation_id="list_assignments")
async def list_assignments(
    request: Request, caller: Looker, template: str | None = None, period: str | None = None, cursor: str | None = None, limit: Limit = 100
) -> Response:
    scope = assignment_scope(caller, tree_of(request), today_of(request))
    found = await assignments.list_assignments(
        runtime_of(request).pool, scope, template=template, period=period, cursor=cursor, limit=limit
    )
    return json_response(found)


@router.get("/assignments/{assignment_id}", summary="Một đợt giao và các báo cáo của nó", operation_id="get_assignment")
async def get_assignment(request: Request, caller: Looker, assignment_id: UUID) -> Response:
    scope = assignment_scope(caller, tree_of(request), today_of(request))
    found = await assignments.get_assignment(runtime_of(request).pool, scope, assignment_id, tree_of(request))
    if found is None:
        raise NotFound()
    return json_response(found)


@router.put("/assignments/{assignment_id}/due-date", summary="Gia hạn cho một, nhiều hoặc tất cả đơn vị", operation_id="change_due_date")
async def change_due_date(request: Request, caller: Compiler, assignment_id: UUID, body: DueDateBody) -> Response:
    sealed = seal(body.reason)

    async def command(work: UnitOfWork, head: Any) -> AboutReports:
        pinned = await templates.pinned_version(work.connection, head["template"], head["period"])
        template = await templates.get_version(work.connection, head["template"], pinned)
        assert template is not None, "an assignment names a published template"
        closes_on = closing(body.due_on, template.cutoff, await calendar.working_days(work.connection))
        return ChangeDueDate(body.due_on, closes_on, _chosen(body.units), sealed.digest)

    return await _change(request, caller, assignment_id, command, body.units, sealed)


@router.post("/assignments/{assignment_id}/cancel", summary="Hủy giao, bắt buộc có lý do", operation_id="cancel_assignment")
async def cancel(request: Request, caller: Compiler, assignment_id: UUID, body: WithReason) -> Response:
    sealed = seal(body.reason)

    async def command(work: UnitOfWork, head: Any) -> AboutReports:
        approved = await templates.approved_reports(work.connection, head["template"], head["period"])
        return CancelReports(sealed.digest, approved, _chosen(body.units))

    return await _change(request, caller, assignment_id, command, body.units, sealed)


@router.post("/assignments/{assignment_id}/close", summary="Khóa kỳ", operation_id="close_assignment")
async def close(request: Request, caller: Compiler, assignment_id: UUID, body: SomeUnits) -> Response:
    async def command(work: UnitOfWork, head: Any) -> AboutReports:
        return CloseReports(_chosen(body.units))

    return await _change(request, caller, assignment_id, command, body.units, seal(""))


@router.post("/assignments/{assignment_id}/reopen", summary="Mở lại kỳ đã khóa, bắt buộc có lý do", operation_id="reopen_assignment")
async def reopen(request: Request, caller: Compiler, assignment_id: UUID, body: WithReason) -> Response:
    sealed = seal(body.reason)

    async def command(work: UnitOfWork, head: Any) -> AboutReports:
        return ReopenReports(sealed.digest, _chosen(body.units))

    return await _change(request, caller, assignment_id, command, body.units, sealed)


async def _in_charge(request: Request, caller: Principal, assignment_id: UUID) -> Any:
    head = await assignments.get_head(runtime_of(request).pool, assignment_id)
    if head is None or designing_unit(caller, tree_of(request), head["owner_id"], head["sector"]) is None:
        raise NotFound()
    return head


def _chosen(units: list[UUID] | None) -> frozenset[UUID] | None:
    return None if units is None else frozenset(units)


async def _change(
    request: Request, caller: Principal, assignment_id: UUID, ask: AskWith, asked: list[UUID] | None, sealed: Sealed
) -> Response:
    """One command over the chosen reports; those that can't be changed don't stop the others."""
    head = await _in_charge(request, caller, assignment_id)
    made: list[AboutReports] = []

    async def project(connection: Any, recorded: Sequence[Recorded], state: Any) -> None:
        await project_assignment(connection, recorded, state)
        for one in recorded:
            await keep(connection, one.event_id, sealed, subject=f"report/{one.event.report_id}")

    async def prepare(work: UnitOfWork) -> Prepared:
        made.append(await ask(work, head))
        return Prepared(ASSIGNMENT, made[-1], project)

    context = await context_of(request, caller)
    outcome = await handle_prepared(runtime_of(request).store, stream_of(assignment_id), prepare, context)
    return json_response({"items": _items(made[-1], outcome, asked)})


def _items(command: AboutReports, outcome: Outcome, asked: list[UUID] | None) -> list[dict[str, Any]]:
    state: Assignment = outcome.state
    done = {one.event.unit_id for one in outcome.events}
    if asked is None:
        asked = [unit for unit, report in state.reports.items() if refusal(command, report) != "assignment-is-cancelled"]
    return [_item(command, state, unit, is_done=unit in done) for unit in dict.fromkeys(asked)]


def _item(command: AboutReports, state: Assignment, unit: UUID, *, is_done: bool) -> dict[str, Any]:
    report = state.reports.get(unit)
    item: dict[str, Any] = {"report_id": report.report_id if report else None, "unit_id": unit}
    rule = refusal(command, report)
    if rule is not None:
        return {**item, "outcome": "refused", "rule": rule, "title": TITLES[rule]}
    return {**item, "outcome": "done" if is_done else "already"}
