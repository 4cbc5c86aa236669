"""One worksheet being written: its words, its figures, its print set-up. Decides nothing about what the file is for."""

from collections.abc import Mapping, Sequence
from typing import Any

from .model import BLANK, CellRef, Row, Sheet, Value
from .references import Area, parse
from .xlsx_inputs import input_areas
from .xlsx_layout import Printed, header_blocks, last_printed_column, last_printed_row
from .xlsx_words import MISSING_TEXT, NIL_TEXT, explanation, number_format

_FONT = {"font_name": "Times New Roman", "font_size": 12, "valign": "vcenter"}
_HEADER = {**_FONT, "bold": True, "align": "center", "text_wrap": True, "border": 1, "bg_color": "#DDEBF7"}
_WORDS = {**_FONT, "text_wrap": True, "border": 1}
_TITLE = {**_FONT, "bold": True, "font_size": 14, "align": "center", "text_wrap": True}
_HEADING = {**_FONT, "align": "center"}
_INPUT = {"bg_color": "#FFFFE5", "locked": False}
_BLOCKED = {**_FONT, "border": 1, "pattern": 14, "fg_color": "#A6A6A6"}

_MOST_NOTES = 1_000  # each is a drawing of its own: Excel opens a sheet of many thousands slowly
_LONGEST_TEXT = 32_767
_WIDEST_A4 = 130  # characters of the standard width that landscape A4 shows legibly
_A4, _A3 = 9, 8
_ARITHMETIC = "+-*/^"


class Formats:
    """The looks of one workbook: Excel holds 64,000 at most, so equal ones are one."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._by_look: dict[tuple[tuple[str, Any], ...], Any] = {}

    def of(self, look: Mapping[str, Any]) -> Any:
        key = tuple(sorted(look.items()))
        if key not in self._by_look:
            self._by_look[key] = self._workbook.add_format(dict(look))
        return self._by_look[key]


class Page:
    """Rows and columns of the form count from 1, XlsxWriter's from 0."""

    def __init__(
        self,
        formats: Formats,
        worksheet: Any,
        sheet: Sheet,
        values: Mapping[str, Value],
        typable: frozenset[str],
        *,
        has_formulas: bool,
    ) -> None:
        self._format, self._worksheet, self._sheet = formats.of, worksheet, sheet
        self._values, self._typable, self._has_formulas = values, typable, has_formulas
        self._notes_left = _MOST_NOTES

    def write_words(self, headings: Sequence[str], titles: Sequence[str], footer: Sequence[str]) -> None:
        layout = self._sheet.layout
        self._write_across(layout.title_row, self._sheet.title, _TITLE)
        free = [row for row in range(1, layout.header_top) if row != layout.title_row]
        for at, heading in zip(free, _fitted(headings, len(free)), strict=False):
            self._write_across(at, heading, _HEADING)
        for block in header_blocks(self._sheet):
            self._write_block(block)
        for column, title in zip((layout.number_column, layout.label_column, layout.unit_column), titles, strict=True):
            if column:
                self._write_block(Printed(layout.header_top, column, layout.header_bottom, column, title))
        for row in self._sheet.rows:
            self._write_row_words(row)
        for place, line in enumerate(footer, start=last_printed_row(self._sheet) + 2):
            self._worksheet.write_string(place - 1, max(0, layout.label_column - 1), line, self._format({**_FONT, "italic": True}))

    def _write_across(self, row: int, text: str, look: dict[str, Any]) -> None:
        if row and text:
            self._merge(Printed(row, 1, row, last_printed_column(self._sheet), text), look)

    def _write_block(self, block: Printed) -> None:
        self._merge(block, _HEADER)

    def _merge(self, block: Printed, look: dict[str, Any]) -> None:
        if block.is_merged:
            self._worksheet.merge_range(block.top - 1, block.left - 1, block.bottom - 1, block.right - 1, "", self._format(look))
        self._worksheet.write_string(block.top - 1, block.left - 1, _whole(block.text), self._format(look))

    def _write_row_words(self, row: Row) -> None:
        layout, look = self._sheet.layout, {**_WORDS, "bold": row.subject is None}
        for column, text, more in (
            (layout.number_column, row.number, {"align": "center"}),
            (layout.label_column, row.label, {"indent": min(row.indent, 15)}),
            (layout.unit_column, row.unit_of_measure, {"align": "center"}),
        ):
            if column:
                self._worksheet.write_string(row.at - 1, column - 1, _whole(text), self._format({**look, **more}))

    def write_figures(self, *, open_for_typing: bool) -> None:
        refs = self._sheet.refs
        places = {key: (ref.row.at, ref.column.at) for key, ref in refs.items()}
        inputs = {key for key, ref in refs.items() if ref.role == "input" or key in self._typable} if open_for_typing else set[str]()
        for key, ref in refs.items():
            value = self._values.get(key, BLANK)
            self._write_figure(ref, value, is_open=key in inputs)
            self._write_note(ref, explanation(value, places))
        for row in self._sheet.rows:
            self._cross_out(row)
        for area in input_areas(refs[key] for key in refs if key in inputs):
            rule = {
                "validate": "custom",
                "value": area.formula,
                "error_title": "Giá trị không hợp lệ",
                "error_message": area.message[:255],
            }
            self._worksheet.data_validation(area.top - 1, area.left - 1, area.bottom - 1, area.right - 1, rule)

    def _write_figure(self, ref: CellRef, value: Value, *, is_open: bool) -> None:
        row, column, look = ref.row.at - 1, ref.column.at - 1, self._look(ref, value, is_open=is_open)
        if ref.formula and self._has_formulas:
            self._worksheet.write_formula(row, column, live(ref.formula), look, _shown(value))
            return
        shown = _shown(value)
        if isinstance(shown, float):
            self._worksheet.write_number(row, column, shown, look)
        elif shown:
            self._worksheet.write_string(row, column, _whole(shown), look)
        else:
            self._worksheet.write_blank(row, column, None, look)

    def _look(self, ref: CellRef, value: Value, *, is_open: bool) -> Any:
        is_text = ref.row.kind == "text"
        look: dict[str, Any] = {
            **_FONT,
            "border": 1,
            "align": "left" if is_text else "right",
            "text_wrap": is_text,
            "num_format": "@" if is_text else number_format(ref.decimals, value),
        }
        return self._format(look | _INPUT if is_open else look)

    def _write_note(self, ref: CellRef, note: str) -> None:
        if note and self._notes_left > 0:
            self._notes_left -= 1
            self._worksheet.write_comment(ref.row.at - 1, ref.column.at - 1, note, {"author": "", "x_scale": 1.5})

    def _cross_out(self, row: Row) -> None:
        for column in self._sheet.columns:
            if f"{row.key}.{column.key}" not in self._sheet.refs:
                look = self._format(_BLOCKED if row.subject is not None else _WORDS)
                self._worksheet.write_blank(row.at - 1, column.at - 1, None, look)

    def set_up(self, *, locked: bool) -> None:
        worksheet, layout = self._worksheet, self._sheet.layout
        widths = {layout.number_column: 7.0, layout.label_column: self._label_width(), layout.unit_column: 14.0}
        widths |= {column.at: column.width for column in self._sheet.columns}
        widths.pop(0, None)
        for column, width in widths.items():
            worksheet.set_column(column - 1, column - 1, width)
        worksheet.freeze_panes(layout.header_bottom, min((column.at for column in self._sheet.columns), default=1) - 1)
        worksheet.set_landscape()
        worksheet.set_paper(_A4 if sum(widths.values()) <= _WIDEST_A4 else _A3)
        worksheet.fit_to_pages(1, 0)
        worksheet.repeat_rows(layout.header_top - 1, layout.header_bottom - 1)
        worksheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        worksheet.set_footer("&RTrang &P/&N")
        if locked:
            worksheet.protect("", {"format_columns": True, "format_rows": True})

    def _label_width(self) -> float:
        longest = max((len(row.label) + 2 * row.indent for row in self._sheet.rows), default=0)
        return float(min(60, max(20, longest)))


def live(formula: str) -> str:
    """The formula as it stands in the file: a cell that is added, multiplied or divided goes through `N()`.

    A nil or missing figure is text there, and `=B1+B2` over text would be #VALUE!; sums over areas skip text anyway.
    """
    parts = parse(formula).parts
    return "".join(part if isinstance(part, str) else _numeric(parts, place, part) for place, part in enumerate(parts))


def _numeric(parts: tuple[str | Area, ...], place: int, area: Area) -> str:
    before = parts[place - 1] if place else ""
    after = parts[place + 1] if place + 1 < len(parts) else ""
    sign_before = isinstance(before, str) and before.rstrip()[-1:] in tuple(_ARITHMETIC)
    sign_after = isinstance(after, str) and after.lstrip()[:1] in (*_ARITHMETIC, "%")
    return f"N({area})" if area.last is None and (sign_before or sign_after) else str(area)


def _shown(value: Value) -> float | str:
    if value.number is not None:
        return float(value.number)
    return NIL_TEXT if value.nil else MISSING_TEXT if value.missing else value.text or ""


def _whole(text: str) -> str:
    """Excel would cut a longer text off without a word."""
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"a text of {len(text)} characters does not fit into a cell")
    return text


def _fitted(lines: Sequence[str], room: int) -> list[str]:
    """As many lines as there is room for, what is left over joined to the last."""
    if len(lines) <= room:
        return list(lines)
    return [*lines[: room - 1], " · ".join(lines[room - 1 :])] if room else []
