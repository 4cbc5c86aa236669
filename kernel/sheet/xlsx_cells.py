"""The filled cells of one worksheet of an .xlsx, within its limits. Runs in the child process: standard library only."""

import re
from collections.abc import Mapping
from typing import Any

from .xlsx_package import Attributes, Part, Refuse

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LETTERS = re.compile(r"[A-Z]{1,3}")
_DIGITS = "0123456789"
_LAST_COLUMN = 16_384
_LONGEST_TEXT = 32_767  # what Excel itself allows in a cell
_LONGEST_FORMULA = 8_192  # the same
_LONGEST_NUMBER = 64  # programs write 24 characters at most


class SharedStrings(Part):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._pieces_of_one: list[str] = []
        self._phonetic = 0

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "si":
            self._pieces_of_one = []
        elif name == "rPh":
            self._phonetic += 1
        elif name == "t" and not self._phonetic:
            self.gather()

    def end(self, name: str) -> None:
        if name == "t" and not self._phonetic:
            self._pieces_of_one.append(self.gathered())
        elif name == "rPh":
            self._phonetic -= 1
        elif name == "si":
            self.texts.append(plain_text("".join(self._pieces_of_one)))


def plain_text(text: str) -> str:
    """Text with Excel's `_x000D_` for characters that XML can't hold resolved."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)[:_LONGEST_TEXT] if "_x" in text else text[:_LONGEST_TEXT]


_KINDS = {"s": "text", "str": "text", "inlineStr": "text", "b": "boolean", "e": "error", "d": "date"}


class Cells(Part):
    """The filled cells and merged areas of one worksheet, within the limits; what lies beyond is counted, not kept."""

    def __init__(self, texts: list[str], kinds: list[tuple[str, int | None, int]], limits: Mapping[str, Any]) -> None:
        super().__init__()
        self._texts, self._kinds = texts, kinds
        self._rows, self._columns, self._most = int(limits["rows"]), int(limits["columns"]), int(limits["cells"])
        self.characters_left = int(limits["characters"])
        self._row = self._column = self._merged = 0
        self._type = self._style = self._value = ""
        self._formula: str | None = None
        self._written_at: tuple[int, int] | None = None
        self._shared: dict[str, tuple[str, tuple[int, int]]] = {}
        self._share = ""
        self._numbers: dict[str, int] = {}
        self.cells: list[list[Any]] = []
        self.merges: list[list[int]] = []
        self.widths: dict[int, float] = {}
        self.outside = 0

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            self._start_cell(attributes)
        elif name in ("v", "t"):
            self.gather()
        elif name == "f":
            self._start_formula(attributes)
        elif name == "row":
            self._row = int(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = 0
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif name == "col":
            self._width(attributes)
        elif name in ("oleObject", "control", "legacyDdeLink"):
            raise Refuse("holds-embedded-object")

    def _start_cell(self, attributes: Attributes) -> None:
        place = attributes.get("r", "")
        if place:
            letters = place.rstrip(_DIGITS)
            self._row, self._column = int(place[len(letters) :]), self._number(letters)
        else:
            self._column += 1
        self._type, self._style = attributes.get("t", "n"), attributes.get("s", "0")
        self._value, self._formula, self._written_at = "", None, None

    def _number(self, letters: str) -> int:
        known = self._numbers.get(letters)
        if known is None:
            known = self._numbers[letters] = column_number(letters)
        return known

    def _start_formula(self, attributes: Attributes) -> None:
        self._share = attributes.get("si", "") if attributes.get("t") == "shared" else ""
        self.gather()

    def _merge(self, area: str) -> None:
        first, _, last = area.partition(":")
        (top, left), (bottom, right) = place_of(first), place_of(last or first)
        bottom, right = min(bottom, self._rows), min(right, self._columns)
        if top > bottom or left > right:
            return
        self._merged += (bottom - top + 1) * (right - left + 1)
        if self._merged > self._most:
            raise Refuse("too-many-cells", limit=self._most)
        self.merges.append([top, left, bottom, right])

    def _width(self, attributes: Attributes) -> None:
        first, last = int(attributes.get("min", "1")), min(int(attributes.get("max", "1")), self._columns)
        for column in range(first, last + 1):
            self.widths[column] = float(attributes.get("width", "0") or 0)

    def end(self, name: str) -> None:
        if name == "v":
            self._value = self.gathered()
        elif name == "t":
            self._value += self.gathered()
        elif name == "f":
            self._end_formula(self.gathered().strip())
        elif name == "c" and (self._value or self._formula is not None):
            self._end_cell()

    def _end_formula(self, text: str) -> None:
        if len(text) > _LONGEST_FORMULA:
            raise Refuse("file-is-suspicious", reason="formula")
        here = (self._row, self._column)
        if self._share and text:
            self._shared[self._share] = (text, here)
        elif self._share:
            text, self._written_at = self._shared.get(self._share, ("", here))
        self._formula = text

    def _end_cell(self) -> None:
        if self._row > self._rows or self._column > self._columns or min(self._row, self._column) < 1:
            self.outside += 1
            return
        if len(self.cells) >= self._most:
            raise Refuse("too-many-cells", limit=self._most)
        shown_as, decimals, indent = self._kinds[int(self._style)] if int(self._style) < len(self._kinds) else ("number", None, 0)
        kind, value = self._content(shown_as)
        self.characters_left -= len(value) + len(self._formula or "")
        if self.characters_left < 0:
            raise Refuse("too-many-cells", limit=self._most)
        cell: list[Any] = [self._row, self._column, kind, value]
        if self._formula is not None or decimals is not None or indent:
            cell += [self._formula, self._written_at, decimals, indent, shown_as == "percent"]
        self.cells.append(cell)

    def _content(self, format_kind: str) -> tuple[str, str]:
        kind = _KINDS.get(self._type, format_kind)
        if self._type == "s":
            return kind, self._texts[int(self._value)]
        if kind == "text":
            return kind, plain_text(self._value)
        value = self._value.strip()
        if len(value) > _LONGEST_NUMBER:
            return "error", "#VALUE!"
        return (kind, value) if value else ("empty", "")


def column_number(letters: str) -> int:
    if not _LETTERS.fullmatch(letters):
        raise ValueError(letters)
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    if number > _LAST_COLUMN:
        raise ValueError(letters)
    return number


def place_of(address: str) -> tuple[int, int]:
    letters = address.rstrip(_DIGITS)
    return int(address[len(letters) :]), column_number(letters)
