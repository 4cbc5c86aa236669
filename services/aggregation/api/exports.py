"""Exports: a rollup or a report as .xlsx in the form's own layout, saying lens, point of the log and coverage."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from kernel.calendar import parse_period
from kernel.errors import NotFound
from kernel.sheet.xlsx_write import FilledSheet, write_workbook
from kernel.vietnamese import format_date_time

from ..calculation.evaluating import is_marked
from ..calculation.visibility import is_visible, narrowed
from ..projections.stored import NodeFigures
from ..queries import figures as figures_
from ..queries.look import Look, looking, point_of
from ..queries.scope import scope_of
from .asking import AsOf, Lens, Reader, Restating
from .releases import XLSX

routes = APIRouter(tags=["xuất tệp"])


def _workbook(look: Look, found: NodeFigures, unit: Any, rows: frozenset[str] | None, seq: int) -> bytes:
    template = found.template
    values = {cell: value for cell, value in found.values.items() if is_visible(cell, rows)}
    name = unit.name if unit else ""
    coverage = f"{found.reported}/{found.expected} đơn vị đã có số liệu"
    if is_marked(template.policy, found.reported, found.expected):
        coverage += " (chưa đủ)"
    headings = (
        f"{name} – {parse_period(found.period).title}",
        f"{figures_.LENS_WORDS[found.lens]}; {coverage}",
        f"Nhật ký số {seq}, xuất lúc {format_date_time(look.now)}",
    )
    footer = () if len(headings) < template.sheet.layout.header_top - 1 else headings
    sheet = FilledSheet(narrowed(template.sheet, rows), values, template.code, headings, footer)
    return write_workbook([sheet], secret=None, formulas=False)


def _file(content: bytes, name: str) -> Response:
    return Response(content, media_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@routes.get("/exports/rollup.xlsx", summary="Số liệu tổng hợp của một đơn vị, theo đúng mẫu")
async def export_rollup(
    request: Request,
    caller: Reader,
    template: str,
    period: str,
    unit: UUID,
    as_of: AsOf = None,
    lens: Lens = "approved",
    figures: Restating = "as_reported",
) -> Response:
    async with looking(request) as look:
        _, node, rows = await figures_.seen(look, caller, template, period, unit)
        seq = await point_of(look, as_of, request)
        found = await figures_.figures_at(look, template, period, unit, figures_.LENS[lens], seq, restated=figures == "restated")
        content = _workbook(look, found, node, rows, seq)
    return _file(content, f"{template}-{period}-{node.code}.xlsx")


@routes.get("/exports/report.xlsx", summary="Một báo cáo đã gửi hoặc đã duyệt, theo đúng mẫu")
async def export_report(request: Request, caller: Reader, report: UUID, as_of: AsOf = None, lens: Lens = "sent") -> Response:
    async with looking(request) as look:
        row = await look.connection.fetchrow("SELECT template, period, unit_id FROM report WHERE id = $1", report)
        if row is None:
            raise NotFound()
        form = await look.form(row["template"], row["period"])
        if not scope_of(caller, look.tree).sees_whole(form.sector, form.owner_id, row["unit_id"]):
            raise NotFound()
        seq = await point_of(look, as_of, request)
        found = await figures_.report_at(look, report, figures_.LENS[lens], seq)
        unit = look.tree.get(row["unit_id"])
        content = _workbook(look, found, unit, None, seq)
    return _file(content, f"{row['template']}-{row['period']}-{unit.code if unit else report}.xlsx")
