"""One stream of Server-Sent Events per browser: thin, scoped, resumable; it says that something moved, never how much."""

from collections.abc import AsyncIterator

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from kernel.auth import Principal
from kernel.errors import Malformed
from kernel.web import now_of

from ..queries.look import looking
from ..queries.scope import Scope, scope_of
from ..queries.tail import News, Tail
from .asking import Reader

routes = APIRouter(tags=["trực tuyến"])
KEEP_ALIVE_SECONDS = 15.0


@routes.get(
    "/stream",
    summary="Tin có thay đổi số liệu hoặc trạng thái (Server-Sent Events)",
    description="Mỗi tin: `{template, period, unit, report_id, event, seq}`; nối lại bằng `Last-Event-ID`. Kết thúc khi phiên hết hạn.",
)
async def stream(request: Request, caller: Reader) -> Response:
    tail: Tail = request.app.state.tail
    resumed = request.headers.get("last-event-id", "").strip()
    if resumed and not resumed.isdigit():
        raise Malformed("Last-Event-ID phải là số thứ tự trong nhật ký")
    async with looking(request) as look:
        scope = scope_of(caller, look.tree)
        after = int(resumed) if resumed else look.head
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request, caller, tail, scope, after), media_type="text/event-stream", headers=headers)


async def _events(request: Request, caller: Principal, tail: Tail, scope: Scope, after: int) -> AsyncIterator[bytes]:
    not_before = request.app.state.runtime.not_before
    yield b": ktxh\n\n"
    while now_of(request).timestamp() < caller.expires_at and not not_before.has_ended(caller) and not await request.is_disconnected():
        news = await tail.after(after)
        for one in news:
            after = one.seq
            if scope.sees_whole(one.sector, one.owner_id, one.unit_id):
                yield _event(one)
        if not news:
            yield b": \n\n"
            await tail.newer(min(KEEP_ALIVE_SECONDS, max(0.0, caller.expires_at - now_of(request).timestamp())))


def _event(news: News) -> bytes:
    words = {
        "template": news.template,
        "period": news.period,
        "unit": news.unit_id,
        "report_id": news.report_id,
        "event": news.name,
        "seq": news.seq,
    }
    return b"id: %d\nevent: moved\ndata: %s\n\n" % (news.seq, msgspec.json.encode(words))
