"""Reports, listed and one by one."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from contracts.templates import TemplateV1
from kernel.calendar import parse_period
from kernel.sheet.model import BLANK
from kernel.sheet.validation import empty_required, validate
from kernel.web import etag, json_response, now_of

from ..domain import Report
from ..queries import reports
from ..queries.reports import Filters
from ..queries.revisions import Surroundings
from . import answers
from .asking import Opened, Reader, around, known_of, open_report, runtime_of, scope_for

router = APIRouter(tags=["báo cáo"])


@router.get("/reports", summary="Danh sách báo cáo trong phạm vi của người gọi", operation_id="listReports")
async def list_reports(
    request: Request,
    caller: Reader,
    template: str | None = None,
    period: str | None = None,
    unit: UUID | None = None,
    sector: str | None = None,
    state: Annotated[str, Query(description="một hoặc nhiều trạng thái, cách nhau bằng dấu phẩy")] = "",
    lateness: str | None = None,
    q: Annotated[str, Query(max_length=100)] = "",
    mine: bool = False,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    states = tuple(word for word in state.split(",") if word)
    filters = Filters(template, period, unit, sector, states, lateness, q, mine, cursor, limit)
    pool, scope, now = runtime_of(request).pool, scope_for(request, caller), now_of(request)
    rows, following = await reports.list_reports(pool, scope, filters, now)
    counts = await reports.count_reports(pool, scope, filters, now)
    return json_response({"items": [answers.shown(row, caller, now) for row in rows], "next": following, "counts": counts})


@router.get("/reports/{report_id}", summary="Một báo cáo với số liệu", operation_id="getReport")
async def get_report(request: Request, caller: Reader, report_id: UUID) -> Response:
    """The unit's own: cells as they stand. Any other's: the figures of the newest revision that was sent."""
    scope = scope_for(request, caller)
    async with runtime_of(request).store.begin() as work:
        row = await reports.find(work.connection, report_id, scope)
        body = answers.shown(row, caller, now_of(request))
        if scope.sees_drafts(row):
            opened = await open_report(request, work, report_id)
            body |= _draft(opened, await around(request, opened))
            body["version"] = opened.report.version
        else:
            figures = await known_of(request).revisions.of(work.connection, report_id, row["sent_revision"])
            body |= {"cells": figures, "figures_of": row["sent_revision"] or None, "typable": [], "sources": {}, "findings": []}
    body["period_days"] = {"first": row["first_day"], "last": row["last_day"]}
    return json_response(body, headers={"ETag": etag(body["version"])})


def _draft(opened: Opened, surroundings: Surroundings) -> dict[str, Any]:
    report, sheet = opened.report, opened.form.sheet
    typable = typable_cells(report, opened.form, surroundings) if report.is_editable else []
    return {
        "cells": report.cells,
        "figures_of": None if report.is_editable else report.revision or None,
        "sources": report.sources,
        "typable": typable,
        "findings": validate(sheet, report.cells, surroundings.previous),
        "empty_required": empty_required(sheet, report.cells),
        "returned": _objection(report),
        "source_of_previous": parse_period(report.known.period).previous().id,
        "out_of_date": out_of_date(report, surroundings),
        "route": report.route,
    }


def typable_cells(report: Report, form: TemplateV1, surroundings: Surroundings) -> list[str]:
    """Inputs, and carried cells that have no source just now, in reading order."""
    return [key for key, ref in form.sheet.refs.items() if ref.role == "input" or key in surroundings.carried.typable]


def out_of_date(report: Report, surroundings: Surroundings) -> list[str]:
    """Carried cells of a report that can't be edited whose source has another figure by now."""
    if report.is_editable:
        return []
    moved = ((key, value) for key, value in surroundings.carried.values.items() if key in report.sources)
    return [key for key, value in moved if value != report.cells.get(key, BLANK)]


def _objection(report: Report) -> dict[str, Any] | None:
    if report.objection is None:
        return None
    return {"event_id": report.objection.event_id, "cells": report.objection.cells}
