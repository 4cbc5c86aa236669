"""Releases: the provincial office makes figures public, withdraws them; anybody reads them, without a login."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID, uuid5

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from kernel.auth import Allow, Principal
from kernel.errors import Malformed, NotFound
from kernel.event_store import NAMESPACE, uuid7
from kernel.handler import handle
from kernel.web import context_of, json_response, now_of, read_body

from ..commands import ReleaseFigures, WithdrawRelease
from ..domain import DECIDER, OnlyTheOffice
from ..projections.releases import Keeping
from ..queries import releases as releases_
from ..queries.look import Look, known_period, looking, point_of
from ..queries.scope import province_of
from .asking import Compiler

routes = APIRouter(tags=["công bố số liệu"])
Anyone = Annotated[Principal, Depends(Allow(anyone=True))]
CACHED = {"Cache-Control": "public, max-age=60"}


class ReleaseBody(msgspec.Struct):
    """`at`: public from then on, now without it. `as_of`: figures as they were then, now without it."""

    template: str
    columns: list[str]
    level: str
    period: str
    source: str
    licence: str
    at: datetime | None = None
    as_of: str | None = None


BODY = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["template", "columns", "level", "period", "source", "licence"],
                    "properties": {
                        "template": {"type": "string"},
                        "columns": {"type": "array", "items": {"type": "string"}},
                        "level": {"type": "string"},
                        "period": {"type": "string"},
                        "at": {"type": "string", "format": "date-time"},
                        "as_of": {"type": "string"},
                        "source": {"type": "string"},
                        "licence": {"type": "string"},
                    },
                    "example": {
                        "template": "YT-THANG",
                        "columns": ["th_thang"],
                        "level": "commune",
                        "period": "2026-03",
                        "source": "Sở Y tế",
                        "licence": "CC BY 4.0",
                    },
                }
            }
        }
    }
}


def _office(look: Look, caller: Principal) -> UUID | None:
    """The province whose office the caller compiles for; None for anybody else."""
    for unit in sorted(caller.units_of("compiler"), key=str):
        node = look.tree.get(unit)
        if node is not None and node.level == "office":
            province = province_of(look.tree, unit)
            return province.id if province else None
    return None


@routes.post("/releases", summary="Công bố số liệu đã duyệt của một biểu mẫu, một kỳ, một cấp", status_code=201, openapi_extra=BODY)
async def release(request: Request, caller: Compiler) -> Response:
    body: ReleaseBody = await read_body(request, ReleaseBody)
    period, now = known_period(body.period), now_of(request)
    if body.at is not None and body.at.tzinfo is None:
        raise Malformed("Thời điểm công bố thiếu múi giờ", field="at")
    context = await context_of(request, caller)
    id_ = uuid5(NAMESPACE, f"release/{context.event_id('release', 0)}") if context.is_repeatable else uuid7()
    async with looking(request) as look:
        province = _office(look, caller)
        if province is None:
            raise OnlyTheOffice()
        seq = await point_of(look, body.as_of, request)
        form = await look.form(body.template, period)
        snapshot = await releases_.snapshot(look, body.template, body.columns, body.level, period, province, seq)
    command = ReleaseFigures(
        release_id=id_,
        template=form.code,
        sector=form.sector,
        period=period,
        level=body.level,
        columns=tuple(body.columns),
        known_columns=tuple(column.key for column in form.sheet.columns),
        at=body.at or now,
        seq=seq,
        source=body.source,
        licence=body.licence,
        has_figures=snapshot.has_figures,
        of_the_office=True,
        now=now,
    )
    await handle(request.app.state.runtime.store, DECIDER, f"release/{id_}", command, context, project=Keeping(snapshot))
    return json_response({"id": id_, "seq": seq, "public_from": command.at}, 201)


@routes.get("/releases", summary="Các lần công bố, kể cả đã thu hồi và chưa đến giờ")
async def list_releases(request: Request, caller: Annotated[Principal, Depends(Allow("compiler", "executive"))]) -> Response:
    async with looking(request) as look:
        homes = [province_of(look.tree, unit) for unit in caller.units_of("compiler", "executive")]
        items = await releases_.list_of(look, {home.id for home in homes if home is not None})
    return json_response({"items": items, "next": None})


@routes.post("/releases/{id}/withdraw", summary="Thu hồi một lần công bố")
async def withdraw(request: Request, caller: Compiler, id: UUID) -> Response:
    async with looking(request) as look:
        province = _office(look, caller)
        if province is not None and not await releases_.is_of(look, id, province):
            raise NotFound()
    command = WithdrawRelease(province is not None, now_of(request))
    context = await context_of(request, caller)
    outcome = await handle(request.app.state.runtime.store, DECIDER, f"release/{id}", command, context, project=Keeping())
    return json_response({"id": id, "withdrawn": outcome.state.is_withdrawn})


@routes.get("/public/releases", summary="Số liệu đã công bố")
async def list_public(request: Request, _: Anyone, template: str | None = None, period: str | None = None) -> Response:
    items = await releases_.list_public(request.app.state.runtime.pool, now_of(request), template, period)
    return json_response({"items": items, "next": None}, headers=CACHED)


@routes.get("/public/releases/{id}", summary="Một lần công bố, kèm số liệu")
async def get_public(request: Request, _: Anyone, id: UUID) -> Response:
    words, snapshot = await releases_.get_public(request.app.state.runtime.pool, id, now_of(request))
    return _cached(
        request, id, json_response({**words, "rows": snapshot.rows, "release_columns": snapshot.columns, "units": snapshot.units})
    )


@routes.get("/public/releases/{id}/data.{format}", summary="Tải số liệu công bố: csv, json hoặc xlsx")
async def download(request: Request, _: Anyone, id: UUID, format: Literal["csv", "json", "xlsx"]) -> Response:
    words, snapshot = await releases_.get_public(request.app.state.runtime.pool, id, now_of(request))
    lines = releases_.table(words, snapshot)
    name = f'attachment; filename="{words["template"]}-{words["period"]}-{words["revision"]}.{format}"'
    match format:
        case "csv":
            response = Response(releases_.as_csv(lines), media_type="text/csv; charset=utf-8")
        case "xlsx":
            response = Response(releases_.as_xlsx(words, lines), media_type=XLSX)
        case _:
            header, *rest = lines
            response = json_response({**words, "data": [dict(zip(header, line, strict=True)) for line in rest]})
    response.headers["Content-Disposition"] = name
    return _cached(request, id, response)


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _cached(request: Request, id_: UUID, response: Response) -> Response:
    """A release never changes; it may only disappear, so it is kept for a minute and asked about again."""
    tag = f'"{id_}"'
    if request.headers.get("if-none-match") == tag:
        response = Response(status_code=304)
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = CACHED["Cache-Control"]
    return response
