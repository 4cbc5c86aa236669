"""Progress of reporting, the dashboard, and notifications."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from kernel.auth import Allow, Principal
from kernel.errors import NotFound
from kernel.web import json_response, now_of, read_body

from ..queries import dashboard as dashboard_
from ..queries import notifications as notifications_
from ..queries import progress as progress_
from ..queries.figures import unit_words
from ..queries.look import known_period, looking
from ..queries.scope import scope_of
from .asking import Reader

routes = APIRouter()
Anybody = Annotated[Principal, Depends(Allow(any_user=True))]


@routes.get("/progress", tags=["tiến độ"], summary="Tiến độ báo cáo: theo biểu mẫu, và từng đơn vị")
async def get_progress(
    request: Request,
    caller: Reader,
    template: str | None = None,
    period: str | None = None,
    unit: UUID | None = None,
    lateness: Annotated[str | None, Query(description="on-time, late, overdue, due-soon, not-due")] = None,
    state: str | None = None,
    matrix: Annotated[bool, Query(description="Kèm bảng đơn vị × biểu mẫu")] = True,
) -> Response:
    if period is not None:
        known_period(period)
    async with looking(request) as look:
        scope = scope_of(caller, look.tree)
        if unit is not None and (look.tree.get(unit) is None or not scope.is_in_sight(unit)):
            raise NotFound()
        under = None if unit is None else progress_.units_under(look, unit)
        found = await progress_.lines(look, scope, template, period, under)
        chosen = [line for line in found if (lateness is None or line.lateness == lateness) and (state is None or line.state == state)]
        node = look.tree.get(unit) if unit else None
        answer: dict[str, Any] = {
            "seq": look.head,
            "unit": unit_words(node) if node else None,
            "counts": progress_.counts(found),
            "forms": progress_.forms(found),
            "items": progress_.matrix(look, chosen) if matrix else [],
        }
    return json_response(answer)


@routes.get("/dashboard", tags=["tiến độ"], summary="Trang tổng hợp: đơn vị của tôi, lĩnh vực của tôi")
async def get_dashboard(request: Request, caller: Reader, period: str | None = None) -> Response:
    if period is not None:
        known_period(period)
    async with looking(request) as look:
        answer = await dashboard_.dashboard(look, caller, period)
    return json_response(answer)


@routes.get("/notifications", tags=["thông báo"], summary="Thông báo gửi đến đơn vị và vai trò của tôi")
async def list_notifications(
    request: Request,
    caller: Anybody,
    unread: bool = False,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    async with looking(request) as look:
        answer = await notifications_.list_notifications(look, caller, unread=unread, cursor=cursor, limit=limit)
    return json_response(answer)


@routes.post("/notifications/read", tags=["thông báo"], summary="Đánh dấu đã đọc", description='`{"ids": [...]}`; không có `ids`: tất cả')
async def read_notifications(request: Request, caller: Anybody) -> Response:
    body: dict[str, list[UUID]] = await read_body(request, dict[str, list[UUID]])
    done = await notifications_.mark_read(request.app.state.runtime.pool, caller, body.get("ids"), now_of(request))
    return json_response({"read": done})
