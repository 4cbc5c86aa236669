"""What one cell of an uploaded worksheet means as a value, or why that can't be said. Guesses at nothing."""

import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from kernel.vietnamese import Ambiguous, NotANumber, NumberFormat, format_number, parse_number

from .model import BLANK, NIL, Comparator, Value, ValueKind
from .xlsx_raw import RawCell
from .xlsx_words import MISSING_TEXTS, NIL_TEXTS

_STRING = re.compile(r'"[^"]*"')
_EXTERNAL = re.compile(r"\[|file:|https?:", re.IGNORECASE)
_REACHES_OUT = re.compile(r"\b(WEBSERVICE|RTD|CALL|REGISTER|EXEC|DDE|IMAGE|SQL\.REQUEST|STOCKHISTORY)\s*\(", re.IGNORECASE)
_TARGET = re.compile(r"(>=|<=|[≥≤<>=])\s*(\S.*)")
_RANGE = re.compile(r"(\S.*?)\s*[-–—]\s*(\S.*)")
_COMPARATORS: dict[str, Comparator] = {"≥": ">=", ">=": ">=", "≤": "<=", "<=": "<=", ">": ">", "<": "<", "=": "="}
_NEIGHBOURING_DOUBLES = 2
_LONGEST_NUMBER = 80  # of a target with both its ends


@dataclass(frozen=True)
class Problem:
    """Why a cell can't be taken; `message` tells the person how to mend it."""

    slug: str
    message: str
    parameters: dict[str, str]


@dataclass(frozen=True)
class Meaning:
    """How the cells of a file are to be read: whose number format its text numbers have, and whether a target is welcome."""

    number_format: NumberFormat | None = None
    allows_targets: bool = False


def value_of(cell: RawCell, kind: ValueKind, meaning: Meaning, remembered: Value | None = None) -> Value | Problem:
    """The value of an input cell. `remembered` is what the cell was when the file was made, if its looks did not tell all of it."""
    if cell.formula is not None:
        trouble = formula_trouble(cell.formula)
        if trouble:
            return trouble
    match cell.kind:
        case "empty":
            return _problem(
                "formula-without-value",
                f"Công thức ={cell.formula} chưa có kết quả. Hãy mở tệp bằng Excel rồi lưu lại",
                formula=cell.formula,
            )
        case "error":
            return _problem("error-in-cell", f"Ô đang báo lỗi {cell.value}. Hãy sửa công thức hoặc nhập số", found=cell.value)
        case "text":
            return _of_text(cell.value, kind, meaning, remembered)
        case _ if kind == "text":
            return _text_of_other(cell)
        case "date":
            return _problem(
                "date-in-number-cell", "Ô phải là số nhưng đang ở dạng ngày tháng. Hãy đổi định dạng ô thành Number rồi nhập lại số"
            )
        case "boolean":
            return _problem("boolean-in-number-cell", "Ô phải là số nhưng đang là TRUE/FALSE. Hãy nhập số")
        case "percent":
            return _percent(cell.value)
        case _:
            return _of_number(cell, remembered)


def formula_trouble(formula: str) -> Problem | None:
    """Why a formula is not even looked at: it starts another program or reaches out of the file."""
    bare = _STRING.sub("", formula)
    if "|" in bare or _REACHES_OUT.search(bare):
        return _problem(
            "dangerous-formula", "Ô chứa công thức gọi chương trình hoặc dữ liệu ngoài tệp. Hãy xóa công thức và nhập số", formula=formula
        )
    if _EXTERNAL.search(bare):
        return _problem(
            "external-formula",
            "Công thức trong ô lấy số liệu từ tệp khác. Hãy dán lại dạng giá trị (Paste Special → Values)",
            formula=formula,
        )
    return None


def exact(spelled: str, *, computed: bool = False) -> Decimal | None:
    """The decimal number that a double in a file stands for, or None where it is none.

    Programs write a double with up to 17 digits. The number of 15 digits is taken where it is the same double or next to it (Excel
    itself shows no more), and of anything that a formula computed; else all digits stay, so that too many of them can be told.
    """
    try:
        double = float(spelled)
    except ValueError:
        return None
    if not math.isfinite(double):
        return None
    short = format(double, ".15g")
    is_near = abs(float(short) - double) <= _NEIGHBOURING_DOUBLES * math.ulp(double)
    number = Decimal(short if computed or is_near else repr(double))
    return number.copy_abs() if not number else Decimal(f"{number:f}")


def _of_number(cell: RawCell, remembered: Value | None) -> Value | Problem:
    number = exact(cell.value, computed=cell.formula is not None)
    if number is None:
        return _problem("error-in-cell", f"Ô chứa giá trị không đọc được: {cell.value}", found=cell.value)
    if remembered is None or remembered.comparator is None:
        return Value(number=number)
    maximum = remembered.maximum
    if maximum is not None and maximum < number:
        return _problem(
            "range-upside-down", f"Cận dưới {format_number(number)} lớn hơn cận trên {format_number(maximum)}", found=str(number)
        )
    return Value(number=number, maximum=maximum, comparator=remembered.comparator)


def _of_text(found: str, kind: ValueKind, meaning: Meaning, remembered: Value | None) -> Value | Problem:
    text = unicodedata.normalize("NFC", found).replace("\u00a0", " ").strip()
    if not text:
        return BLANK
    if text in NIL_TEXTS:
        return NIL
    if text in MISSING_TEXTS:
        return Value(missing=(remembered.missing if remembered else None) or "not-collected")
    if kind == "text":
        return Value(text=text)
    if len(text) > _LONGEST_NUMBER:
        return _not_a_number(text)
    try:
        number = parse_number(text, meaning.number_format)
    except NotANumber:
        return _target(text, meaning) or _not_a_number(text)
    return _ambiguous(text, number) if isinstance(number, Ambiguous) else Value(number=number)


def _target(text: str, meaning: Meaning) -> Value | Problem | None:
    if not meaning.allows_targets:
        return None
    signed, ranged = _TARGET.fullmatch(text), _RANGE.fullmatch(text)
    try:
        if signed:
            number = parse_number(signed[2], meaning.number_format)
            return (
                _ambiguous(signed[2], number) if isinstance(number, Ambiguous) else Value(number=number, comparator=_COMPARATORS[signed[1]])
            )
        if ranged:
            return _range(ranged[1], ranged[2], meaning)
    except NotANumber:
        return None
    return None


def _range(first: str, last: str, meaning: Meaning) -> Value | Problem:
    low, high = parse_number(first, meaning.number_format), parse_number(last, meaning.number_format)
    if isinstance(low, Ambiguous):
        return _ambiguous(first, low)
    if isinstance(high, Ambiguous):
        return _ambiguous(last, high)
    if high < low:
        return _problem(
            "range-upside-down", f"Cận dưới {format_number(low)} lớn hơn cận trên {format_number(high)}", found=f"{first} - {last}"
        )
    return Value(number=low, maximum=high, comparator="range")


def _ambiguous(text: str, number: Ambiguous) -> Problem:
    vi, en = format_number(number.vi), format_number(number.en)
    return _problem(
        "ambiguous-number",
        f"“{text}” có thể là {vi} (cách viết Việt Nam) hoặc {en} (cách viết Anh, Mỹ). Hãy chọn cách viết số của tệp, hoặc sửa ô thành số",
        found=text,
        vi=str(number.vi),
        en=str(number.en),
    )


def _not_a_number(text: str) -> Problem:
    return _problem(
        "text-in-number-cell",
        f"Ô phải là số nhưng đang có chữ “{text[:60]}”. Hãy nhập số; không phát sinh thì nhập -, chưa thu thập được thì nhập …",
        found=text[:200],
    )


def _percent(spelled: str) -> Problem:
    number = exact(spelled)
    shown = f"{format_number(number * 100)}%" if number is not None else spelled
    return _problem(
        "percent-format",
        f"Ô đang ở dạng phần trăm ({shown}) nên không rõ số cần nhập. Hãy đổi định dạng ô thành Number rồi nhập lại số, không kèm dấu %",
        found=spelled,
    )


def _text_of_other(cell: RawCell) -> Value | Problem:
    if cell.kind == "date":
        return _problem("date-in-text-cell", "Ô phải là chữ nhưng đang ở dạng ngày tháng. Hãy đổi định dạng ô thành Text rồi nhập lại")
    number = exact(cell.value, computed=cell.formula is not None) if cell.kind in ("number", "percent") else None
    return Value(text=format_number(number) if number is not None else cell.value)


def _problem(slug: str, message: str, **parameters: str | None) -> Problem:
    return Problem(slug, message, {name: value or "" for name, value in parameters.items()})
