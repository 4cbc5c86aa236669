"""Corrections of approved reports: asked for, granted, refused, or begun by the unit of the last step."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from kernel import texts
from kernel.auth import Allow, Principal
from kernel.errors import NotFound
from kernel.event_store import uuid7
from kernel.runtime import Runtime
from kernel.web import json_response

from .. import queries
from ..commands import GrantReopening, RefuseReopening, RequestReopening, StartReopening
from ..domain import may_grant, state_word
from .running import Call, call_of, run_on_report, scope_of

router = APIRouter()

Reporting = Annotated[Principal, Depends(Allow("data_entry", "leader"))]
Reopening = Annotated[Principal, Depends(Allow("leader", "verifier", "compiler"))]
Reading = Annotated[Principal, Depends(Allow(*queries.READERS))]


class ReopeningWanted(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"report_id": "0d0c2f54-5a58-5c6e-9d4f-0f8d5f0f6a11", "reason": "Nhầm số khám bệnh", "cells": ["kham_benh.thang_nay"]}
            ]
        }
    )
    report_id: UUID
    reason: str = Field(max_length=4000)
    cells: list[str] = Field([], max_length=1000)


class ReopeningStarted(BaseModel):
    report_id: UUID
    reason: str = Field(max_length=4000)
    due_on: date | None = None


class Granted(BaseModel):
    reason: str = Field("", max_length=4000)
    due_on: date | None = None


class Refused(BaseModel):
    reason: str = Field(max_length=4000)


@router.post(
    "/reopenings", tags=["đính chính"], summary="Đề nghị đính chính báo cáo đã duyệt", operation_id="requestReopening", status_code=201
)
async def request_reopening(request: Request, caller: Reporting, body: ReopeningWanted) -> Response:
    note, call = texts.seal(body.reason), await call_of(request, caller)
    reopening_id = _new_id(call)
    outcome, _ = await run_on_report(
        call,
        body.report_id,
        note,
        lambda item, seats: RequestReopening(item, reopening_id, caller.id, seats, note.digest, tuple(body.cells)),
        cells=body.cells,
    )
    return json_response({"id": outcome.events[0].event.reopening_id, "state": "requested"}, 201)


@router.post(
    "/reopenings/start", tags=["đính chính"], summary="Mở đính chính từ đơn vị duyệt cuối", operation_id="startReopening", status_code=201
)
async def start_reopening(request: Request, caller: Reopening, body: ReopeningStarted) -> Response:
    """Nếu đơn vị báo cáo đã đề nghị thì đây là câu trả lời cho đề nghị ấy."""
    note, call = texts.seal(body.reason), await call_of(request, caller)
    reopening_id = _new_id(call)
    outcome, item = await run_on_report(
        call, body.report_id, note, lambda item, seats: StartReopening(item, reopening_id, caller.id, seats, note.digest, body.due_on)
    )
    granted = outcome.events[0].event.reopening_id
    return json_response({"id": granted, "state": "granted", "report_state": state_word(item, outcome.state)}, 201)


def _new_id(call: Call) -> UUID:
    return uuid5(call.context.event_id("", 0), "reopening") if call.context.is_repeatable else uuid7()


@router.post("/reopenings/{reopening_id}/grant", tags=["đính chính"], summary="Cho phép đính chính", operation_id="grantReopening")
async def grant_reopening(request: Request, caller: Reopening, reopening_id: UUID, body: Granted) -> Response:
    note, call = texts.seal(body.reason), await call_of(request, caller)
    outcome, item = await run_on_report(
        call,
        await _report_of(call.runtime, reopening_id),
        note,
        lambda item, seats: GrantReopening(item, reopening_id, caller.id, seats, note.digest, body.due_on),
    )
    return json_response({"id": reopening_id, "state": "granted", "report_state": state_word(item, outcome.state)})


@router.post("/reopenings/{reopening_id}/refuse", tags=["đính chính"], summary="Không cho phép đính chính", operation_id="refuseReopening")
async def refuse_reopening(request: Request, caller: Reopening, reopening_id: UUID, body: Refused) -> Response:
    note, call = texts.seal(body.reason), await call_of(request, caller)
    outcome, item = await run_on_report(
        call,
        await _report_of(call.runtime, reopening_id),
        note,
        lambda item, seats: RefuseReopening(item, reopening_id, caller.id, seats, note.digest),
    )
    return json_response({"id": reopening_id, "state": "refused", "report_state": state_word(item, outcome.state)})


async def _report_of(runtime: Runtime, reopening_id: UUID) -> UUID:
    found: UUID | None = await runtime.pool.fetchval("SELECT report_id FROM reopening WHERE reopening_id = $1", reopening_id)
    if found is None:
        raise NotFound("Không tìm thấy báo cáo")  # as for a report out of sight: the two are not told apart
    return found


@router.get("/reopenings", tags=["đính chính"], summary="Các đề nghị đính chính", operation_id="listReopenings")
async def list_reopenings(
    request: Request,
    caller: Reading,
    state: Literal["requested", "granted", "refused"] | None = None,
    report: UUID | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Mới nhất trước, trong phạm vi của người hỏi; `may_answer` cho biết người hỏi có thuộc đơn vị trả lời không."""
    scope, seats = scope_of(request, caller), queries.seats_of(caller)
    async with request.app.state.runtime.pool.acquire() as connection:
        rows = await queries.list_reopenings(connection, scope, state, report, queries.after(cursor), limit)
    items = [{**_shown(row), "may_answer": may_grant(queries.item_of(row), seats)} for row in rows]
    following = queries.cursor(rows[-1]["requested_at"], rows[-1]["reopening_id"]) if len(rows) == limit else None
    return json_response({"items": items, "next": following})


def _shown(row: queries.Row) -> dict[str, Any]:
    same = ("report_id", "template", "period", "sector", "requested_by", "requested_at", "event_id", "decided_by", "decided_at")
    return {
        **{name: row[name] for name in (*same, "decision_event_id", "cells", "effect")},
        "id": row["reopening_id"],
        "state": row["reopening_state"],
        "revision": row["reopened_revision"],
        "unit": {"id": row["unit_id"], "code": row["unit_code"], "name": row["unit_name"]},
    }
