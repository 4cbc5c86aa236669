"""Figures of earlier times, entered as approved and with their source, so that carried columns work from the first month."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from contracts.ids import report_id_of
from contracts.templates import TemplateV1
from kernel.auth import Allow, Principal
from kernel.calendar import NotAPeriod, parse_period, today
from kernel.errors import Malformed, Rejected, RoleMayNot
from kernel.event_store import Context, UnitOfWork, uuid7
from kernel.handler import handle_in, load_state
from kernel.sheet.evaluation import InexactNumber, calculator_for
from kernel.sheet.model import NIL, Value
from kernel.sheet.rounding import MOST_DIGITS, is_exact
from kernel.sheet.validation import Finding
from kernel.tree import Node
from kernel.web import context_of, json_response, now_of, read_body

from .. import commands
from ..calculation.figures import read_entries
from ..calculation.route import Place, resolve
from ..domain import REPORTS
from ..domain.refusals import ReportIsLive
from ..projections import project
from . import bodies
from .asking import known_of, runtime_of

router = APIRouter(tags=["số liệu lịch sử"])
Recorder = Annotated[Principal, Depends(Allow("compiler", "operator"))]
MOST_ROWS = 200_000
AT_ONCE = 50
STATUSES = ("estimate", "preliminary", "official")
Error = dict[str, Any]
ReportOf = tuple[str, str, str]
"""(template code, period id, unit code)."""


class HistoryHasErrors(Malformed):
    title = "Số liệu lịch sử có lỗi; chưa ghi dòng nào"


@router.post("/history", summary="Nhập số liệu các kỳ trước, coi như đã duyệt", operation_id="recordHistory", openapi_extra=bodies.PAST)
async def record_history(request: Request, caller: Recorder) -> Response:
    """Checks every row first and tells all errors at once; the same figures again change nothing."""
    provinces = _provinces_of(request, caller)
    body = await read_body(request, bodies.Past)
    if len(body.rows) > MOST_ROWS:
        raise Malformed(f"Mỗi lần nhập tối đa {MOST_ROWS} dòng")
    wanted, errors = await _read(request, body.rows, provinces)
    if errors:
        raise HistoryHasErrors(errors=errors)
    recorded = await _record(request, wanted, await _context(request, caller))
    unchanged = len(wanted) - recorded - len(errors)
    return json_response({"recorded": recorded, "unchanged": unchanged, "errors": []})


async def _context(request: Request, caller: Principal) -> Context:
    """With ids of their own: the same figures again change nothing anyway, key or not."""
    return replace(await context_of(request, caller), event_id=lambda stream_id, n: uuid7(), is_repeatable=False)


def _provinces_of(request: Request, caller: Principal) -> frozenset[str] | None:
    """Codes of the provinces whose office the caller compiles for; None for an operator, who may everywhere. Raises RoleMayNot."""
    if "operator" in caller.roles:
        return None
    nodes = [known_of(request).tree.get(unit) for unit in caller.units_of("compiler")]
    provinces = frozenset(node.province_code for node in nodes if node is not None and node.level == "office")
    if not provinces:
        raise RoleMayNot()
    return provinces


async def _read(
    request: Request, rows: Sequence[bodies.PastFigure], provinces: frozenset[str] | None
) -> tuple[list[commands.RecordHistory], list[Error]]:
    by_report: dict[ReportOf, list[tuple[int, bodies.PastFigure]]] = defaultdict(list)
    for number, row in enumerate(rows, start=1):
        by_report[row.template, row.period, row.unit_code].append((number, row))
    wanted, errors = list[commands.RecordHistory](), list[Error]()
    for key, figures in by_report.items():
        command = await _read_report(request, key, figures, errors, provinces)
        if command is not None:
            wanted.append(command)
    errors += await _live(request, wanted, by_report)
    return wanted, sorted(errors, key=lambda error: error["row"])


async def _live(
    request: Request, wanted: Sequence[commands.RecordHistory], rows: Mapping[ReportOf, Sequence[tuple[int, bodies.PastFigure]]]
) -> list[Error]:
    """An error for every report that somebody has been asked for: its figures come from its unit."""
    by_id = {command.key.report_id: command.key for command in wanted}
    live = await runtime_of(request).pool.fetch("SELECT report_id FROM report WHERE report_id = ANY($1) AND NOT is_history", list(by_id))
    keys = [by_id[row["report_id"]] for row in live]
    firsts = {key.report_id: rows[key.template, key.period, code][0][0] for key in keys for code in _codes(rows, key)}
    return [_error(number, ReportIsLive.rule(), ReportIsLive.title) for number in firsts.values()]


def _codes(rows: Mapping[ReportOf, Any], key: commands.ReportKey) -> list[str]:
    return [code for template, period, code in rows if (template, period) == (key.template, key.period) and code == key.unit_code]


async def _read_report(
    request: Request,
    key: ReportOf,
    rows: Sequence[tuple[int, bodies.PastFigure]],
    errors: list[Error],
    provinces: frozenset[str] | None,
) -> commands.RecordHistory | None:
    """What shall be recorded of one report, or None after telling why not."""
    template, period, unit_code = key
    known, before = known_of(request), len(errors)
    form = await known.forms.newest(runtime_of(request).pool, template)
    if form is None:
        errors += [_error(number, "unknown-template", f"Không có biểu mẫu {template} đã ban hành") for number, _ in rows]
        return None
    try:
        days = parse_period(period).days(form.cutoff.regime)
    except NotAPeriod as failure:
        errors += [_error(number, "not-a-period", str(failure)) for number, _ in rows]
        return None
    unit = known.tree.find(unit_code, days[1]) or known.tree.find(unit_code, today(now_of(request)))
    if unit is None or (provinces is not None and unit.province_code not in provinces):
        errors += [_error(number, "unknown-unit", f"Không có đơn vị mã {unit_code}") for number, _ in rows]
        return None
    cells = _cells(form, rows, errors)
    return None if len(errors) > before else _command(request, form, period, unit, days, cells, rows[0][1])


def _cells(form: TemplateV1, rows: Sequence[tuple[int, bodies.PastFigure]], errors: list[Error]) -> dict[str, Value]:
    """Carried cells count as typed here; formula cells may be given too and are then taken as they are."""
    cells: dict[str, Value] = {}
    for number, row in rows:
        key = f"{row.row}.{row.column}"
        if row.status not in STATUSES:
            errors.append(_error(number, "bad-status", f"Trạng thái số liệu “{row.status}” không có"))
        ref = form.sheet.refs.get(key)
        if ref is not None and ref.formula is not None:
            values, wrong = _given(key, row.value)
        else:
            values, wrong = ({key: NIL}, []) if row.value == "-" and ref is not None else read_entries(form.sheet, {key: row.value}, (key,))
        errors += [_error(number, finding.rule, finding.message) for finding in wrong]
        cells |= values
    return cells


def _given(key: str, text: str) -> tuple[dict[str, Value], list[Finding]]:
    """A formula cell as it came out then: what it was computed from need not be at hand any more."""
    if text == "-":
        return {key: NIL}, []
    try:
        number = Decimal(text)
        if number.is_finite() and is_exact(number):
            return {key: Value(number=number)}, []
    except InvalidOperation:
        pass
    message = f"Ô {key}: “{text}” không phải số có tối đa {MOST_DIGITS} chữ số"
    return {}, [Finding("number-expected", "error", (key,), message, {})]


def _command(
    request: Request,
    form: TemplateV1,
    period: str,
    unit: Node,
    days: Any,
    cells: dict[str, Value],
    sample: bodies.PastFigure,
) -> commands.RecordHistory:
    key = commands.ReportKey(
        report_id=report_id_of(form.code, period, unit.id),
        template=form.code,
        period=period,
        unit_id=unit.id,
        sector=form.sector,
        province=unit.province_code or "-",
        unit_code=unit.code or "-",
    )
    place = Place(unit.id, unit.id, form.owner_id, today(now_of(request)))
    route = resolve(form.route, place, known_of(request).tree)
    return commands.RecordHistory(key, form.version, cells, route, sample.source, days[0], days[1])


def _error(row: int, rule: str, message: str) -> Error:
    return {"row": row, "rule": rule, "message": message}


async def _record(request: Request, wanted: Sequence[commands.RecordHistory], context: Context) -> int:
    """Writes them, some reports to a transaction; returns how many changed. One that can't be recorded undoes its batch."""
    runtime, recorded = runtime_of(request), 0
    ordered = sorted(wanted, key=lambda command: str(command.key.report_id))
    for start in range(0, len(ordered), AT_ONCE):
        batch = ordered[start : start + AT_ONCE]
        async with runtime.store.begin() as work:
            await work.lock([f"report/{command.key.report_id}" for command in batch])
            for command in batch:
                recorded += await _record_one(request, work, command, context)
    return recorded


async def _record_one(request: Request, work: UnitOfWork, command: commands.RecordHistory, context: Context) -> int:
    runtime, stream = runtime_of(request), f"report/{command.key.report_id}"
    form = await known_of(request).forms.get(work.connection, command.key.template, command.version)
    assert form is not None
    _, report = await load_state(work, runtime.store, REPORTS, stream)
    whole = replace(command, figures=_computed(form, report.approved_figures, command.figures))
    try:
        outcome = await handle_in(work, runtime.store, REPORTS, stream, whole, context, project=project)
    except Rejected as refusal:
        raise HistoryHasErrors(
            errors=[{"report_id": str(command.key.report_id), "rule": refusal.rule(), "message": refusal.title}]
        ) from refusal
    return len(outcome.events)


def _computed(form: TemplateV1, earlier: Mapping[str, Value], given: Mapping[str, Value]) -> dict[str, Value]:
    """All that is known of the report: what was given now, else what the inputs make, else what was there before."""
    formulas = form.sheet.graph.precedents.keys()
    known = {**earlier, **given}
    try:
        computed = calculator_for(form.sheet).evaluate({key: value for key, value in known.items() if key not in formulas})
    except InexactNumber as failure:
        raise HistoryHasErrors(errors=[{"cell": failure.cell, "rule": "too-many-digits", "message": str(failure)}]) from failure
    whole = {key: value for key, value in computed.items() if value.missing is None and value.of is None}
    partial = {key: value for key, value in computed.items() if value.missing is None and key not in earlier}
    return {**known, **partial, **whole, **given}
