"""A figure's lineage, its course over time, and its comparison over units."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from kernel.calendar import parse_period
from kernel.errors import NotFound
from kernel.web import json_response

from ..calculation.visibility import is_visible
from ..queries import figures as figures_
from ..queries import lineage as lineage_
from ..queries import series as series_
from ..queries.look import known_period, looking, point_of
from .asking import AsOf, Lens, Reader, Restating

routes = APIRouter(tags=["phân tích số liệu"])


@routes.get("/rollups/{template}/{period}/{unit}/lineage", summary="Nguồn gốc của một số liệu")
async def get_lineage(
    request: Request,
    caller: Reader,
    template: str,
    period: str,
    unit: UUID,
    cell: str,
    as_of: AsOf = None,
    lens: Lens = "approved",
    figures: Restating = "as_reported",
) -> Response:
    async with looking(request) as look:
        _, node, rows = await figures_.seen(look, caller, template, period, unit)
        seq = await point_of(look, as_of, request)
        restated = figures == "restated"
        found = await figures_.figures_at(look, template, period, unit, figures_.LENS[lens], seq, restated=restated)
        if cell not in found.template.sheet.refs or not is_visible(cell, rows):
            raise NotFound("Biểu mẫu không có ô này")
        answer = {"seq": seq, "unit": figures_.unit_words(node), **figures_.form_words(found, rows)}
        answer |= await lineage_.lineage(look, found, cell, rows, seq, restated=restated)
    return json_response(answer)


@routes.get("/series", summary="Một chỉ tiêu qua các kỳ")
async def get_series(
    request: Request,
    caller: Reader,
    template: str,
    row: str,
    column: str,
    unit: UUID,
    first: Annotated[str, Query(alias="from", description="Kỳ đầu")],
    last: Annotated[str, Query(alias="to", description="Kỳ cuối, cùng loại; loại dài hơn kỳ của biểu mẫu thì cộng dồn theo quy tắc")],
    as_of: AsOf = None,
    lens: Lens = "approved",
) -> Response:
    periods = series_.periods_between(known_period(first), known_period(last))
    async with looking(request) as look:
        _, node, rows = await figures_.seen(look, caller, template, last, unit)
        newest = await look.newest(template)
        cell = f"{row}.{column}"
        if cell not in newest.sheet.refs or not is_visible(cell, rows):
            raise NotFound("Biểu mẫu không có ô này")
        seq = await point_of(look, as_of, request)
        ref = newest.sheet.refs[cell]
        answer: dict[str, Any] = {
            "seq": seq,
            "lens": lens,
            "template": template,
            "cell": cell,
            "label": ref.row.label,
            "unit_of_measure": ref.column.unit_of_measure or ref.row.unit_of_measure,
            "unit": figures_.unit_words(node),
            "points": await series_.series(look, newest, row, column, unit, periods, figures_.LENS[lens], seq),
        }
    return json_response(answer)


@routes.get("/compare", summary="So sánh một chỉ tiêu giữa các đơn vị")
async def get_compare(
    request: Request,
    caller: Reader,
    template: str,
    period: str,
    cell: str,
    parent: UUID,
    level: str = "commune",
    base: Literal["none", "previous", "same-last-year"] = "same-last-year",
    lens: Lens = "approved",
) -> Response:
    at = parse_period(known_period(period))
    former = {"none": None, "previous": at.previous(), "same-last-year": at.same_last_year()}[base]
    async with looking(request) as look:
        _, node, rows = await figures_.seen(look, caller, template, period, parent)
        form = await look.form(template, period)
        if cell not in form.sheet.refs or not is_visible(cell, rows):
            raise NotFound("Biểu mẫu không có ô này")
        items = await series_.compare(look, form, at, cell, parent, level, figures_.LENS[lens], former)
        answer: dict[str, Any] = {
            "seq": look.head,
            "lens": lens,
            "template": template,
            "period": period,
            "base_period": former.id if former else None,
            "cell": cell,
            "parent": figures_.unit_words(node),
            "level": level,
            "items": items,
        }
    return json_response(answer)
