"""Indicators: listed for everybody, defined by those in charge of their sector."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from kernel.decider import Decider
from kernel.errors import NotFound
from kernel.event_store import AlreadyAppended, Context
from kernel.handler import handle_in
from kernel.web import context_of, json_response, read_body

from ..commands import DefineIndicator
from ..domain.indicator import INDICATOR, IndicatorState, SectorIsNotYours
from ..events import Indicator
from ..projections import project_indicator
from ..queries.scope import sectors_of_compiler
from ..queries.templates import indicators, list_indicators
from .asking import Compiler, Limit, Reader, per_stream, refuse_another_body, runtime_of, tree_of

router = APIRouter(tags=["chỉ tiêu"])

_EXAMPLE = {
    "indicators": [
        {
            "code": "YT.TIEMCHUNG",
            "name": "Tỷ lệ trẻ em dưới 1 tuổi được tiêm chủng đầy đủ",
            "unit_of_measure": "%",
            "sector": "health",
            "adding_up": {"over_units": "weighted_mean", "over_time": "last", "weight": "yt_treem"},
            "decimals": 1,
            "minimum": "0",
            "maximum": "100",
        }
    ]
}


class Definitions(msgspec.Struct, frozen=True):
    indicators: list[Indicator]


@router.get("/indicators", summary="Danh mục chỉ tiêu", operation_id="list_indicators")
async def get_indicators(
    request: Request, _: Reader, sector: str | None = None, q: str = "", cursor: str | None = None, limit: Limit = 100
) -> Response:
    return json_response(await list_indicators(runtime_of(request).pool, sector=sector, q=q, cursor=cursor, limit=limit))


@router.get("/indicators/{code}", summary="Một chỉ tiêu", operation_id="get_indicator")
async def get_indicator(request: Request, _: Reader, code: str) -> Response:
    found = await indicators(runtime_of(request).pool, [code])
    if code not in found:
        raise NotFound()
    return json_response(found[code])


@router.post(
    "/indicators",
    summary="Khai báo, sửa chỉ tiêu",
    description="Tất cả hoặc không: một chỉ tiêu sai thì không chỉ tiêu nào được ghi. Khai báo lại như cũ không tạo thay đổi.",
    operation_id="define_indicators",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}}}},
)
async def define_indicators(request: Request, caller: Compiler) -> Response:
    body: Definitions = await read_body(request, Definitions)
    sectors = sectors_of_compiler(caller, tree_of(request))
    if sectors is not None and not sectors:
        raise SectorIsNotYours()
    context = per_stream(await context_of(request, caller))
    try:
        defined = await _define(request, body.indicators, sectors, context)
    except AlreadyAppended as repeated:
        await refuse_another_body(runtime_of(request), repeated, context)
        defined = []
    codes = list(dict.fromkeys(one.code for one in body.indicators))
    return json_response({"defined": defined, "unchanged": [code for code in codes if code not in defined]})


async def _define(request: Request, wanted: list[Indicator], sectors: frozenset[str] | None, context: Context) -> list[str]:
    runtime = runtime_of(request)
    decider: Decider[IndicatorState, Any] = INDICATOR
    defined: list[str] = []
    by_code = {one.code: one for one in wanted}
    async with runtime.store.begin() as work:
        await work.lock([f"indicator/{code}" for code in by_code])
        for code, indicator in by_code.items():
            command = DefineIndicator(indicator, sectors)
            outcome = await handle_in(work, runtime.store, decider, f"indicator/{code}", command, context, project=project_indicator)
            defined += [code] if outcome.events else []
    return defined
