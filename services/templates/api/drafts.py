"""Templates while they are worked on: list, draft, check, try, publish."""

import asyncio
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec.structs import replace

from kernel.auth import Principal
from kernel.errors import Malformed, Rejected, VersionIsStale
from kernel.handler import handle, load_state
from kernel.sheet.checks import check
from kernel.sheet.evaluation import Calculator, InexactNumber
from kernel.sheet.model import BLANK, Sheet, Value
from kernel.web import context_of, etag, if_match, json_response, now_of, read_body

from ..calculation.checks import CODE, Surroundings, as_published, crossings_of, problems_of
from ..commands import Problem, PublishTemplate
from ..domain.template import TEMPLATE, TemplateHasProblems, TemplateState, against_earlier
from ..events import Template
from ..projections import as_json, list_template, project_template
from ..queries import templates
from ..queries.assignments import unit_of
from .asking import Compiler, Limit, Reader, actions_on, draft_in_charge, runtime_of, today_of, tree_of, unit_in_charge
from .versions import published

router = APIRouter(tags=["biểu mẫu"])

_DRAFT_EXAMPLE = {
    "template": {
        "code": "YT-T",
        "name": "Y tế – báo cáo tháng",
        "sector": "health",
        "kind": "report",
        "period_type": "month",
        "owner_id": "6b1c3f0e-7a63-5f0f-9d0e-2f1d1c0a9b11",
        "route": [{"action": "send", "role": "leader", "at": "own"}, {"action": "approve", "role": "leader", "at": "owner"}],
        "sheet": {
            "title": "BÁO CÁO Y TẾ THÁNG",
            "rows": [{"key": "kham", "at": 7, "label": "Số lượt khám", "unit_of_measure": "lượt", "subject": "YT.KHAM"}],
            "columns": [{"key": "th", "at": 4, "header": ["Thực hiện"]}],
        },
    }
}
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}, "example": _DRAFT_EXAMPLE}}}}


class TemplateExists(Rejected):
    title = "Đã có biểu mẫu mang mã này"


class BadCode(Malformed):
    title = "Mã biểu mẫu chỉ gồm chữ hoa không dấu, chữ số, dấu chấm, gạch ngang, gạch dưới, tối đa 40 ký tự"


class CodeNeverChanges(Malformed):
    title = "Mã biểu mẫu trong nội dung khác với mã trên địa chỉ"


class DraftBody(msgspec.Struct, frozen=True):
    template: Template


class MaybeDraftBody(msgspec.Struct, frozen=True):
    template: Template | None = None


class TryBody(msgspec.Struct, frozen=True):
    """`cells`: a bare string is a number, null is blank. Without `version` the draft is tried, or `sheet` where given."""

    cells: dict[str, Value | str | None] = {}
    version: int | None = None
    sheet: Sheet | None = None


@router.get("/templates", summary="Danh sách biểu mẫu", operation_id="list_templates")
async def list_templates(
    request: Request,
    caller: Reader,
    sector: str | None = None,
    kind: str | None = None,
    q: str = "",
    cursor: str | None = None,
    limit: Limit = 100,
) -> Response:
    rows, more = await templates.list_templates(
        runtime_of(request).pool, sector=sector, kind=kind, q=q, cursor=cursor, limit=limit, with_drafts="compiler" in caller.roles
    )
    items = [
        {
            **row,
            "latest": row["latest"] or None,
            "owner": unit_of(tree_of(request), row["owner_id"]) if row["owner_id"] else None,
            "actions": actions_on(request, caller, row),
        }
        for row in rows
    ]
    return json_response({"items": items, "next": more})


@router.post("/templates", status_code=201, summary="Tạo bản dự thảo biểu mẫu", operation_id="create_template", openapi_extra=_BODY)
async def create_template(request: Request, caller: Compiler) -> Response:
    body: DraftBody = await read_body(request, DraftBody)
    template = _owned(caller, body.template)
    if not CODE.fullmatch(template.code):
        raise BadCode(code=template.code)
    unit_in_charge(request, caller, template.owner_id, template.sector)
    async with runtime_of(request).pool.acquire() as connection, connection.transaction():
        if await templates.get_draft(connection, template.code) is not None:
            raise TemplateExists(code=template.code)
        created = await connection.fetchval(
            "INSERT INTO draft VALUES ($1, 1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING etag",
            *(template.code, as_json(template), now_of(request), caller.id),
        )
        if created is None:
            raise TemplateExists(code=template.code)
        await list_template(connection, template, latest=0)
    return json_response({"code": template.code, "etag": 1}, 201, {"ETag": etag(1)})


@router.get("/templates/{code}/draft", summary="Bản dự thảo đang soạn", operation_id="get_draft")
async def get_draft(request: Request, caller: Compiler, code: str) -> Response:
    draft = await draft_in_charge(request, caller, code)
    body = {"template": draft.template, "etag": draft.etag, "saved_at": draft.saved_at, "saved_by": draft.saved_by}
    return json_response(body, headers={"ETag": etag(draft.etag)})


@router.put(
    "/templates/{code}/draft",
    summary="Lưu bản dự thảo",
    description="Cần If-Match. Phiên bản cũ: 412, không lưu gì.",
    operation_id="save_draft",
    openapi_extra=_BODY,
)
async def save_draft(request: Request, caller: Compiler, code: str) -> Response:
    seen = if_match(request)
    body: DraftBody = await read_body(request, DraftBody)
    await draft_in_charge(request, caller, code)
    template = _owned(caller, body.template)
    if template.code != code:
        raise CodeNeverChanges(code=code)
    unit_in_charge(request, caller, template.owner_id, template.sector)
    async with runtime_of(request).pool.acquire() as connection, connection.transaction():
        saved = await connection.fetchval(
            "INSERT INTO draft AS d SELECT $1, 1, $2, $3, $4 WHERE $5 = 0 OR EXISTS (SELECT FROM draft WHERE code = $1) ON CONFLICT (code)"
            " DO UPDATE SET etag = d.etag + 1, document = excluded.document, saved_at = excluded.saved_at, saved_by = excluded.saved_by"
            " WHERE d.etag = $5 RETURNING etag",
            *(code, as_json(template), now_of(request), caller.id, seen),
        )
        if saved is None:
            raise VersionIsStale(current=await connection.fetchval("SELECT coalesce(max(etag), 0) FROM draft WHERE code = $1", code))
        await list_template(connection, template, latest=0)
    return json_response({"code": code, "etag": saved}, headers={"ETag": etag(saved)})


@router.post(
    "/templates/{code}/check",
    summary="Kiểm tra trước khi ban hành",
    description="Kiểm tra bản dự thảo đã lưu, hoặc nội dung gửi kèm.",
    operation_id="check_template",
    openapi_extra={"requestBody": {**_BODY["requestBody"], "required": False}},
)
async def check_template(request: Request, caller: Compiler, code: str) -> Response:
    sent: MaybeDraftBody = await read_body(request, MaybeDraftBody) if await request.body() else MaybeDraftBody()
    template = sent.template or (await draft_in_charge(request, caller, code)).template
    unit_in_charge(request, caller, template.owner_id, template.sector)
    checked, problems = await _checked(request, template)
    async with runtime_of(request).store.begin() as work:
        _, state = await load_state(work, runtime_of(request).store, TEMPLATE, f"template/{code}")
    problems = [*problems, *against_earlier(checked, state)]
    return json_response({"problems": [problem._asdict() for problem in problems], "crossings": _crossings(checked, problems)})


@router.post(
    "/templates/{code}/publish",
    summary="Ban hành phiên bản mới",
    description="Còn lỗi thì 409 `template-has-problems` kèm mọi lỗi; không đổi gì so với phiên bản mới nhất thì trả lại phiên bản đó.",
    operation_id="publish_template",
)
async def publish_template(request: Request, caller: Compiler, code: str) -> Response:
    draft = await draft_in_charge(request, caller, code)
    if "if-match" in request.headers and if_match(request) != draft.etag:
        raise VersionIsStale(current=draft.etag)
    template, problems = await _checked(request, draft.template)
    command = PublishTemplate(template, tuple(problems))
    context = await context_of(request, caller)
    outcome = await handle(runtime_of(request).store, TEMPLATE, f"template/{code}", command, context, project=project_template)
    state: TemplateState = outcome.state
    return json_response({"code": code, "version": state.version, "crossings": _crossings(template, [])})


@router.post(
    "/templates/{code}/try",
    summary="Tính thử công thức",
    operation_id="try_template",
    openapi_extra={
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}, "example": {"cells": {"kham.th": "1234.5"}}}}}
    },
)
async def try_template(request: Request, caller: Compiler, code: str) -> Response:
    body: TryBody = await read_body(request, TryBody)
    sheet = body.sheet or await _sheet_to_try(request, caller, code, body.version)
    bare = Template(code=code, sheet=sheet)
    problems = [problem for problem in await asyncio.to_thread(_of_sheet_alone, bare) if problem.rule not in _HARMLESS_TO_TRY]
    if problems:
        raise TemplateHasProblems(problems=[problem._asdict() for problem in problems])
    values = {key: _value(key, given) for key, given in body.cells.items()}
    try:
        computed = await asyncio.to_thread(lambda: Calculator(sheet).evaluate(values))
    except InexactNumber as failure:
        raise Malformed("Số có nhiều hơn 15 chữ số có nghĩa", cell=failure.cell) from failure
    return json_response({"cells": computed})


_HARMLESS_TO_TRY = frozenset({"no-subject", "no-formula", "unused-formula", "no-source", "bad-limits", "unit-of-measure", "bad-rule"})


def _of_sheet_alone(template: Template) -> list[Problem]:
    return [Problem(one.cell, one.slug, one.detail) for one in check(template.sheet)]


async def _sheet_to_try(request: Request, caller: Principal, code: str, version: int | None) -> Sheet:
    if version is None:
        return (await draft_in_charge(request, caller, code)).template.sheet
    return (await published(request, code, version)).sheet


def _value(key: str, given: Value | str | None) -> Value:
    if isinstance(given, Value):
        return given
    if given is None:
        return BLANK
    try:
        return msgspec.convert({"number": given}, Value, strict=False)
    except msgspec.ValidationError as failure:
        raise Malformed(f"“{given}” không phải là số", cell=key) from failure


def _owned(caller: Principal, template: Template) -> Template:
    """A draft that names no owner belongs to the caller's own unit."""
    if template.owner_id is not None:
        return template
    units = [unit for grant in caller.grants if grant.role == "compiler" for unit in grant.unit_ids]
    return replace(template, owner_id=units[0])


async def _checked(request: Request, draft: Template) -> tuple[Template, list[Problem]]:
    """The draft as it would be published, and what forbids that."""
    pool = runtime_of(request).pool
    known = await templates.indicators(pool, [row.subject for row in draft.sheet.rows if row.subject])
    sources = {column.carried.source for column in draft.sheet.columns if column.carried and column.carried.source}
    owner = tree_of(request).get(draft.owner_id, today_of(request)) if draft.owner_id else None
    columns_of = await templates.columns_of_published(pool, sources)
    around = Surroundings(known, columns_of, frozenset({owner.id} if owner else ()))
    template = as_published(draft, known)
    return template, await asyncio.to_thread(problems_of, template, around)


def _crossings(template: Template, problems: list[Problem]) -> list[dict[str, Any]]:
    return [] if problems else crossings_of(template.sheet)
