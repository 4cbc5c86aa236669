"""Rebuilds: an operator has all figures computed anew from the log, looks on, breaks off, goes back."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from fastapi import APIRouter, Request, Response

from kernel.errors import NotFound, Rejected
from kernel.web import json_response, now_of, read_body

from ..projections import rebuild
from .asking import Operator

routes = APIRouter(tags=["dựng lại số liệu"])
_ROW = "SELECT r.*, l.generation AS live, l.former FROM rebuild r CROSS JOIN live l"


class RebuildIsRunning(Rejected):
    title = "Đang có một lần dựng lại chưa xong"


class NothingToGoBackTo(Rejected):
    title = "Không còn bản số liệu trước để quay lại"


class StartRebuild(msgspec.Struct):
    verify: bool = False


def _words(row: Any, *, with_result: bool) -> dict[str, Any]:
    keys = ("id", "state", "step", "target_seq", "reached_seq", "asked_by", "started_at", "beat_at", "ended_at", "why")
    words: dict[str, Any] = {key: row[key] for key in keys}
    words["verify"] = row["only_verify"]
    words["live"] = row["generation"] == row["live"]
    words["progress"] = round(row["reached_seq"] / row["target_seq"], 3) if row["target_seq"] else 1.0
    if with_result:
        words["result"] = msgspec.Raw(row["result"].encode())
    return words


@routes.post("/rebuilds", summary="Dựng lại toàn bộ số liệu từ nhật ký; `verify`: chỉ đối chiếu", status_code=202)
async def start_rebuild(request: Request, caller: Operator) -> Response:
    body: StartRebuild = await read_body(request, StartRebuild)
    pool = request.app.state.runtime.pool
    try:
        async with pool.acquire() as connection, connection.transaction():
            id_ = await rebuild.begin(connection, only_verify=body.verify, asked_by=caller.id, now=now_of(request))
    except asyncpg.UniqueViolationError as failure:
        raise RebuildIsRunning() from failure
    request.app.state.rebuild_wanted.set()
    row = await pool.fetchrow(f"{_ROW} WHERE r.id = $1", id_)
    return json_response(_words(row, with_result=True), 202, {"Location": f"rebuilds/{id_}"})


@routes.get("/rebuilds", summary="Các lần dựng lại, mới nhất trước")
async def list_rebuilds(request: Request, _: Operator) -> Response:
    rows = await request.app.state.runtime.pool.fetch(f"{_ROW} ORDER BY r.started_at DESC, r.id DESC LIMIT 100")
    return json_response({"items": [_words(row, with_result=False) for row in rows], "next": None})


@routes.get("/rebuilds/{id}", summary="Một lần dựng lại: bước, tiến độ, kết quả đối chiếu")
async def get_rebuild(request: Request, _: Operator, id: UUID) -> Response:
    row = await request.app.state.runtime.pool.fetchrow(f"{_ROW} WHERE r.id = $1", id)
    if row is None:
        raise NotFound()
    return json_response(_words(row, with_result=True))


@routes.post("/rebuilds/{id}/cancel", summary="Dừng dựng lại; số liệu đang dùng không đổi")
async def cancel_rebuild(request: Request, _: Operator, id: UUID) -> Response:
    pool = request.app.state.runtime.pool
    if await pool.fetchval("UPDATE rebuild SET wants_end = true WHERE id = $1 RETURNING id", id) is None:
        raise NotFound()
    row = await pool.fetchrow(f"{_ROW} WHERE r.id = $1", id)
    return json_response(_words(row, with_result=True))


@routes.post("/rebuilds/{id}/rollback", summary="Quay lại bản số liệu trước lần dựng lại này")
async def roll_back(request: Request, _: Operator, id: UUID) -> Response:
    pool = request.app.state.runtime.pool
    row = await pool.fetchrow(f"{_ROW} WHERE r.id = $1", id)
    if row is None:
        raise NotFound()
    if row["generation"] != row["live"] or row["former"] is None:
        raise NothingToGoBackTo()
    await request.app.state.rebuilds.go_back(row)
    row = await pool.fetchrow(f"{_ROW} WHERE r.id = $1", id)
    return json_response(_words(row, with_result=True))
