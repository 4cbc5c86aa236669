"""What forbids publishing a template: what the sheet itself has, and what the field adds. Looks at no earlier version."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import get_args
from uuid import UUID

from msgspec.structs import replace

from contracts.vocabulary import FigureStatus, Giver, OverTime, OverUnits, PeriodType, Role, Sector, StepAction
from kernel.sheet.checks import check as check_sheet
from kernel.sheet.formulas import crossings
from kernel.sheet.model import CellRef, Limits, Sheet

from ..commands import Problem
from ..events import AddingUp, Indicator, Template

CODE = re.compile(r"[A-Z0-9][A-Z0-9_.-]{0,39}", re.ASCII)
_ONE_OF: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("sector", get_args(Sector), "Lĩnh vực"),
    ("period_type", get_args(PeriodType), "Loại kỳ báo cáo"),
    ("figure_status", get_args(FigureStatus), "Tình trạng số liệu"),
)


@dataclass(frozen=True)
class Surroundings:
    """What a template is checked against: indicators by code, column keys by code of other published templates, units that exist."""

    indicators: Mapping[str, Indicator]
    columns_of: Mapping[str, frozenset[str]]
    units: frozenset[UUID]


def problems_of(template: Template, around: Surroundings) -> list[Problem]:
    """Everything that forbids publishing, each at its cell, in Vietnamese."""
    units_of_measure = {code: one.unit_of_measure for code, one in around.indicators.items()}
    of_sheet = [Problem(one.cell, one.slug, one.detail) for one in check_sheet(template.sheet, units_of_measure)]
    found = [*_of_the_head(template, around), *_of_route(template), *_of_plan(template), *of_sheet]
    if any(problem.rule in ("bad-key", "duplicate-key", "duplicate-place", "bad-place") for problem in of_sheet):
        return found  # with keys or places wrong, cells can't be named
    return [*found, *_of_rows(template, around), *_of_adding_up(template, around), *_of_carried(template, around)]


def as_published(template: Template, indicators: Mapping[str, Indicator]) -> Template:
    """The draft with the snapshot of its indicators, and with the limits of those for which it sets none of its own."""
    used = dict.fromkeys(row.subject for row in template.sheet.rows if row.subject in indicators)
    snapshot = {code: indicators[code] for code in used if code is not None}
    limits = {**{code: limits_of(one) for code, one in snapshot.items()}, **template.sheet.limits}
    return replace(template, indicators=snapshot, sheet=replace(template.sheet, limits=limits))


def limits_of(indicator: Indicator) -> Limits:
    return Limits(
        minimum=_decimal(indicator.minimum),
        maximum=_decimal(indicator.maximum),
        decimals=indicator.decimals,
        jump=_decimal(indicator.jump),
    )


def crossings_of(sheet: Sheet) -> list[dict[str, str]]:
    """Cells where a column formula and a row formula meet, and which of the two holds."""
    return [one._asdict() for one in crossings(sheet)]


def is_given_plan(template: Template) -> bool:
    """A target from above: entered by the unit that gives it."""
    return template.kind == "plan" and template.giver not in (None, "own")


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _of_the_head(template: Template, around: Surroundings) -> Iterator[Problem]:
    if not CODE.fullmatch(template.code):
        yield Problem("", "bad-code", f"Mã biểu mẫu “{template.code}” chỉ gồm chữ hoa không dấu, chữ số, dấu chấm, gạch ngang, gạch dưới.")
    if not template.name.strip():
        yield Problem("", "no-name", "Biểu mẫu chưa có tên.")
    for field, words, what in _ONE_OF:
        if getattr(template, field) not in words:
            yield Problem("", f"unknown-{field.replace('_', '-')}", f"{what} “{getattr(template, field)}” không có trong danh mục.")
    if template.owner_id is None or template.owner_id not in around.units:
        yield Problem("", "unknown-owner", "Chưa rõ đơn vị chủ trì biểu mẫu, hoặc đơn vị này không còn hoạt động.")
    if not any(row.subject is not None for row in template.sheet.rows) or not template.sheet.columns:
        yield Problem("", "empty-sheet", "Biểu mẫu chưa có dòng hoặc cột số liệu nào.")
    yield from _of_policy_and_cutoff(template)


def _of_policy_and_cutoff(template: Template) -> Iterator[Problem]:
    cutoff, policy = template.cutoff, template.policy
    if cutoff.regime not in ("statistical", "calendar"):
        yield Problem("", "unknown-regime", f"Chế độ chốt số liệu “{cutoff.regime}” không có trong danh mục.")
    if not 0 <= cutoff.due_working_days <= 366 or not 0 <= (cutoff.close_after_working_days or 0) <= 366:
        yield Problem("", "bad-cutoff", "Số ngày làm việc của hạn nộp và khóa kỳ phải từ 0 đến 366.")
    try:
        is_share = 0 <= Decimal(policy.share) <= 1
    except InvalidOperation:
        is_share = False
    if policy.mode not in ("show", "mark", "hold") or not is_share:
        yield Problem("", "bad-policy", "Quy tắc hiển thị số tổng hợp phải là show, mark hoặc hold, với tỷ lệ từ 0 đến 1.")


def _of_route(template: Template) -> Iterator[Problem]:
    if not template.route:
        yield Problem("", "no-route", "Biểu mẫu chưa có luồng duyệt.")
        return
    first, *later = template.route
    starts_at = ("own", "owner") if is_given_plan(template) else ("own",)
    if first.action != "send" or first.at not in starts_at:
        yield Problem("", "first-step", "Bước đầu của luồng duyệt phải là lãnh đạo của chính đơn vị báo cáo gửi đi.")
    for number, step in enumerate(template.route, start=1):
        known = step.action in get_args(StepAction) and step.role in get_args(Role) and step.at in ("own", "district", "owner", "office")
        if not known or step.role in ("data_entry", "administrator", "operator", "subscriber"):
            yield Problem("", "bad-step", f"Bước {number} của luồng duyệt có việc, vai trò hoặc đơn vị không có trong danh mục.")
    if any(step.action == "send" for step in later):
        yield Problem("", "sends-twice", "Chỉ bước đầu của luồng duyệt được là bước gửi.")
    if later and (later[-1].action != "approve" or any(step.action != "verify" for step in later[:-1])):
        yield Problem("", "last-step", "Các bước giữa của luồng duyệt phải là thẩm định, bước cuối phải là duyệt.")


def _of_plan(template: Template) -> Iterator[Problem]:
    if template.kind not in ("report", "plan"):
        yield Problem("", "unknown-kind", f"Loại biểu mẫu “{template.kind}” không có trong danh mục.")
    if template.kind == "plan" and template.giver not in get_args(Giver):
        yield Problem("", "no-giver", "Biểu kế hoạch phải nói rõ ai giao (Chính phủ, HĐND, UBND) hay đơn vị tự phấn đấu.")
    if template.kind == "report" and template.giver is not None:
        yield Problem("", "giver-of-a-report", "Chỉ biểu kế hoạch mới có cấp giao.")


def _of_rows(template: Template, around: Surroundings) -> Iterator[Problem]:
    for row in template.sheet.rows:
        if row.subject is not None and row.subject not in around.indicators:
            yield Problem(f"A{row.at}", "unknown-indicator", f"Dòng “{row.label}”: chỉ tiêu “{row.subject}” chưa được khai báo.")


def _of_adding_up(template: Template, around: Surroundings) -> Iterator[Problem]:
    refs, columns = template.sheet.refs, {column.key for column in template.sheet.columns}
    for key in template.adding_up_cells.keys() - refs.keys():
        yield Problem(key, "unknown-cell", f"Quy tắc tổng hợp nói đến ô “{key}” không có trong biểu mẫu.")
    for key in template.adding_up_columns.keys() - columns:
        yield Problem(key, "unknown-column", f"Quy tắc tổng hợp nói đến cột “{key}” không có trong biểu mẫu.")
    for ref in refs.values():
        if ref.role == "input" and ref.row.subject in around.indicators:
            yield from _of_rule(template, ref, adding_up_of(template, ref, around.indicators))


def adding_up_of(template: Template, ref: CellRef, indicators: Mapping[str, Indicator]) -> AddingUp | None:
    """The cell's own rule, else its column's, else its indicator's; None where a column of another unit of measure has none."""
    own = template.adding_up_cells.get(ref.key) or template.adding_up_columns.get(ref.column.key)
    if own is not None:
        return own
    has_another_unit = ref.column.unit_of_measure not in ("", ref.row.unit_of_measure)
    return None if has_another_unit else indicators[ref.row.subject or ""].adding_up


def _of_rule(template: Template, ref: CellRef, rule: AddingUp | None) -> Iterator[Problem]:
    if rule is None:
        message = f"Ô “{ref.key}” có đơn vị tính riêng của cột nên phải có quy tắc tổng hợp riêng."
        yield Problem(ref.key, "no-adding-up", message)
        return
    if rule.over_units not in get_args(OverUnits) or rule.over_time not in get_args(OverTime):
        message = f"Quy tắc tổng hợp “{rule.over_units}, {rule.over_time}” của ô “{ref.key}” không có trong danh mục."
        yield Problem(ref.key, "unknown-adding-up", message)
    if rule.over_units == "weighted_mean" and f"{rule.weight}.{ref.column.key}" not in template.sheet.refs:
        message = f"Ô “{ref.key}” tổng hợp theo bình quân gia quyền nhưng dòng quyền số “{rule.weight or ''}” không có ô ở cột này."
        yield Problem(ref.key, "no-weight-row", message)


def _of_carried(template: Template, around: Surroundings) -> Iterator[Problem]:
    own = frozenset(column.key for column in template.sheet.columns)
    for column in template.sheet.columns:
        if column.role != "carried" or column.carried is None:
            continue
        source = column.carried.source
        known = own if source in ("", template.code) else around.columns_of.get(source)
        if known is None:
            message = f"Cột “{' / '.join(column.header)}” lấy số từ biểu “{source}” chưa được ban hành."
            yield Problem(column.key, "unknown-source", message)
        elif column.carried.column not in known:
            message = f"Cột “{' / '.join(column.header)}” lấy số từ cột “{column.carried.column}” không có ở biểu nguồn."
            yield Problem(column.key, "unknown-source-column", message)
