"""A draft proposed from an uploaded Excel form. Saves nothing: a person corrects the proposal and saves it."""

import asyncio
from pathlib import PurePath

from fastapi import APIRouter, Request, Response
from msgspec.structs import replace

from kernel.errors import Malformed
from kernel.sheet.xlsx_form import Proposal, propose_sheet
from kernel.sheet.xlsx_untrusted import read_untrusted
from kernel.uploads import described, read_upload
from kernel.vietnamese import fold
from kernel.web import json_response

from ..events import Indicator, Template
from ..queries.templates import indicators
from .asking import Compiler, runtime_of

router = APIRouter(tags=["biểu mẫu"])


class NoForm(Malformed):
    title = "Không tìm thấy biểu trong tệp"


@router.post(
    "/templates/import",
    summary="Đọc biểu Excel đang dùng thành bản dự thảo",
    description="Trả về đề xuất và những chỗ chưa chắc chắn; chưa lưu gì.",
    operation_id="import_template",
    openapi_extra=described("Tệp .xlsx"),
)
async def import_template(request: Request, caller: Compiler, sheet: str | None = None) -> Response:
    upload = await read_upload(request)
    worksheets = [one for one in await read_untrusted(upload.data, slots=request.app.state.read_at_once) if not one.is_hidden]
    chosen = [one for one in worksheets if sheet is None or one.name == sheet]
    if not chosen:
        raise NoForm(sheets=[one.name for one in worksheets])
    proposals = [(one.name, await asyncio.to_thread(propose_sheet, one)) for one in chosen]
    name, proposal = next(((name, found) for name, found in proposals if found.sheet is not None), proposals[0])
    if proposal.sheet is None:
        raise NoForm(proposal.doubts[0].message if proposal.doubts else "", sheets=[one.name for one in worksheets])
    template = await _with_known_indicators(request, _draft(upload.name, proposal))
    doubts = [{"cell": one.a1, "rule": one.slug, "message": one.message, **one.parameters} for one in proposal.doubts]
    return json_response({"proposal": template, "doubts": doubts, "sheet": name, "sheets": [one.name for one in worksheets]})


def _draft(filename: str, proposal: Proposal) -> Template:
    assert proposal.sheet is not None
    words = fold(PurePath(filename).stem).upper().replace(" ", "-")
    code = "".join(letter for letter in words if letter.isascii() and (letter.isalnum() or letter in "._-"))[:40].strip("-._")
    return Template(code=code or "BIEU-MOI", name=proposal.sheet.title, sheet=proposal.sheet)


async def _with_known_indicators(request: Request, template: Template) -> Template:
    """Rows whose label and unit of measure are those of exactly one indicator take it for their subject."""
    subjects = [row.subject for row in template.sheet.rows if row.subject]
    pool = runtime_of(request).pool
    by_code = await indicators(pool, subjects)
    rows = await pool.fetch(
        "SELECT code FROM indicator WHERE name = ANY($1)", [row.label for row in template.sheet.rows if row.subject is not None]
    )
    by_name: dict[tuple[str, str], list[Indicator]] = {}
    for one in (await indicators(pool, [row["code"] for row in rows])).values():
        by_name.setdefault((fold(one.name), fold(one.unit_of_measure)), []).append(one)
    found = []
    for row in template.sheet.rows:
        matches = by_name.get((fold(row.label), fold(row.unit_of_measure)), [])
        is_new = row.subject is not None and row.subject not in by_code and len(matches) == 1
        found.append(replace(row, subject=matches[0].code) if is_new else row)
    return replace(template, sheet=replace(template.sheet, rows=tuple(found)))
