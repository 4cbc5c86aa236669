"""Says in Vietnamese what is wrong with the figures of a filled sheet and how to mend it; changes nothing."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

import msgspec

from ..vietnamese import format_number
from .evaluation import calculator_for
from .model import BLANK, CellRef, Rule, Severity, Sheet, Value
from .references import Place
from .rounding import MOST_DIGITS, decimal_places, is_exact
from .rules import numbers_read

LONGEST_TEXT = 2_000
ENTERABLE_REASONS = ("not-collected", "not-due", "not-applicable")
"""The reasons for a missing figure that a person may give; the others are the system's own."""


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something wrong with one or more cells. `rule` is a slug of this module or the key of the template's rule.

    `message` is Vietnamese and says how to mend it; `parameters` hold its figures in canonical form.
    """

    rule: str
    severity: Severity
    cells: tuple[str, ...]
    message: str
    parameters: dict[str, str] = {}


def check_entry(sheet: Sheet, key: str, value: Value, typable: Collection[str] = ()) -> Finding | None:
    """What forbids saving `value` in the cell, or None. `typable` are the carried cells that may be typed into just now.

    Slugs: unknown-cell, blocked-cell, not-an-input, bad-missing-reason, number-expected, text-expected, text-too-long,
    too-many-digits, too-many-decimals, bad-range. A figure out of range may be saved: that only keeps it from being submitted.
    """
    ref = sheet.refs.get(key)
    if ref is None:
        return _no_figure_here(sheet, key)
    if ref.formula is not None or (ref.role != "input" and key not in typable):
        return _about(ref, "not-an-input", "không nhập vào ô này được, số liệu được tự tính hoặc tự lấy sang. Hãy nhập ở ô nguồn")
    return _wrong_entry(ref, value)


def validate(sheet: Sheet, values: Mapping[str, Value], previous: Mapping[str, Value] | None = None) -> list[Finding]:
    """Everything wrong with a filled sheet, cell by cell in reading order, then the sheet's own rules.

    `values` hold all cells; formula cells that they lack are computed. `previous` are the figures of the period before, for jumps.
    Carried figures are checked where they were typed. Raises nothing for wrong values: each is a Finding.
    """
    found = [_no_figure_here(sheet, key) for key in values if key not in sheet.refs]
    for key, ref in sheet.refs.items():
        found.extend(_of_cell(ref, values.get(key, BLANK), (previous or {}).get(key, BLANK)))
    if sheet.rules:
        found.extend(_of_rule(sheet, rule) for rule in calculator_for(sheet).rules.broken(_with_formulas(sheet, values)))
    return found


def empty_required(sheet: Sheet, values: Mapping[str, Value]) -> list[str]:
    """The required cells that are blank, in reading order: neither a figure nor a nil nor a reason for missing."""
    return [key for key, ref in sheet.refs.items() if ref.required and ref.formula is None and values.get(key, BLANK).is_blank]


def _with_formulas(sheet: Sheet, values: Mapping[str, Value]) -> Mapping[str, Value]:
    if sheet.graph.precedents.keys() <= values.keys():
        return values
    exact = {key: value for key, value in values.items() if value.number is None or is_exact(value.number)}
    return {**calculator_for(sheet).evaluate(exact), **values}


def _of_cell(ref: CellRef, value: Value, previous: Value) -> Iterator[Finding]:
    is_entered = ref.role == "input" or value.typed
    if is_entered and ref.formula is None:
        wrong = _wrong_entry(ref, value)
        if wrong is not None:
            yield wrong
            return
    if is_entered or ref.formula is not None:
        yield from _out_of_range(ref, value)
    if is_entered and ref.formula is None:
        yield from _jump(ref, value.as_number, previous.as_number)


def _wrong_entry(ref: CellRef, value: Value) -> Finding | None:
    if value.missing is not None and value.missing not in ENTERABLE_REASONS:
        detail = "lý do thiếu số liệu không hợp lệ. Hãy chọn một lý do trong danh sách"
        return _about(ref, "bad-missing-reason", detail, reason=value.missing)
    if value.text is not None:
        return _wrong_text(ref, value.text)
    if value.number is None:
        return None
    if ref.row.kind == "text":
        return _about(ref, "text-expected", "ô này ghi bằng chữ. Hãy nhập nội dung bằng chữ")
    return _wrong_number(ref, value.number) or _wrong_maximum(ref, value.number, value.maximum)


def _wrong_text(ref: CellRef, text: str) -> Finding | None:
    if ref.row.kind == "number":
        detail = f"cần nhập số, không nhập chữ “{text[:40]}”. Nếu không có số liệu, hãy để trống và chọn lý do"
        return _about(ref, "number-expected", detail)
    if len(text) > LONGEST_TEXT:
        most = format_number(Decimal(LONGEST_TEXT))
        return _about(ref, "text-too-long", f"nội dung dài quá {most} ký tự. Hãy viết ngắn lại", most=str(LONGEST_TEXT))
    return None


def _wrong_number(ref: CellRef, number: Decimal) -> Finding | None:
    if not is_exact(number):
        detail = f"số có quá {MOST_DIGITS} chữ số. Hãy nhập số ngắn hơn hoặc kiểm tra lại đơn vị tính"
        return _about(ref, "too-many-digits", detail, number=str(number))
    if decimal_places(number) > ref.decimals:
        allowed = f"chỉ nhập tối đa {ref.decimals} chữ số thập phân" if ref.decimals else "chỉ nhập số nguyên"
        detail = f"{allowed}, số đang nhập là {format_number(number)}. Hãy làm tròn hoặc kiểm tra lại đơn vị tính"
        return _about(ref, "too-many-decimals", detail, number=str(number), decimals=str(ref.decimals))
    return None


def _wrong_maximum(ref: CellRef, number: Decimal, maximum: Decimal | None) -> Finding | None:
    if maximum is None:
        return None
    wrong = _wrong_number(ref, maximum)
    if wrong is None and maximum < number:
        detail = f"khoảng từ {format_number(number)} đến {format_number(maximum)} bị ngược. Hãy nhập số nhỏ trước, số lớn sau"
        return _about(ref, "bad-range", detail, number=str(number), maximum=str(maximum))
    return wrong


def _out_of_range(ref: CellRef, value: Value) -> Iterator[Finding]:
    low, high, number = ref.limits.minimum, ref.limits.maximum, value.as_number
    if number is None:
        return
    most = number if value.maximum is None else value.maximum
    if low is not None and number < low:
        detail = f"{format_number(number)} nhỏ hơn mức thấp nhất cho phép {format_number(low)}"
    elif high is not None and most > high:
        detail = f"{format_number(most)} lớn hơn mức cao nhất cho phép {format_number(high)}"
    else:
        return
    parameters = {"number": str(number), "minimum": _or_nothing(low), "maximum": _or_nothing(high)}
    yield _about(ref, "out-of-range", f"{detail}. Hãy kiểm tra lại số liệu và đơn vị tính", "error", **parameters)


def _jump(ref: CellRef, number: Decimal | None, before: Decimal | None) -> Iterator[Finding]:
    ratio = ref.limits.jump
    if ratio is None or number is None or not before:
        return
    is_steady = abs(before) <= abs(number) * ratio and abs(number) <= abs(before) * ratio and number * before > 0
    if is_steady:
        return
    detail = (
        f"{format_number(number)} thay đổi quá {format_number(ratio)} lần so với kỳ trước ({format_number(before)}). "
        "Hãy kiểm tra lại, nếu đúng thì ghi rõ nguyên nhân"
    )
    yield _about(ref, "jump", detail, "warning", number=str(number), previous=str(before), ratio=str(ratio))


def _of_rule(sheet: Sheet, rule: Rule) -> Finding:
    return Finding(rule.key, rule.severity, rule.cells or numbers_read(sheet, rule.formula), rule.message)


def _no_figure_here(sheet: Sheet, key: str) -> Finding:
    row, _, column = key.partition(".")
    is_place = any(r.key == row for r in sheet.rows) and any(c.key == column for c in sheet.columns)
    if is_place:
        return Finding("blocked-cell", "error", (key,), f"Ô {key}: biểu mẫu không có số liệu ở ô này. Hãy xóa nội dung của ô")
    return Finding("unknown-cell", "error", (key,), f"Ô {key}: biểu mẫu không có ô này. Hãy dùng đúng phiên bản biểu mẫu")


def _about(ref: CellRef, rule: str, detail: str, severity: Severity = "error", /, **parameters: str) -> Finding:
    place = Place(ref.row.at, ref.column.at)
    name = ", ".join(part for part in (ref.row.label, " – ".join(ref.column.header)) if part)
    return Finding(rule, severity, (ref.key,), f"Ô {place} ({name}): {detail}.", parameters)


def _or_nothing(number: Decimal | None) -> str:
    return "" if number is None else str(number)
