"""Reads the rows of a form in use: their numbering, depth, words and units of measure. Looks at no formula's meaning."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from kernel.vietnamese import fold

from .xlsx_form_header import Header
from .xlsx_form_words import clean, is_ditto, is_footer
from .xlsx_raw import RawCell, RawSheet

_ROMAN = re.compile(r"[IVXLC]+")
_ARABIC = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_NUMBERED_LABEL = re.compile(r"(?:([IVXLC]+|[A-ZĐ]|[a-zđ]|[0-9]+(?:\.[0-9]+)*)[.)/]|([0-9]+(?:\.[0-9]+)+))\s+\S.*")
_BULLETS = {"-": "-", "–": "-", "—": "-", "+": "+", "*": "*", "•": "*"}
_RANKS = {"1": 0, "a": 1, "-": 2, "+": 3, "*": 4}
_TOTALS = ("tong so", "tong cong", "tong gia tri", "cong ")


class FoundRow(NamedTuple):
    """`has_children`: the next row is deeper. `decimals`: what most of its figures show."""

    at: int
    number: str
    label: str
    depth: int
    unit_of_measure: str
    code: str
    has_figures: bool
    has_children: bool
    decimals: int | None


class Depths:
    """How deep a row lies by its numbering: I, 1, 1.1, a, - are families; the first to come is the outermost.

    An unnumbered row lies under the last numbered one, by its own indentation. A parent may come after its children: 1.1, 1.2, 1.
    """

    def __init__(self, widths: Collection[int] = ()) -> None:
        """`widths`: all indentations of a form that numbers nothing; then they alone tell how deep a row lies."""
        self._ranks = {width: rank for rank, width in enumerate(sorted(set(widths)))}
        self._families: list[str] = []
        self._dots = 0
        self._last_letter = ""
        self._widths: list[int] = []

    def of(self, numbering: str, width: int, label: str) -> int:
        family = self._family(numbering)
        if not family:
            return self._unnumbered(width, label)
        self._widths = []
        while self._families and _is_below(self._families[-1], family):
            self._families.pop()
        if family in self._families:
            del self._families[self._families.index(family) + 1 :]
        else:
            self._families.append(family)
        if family == "1":
            self._dots = numbering.count(".")
        return len(self._families) - 1 + (self._dots if "1" in self._families else 0)

    def _family(self, numbering: str) -> str:
        if numbering in _BULLETS:
            return _BULLETS[numbering]
        if _ARABIC.fullmatch(numbering):
            return "1"
        if len(numbering) == 1 and numbering.isalpha():
            return self._letter(numbering)
        return "I" if _ROMAN.fullmatch(numbering) else ""

    def _letter(self, letter: str) -> str:
        """A single I, V, X, L or C is a letter only where its predecessor has just been one."""
        goes_on = bool(self._last_letter) and ord(letter) == ord(self._last_letter) + 1 and self._last_letter != "I"
        if letter in "IVXLC" and not goes_on:
            return "I"
        self._last_letter = letter
        return "A" if letter.isupper() else "a"

    def _unnumbered(self, width: int, label: str) -> int:
        if self._ranks:
            return self._ranks[width]
        if not width and (fold(label) + " ").startswith(_TOTALS):
            self._families, self._widths, self._dots = [], [0], 0
            return 0
        while self._widths and self._widths[-1] >= width:
            self._widths.pop()
        self._widths.append(width)
        return len(self._families) + (self._dots if "1" in self._families else 0) + len(self._widths) - 1


def _is_below(family: str, other: str) -> bool:
    return family in _RANKS and _RANKS[family] > _RANKS.get(other, -1)


def find_rows(raw: RawSheet, header: Header) -> list[FoundRow]:
    """The rows from the header to the footer, those without words left out."""
    by_row: dict[int, list[RawCell]] = {}
    for cell in raw.cells:
        by_row.setdefault(cell.row, []).append(cell)
    rows: list[FoundRow] = []
    found = [
        (at, number, label, number.rstrip(".)") or _numbering_in(label), width)
        for at, number, label, width in _labelled(raw, header, by_row)
    ]
    is_numbered = any(numbering for _, _, _, numbering, _ in found)
    depths, unit = Depths(() if is_numbered else [width for *_, width in found]), ""
    for at, number, label, numbering, width in found:
        own_unit = _unit(raw, header, at, unit)
        unit = own_unit or unit
        figures = _figures(header, by_row[at])
        decimals = Counter(cell.decimals for cell in figures if cell.decimals is not None).most_common(1)
        rows.append(
            FoundRow(
                at=at,
                number=number,
                label=label,
                depth=depths.of(numbering, width, label),
                unit_of_measure=own_unit,
                code=clean(raw.text(at, header.column("code"))) if header.column("code") else "",
                has_figures=bool(figures),
                has_children=False,
                decimals=decimals[0][0] if decimals else None,
            )
        )
    return [row._replace(has_children=after is not None and after.depth > row.depth) for row, after in _with_next(rows)]


def _with_next(rows: list[FoundRow]) -> Iterator[tuple[FoundRow, FoundRow | None]]:
    return zip(rows, [*rows[1:], None], strict=True)


def _labelled(raw: RawSheet, header: Header, by_row: dict[int, list[RawCell]]) -> Iterator[tuple[int, str, str, int]]:
    """(row, numbering, label, width of its indentation)"""
    label_at, number_at = header.column("label"), header.column("number")
    for at in sorted(row for row in by_row if row >= header.body):
        origin = raw.origin(at, label_at)
        words = raw.text(at, label_at)
        number = _number(raw.at.get((at, number_at))) if number_at else ""
        if is_footer(words or number) and not any(cell.kind == "number" or cell.formula for cell in _figures(header, by_row[at])):
            return
        if origin[1] == number_at:
            number = ""  # one merged cell over both: a heading
        if clean(words) and origin[0] == at:
            cell = raw.at[origin]
            spaces = len(words) - len(words.lstrip(" \u00a0\t"))
            yield at, number, clean(words), 2 * cell.indent + spaces


def _number(cell: RawCell | None) -> str:
    if cell is None:
        return ""
    text = clean(cell.value)
    return text.removesuffix(".0") if cell.kind == "number" else text


def _numbering_in(label: str) -> str:
    if label[:1] in _BULLETS and label[1:2].isspace():
        return label[0]
    if label[:1] in "-–+*•" and label[1:2].isalpha():
        return label[0]
    match = _NUMBERED_LABEL.fullmatch(label)
    return (match[1] or match[2]) if match else ""


def _unit(raw: RawSheet, header: Header, at: int, before: str) -> str:
    column = header.column("unit")
    if not column:
        return ""
    text = clean(raw.text(at, column))
    return before if is_ditto(text) else text


def _figures(header: Header, cells: list[RawCell]) -> list[RawCell]:
    columns = {column.at for column in header.columns if column.place == "figure"}
    return [cell for cell in cells if cell.column in columns and (cell.formula or cell.kind in ("number", "percent", "error"))]
