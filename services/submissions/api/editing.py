"""Typing, clearing, copying and normalising the figures of one's own report."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request, Response

from kernel.auth import Principal
from kernel.calendar import parse_period
from kernel.handler import Outcome
from kernel.sheet.evaluation import InexactNumber, differences
from kernel.sheet.model import BLANK, Value
from kernel.sheet.validation import Finding, validate
from kernel.web import etag, if_match, json_response, read_body

from .. import commands
from ..calculation.figures import read_entries
from ..domain.refusals import FiguresInvalid, FiguresNotAcceptable
from ..domain.submitting import told
from ..events import ValuesEntered, ValuesNormalised
from ..queries.revisions import Surroundings, counting
from . import bodies
from .asking import Change, Opened, Writer, around, change, known_of, open_report, runtime_of, scope_for
from .asking import check_holder as check_is_holder

router = APIRouter(tags=["nhập liệu"])


@router.patch("/reports/{report_id}/cells", summary="Lưu số liệu các ô", operation_id="enterValues", openapi_extra=bodies.CELLS)
async def enter_values(request: Request, caller: Writer, report_id: UUID) -> Response:
    """Merges by cell onto the version named in If-Match; one wrong entry and nothing is saved."""
    seen, body = if_match(request), await read_body(request, bodies.Cells)
    last: list[Opened] = []

    async def entering(opened: Opened) -> Change:
        last[:] = [opened]
        typable = await _typable(request, opened, body.cells)
        values, errors = read_entries(opened.form.sheet, body.cells, typable)
        if errors:
            raise FiguresNotAcceptable(errors=msgspec.to_builtins(errors))
        return Change(commands.EnterValues(values, seen, caller.id))

    outcome = await change(request, caller, report_id, entering)
    return _saved(outcome, last[0])


async def _typable(request: Request, opened: Opened, cells: Mapping[str, Any]) -> frozenset[str]:
    """The carried cells that may be typed; asked for only where one of them is among the cells."""
    refs = opened.form.sheet.refs
    if not any(key in refs and refs[key].role == "carried" for key in cells):
        return frozenset()
    return (await around(request, opened)).carried.typable


def _saved(outcome: Outcome, opened: Opened) -> Response:
    changed = [key for one in outcome.events if isinstance(one.event, ValuesEntered) for key in one.event.cells]
    body = {"version": outcome.version, "state": outcome.state.state, "changed": changed, "findings": _findings(outcome, opened, changed)}
    return json_response(body, headers={"ETag": etag(outcome.version)})


def _findings(outcome: Outcome, opened: Opened, changed: list[str]) -> list[Finding]:
    """What the form's rules now say of the changed cells; the cells themselves were checked before they were saved."""
    if not changed or not opened.form.sheet.rules:
        return []
    touched = set(changed)
    return [one for one in validate(opened.form.sheet, outcome.state.cells) if touched.intersection(one.cells)]


@router.post("/reports/{report_id}/clear", summary="Xóa số liệu đã nhập", operation_id="clearValues", openapi_extra=bodies.CLEAR)
async def clear(request: Request, caller: Writer, report_id: UUID) -> Response:
    seen, body = if_match(request), await read_body(request, bodies.Clear)
    last: list[Opened] = []

    async def clearing(opened: Opened) -> Change:
        last[:] = [opened]
        refs = opened.form.sheet.refs
        typed = [key for key, value in opened.report.cells.items() if key in refs and (refs[key].role == "input" or value.typed)]
        wanted = typed if body.cells is None else [key for key in body.cells if key in typed]
        return Change(commands.EnterValues(dict.fromkeys(wanted, BLANK), seen, caller.id, origin="cleared"))

    return _saved(await change(request, caller, report_id, clearing), last[0])


@router.post("/reports/{report_id}/copy-previous", summary="Chép số liệu kỳ trước", operation_id="copyPrevious", openapi_extra=bodies.ROWS)
async def copy_previous(request: Request, caller: Writer, report_id: UUID) -> Response:
    """The inputs of these rows as they were in the period before, where that was approved or sent."""
    seen, body = if_match(request), await read_body(request, bodies.Rows)
    last: list[Opened] = []

    async def copying(opened: Opened) -> Change:
        last[:] = [opened]
        figures = await _previous(request, opened)
        refs = [ref for ref in opened.form.sheet.refs.values() if ref.role == "input" and (body.rows is None or ref.row.key in body.rows)]
        cells = {ref.key: _plain(figures[ref.key]) for ref in refs if ref.key in figures}
        return Change(commands.EnterValues(cells, seen, caller.id, origin="previous"))

    return _saved(await change(request, caller, report_id, copying), last[0])


async def _previous(request: Request, opened: Opened) -> Mapping[str, Value]:
    key, known = opened.report.known, known_of(request)
    wanted = (key.template, parse_period(key.period).previous().id)
    found = await counting(opened.work.connection, known.forms, known.revisions, key.unit_id, {wanted})
    return found[wanted].figures if wanted in found else {}


def _plain(value: Value) -> Value:
    return msgspec.structs.replace(value, explained=None, typed=False)


def recomputed(opened: Opened, surroundings: Surroundings, cells: Mapping[str, Value]) -> dict[str, tuple[Value, Value]]:
    """What normalising `cells` changes. Raises FiguresInvalid for a number that can't be computed with."""
    try:
        return differences(opened.form.sheet, cells, surroundings.carried.values)
    except InexactNumber as failure:
        raise FiguresInvalid(f"Ô {failure.cell} có quá nhiều chữ số", findings=[], empty_required=[], cell=failure.cell) from failure


@router.post("/reports/{report_id}/normalise", summary="Chuẩn hóa dữ liệu", operation_id="normalise")
async def normalise(
    request: Request,
    caller: Writer,
    report_id: UUID,
    dry_run: Annotated[bool, Query(description="chỉ cho xem khác biệt, không ghi")] = False,
) -> Response:
    """Recomputes every formula and carried cell; with `dry_run` says only what would change."""
    if dry_run:
        return await _would_change(request, caller, report_id)
    seen = if_match(request)
    shown: list[list[dict[str, Any]]] = [[]]

    async def normalising(opened: Opened) -> Change:
        surroundings = await around(request, opened)
        found = recomputed(opened, surroundings, opened.report.cells)
        shown[0] = _with_roles(opened, found)
        return Change(commands.Normalise(found, surroundings.carried.sources, seen, caller.id))

    outcome = await change(request, caller, report_id, normalising)
    body = {"version": outcome.version, "state": outcome.state.state, "differences": _told_before(outcome) or shown[0]}
    return json_response(body, headers={"ETag": etag(outcome.version)})


def _told_before(outcome: Outcome) -> list[dict[str, Any]]:
    """What a repeated request was told the first time."""
    if not outcome.is_repeat:
        return []
    events = [one.event for one in outcome.events if isinstance(one.event, ValuesNormalised)]
    return [row for event in events for row in told({key: (event.before.get(key, BLANK), value) for key, value in event.cells.items()})]


async def _would_change(request: Request, caller: Principal, report_id: UUID) -> Response:
    async with runtime_of(request).store.begin() as work:
        opened = await open_report(request, work, report_id)
        check_is_holder(opened, scope_for(request, caller), caller)
        found = recomputed(opened, await around(request, opened), opened.report.cells)
    body = {"version": opened.report.version, "state": opened.report.state, "differences": _with_roles(opened, found)}
    return json_response(body, headers={"ETag": etag(opened.report.version)})


def _with_roles(opened: Opened, found: Mapping[str, tuple[Value, Value]]) -> list[dict[str, Any]]:
    refs = opened.form.sheet.refs
    return [{"cell": key, "role": refs[key].role, "before": old, "after": new} for key, (old, new) in found.items()]


@router.post("/reports/{report_id}/drop-correction", summary="Bỏ đính chính, lấy lại số liệu đã duyệt", operation_id="dropCorrection")
async def drop_correction(request: Request, caller: Writer, report_id: UUID) -> Response:
    async def dropping(opened: Opened) -> Change:
        return Change(commands.DropCorrection(caller.id))

    outcome = await change(request, caller, report_id, dropping)
    body = {"version": outcome.version, "state": outcome.state.state, "revision": outcome.state.approved_revision}
    return json_response(body, headers={"ETag": etag(outcome.version)})
