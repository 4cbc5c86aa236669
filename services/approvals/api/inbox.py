"""What waits for whom, and where a report is."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from kernel import texts
from kernel.auth import Allow, Principal
from kernel.errors import Malformed, Rejected
from kernel.handler import load_state
from kernel.runtime import Runtime
from kernel.web import json_response, now_of

from .. import queries
from ..commands import Seats
from ..domain import Progress, decider, why_not, why_not_withdraw
from .shared import allowed, may_see_item, visible

router = APIRouter()

Deciding = Annotated[Principal, Depends(Allow("leader", "verifier", "compiler"))]
Reading = Annotated[Principal, Depends(Allow("data_entry", "leader", "verifier", "compiler", "executive"))]
DECISIONS = ("send", "reject", "verify", "approve", "return")


@router.get("/inbox", tags=["chờ duyệt"], summary="Việc đang chờ tôi xử lý", operation_id="listInbox")
async def inbox(
    request: Request,
    caller: Deciding,
    template: str | None = None,
    period: str | None = None,
    unit: UUID | None = None,
    sector: str | None = None,
    q: str | None = None,
    nobody_eligible: bool = False,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    runtime: Runtime = request.app.state.runtime
    seats = queries.seats_of(caller)
    wanted = queries.Filter(template, period, unit, sector, q, nobody_eligible)
    of_everybody = nobody_eligible and _is_of_the_office(request, caller)
    async with runtime.pool.acquire() as connection:
        rows = await queries.list_inbox(connection, None if of_everybody else seats, wanted, _after(cursor), limit)
        counts = await queries.count_inbox(connection, seats)
    now = now_of(request)
    items = [{**queries.shown(row, now), "actions": _actions(row, caller.id, seats)} for row in rows]
    following = f"{rows[-1]['submitted_at'].isoformat()}|{rows[-1]['report_id']}" if len(rows) == limit else None
    return json_response({"items": items, "next": following, "counts": counts})


def _is_of_the_office(request: Request, caller: Principal) -> bool:
    levels = {node.level for unit in caller.units_of("compiler") if (node := request.app.state.tree.get(unit)) is not None}
    return "office" in levels


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    try:
        moment, _, report = cursor.partition("|")
        return datetime.fromisoformat(moment), UUID(report)
    except ValueError as failure:
        raise Malformed("Con trỏ trang không hợp lệ", field="cursor") from failure


def _actions(row: Any, actor: str, seats: Seats) -> dict[str, Any]:
    """What this caller may do with the report here, and where not, why."""
    item = queries.item_of(row)
    progress = _progress_of(row)
    decisions = ("send", "reject", "verify", "approve", "return")
    refusals: dict[str, Rejected | None] = {decision: why_not(item, progress, decision, actor, seats) for decision in decisions}
    refusals["withdraw"] = why_not_withdraw(item, progress, seats)
    return {name: allowed(refusal) for name, refusal in refusals.items()}


def _progress_of(row: Any) -> Progress:
    """As much of the progress as the row says: enough for what is awaited now."""
    status = row["state"] if row["state"] in ("sent", "verified", "rejected", "returned") else ""
    return Progress(revision=row["revision"], position=row["awaited_step"] or 0, status=status, actors=frozenset(row["actors"]))


@router.get("/reports/{report_id}", tags=["chờ duyệt"], summary="Báo cáo đang ở đâu, và tôi làm được gì", operation_id="getItem")
async def get_report(request: Request, caller: Reading, report_id: UUID) -> Response:
    runtime: Runtime = request.app.state.runtime
    async with runtime.store.begin() as work:
        item = await visible(request, caller, work.connection, report_id)
        _, progress = await load_state(work, runtime.store, decider(item), f"report/{report_id}")
        row = await work.connection.fetchrow(
            "SELECT i.*, t.name AS template_name FROM item i LEFT JOIN template_copy t ON t.code = i.template AND t.version = i.version"
            " WHERE report_id = $1",
            report_id,
        )
    seats = queries.seats_of(caller)
    actions = {
        decision: allowed(why_not(item, progress, decision, caller.id, seats))
        for decision in ("send", "reject", "verify", "approve", "return")
    }
    actions["withdraw"] = allowed(why_not_withdraw(item, progress, seats))
    route = [{"action": step.action, "role": step.role, "unit_id": step.unit_id, "passed_over": step.passed_over} for step in item.route]
    return json_response({**queries.shown(row, now_of(request)), "route": route, "actions": actions})


@router.get("/reports/{report_id}/decisions", tags=["chờ duyệt"], summary="Lịch sử xử lý của báo cáo", operation_id="listDecisions")
async def list_decisions(request: Request, caller: Reading, report_id: UUID) -> Response:
    async with request.app.state.runtime.pool.acquire() as connection:
        await visible(request, caller, connection, report_id)
        return json_response({"items": await queries.list_decisions(connection, report_id)})


@router.get("/texts", tags=["chờ duyệt"], summary="Nội dung lý do, ghi chú, đôn đốc theo mã sự kiện", operation_id="readTexts")
async def read_texts(request: Request, caller: Reading, events: Annotated[str, Query(max_length=20_000)]) -> Response:
    try:
        wanted = [UUID(text) for text in events.split(",") if text]
    except ValueError as failure:
        raise Malformed("Mã sự kiện không hợp lệ", field="events") from failure
    async with request.app.state.runtime.pool.acquire() as connection:
        found = await texts.read(connection, wanted)
        visible = {}
        for event_id, (subject, text) in found.items():
            item = await queries.get_item(connection, UUID(subject.removeprefix("report/")))
            if item is not None and may_see_item(request, caller, item):
                visible[str(event_id)] = text
    return json_response(visible)
