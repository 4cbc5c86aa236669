"""Reorganisations of units: merges and splits with their successions, and weights that come later."""

import base64
import binascii
import json
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from kernel.auth import Allow, Principal
from kernel.errors import Malformed
from kernel.event_store import AlreadyAppended
from kernel.handler import handle, handle_in
from kernel.web import context_of, json_response

from ..commands import EnterWeights, Reorganise
from ..consumers import withdraw_ended_grants
from ..domain.reorganisation import REORGANISATION
from ..events import Succession
from ..projections import units as projections
from ..queries import units as queries
from .bodies import ReorganisationBody, WeightsBody
from .desk import TREE_LOCK, Desk, desk_of, run

router = APIRouter(tags=["sắp xếp đơn vị"])

Administrator = Annotated[Principal, Depends(Allow("administrator"))]
Reader = Annotated[Principal, Depends(Allow(any_user=True, services=True, subscribers=True))]


@router.post("/unit-changes", status_code=201, summary="Ghi một lần sắp xếp, sáp nhập, chia tách", operation_id="reorganise_units")
async def reorganise_units(request: Request, caller: Administrator, body: ReorganisationBody) -> Response:
    """Units in `ended` exist no longer from `effective_on` on; their people's grants end with them."""
    desk, context = desk_of(request), await context_of(request, caller)
    reorganisation_id = body.reorganisation_id or context.event_id("reorganisation", 0)
    command, stream = None, f"reorganisation/{reorganisation_id}"
    try:
        async with desk.store.begin() as work:
            await work.lock([TREE_LOCK])
            command = await _command(work.connection, reorganisation_id, body)
            await handle_in(work, desk.store, REORGANISATION, stream, command, context, project=projections.project)
            await withdraw_ended_grants(work, desk)
    except AlreadyAppended:
        await handle(desk.store, REORGANISATION, stream, command, context)
    return json_response({"id": reorganisation_id}, 201)


async def _command(connection: Any, reorganisation_id: UUID, body: ReorganisationBody) -> Reorganise:
    successions = tuple(Succession(**one.model_dump()) for one in body.successions)
    mentioned = {*body.ended, *(one.from_unit for one in successions), *(one.to_unit for one in successions)}
    units = await queries.lifetimes(connection, mentioned)
    return Reorganise(reorganisation_id, body.effective_on, body.legal_document, tuple(body.ended), successions, units)


@router.put("/unit-changes/{reorganisation_id}/weights", summary="Nhập trọng số chia tách", operation_id="enter_weights")
async def enter_weights(request: Request, caller: Administrator, reorganisation_id: UUID, body: WeightsBody) -> Response:
    desk = desk_of(request)
    weights = {(one.from_unit, one.to_unit): one.weight for one in body.weights}

    async def command_in(connection: Any) -> EnterWeights:
        return EnterWeights(reorganisation_id, weights)

    context = await context_of(request, caller)
    await run(desk, REORGANISATION, f"reorganisation/{reorganisation_id}", command_in, context, project=projections.project)
    return json_response({"id": reorganisation_id})


@router.get("/unit-changes", summary="Các lần sắp xếp, mới nhất trước", operation_id="list_unit_changes")
async def list_unit_changes(request: Request, _: Reader, cursor: str = "", limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
    desk: Desk = desk_of(request)
    items = await queries.reorganisations(desk.pool, _read_cursor(cursor), limit + 1)
    following = _cursor(items[limit - 1]) if len(items) > limit else None
    return json_response({"items": items[:limit], "next": following})


def _cursor(item: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([item["effective_on"].isoformat(), str(item["id"])]).encode()).decode()


def _read_cursor(text: str) -> tuple[date, UUID] | None:
    if not text:
        return None
    try:
        day, last = json.loads(base64.urlsafe_b64decode(text))
        return date.fromisoformat(day), UUID(last)
    except (ValueError, TypeError, binascii.Error) as failure:
        raise Malformed("Con trỏ trang không hợp lệ", field="cursor") from failure
