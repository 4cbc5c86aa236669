"""Filled Excel files coming back: all of a file or nothing, every error at once, and the file again with its bad cells marked."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

import msgspec
from fastapi import APIRouter, Query, Request, Response

from kernel.auth import Principal
from kernel.errors import NotFound
from kernel.event_store import NAMESPACE, AlreadyAppended, Context, UnitOfWork
from kernel.handler import handle_in
from kernel.sheet.model import BLANK, Value
from kernel.sheet.xlsx_mark import mark_errors
from kernel.sheet.xlsx_raw import RawSheet, a1
from kernel.sheet.xlsx_read import CellError, Expected, Identification, Identified, SheetReading, identify, read_back
from kernel.sheet.xlsx_untrusted import read_untrusted
from kernel.uploads import Upload, read_upload
from kernel.web import context_of, etag, if_match, json_response

from .. import commands
from ..calculation.figures import out_of_range
from ..domain import REPORTS, Report
from ..projections import project
from ..settings import Settings
from . import bodies, workbook_refusals
from .asking import Change, Opened, Writer, around, change, check_holder, known_of, open_report, runtime_of, scope_for
from .workbooks import labels_of, secret_of, xlsx_response

router = APIRouter(tags=["tệp Excel"])
NumberFormat = Literal["vi", "en"]
DryRun = Annotated[bool, Query(description="chỉ kiểm tra và cho xem thay đổi, không ghi")]
Format = Annotated[NumberFormat | None, Query(description="cách viết số ở các ô chữ như 1,234: vi hoặc en")]
TITLES = {"unit": "đơn vị", "period": "kỳ báo cáo", "template": "biểu mẫu", "version": "phiên bản biểu mẫu"}


@dataclass(frozen=True)
class Taken:
    """What one worksheet would do to its report."""

    changes: Mapping[str, Value]
    errors: tuple[CellError, ...]


@router.post(
    "/reports/{report_id}/import", summary="Nhập báo cáo từ tệp Excel", operation_id="importWorkbook", openapi_extra=bodies.WORKBOOK
)
async def import_workbook(
    request: Request, caller: Writer, report_id: UUID, dry_run: DryRun = False, number_format: Format = None
) -> Response:
    """Strict: the file was filled in on the version in If-Match. With errors nothing is kept, and the file can be had back marked."""
    seen = None if dry_run else if_match(request)
    await _check_may_import(request, caller, report_id)
    upload = await read_upload(request)
    raw = await read_untrusted(upload.data, slots=request.app.state.reading_slots)
    if seen is None:
        return await _shown(request, caller, report_id, raw, number_format)
    changes: list[dict[str, Any]] = []

    async def importing(opened: Opened) -> Change:
        taken = await _take(request, opened, raw, number_format)
        if taken.errors:
            raise _HasErrors(taken.errors)
        changes[:] = _told(opened.report, taken.changes)
        return Change(commands.EnterValues(taken.changes, seen, caller.id, origin="imported", file=upload.digest, strict=True))

    try:
        outcome = await change(request, caller, report_id, importing)
    except _HasErrors as found:
        raise await _refusal(request, caller, upload, found.errors) from None
    body = {"changes": changes, "errors": [], "version": outcome.version, "state": outcome.state.state}
    return json_response(body, headers={"ETag": etag(outcome.version)})


class _HasErrors(Exception):
    """Gives the transaction up; what is kept of a refused file is kept after it."""

    def __init__(self, errors: Sequence[CellError]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


async def _check_may_import(request: Request, caller: Principal, report_id: UUID) -> None:
    """Before the file is looked at: that costs a process of its own."""
    async with runtime_of(request).store.begin() as work:
        check_holder(await open_report(request, work, report_id), scope_for(request, caller), caller)


async def _shown(
    request: Request, caller: Principal, report_id: UUID, raw: Sequence[RawSheet], number_format: NumberFormat | None
) -> Response:
    opened, taken = await _look(request, caller, report_id, raw, number_format)
    errors, version = _told_errors(taken.errors), opened.report.version
    return json_response({"changes": _told(opened.report, taken.changes), "errors": errors, "version": version})


async def _look(
    request: Request, caller: Principal, report_id: UUID, raw: Sequence[RawSheet], number_format: NumberFormat | None
) -> tuple[Opened, Taken]:
    async with runtime_of(request).store.begin() as work:
        opened = await open_report(request, work, report_id)
        check_holder(opened, scope_for(request, caller), caller)
        return opened, await _take(request, opened, raw, number_format)


async def _take(request: Request, opened: Opened, raw: Sequence[RawSheet], number_format: NumberFormat | None) -> Taken:
    """Raises WorkbookOfAnother… where the file is not this report's."""
    secret, key = secret_of(request), str(opened.report.known.report_id)
    _check_is_of(opened, identify(raw, secret))
    reading = read_back(raw, {key: await _expected(request, opened)}, secret, number_format=number_format)
    sheet = next((one for one in reading.sheets if one.key == key), None)
    if sheet is None or reading.errors:
        return Taken({}, (*reading.errors, *(_limits(opened, sheet) if sheet else ())))
    return Taken(_changes(opened.report, sheet), tuple(_limits(opened, sheet)))


async def _expected(request: Request, opened: Opened) -> Expected:
    known, tree = opened.report.known, known_of(request).tree
    node = tree.get(known.unit_id)
    return Expected(
        sheet=opened.form.sheet,
        labels=labels_of(opened),
        label_titles=TITLES,
        label_words={str(known.unit_id): node.name} if node else {},
        typable=(await around(request, opened)).carried.typable,
        allows_targets=opened.form.kind == "plan",
    )


def _check_is_of(opened: Opened, found: Identification) -> None:
    """A file made for something else is refused whole, before any cell is looked at."""
    key, wanted = str(opened.report.known.report_id), labels_of(opened)
    if not found.sheets:
        return
    own = next((sheet for sheet in found.sheets if sheet.key == key), None)
    for label, refusal in workbook_refusals.OF_ANOTHER.items():
        sheet = own or found.sheets[0]
        if sheet.labels.get(label) != wanted[label]:
            raise refusal(found=sheet.labels.get(label, ""), expected=wanted[label])


def _changes(report: Report, sheet: SheetReading) -> dict[str, Value]:
    """What differs from the report. Blanks of a form that was handed out blank mean nothing; of a prefilled one that the figure goes."""
    is_blank_form = sheet.labels.get("fill") == "blank"
    return {key: value for key, value in sheet.values.items() if value != report.value(key) and not (value.is_blank and is_blank_form)}


def _limits(opened: Opened, sheet: SheetReading) -> list[CellError]:
    """Figures out of range, which reading back lets pass."""
    form, errors = opened.form.sheet, []
    for key, value in sheet.values.items():
        finding = out_of_range(form, key, value)
        if finding is not None:
            place = a1(form.refs[key].row.at, form.refs[key].column.at)
            errors.append(CellError(sheet.worksheet, place, key, finding.rule, finding.message, dict(finding.parameters)))
    return errors


def _told(report: Report, changes: Mapping[str, Value]) -> list[dict[str, Any]]:
    return [
        {"cell": key, "before": msgspec.to_builtins(report.cells.get(key, BLANK)), "after": msgspec.to_builtins(new)}
        for key, new in changes.items()
    ]


def _told_errors(errors: Sequence[CellError]) -> list[dict[str, Any]]:
    return [
        {
            "sheet": error.worksheet,
            "a1": error.a1,
            "cell": error.cell_key,
            "rule": error.slug,
            "message": error.message,
            "parameters": dict(error.parameters),
        }
        for error in errors
    ]


@router.post(
    "/workbooks/import", summary="Nhập nhiều báo cáo từ một tệp Excel", operation_id="importWorkbooks", openapi_extra=bodies.WORKBOOK
)
async def import_workbooks(request: Request, caller: Writer, dry_run: DryRun = False, number_format: Format = None) -> Response:
    """All of the file or nothing, on the reports as they are now."""
    upload = await read_upload(request)
    raw = await read_untrusted(upload.data, slots=request.app.state.reading_slots)
    found = identify(raw, secret_of(request))
    if not found.sheets or found.errors:
        raise await _refusal(request, caller, upload, found.errors)
    context = await context_of(request, caller)
    ids = sorted({_report_id(sheet) for sheet in found.sheets}, key=str)
    try:
        async with runtime_of(request).store.begin() as work:
            await work.lock([f"report/{report_id}" for report_id in ids])
            opened = [await _open(request, caller, work, report_id) for report_id in ids]
            taken = await _take_several(request, opened, raw, number_format)
            errors = tuple(error for one in taken.values() for error in one.errors)
            if errors and not dry_run:
                raise _HasErrors(errors)
            items = [await _enter(request, work, one, taken[one.report.known.report_id], upload, context, dry_run) for one in opened]
    except _HasErrors as told:
        raise await _refusal(request, caller, upload, told.errors) from None
    return json_response({"items": items, "errors": _told_errors(errors)})


def _report_id(sheet: Identified) -> UUID:
    try:
        return UUID(sheet.key)
    except ValueError as failure:
        raise NotFound("Không có báo cáo này") from failure


async def _open(request: Request, caller: Principal, work: UnitOfWork, report_id: UUID) -> Opened:
    opened = await open_report(request, work, report_id)
    check_holder(opened, scope_for(request, caller), caller)
    return opened


async def _take_several(
    request: Request, opened: Sequence[Opened], raw: Sequence[RawSheet], number_format: NumberFormat | None
) -> dict[UUID, Taken]:
    expected = {str(one.report.known.report_id): await _expected(request, one) for one in opened}
    reading = read_back(raw, expected, secret_of(request), number_format=number_format)
    by_key = {sheet.key: sheet for sheet in reading.sheets}
    taken = {}
    for one in opened:
        sheet = by_key[str(one.report.known.report_id)]
        errors = (*sheet.errors, *_limits(one, sheet))
        taken[one.report.known.report_id] = Taken({} if errors else _changes(one.report, sheet), errors)
    return taken


async def _enter(
    request: Request, work: UnitOfWork, opened: Opened, taken: Taken, upload: Upload, context: Context, dry_run: bool
) -> dict[str, Any]:
    report, report_id = opened.report, opened.report.known.report_id
    told: dict[str, Any] = {"report_id": report_id, "changes": _told(report, taken.changes), "errors": _told_errors(taken.errors)}
    if dry_run:
        return {**told, "version": report.version}
    command = commands.EnterValues(taken.changes, report.version, context.actor, origin="imported", file=upload.digest, strict=True)
    try:
        outcome = await handle_in(
            work, runtime_of(request).store, REPORTS, f"report/{report_id}", command, _of_one(context, report_id), project=project
        )
    except AlreadyAppended:
        return {**told, "changes": [], "version": report.version}
    return {**told, "version": outcome.version, "state": outcome.state.state}


def _of_one(context: Context, report_id: UUID) -> Context:
    """Ids that differ from report to report under one Idempotency-Key."""
    if not context.is_repeatable:
        return context
    return replace(context, event_id=lambda stream_id, n: uuid5(NAMESPACE, f"{context.event_id(stream_id, n)}/{report_id}"))


async def _refusal(request: Request, caller: Principal, upload: Upload, errors: Sequence[CellError]) -> workbook_refusals.WorkbookHasErrors:
    marked = await _keep_refused(request, caller, upload, errors)
    return workbook_refusals.WorkbookHasErrors(errors=_told_errors(errors), marked=marked)


async def _keep_refused(request: Request, caller: Principal, upload: Upload, errors: Sequence[CellError]) -> str:
    """Keeps the file for a while; returns its token. Never inside a transaction: that would take a second connection."""
    settings: Settings = request.app.state.settings
    token = secrets.token_urlsafe(24)
    await runtime_of(request).pool.execute(
        "DELETE FROM refused_workbook WHERE kept_at < clock_timestamp() - make_interval(mins => $1)", settings.marked_workbook_minutes
    )
    await runtime_of(request).pool.execute(
        "INSERT INTO refused_workbook (token, user_id, name, body, errors) VALUES ($1, $2, $3, $4, $5)",
        *(token, caller.id, upload.name, upload.data, msgspec.json.encode(list(errors))),
    )
    return token


@router.get("/imports/{token}/marked.xlsx", summary="Tệp đã tải lên, các ô sai được đánh dấu", operation_id="getMarkedWorkbook")
async def marked(request: Request, caller: Writer, token: str) -> Response:
    """For whoever sent the file, for half an hour."""
    settings: Settings = request.app.state.settings
    row = await runtime_of(request).pool.fetchrow(
        "SELECT name, body, errors FROM refused_workbook WHERE token = $1 AND user_id = $2"
        " AND kept_at >= clock_timestamp() - make_interval(mins => $3)",
        *(token, caller.id, settings.marked_workbook_minutes),
    )
    if row is None:
        raise NotFound("Tệp không còn; hãy tải lên lại")
    content = await mark_errors(
        bytes(row["body"]), msgspec.json.decode(row["errors"], type=list[CellError]), slots=request.app.state.reading_slots
    )
    return xlsx_response(content, row["name"].removesuffix(".xlsx") + "-loi")
