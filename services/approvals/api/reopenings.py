"""Corrections of approved reports: asked for, granted, refused, or begun by the unit of the last step."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from kernel import texts
from kernel.auth import Allow, Principal
from kernel.errors import NotFound
from kernel.event_store import uuid7
from kernel.web import context_of, json_response

from .. import queries
from ..commands import GrantReopening, RefuseReopening, RequestReopening, StartReopening
from ..domain import may_grant, state_word
from .shared import may_see_item, run_on_report

router = APIRouter()

Reporting = Annotated[Principal, Depends(Allow("data_entry", "leader"))]
Reopening = Annotated[Principal, Depends(Allow("leader", "verifier", "compiler"))]
Reading = Annotated[Principal, Depends(Allow("data_entry", "leader", "verifier", "compiler", "executive"))]


class ReopeningWanted(BaseModel):
    report_id: UUID
    reason: str = Field(max_length=4000)
    cells: list[str] = Field([], max_length=1000)
    due_on: date | None = None


class Answer(BaseModel):
    reason: str = Field("", max_length=4000)
    due_on: date | None = None


@router.post(
    "/reopenings", tags=["đính chính"], summary="Đề nghị đính chính báo cáo đã duyệt", operation_id="requestReopening", status_code=201
)
async def request_reopening(request: Request, caller: Reporting, body: ReopeningWanted) -> Response:
    note = texts.seal(body.reason)
    reopening_id = await _new_id(request, caller)
    outcome, _ = await run_on_report(
        request,
        caller,
        body.report_id,
        note,
        lambda item, seats: RequestReopening(item, reopening_id, caller.id, seats, note.digest, tuple(body.cells)),
        tuple(body.cells),
    )
    return json_response({"id": outcome.events[0].event.reopening_id, "state": "requested"}, 201)


@router.post(
    "/reopenings/start", tags=["đính chính"], summary="Mở đính chính từ đơn vị duyệt cuối", operation_id="startReopening", status_code=201
)
async def start_reopening(request: Request, caller: Reopening, body: ReopeningWanted) -> Response:
    note = texts.seal(body.reason)
    reopening_id = await _new_id(request, caller)
    outcome, _ = await run_on_report(
        request,
        caller,
        body.report_id,
        note,
        lambda item, seats: StartReopening(item, reopening_id, caller.id, seats, note.digest, body.due_on),
    )
    return json_response({"id": outcome.events[0].event.reopening_id, "state": "granted"}, 201)


async def _new_id(request: Request, caller: Principal) -> UUID:
    context = await context_of(request, caller)
    return uuid5(context.event_id("reopening", 0), "reopening") if context.is_repeatable else uuid7()


@router.post("/reopenings/{reopening_id}/grant", tags=["đính chính"], summary="Cho phép đính chính", operation_id="grantReopening")
async def grant_reopening(request: Request, caller: Reopening, reopening_id: UUID, body: Answer) -> Response:
    note = texts.seal(body.reason)
    report_id = await _report_of(request, reopening_id)
    outcome, item = await run_on_report(
        request,
        caller,
        report_id,
        note,
        lambda item, seats: GrantReopening(item, reopening_id, caller.id, seats, note.digest, body.due_on),
    )
    return json_response({"id": reopening_id, "state": "granted", "report_state": state_word(item, outcome.state)})


@router.post("/reopenings/{reopening_id}/refuse", tags=["đính chính"], summary="Không cho phép đính chính", operation_id="refuseReopening")
async def refuse_reopening(request: Request, caller: Reopening, reopening_id: UUID, body: Answer) -> Response:
    note = texts.seal(body.reason)
    report_id = await _report_of(request, reopening_id)
    await run_on_report(
        request, caller, report_id, note, lambda item, seats: RefuseReopening(item, reopening_id, caller.id, seats, note.digest)
    )
    return json_response({"id": reopening_id, "state": "refused"})


async def _report_of(request: Request, reopening_id: UUID) -> UUID:
    found = await request.app.state.runtime.pool.fetchval("SELECT report_id FROM reopening WHERE reopening_id = $1", reopening_id)
    if found is None:
        raise NotFound("Không tìm thấy đề nghị đính chính")
    return UUID(str(found))


@router.get("/reopenings", tags=["đính chính"], summary="Các đề nghị đính chính", operation_id="listReopenings")
async def list_reopenings(
    request: Request,
    caller: Reading,
    state: Literal["requested", "granted", "refused"] | None = None,
    report: UUID | None = None,
) -> Response:
    seats = queries.seats_of(caller)
    async with request.app.state.runtime.pool.acquire() as connection:
        rows = await queries.list_reopenings(connection, state, report)
        items = []
        for row in rows:
            item = await queries.get_item(connection, row["report_id"])
            if item is not None and may_see_item(request, caller, item):
                items.append({**dict(row), "route": None, "last_route": None, "may_answer": may_grant(item, seats)})
    return json_response({"items": items})
