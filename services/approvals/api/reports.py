"""Where one report is, what was decided on it, and the texts that belong to it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from kernel import texts
from kernel.auth import Allow, Principal
from kernel.errors import Malformed
from kernel.handler import load_state
from kernel.runtime import Runtime
from kernel.web import json_response, now_of

from .. import queries
from ..commands import Item, Seats
from ..domain import RESULTS, Progress, decider, why_not, why_not_remind, why_not_request, why_not_start, why_not_withdraw
from .running import allowed, scope_of, visible_row

router = APIRouter()

Reading = Annotated[Principal, Depends(Allow(*queries.READERS))]
MOST_TEXTS = 500


@router.get("/reports/{report_id}", tags=["chờ duyệt"], summary="Báo cáo đang ở đâu, và tôi làm được gì", operation_id="getItem")
async def get_report(request: Request, caller: Reading, report_id: UUID) -> Response:
    runtime: Runtime = request.app.state.runtime
    async with runtime.store.begin() as work:
        row = await visible_row(work.connection, report_id, scope_of(request, caller))
        item = queries.item_of(row)
        _, progress = await load_state(work, runtime.store, decider(item), f"report/{report_id}")
    route = [{"action": step.action, "role": step.role, "unit_id": step.unit_id, "passed_over": step.passed_over} for step in item.route]
    actions = _actions(item, progress, caller.id, queries.seats_of(caller))
    return json_response({**queries.shown(row, now_of(request)), "route": route, "reopening": progress.reopening, "actions": actions})


def _actions(item: Item, progress: Progress, actor: str, seats: Seats) -> dict[str, Any]:
    decisions = {decision: allowed(why_not(item, progress, decision, actor, seats)) for decision in RESULTS}
    return {
        **decisions,
        "withdraw": allowed(why_not_withdraw(item, progress, seats)),
        "request_reopening": allowed(why_not_request(item, progress, seats)),
        "start_reopening": allowed(why_not_start(item, progress, seats)),
        "remind": allowed(why_not_remind(item, progress)),
    }


@router.get("/reports/{report_id}/decisions", tags=["chờ duyệt"], summary="Lịch sử xử lý của báo cáo", operation_id="listDecisions")
async def list_decisions(request: Request, caller: Reading, report_id: UUID) -> Response:
    async with request.app.state.runtime.pool.acquire() as connection:
        scope = scope_of(request, caller)
        row = await visible_row(connection, report_id, scope)
        items = await queries.list_decisions(connection, report_id, with_unsent=scope.is_of_the_unit(row))
    return json_response({"items": items})


@router.get("/texts", tags=["chờ duyệt"], summary="Nội dung lý do, ghi chú, đôn đốc theo mã sự kiện", operation_id="readTexts")
async def read_texts(request: Request, caller: Reading, events: Annotated[str, Query(max_length=20_000)]) -> Response:
    """`null` nơi nội dung đã được xóa; mã ngoài phạm vi của người hỏi được bỏ qua."""
    try:
        wanted = [UUID(text) for text in events.split(",") if text][:MOST_TEXTS]
    except ValueError as failure:
        raise Malformed("Mã sự kiện không hợp lệ", field="events") from failure
    scope = scope_of(request, caller)
    async with request.app.state.runtime.pool.acquire() as connection:
        found = await texts.read(connection, wanted)
        reports = {event_id: UUID(subject.removeprefix("report/")) for event_id, (subject, _) in found.items()}
        rows = await queries.list_rows(connection, list(set(reports.values())))
        unsent = await queries.decisions_on_unsent(connection, found)
    seen = {report_id for report_id, row in rows.items() if scope.covers(row)}
    own = {report_id for report_id, row in rows.items() if scope.is_of_the_unit(row)}
    told = {event_id: text for event_id, (_, text) in found.items() if reports[event_id] in (own if event_id in unsent else seen)}
    return json_response({str(event_id): text for event_id, text in told.items()})
