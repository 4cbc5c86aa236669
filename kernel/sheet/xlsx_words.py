"""How a value looks in a spreadsheet cell, and the words that explain it; decides nothing about whether it may stand there."""

from kernel.vietnamese import format_number

from .model import Comparator, Value
from .xlsx_raw import a1

NIL_TEXT = "-"
MISSING_TEXT = "…"
MISSING_TEXTS = (MISSING_TEXT, "...", "..")
NIL_TEXTS = ("-", "–", "—", "−")

REASONS: dict[str, str] = {
    "not-collected": "Có phát sinh nhưng chưa thu thập được số liệu",
    "not-due": "Chưa đến kỳ",
    "not-applicable": "Không thuộc đối tượng",
    "not-computable": "Không tính được (công thức báo lỗi)",
    "not-additive": "Không cộng được",
    "missing-precedent": "Thiếu số liệu để tính",
    "held": "Chưa hiển thị vì chưa đủ số liệu",
    "no-weight": "Chưa có trọng số",
}
SIGNS: dict[Comparator, str] = {"=": "= ", ">=": "≥ ", "<=": "≤ ", ">": "> ", "<": "< "}


def number_format(decimals: int, value: Value | None = None) -> str:
    """Excel's format code: thousands grouped, decimals fixed; a target shows its sign, or its range's upper end."""
    plain = "#,##0" + ("." + "0" * decimals if decimals else "")
    if value is None or value.comparator in (None, "="):
        return plain
    if value.comparator == "range":
        return f'{plain}" – {format_number(value.maximum)}"' if value.maximum is not None else plain
    return f'"{SIGNS[value.comparator]}"{plain}'


def explanation(value: Value, places: dict[str, tuple[int, int]]) -> str:
    """What a note on the cell says: why a figure is missing or partial. "" where there is nothing to say. `places` by cell key."""
    if value.missing:
        reason = REASONS.get(value.missing, value.missing)
        place = places.get(value.needs or "")
        return f"{reason}: ô {a1(*place)}" if place else reason
    if value.given is not None and value.of is not None and value.given < value.of:
        return f"Cộng từ {value.given}/{value.of} số liệu"
    return "Tự nhập" if value.typed else ""
