"""Units and sectors: search, registration, import, changes from a date."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from contracts.identity import UnitRegisteredV1
from contracts.vocabulary import SECTOR_WORDS, UnitLevel
from kernel.auth import Allow, Principal
from kernel.errors import Malformed, NotFound, Rejected
from kernel.event_store import Context
from kernel.handler import handle_in
from kernel.vietnamese import normalise
from kernel.web import context_of, json_response, read_body

from ..commands import ChangeUnit, RegisterUnit
from ..domain.unit import UNIT
from ..events import UnitFacts
from ..projections import units as projections
from ..queries import units as queries
from .bodies import UnitBody, UnitChangeBody
from .desk import TREE_LOCK, Desk, desk_of, run, unit_stream

router = APIRouter(tags=["đơn vị"])

BATCH = 400
MOST = 5000

Reader = Annotated[Principal, Depends(Allow(any_user=True, services=True, subscribers=True))]
Administrator = Annotated[Principal, Depends(Allow("administrator"))]


@router.get("/units", summary="Tìm đơn vị tại một ngày", operation_id="list_units")
async def list_units(
    request: Request,
    _: Reader,
    level: UnitLevel | None = None,
    parent: UUID | None = None,
    q: Annotated[str, Query(max_length=100, description="Tên có dấu hoặc không dấu, hoặc đầu mã")] = "",
    code: str = "",
    kind: str = "",
    sector: str = "",
    on: Annotated[date | None, Query(description="Ngày cần tra; mặc định hôm nay")] = None,
    ids: Annotated[str, Query(description="Danh sách id cách nhau bằng dấu phẩy")] = "",
    cursor: str = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> Response:
    desk = desk_of(request)
    wanted = queries.UnitFilter(on or desk.today(), level or "", parent, code, kind, sector, q, read_ids(ids))
    rows = await queries.list_units(desk.pool, wanted, _read_cursor(cursor), limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    following = _cursor(last["rank"], last["sort_key"], str(last["unit_id"])) if last else None
    return json_response({"items": [queries.view(row) for row in rows[:limit]], "next": following})


@router.get("/units/{unit_id}", summary="Một đơn vị và các thay đổi của nó", operation_id="get_unit")
async def get_unit(request: Request, _: Reader, unit_id: UUID) -> Response:
    desk = desk_of(request)
    versions = await queries.versions_of(desk.pool, unit_id)
    if not versions:
        raise NotFound()
    today = desk.today()
    now = next((row for row in reversed(versions) if row["valid_from"] <= today), versions[0])
    return json_response({**queries.view(now), "versions": [queries.view(row) for row in versions]})


@router.post("/units", status_code=201, summary="Đăng ký một đơn vị", operation_id="register_unit")
async def register_unit(request: Request, caller: Administrator, body: UnitBody) -> Response:
    desk, context = desk_of(request), await context_of(request, caller)
    unit_id = body.unit_id or context.event_id("unit", 0)
    facts = _tidy(UnitFacts(**body.model_dump() | {"unit_id": unit_id, "sectors": tuple(body.sectors)}))

    async def command_in(connection: Any) -> RegisterUnit:
        around = await queries.neighbourhood(connection, [facts])
        return RegisterUnit(facts, around.around(facts, facts.valid_from))

    await run(desk, UNIT, unit_stream(unit_id), command_in, context, project=projections.project, locks=[TREE_LOCK])
    return json_response({"id": unit_id}, 201)


class UnitImport(msgspec.Struct):
    units: list[UnitRegisteredV1]


_IMPORT_DOCUMENTED = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"units": {"type": "array", "items": {"type": "object"}}}},
                "example": {
                    "units": [
                        {
                            "unit_id": "0f4cf4f4-5b0f-5c38-9f6f-6a0f3a1f7c11",
                            "code": "21553",
                            "name": "Quy Nhơn",
                            "level": "commune",
                            "kind": "Phường",
                            "valid_from": "2025-07-01",
                            "province_code": "52",
                        }
                    ]
                },
            }
        },
    }
}


@router.post("/units/import", summary="Nạp danh mục đơn vị", operation_id="import_units", openapi_extra=_IMPORT_DOCUMENTED)
async def import_units(request: Request, caller: Administrator) -> Response:
    """Units as in the contract UnitRegistered, in any order. What is there already stays; what contradicts is told, item by item."""
    body: UnitImport = await read_body(request, UnitImport)
    desk = desk_of(request)
    units = _parents_first([_tidy(UnitFacts(**_fields(unit))) for unit in body.units])
    registered, unchanged, errors = 0, 0, []
    for start in range(0, len(units), BATCH):
        batch = units[start : start + BATCH]
        new, refused = await _register_batch(desk, batch, desk.context(caller))
        registered += new
        unchanged += len(batch) - new - len(refused)
        errors += refused
    return json_response({"registered": registered, "unchanged": unchanged, "errors": errors})


async def _register_batch(desk: Desk, units: Sequence[UnitFacts], context: Context) -> tuple[int, list[dict[str, Any]]]:
    """(how many are new, what was refused), all of the batch in one transaction."""
    new: list[UnitFacts] = []
    refused = []
    async with desk.store.begin() as work:
        await work.lock([TREE_LOCK])
        around = await queries.neighbourhood(work.connection, units)
        for unit in units:
            command = RegisterUnit(unit, around.around(unit, unit.valid_from))
            try:
                outcome = await handle_in(work, desk.store, UNIT, unit_stream(unit.unit_id), command, context)
            except Rejected as refusal:
                refused.append(_refused(unit, refusal))
                continue
            if outcome.events:
                new.append(unit)
                around.add(unit)
        await projections.put_registered(work.connection, new)
    return len(new), refused


@router.put("/units/{unit_id}", summary="Đổi tên, cấp trên, tình trạng từ một ngày", operation_id="change_unit")
async def change_unit(request: Request, caller: Administrator, unit_id: UUID, body: UnitChangeBody) -> Response:
    desk = desk_of(request)
    given = body.model_dump(include=body.model_fields_set - {"changed_on"})
    kept_when_null = {name: value for name, value in given.items() if value is not None or name in ("parent_id", "latitude", "longitude")}

    async def command_in(connection: Any) -> ChangeUnit:
        current = await queries.facts_of(connection, unit_id)
        if current is None:
            raise NotFound()
        unit = _tidy(replace(current, **{"legal_document": "", **kept_when_null}))
        near = await queries.neighbourhood(connection, [unit])
        is_below = unit.parent_id is not None and await queries.lies_under(connection, unit.parent_id, unit_id, body.changed_on)
        return ChangeUnit(unit, body.changed_on, near.around(unit, body.changed_on, is_parent_below=is_below, ended_on=current.ended_on))

    context = await context_of(request, caller)
    await run(desk, UNIT, unit_stream(unit_id), command_in, context, project=projections.project, locks=[TREE_LOCK])
    versions = await queries.versions_of(desk.pool, unit_id)
    return json_response(queries.view(versions[-1]))


@router.get("/sectors", summary="Các lĩnh vực và sở phụ trách", operation_id="list_sectors")
async def list_sectors(request: Request, _: Reader) -> Response:
    desk = desk_of(request)
    departments = await queries.departments_by_sector(desk.pool, desk.today())
    items = [{"code": code, "name": word, "departments": departments.get(code, [])} for code, word in SECTOR_WORDS.items()]
    return json_response({"items": items})


def read_ids(text: str) -> tuple[UUID, ...]:
    """Ids separated by commas. Raises Malformed."""
    try:
        return tuple(UUID(part) for part in text.split(",") if part.strip())
    except ValueError as failure:
        raise Malformed("Danh sách id không hợp lệ") from failure


def _fields(unit: UnitRegisteredV1) -> dict[str, Any]:
    return {name: getattr(unit, name) for name in UnitFacts.__dataclass_fields__}


def _tidy(unit: UnitFacts) -> UnitFacts:
    """Without the invisible characters and stray blanks that official lists hold; sectors in one order."""
    return replace(
        unit,
        code=unit.code.strip(),
        name=" ".join(normalise(unit.name).split()),
        kind=" ".join(normalise(unit.kind).split()),
        legal_document=unit.legal_document.strip(),
        sectors=tuple(sorted(set(unit.sectors))),
    )


def _parents_first(units: list[UnitFacts]) -> list[UnitFacts]:
    """Ordered so that each comes after its parent, as far as that is in the list; a circle keeps its order and is refused."""
    by_id = {unit.unit_id: unit for unit in units}
    depths: dict[UUID, int] = {}

    def depth(unit: UnitFacts) -> int:
        way: list[UUID] = []
        current: UnitFacts | None = unit
        while current is not None and current.unit_id not in depths and current.unit_id not in way:
            way.append(current.unit_id)
            current = by_id.get(current.parent_id) if current.parent_id else None
        known = depths.get(current.unit_id, -1) if current is not None else -1
        for unit_id in reversed(way):
            known += 1
            depths[unit_id] = known
        return depths[unit.unit_id]

    return sorted(units, key=depth)


def _refused(unit: UnitFacts, refusal: Rejected) -> dict[str, Any]:
    return {**refusal.parameters, "unit_id": unit.unit_id, "code": unit.code, "rule": refusal.rule(), "title": refusal.title}


def _cursor(*place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(place, ensure_ascii=False).encode()).decode()


def _read_cursor(text: str) -> tuple[int, str, UUID] | None:
    if not text:
        return None
    try:
        rank, key, last = json.loads(base64.urlsafe_b64decode(text))
        return int(rank), str(key), UUID(last)
    except (ValueError, TypeError, binascii.Error) as failure:
        raise Malformed("Con trỏ trang không hợp lệ", field="cursor") from failure
