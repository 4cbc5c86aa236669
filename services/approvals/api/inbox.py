"""What waits for whom."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from kernel.auth import Allow, Principal
from kernel.errors import RoleMayNot
from kernel.runtime import Runtime
from kernel.web import json_response, now_of

from .. import queries
from ..commands import Seats
from ..domain import RESULTS, why_not, why_not_withdraw
from .running import allowed

router = APIRouter()

Deciding = Annotated[Principal, Depends(Allow("leader", "verifier", "compiler"))]


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
    """Báo cáo mà bước hiện tại thuộc đơn vị và vai trò của tôi, trình trước xếp trước.

    `nobody_eligible`: dành cho văn phòng tỉnh, các báo cáo mà không ai xử lý được bước hiện tại.
    """
    runtime: Runtime = request.app.state.runtime
    seats = queries.seats_of(caller)
    wanted = queries.Filter(template, period, unit, sector, q, queries.after(cursor), limit)
    async with runtime.pool.acquire() as connection:
        if nobody_eligible:
            rows = await queries.list_with_nobody_eligible(connection, _provinces_of_the_office(request, caller), wanted)
        else:
            rows = await queries.list_inbox(connection, seats, wanted)
        counts = await queries.count_inbox(connection, seats)
    now = now_of(request)
    items = [{**queries.shown(row, now), "actions": _actions(row, caller.id, seats)} for row in rows]
    following = queries.cursor(rows[-1]["submitted_at"], rows[-1]["report_id"]) if len(rows) == limit else None
    return json_response({"items": items, "next": following, "counts": counts})


def _provinces_of_the_office(request: Request, caller: Principal) -> frozenset[str]:
    nodes = [request.app.state.tree.get(unit) for unit in caller.units_of("leader", "verifier", "compiler")]
    provinces = frozenset(node.province_code for node in nodes if node is not None and node.level == "office")
    if not provinces:
        raise RoleMayNot("Danh sách này dành cho văn phòng tỉnh")
    return provinces


def _actions(row: queries.Row, actor: str, seats: Seats) -> dict[str, Any]:
    """What this caller may do with a waiting report here, and where not, why."""
    item, progress = queries.item_of(row), queries.progress_of(row)
    decisions = {decision: allowed(why_not(item, progress, decision, actor, seats)) for decision in RESULTS}
    return {**decisions, "withdraw": allowed(why_not_withdraw(item, progress, seats))}
