"""Recurring assignments: stated once, opened by the clock."""

from typing import Annotated, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from kernel.auth import Allow, Principal
from kernel.calendar import Period, period_on
from kernel.errors import Malformed, NotFound
from kernel.web import context_of, json_response, now_of

from ..calculation.checks import is_given_plan
from ..calculation.due_dates import regime_of, stated_day
from ..consumers.opening import OnlyGivenPlansAreEnteredByOthers, PeriodOfAnotherType, period_named
from ..events import Template
from ..projections import as_json
from ..queries import calendar
from ..queries.scope import designing_unit, provinces_of
from .asking import Compiler, runtime_of, today_of, tree_of, unit_in_charge
from .assignments import Units, units_on
from .versions import published

router = APIRouter(tags=["giao định kỳ"])
Looker = Annotated[Principal, Depends(Allow("compiler", "verifier", "leader", "executive"))]

FARTHEST_DAYS = 400


class ScheduleBody(BaseModel):
    """Opens each period `days` days after its first (`start`) or last (`end`) day; negative: before it."""

    template: str = Field(examples=["YT-T"])
    units: Units
    anchor: Literal["start", "end"] = "end"
    days: int = Field(0, ge=-FARTHEST_DAYS, le=FARTHEST_DAYS, examples=[-5])
    first_period: str | None = Field(None, description="Để trống: kỳ hiện tại", examples=["2026-03"])
    last_period: str | None = None
    entered_by: UUID | None = None


@router.get("/schedules", summary="Các lịch giao định kỳ và những kỳ đã mở", operation_id="list_schedules")
async def list_schedules(request: Request, caller: Looker, template: str | None = None) -> Response:
    tree, found = tree_of(request), await calendar.list_schedules(runtime_of(request).pool, template)
    provinces = provinces_of(caller, tree)
    items = [one for one in found if (owner := tree.get(one["owner_id"])) is not None and owner.province_code in provinces]
    return json_response({"items": items, "next": None})


@router.post("/schedules", status_code=201, summary="Lập lịch giao định kỳ", operation_id="create_schedule")
async def create_schedule(request: Request, caller: Compiler, body: ScheduleBody) -> Response:
    template = await published(request, body.template, None)
    unit = unit_in_charge(request, caller, template.owner_id, template.sector)
    giver = tree_of(request).get(unit)
    assert giver is not None, "whoever is in charge is in the tree"
    if body.entered_by is not None and not is_given_plan(template):
        raise OnlyGivenPlansAreEnteredByOthers(template=template.code)
    await units_on(request, body.units.rule(), today_of(request), giver)
    first = _period(body.first_period, template) or _present(request, template)
    last = _period(body.last_period, template)
    if last is not None and (last.year, last.number) < (first.year, first.number):
        raise Malformed("Kỳ cuối phải sau kỳ đầu", field="last_period")
    context = await context_of(request, caller)
    schedule_id = uuid5(context.event_id("schedule", 0), "schedule")  # a retry with the same Idempotency-Key meets it
    await runtime_of(request).pool.execute(
        "INSERT INTO schedule VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL) ON CONFLICT (schedule_id) DO NOTHING",
        *(schedule_id, template.code, as_json(body.units.rule()), body.anchor, body.days, first.id, last.id if last else None),
        *(unit, body.entered_by, caller.id, now_of(request)),
    )
    opens_on = stated_day(first, regime_of(template.cutoff), body.anchor, body.days)
    return json_response({"id": schedule_id, "template": template.code, "first_period": first.id, "opens_on": opens_on}, 201)


@router.post("/schedules/{schedule_id}/stop", summary="Dừng lịch giao định kỳ", operation_id="stop_schedule")
async def stop_schedule(request: Request, caller: Compiler, schedule_id: UUID) -> Response:
    pool = runtime_of(request).pool
    row = await pool.fetchrow(
        "SELECT t.owner_id, t.sector FROM schedule s JOIN template t ON t.code = s.template WHERE schedule_id = $1", schedule_id
    )
    if row is None or designing_unit(caller, tree_of(request), row["owner_id"], row["sector"]) is None:
        raise NotFound()
    stopped_at = await pool.fetchval(
        "UPDATE schedule SET stopped_at = coalesce(stopped_at, $2) WHERE schedule_id = $1 RETURNING stopped_at",
        *(schedule_id, now_of(request)),
    )
    return json_response({"id": schedule_id, "stopped_at": stopped_at})


def _period(text: str | None, template: Template) -> Period | None:
    if text is None:
        return None
    period = period_named(text)
    if period.type != template.period_type:
        raise PeriodOfAnotherType(period=period.id, period_type=template.period_type)
    return period


def _present(request: Request, template: Template) -> Period:
    type_ = template.period_type
    found = period_on(today_of(request), type_, regime_of(template.cutoff))  # type: ignore[arg-type]
    if found is None:
        raise Malformed("Hôm nay không thuộc kỳ nào, cần nêu kỳ đầu", field="first_period")
    return found
