"""Holidays, working days, and groups of units: lists that administrators keep."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from kernel.auth import Allow, Principal
from kernel.errors import Malformed, NotFound, Rejected, VersionIsStale
from kernel.event_store import uuid7
from kernel.vietnamese import fold, normalise, sort_key
from kernel.web import etag, if_match, json_response, now_of

from ..calculation.units import UnitsRule, units_meant
from ..queries import calendar
from ..queries.scope import provinces_of
from .asking import Administrator, Reader, runtime_of, today_of, tree_of

router = APIRouter(tags=["lịch làm việc, nhóm đơn vị"])
GroupReader = Annotated[Principal, Depends(Allow("compiler", "administrator", "verifier", "leader", "executive"))]

MOST_WORKING_DAYS = 2000


class GroupExists(Rejected):
    title = "Đã có nhóm đơn vị mang tên này"


class HolidayBody(BaseModel):
    date: date
    name: str = Field(min_length=1, max_length=200)
    kind: Literal["holiday", "makeup"] = "holiday"
    source: str = ""


class HolidaysBody(BaseModel):
    """The whole list anew."""

    holidays: list[HolidayBody] = Field(max_length=2000, examples=[[{"date": "2026-09-02", "name": "Quốc khánh", "kind": "holiday"}]])


class GroupBody(BaseModel):
    name: str = Field(min_length=1, max_length=200, examples=["Các xã biên giới"])
    units: list[UUID] = Field(min_length=1, max_length=5000)


@router.get("/holidays", summary="Ngày nghỉ lễ và ngày làm bù", operation_id="list_holidays")
async def list_holidays(request: Request, _: Reader, year: int | None = None) -> Response:
    pool = runtime_of(request).pool
    version = await calendar.holidays_version(pool)
    return json_response({"items": await calendar.list_holidays(pool, year), "etag": version}, headers={"ETag": etag(version)})


@router.put("/holidays", summary="Thay danh sách ngày nghỉ", description="Cần If-Match.", operation_id="replace_holidays")
async def replace_holidays(request: Request, _: Administrator, body: HolidaysBody) -> Response:
    seen = if_match(request)
    if len({one.date for one in body.holidays}) != len(body.holidays):
        raise Malformed("Một ngày được nêu hai lần", field="holidays")
    async with runtime_of(request).pool.acquire() as connection, connection.transaction():
        current = await calendar.holidays_version(connection, lock=True)
        if current != seen:
            raise VersionIsStale(current=current)
        days = [calendar.Holiday(one.date, normalise(one.name), one.kind, one.source) for one in body.holidays]
        version = await calendar.replace_holidays(connection, days)
    return json_response({"count": len(days), "etag": version}, headers={"ETag": etag(version)})


@router.get("/working-days", summary="Ngày làm việc thứ n kể từ một ngày", operation_id="count_working_days")
async def working_days(
    request: Request,
    _: Reader,
    from_: Annotated[date, Query(alias="from")],
    n: Annotated[int, Query(ge=-MOST_WORKING_DAYS, le=MOST_WORKING_DAYS)],
) -> Response:
    days = await calendar.working_days(runtime_of(request).pool)
    return json_response({"from": from_, "n": n, "day": days.add(from_, n), "is_working": days.is_working(from_)})


@router.get("/groups", summary="Nhóm đơn vị", operation_id="list_groups")
async def list_groups(request: Request, caller: GroupReader) -> Response:
    items = await calendar.list_groups(runtime_of(request).pool, provinces_of(caller, tree_of(request)))
    return json_response({"items": items, "next": None})


@router.post("/groups", status_code=201, summary="Lập nhóm đơn vị", operation_id="create_group")
async def create_group(request: Request, caller: Administrator, body: GroupBody) -> Response:
    province = _province_of(request, caller)
    _refuse_unknown(request, province, body.units)
    group_id = await runtime_of(request).pool.fetchval(
        "INSERT INTO unit_group VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING group_id",
        *(uuid7(), province, *_names(body.name), body.units, now_of(request)),
    )
    if group_id is None:
        raise GroupExists(name=body.name)
    return json_response({"id": group_id, "name": normalise(body.name), "units": body.units}, 201)


@router.put("/groups/{group_id}", summary="Sửa nhóm đơn vị", operation_id="change_group")
async def change_group(request: Request, caller: Administrator, group_id: UUID, body: GroupBody) -> Response:
    province, pool = _province_of(request, caller), runtime_of(request).pool
    _refuse_unknown(request, province, body.units)
    if await calendar.group_units(pool, group_id, province) is None:
        raise NotFound()
    name, folded, order = _names(body.name)
    changed = await pool.fetchval(
        "UPDATE unit_group SET name = $2, folded = $3, sort_key = $4, units = $5, changed_at = $6 WHERE group_id = $1 AND NOT EXISTS"
        " (SELECT FROM unit_group WHERE province = $7 AND folded = $3 AND group_id <> $1) RETURNING group_id",
        *(group_id, name, folded, order, body.units, now_of(request), province),
    )
    if changed is None:
        raise GroupExists(name=body.name)
    return json_response({"id": group_id, "name": name, "units": body.units})


def _names(name: str) -> tuple[str, str, str]:
    return normalise(name), fold(name), sort_key(name)


def _province_of(request: Request, caller: Principal) -> str:
    """The province of the unit that the caller administers."""
    tree = tree_of(request)
    codes = sorted({node.province_code for unit in caller.units_of("administrator") if (node := tree.get(unit)) is not None})
    if not codes:
        raise NotFound("Đơn vị của bạn chưa có trong danh mục đơn vị")
    return codes[0]


def _refuse_unknown(request: Request, province: str, units: list[UUID]) -> None:
    units_meant(UnitsRule(ids=tuple(units)), tree_of(request), today_of(request), province, ())
