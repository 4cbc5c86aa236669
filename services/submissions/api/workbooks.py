"""Reports as Excel files: the form to fill in and send back, or its figures to read."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from contracts.templates import TemplateV1
from kernel.auth import Principal
from kernel.calendar import parse_period
from kernel.errors import Malformed
from kernel.sheet.model import Value
from kernel.sheet.xlsx_identity import SheetIdentity
from kernel.sheet.xlsx_write import FilledSheet, write_workbook
from kernel.vietnamese import slug_of_name
from kernel.web import read_body

from ..domain.refusals import NotYourUnit
from ..queries import reports
from ..queries.reports import Row
from ..queries.scope import Scope
from . import bodies
from .asking import Opened, Reader, around, known_of, open_report, runtime_of, scope_for

router = APIRouter(tags=["tệp Excel"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_SHEETS = 200
Kind = Literal["template", "figures"]
NOTES = (
    "Chỉ nhập vào các ô màu vàng nhạt. Các ô công thức và ô lấy sang được tính tự động khi mở tệp và khi chuẩn hóa.",
    "Không phát sinh: nhập dấu gạch ngang (-). Có phát sinh nhưng chưa thu thập được: nhập ba chấm (…).",
    "Không đổi tên, thêm, bớt dòng, cột. Trang tính ẩn cho hệ thống biết tệp là của đơn vị và kỳ nào.",
)


@router.get("/reports/{report_id}/workbook.xlsx", summary="Tải biểu mẫu hoặc số liệu của báo cáo (Excel)", operation_id="getWorkbook")
async def get_workbook(
    request: Request,
    caller: Reader,
    report_id: UUID,
    kind: Annotated[Kind, Query(description="template: để nhập rồi tải lên; figures: chỉ để xem")] = "template",
    blank: Annotated[bool, Query(description="template: để trống các ô nhập")] = False,
) -> Response:
    sheets = [await _sheet(request, caller, report_id, kind, blank)]
    return await _file(request, sheets, kind, f"{sheets[0].name}-{sheets[0].headings[-1]}")


@router.post(
    "/workbooks",
    summary="Nhiều báo cáo trong một tệp, mỗi báo cáo một trang tính",
    operation_id="getWorkbooks",
    openapi_extra=bodies.WORKBOOKS,
)
async def get_workbooks(request: Request, caller: Reader) -> Response:
    body = await read_body(request, bodies.Workbooks)
    if not 1 <= len(body.reports) <= MOST_SHEETS or body.kind not in ("template", "figures"):
        raise Malformed(f"Chọn từ 1 đến {MOST_SHEETS} báo cáo; kind là template hoặc figures")
    ids = list(dict.fromkeys(body.reports))
    sheets = [await _sheet(request, caller, report_id, body.kind, body.blank) for report_id in ids]
    return await _file(request, sheets, body.kind, f"{len(sheets)} bao cao")


async def _sheet(request: Request, caller: Principal, report_id: UUID, kind: Kind, blank: bool) -> FilledSheet:
    scope = scope_for(request, caller)
    async with runtime_of(request).store.begin() as work:
        row = await reports.find(work.connection, report_id, scope)
        opened = await open_report(request, work, report_id)
        if kind == "template":
            return await _to_fill_in(request, opened, row, scope, blank)
        values = await _readable(request, opened, row, scope)
    return _filled(opened.form, row, values, None, frozenset())


async def _to_fill_in(request: Request, opened: Opened, row: Row, scope: Scope, blank: bool) -> FilledSheet:
    """Only for those who may send it back."""
    if not scope.sees_drafts(row):
        raise NotYourUnit()
    carried = (await around(request, opened)).carried
    present = {key: value for key, value in carried.values.items() if not value.is_blank}
    values = present if blank else {**opened.report.cells, **present}
    return _filled(opened.form, row, values, identity_of(opened, blank=blank), carried.typable)


async def _readable(request: Request, opened: Opened, row: Row, scope: Scope) -> Mapping[str, Value]:
    if scope.sees_drafts(row):
        return opened.report.cells
    return await known_of(request).revisions.of(opened.work.connection, row["report_id"], row["sent_revision"])


def identity_of(opened: Opened, *, blank: bool = False) -> SheetIdentity:
    """What the file says of itself; `fill` tells whether blanks in it mean anything."""
    return SheetIdentity(str(opened.report.known.report_id), labels_of(opened) | {"fill": "blank" if blank else "prefilled"})


def labels_of(opened: Opened) -> dict[str, str]:
    """What must be the same when the file comes back."""
    key = opened.report.known
    return {"template": key.template, "version": str(opened.report.form_version), "unit": str(key.unit_id), "period": key.period}


def _filled(
    form: TemplateV1, row: Row, values: Mapping[str, Value], identity: SheetIdentity | None, typable: frozenset[str]
) -> FilledSheet:
    headings = (row["unit_name"], parse_period(row["period"]).title)
    return FilledSheet(form.sheet, values, f"{row['unit_name']} {form.code}", headings, identity=identity, typable=typable)


async def _file(request: Request, sheets: Sequence[FilledSheet], kind: str, name: str) -> Response:
    secret = secret_of(request) if kind == "template" else None
    notes = NOTES if kind == "template" else ()
    content = await asyncio.to_thread(write_workbook, sheets, secret=secret, notes=notes)
    return xlsx_response(content, name)


def secret_of(request: Request) -> bytes:
    secret: bytes = request.app.state.settings.derived("workbook")
    return secret


def xlsx_response(content: bytes, name: str) -> Response:
    plain = slug_of_name(name) or "bao-cao"
    readable = quote(name.replace("/", "-"), safe="")
    disposition = f"attachment; filename=\"{plain}.xlsx\"; filename*=UTF-8''{readable}.xlsx"
    headers: dict[str, Any] = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return Response(content, media_type=XLSX, headers=headers)
