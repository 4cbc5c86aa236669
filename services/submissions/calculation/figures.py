"""A report's cells as figures of a revision: what is in, what changed, what is typed, and the hash that names them. Decides nothing."""

import hashlib
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from kernel.canonical import canonical_json
from kernel.sheet.model import BLANK, NIL, Sheet, Value
from kernel.sheet.validation import Finding, check_entry

CANONICAL_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
SYSTEM_FIELDS = {"given": None, "of": None, "needs": None, "typed": False, "explained": None}
"""What only the system says of a value; a caller's word on it is not taken."""


def given(cells: Mapping[str, Value]) -> dict[str, Value]:
    """The cells that are not blank, in the order of their keys, so that equal figures are equal bytes."""
    return {key: cells[key] for key in sorted(cells) if not cells[key].is_blank}


def hash_of(figures: Mapping[str, Value]) -> str:
    """SHA-256 of the figures' canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(msgspec.to_builtins(dict(figures)))).hexdigest()


def changed_cells(before: Mapping[str, Value], after: Mapping[str, Value]) -> tuple[str, ...]:
    """The cells whose figures differ, explanations aside, sorted."""
    return tuple(
        key for key in sorted(before.keys() | after.keys()) if _unexplained(before.get(key, BLANK)) != _unexplained(after.get(key, BLANK))
    )


def _unexplained(value: Value) -> Value:
    return value if value.explained is None else replace(value, explained=None)


def read_entries(sheet: Sheet, raw: Mapping[str, Any], typable: Collection[str]) -> tuple[dict[str, Value], list[Finding]]:
    """What a caller wants in cells, as values, and everything that forbids saving them.

    A string is a canonical number (in a row of text: the text), null clears, an object is a Value. Raises nothing.
    """
    values, errors = dict[str, Value](), list[Finding]()
    for key, entry in raw.items():
        value = _read(sheet, key, entry)
        wrong = value if isinstance(value, Finding) else _checked(sheet, key, value, typable)
        if isinstance(wrong, Finding):
            errors.append(wrong)
        else:
            values[key] = wrong
    return values, errors


def _checked(sheet: Sheet, key: str, value: Value, typable: Collection[str]) -> Value | Finding:
    finding = check_entry(sheet, key, value, typable)
    if finding is not None and finding.severity == "error":
        return finding
    ref = sheet.refs[key]
    return out_of_range(sheet, key, value) or (replace(value, typed=True) if ref.role == "carried" and not value.is_blank else value)


def out_of_range(sheet: Sheet, key: str, value: Value) -> Finding | None:
    """A figure beyond the limits of its cell, which is not even saved."""
    ref = sheet.refs[key]
    low, high, number = ref.limits.minimum, ref.limits.maximum, value.as_number
    if number is None:
        return None
    most = number if value.maximum is None else value.maximum
    if (low is None or number >= low) and (high is None or most <= high):
        return None
    parameters = {"minimum": "" if low is None else str(low), "maximum": "" if high is None else str(high), "number": str(number)}
    bounds = " và ".join(f"{word} {bound}" for word, bound in (("không nhỏ hơn", low), ("không lớn hơn", high)) if bound is not None)
    return Finding("out-of-range", "error", (key,), f"Ô {key} ({ref.row.label}): số liệu phải {bounds}.", parameters)


def _read(sheet: Sheet, key: str, entry: Any) -> Value | Finding:
    if entry is None:
        return BLANK
    is_text = key in sheet.refs and sheet.refs[key].row.kind == "text"
    if isinstance(entry, str):
        return Value(text=entry) if is_text and entry else _number(key, entry) if entry else BLANK
    if isinstance(entry, Mapping):
        return _object(key, entry)
    return _malformed(key, "giá trị phải là chuỗi số, null hoặc đối tượng")


def _number(key: str, text: str) -> Value | Finding:
    if CANONICAL_NUMBER.fullmatch(text) is None:
        return Finding("number-expected", "error", (key,), f"Ô {key}: cần nhập số, không nhập chữ “{text[:40]}”.", {"entry": text[:40]})
    return Value(number=Decimal(text))


def _object(key: str, entry: Mapping[str, Any]) -> Value | Finding:
    for name in ("number", "maximum"):
        text = entry.get(name)
        if text is not None and (not isinstance(text, str) or CANONICAL_NUMBER.fullmatch(text) is None):
            return Finding("number-expected", "error", (key,), f"Ô {key}: cần nhập số dạng chuẩn, ví dụ 1234.5.", {"entry": str(text)[:40]})
    try:
        value = msgspec.convert(dict(entry), Value)
    except msgspec.ValidationError as failure:
        return _malformed(key, str(failure))
    if sum((value.number is not None, value.nil, value.text is not None, value.missing is not None)) > 1:
        return _malformed(key, "chỉ một trong số, không phát sinh, chữ hoặc lý do thiếu")
    return replace(value, **SYSTEM_FIELDS)


def _malformed(key: str, why: str) -> Finding:
    return Finding("bad-value", "error", (key,), f"Ô {key}: {why}.")


def nils(sheet: Sheet, cells: Mapping[str, Value], typable: Collection[str] = ()) -> dict[str, Value]:
    """Nil for every input of a number; what is there already is overwritten, since nothing has occurred at all."""
    wanted = (key for key, ref in sheet.refs.items() if ref.role == "input" and ref.row.kind == "number")
    carried = (key for key in typable if cells.get(key, BLANK).is_blank and sheet.refs[key].required)
    return {key: NIL for key in (*wanted, *carried) if cells.get(key, BLANK) != NIL}
