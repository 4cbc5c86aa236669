"""What every service offers its operators and its peers: health, readiness, its log, its parked messages."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from .auth import Allow, Principal
from .errors import Malformed, NotFound, RoleMayNot
from .web import json_response, ndjson, now_of, read_body

LOG_WINDOW = 1000
SSE_PAUSE = 0.25


def router(log_readers: Allow) -> APIRouter:
    """`/health`, `/ready`, `/log`, `/status` and `/dead-letters`, to be included by every service."""
    routes = APIRouter()
    reader = Annotated[Principal, Depends(log_readers)]
    operator = Annotated[Principal, Depends(Allow("operator", services=True))]

    @routes.get("/health", tags=["vận hành"], summary="Tiến trình còn sống")
    async def health(_: Annotated[Principal, Depends(Allow(anyone=True))]) -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/ready", tags=["vận hành"], summary="Sẵn sàng nhận việc")
    async def ready(request: Request, _: Annotated[Principal, Depends(Allow(anyone=True))]) -> Response:
        lacking = await request.app.state.runtime.lacking()
        return json_response({"ready": not lacking, "lacking": lacking}, 503 if lacking else 200)

    @routes.get("/log", tags=["vận hành"], summary="Nhật ký sự kiện, theo thứ tự (NDJSON hoặc Server-Sent Events)")
    async def read_log(
        request: Request,
        caller: reader,
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=LOG_WINDOW)] = LOG_WINDOW,
    ) -> Response:
        sectors = _sectors_of(caller)
        if "text/event-stream" in request.headers.get("accept", ""):
            resumed = request.headers.get("last-event-id", "")
            start = int(resumed) if resumed.isdigit() else after
            return StreamingResponse(_sse(request, start, sectors, caller.expires_at), media_type="text/event-stream")
        entries = await request.app.state.runtime.ledger.read(after, limit, sectors)
        return Response(ndjson([entry.body for entry in entries]), media_type="application/x-ndjson")

    @routes.get("/status", tags=["vận hành"], summary="Đầu nhật ký, độ trễ, sự kiện lỗi")
    async def status(request: Request, _: operator) -> Response:
        return json_response(await request.app.state.runtime.status())

    @routes.get("/dead-letters", tags=["vận hành"], summary="Sự kiện chưa xử lý được")
    async def dead_letters(request: Request, _: operator, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
        rows = await request.app.state.runtime.store.pool.fetch(
            "SELECT publisher, seq, event_id, type, subject, waits_for, reason, fingerprint, tries, parked_at FROM parked"
            " WHERE ended_at IS NULL ORDER BY parked_at LIMIT $1",
            limit,
        )
        return json_response({"items": [dict(row) for row in rows]})

    @routes.get("/dead-letters/{publisher}/{seq}", tags=["vận hành"], summary="Một sự kiện lỗi, đầy đủ")
    async def dead_letter(request: Request, _: operator, publisher: str, seq: int) -> Response:
        row = await request.app.state.runtime.store.pool.fetchrow("SELECT * FROM parked WHERE publisher = $1 AND seq = $2", publisher, seq)
        if row is None:
            raise NotFound()
        return json_response({**dict(row), "body": bytes(row["body"]).decode(errors="replace")})

    @routes.post("/dead-letters/{publisher}/{seq}/retry", tags=["vận hành"], summary="Xử lý lại")
    async def retry(request: Request, caller: operator, publisher: str, seq: int) -> Response:
        inbox, subject = await _parked(request, publisher, seq)
        done = await inbox.retry(subject, by=caller.id, why=await _reason(request))
        return json_response({"handled": done})

    @routes.post("/dead-letters/{publisher}/{seq}/drop", tags=["vận hành"], summary="Bỏ qua, có lý do")
    async def drop(request: Request, caller: operator, publisher: str, seq: int) -> Response:
        inbox, subject = await _parked(request, publisher, seq)
        why = await _reason(request)
        await inbox.drop(seq, by=caller.id, why=why)
        return json_response({"handled": await inbox.retry(subject, by=caller.id, why=why)})

    return routes


def _sectors_of(caller: Principal) -> Sequence[str] | None:
    """None: everything. A subscriber reads what was released of its sectors; other users nothing."""
    if caller.kind == "service" or "operator" in caller.roles:
        return None
    if caller.kind == "subscriber":
        return caller.sectors
    raise RoleMayNot()


async def _sse(request: Request, after: int, sectors: Sequence[str] | None, until: float) -> AsyncIterator[bytes]:
    """Entries as they come, each with its seq as the event's id, until the token ends or the reader leaves."""
    while now_of(request).timestamp() < until and not await request.is_disconnected():
        entries = await request.app.state.runtime.ledger.read(after, 200, sectors)
        for entry in entries:
            yield b"id: %d\nevent: message\ndata: %s\n\n" % (entry.seq, entry.body)
            after = entry.seq
        if not entries:
            yield b": \n\n"
            await asyncio.sleep(SSE_PAUSE)


async def _parked(request: Request, publisher: str, seq: int) -> tuple[Any, str]:
    runtime = request.app.state.runtime
    subject = await runtime.store.pool.fetchval(
        "SELECT subject FROM parked WHERE publisher = $1 AND seq = $2 AND ended_at IS NULL", publisher, seq
    )
    if subject is None or publisher not in runtime.inboxes:
        raise NotFound()
    return runtime.inboxes[publisher], subject


async def _reason(request: Request) -> str:
    body = await read_body(request, dict[str, str])
    reason = str(body.get("reason", "")).strip()
    if not reason:
        raise Malformed("Cần nêu lý do", field="reason")
    return reason
