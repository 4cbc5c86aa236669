"""What was found in an uploaded workbook, as plain data that is still trusted in nothing. Reads no file."""

import re
from functools import cached_property
from typing import Literal

import msgspec

RawKind = Literal["number", "percent", "date", "text", "boolean", "error", "empty"]

_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]*)")


class FileLimits(msgspec.Struct, frozen=True):
    """What an uploaded workbook may cost. Bytes of a part and in sum are unpacked ones; cells beyond `rows` × `columns` are left out.

    The parent's work on what was read is linear in `cells` and `characters`: these bound it.
    """

    file_bytes: int = 20_000_000
    part_bytes: int = 8_000_000
    unpacked_bytes: int = 40_000_000
    parts: int = 1_500
    sheets: int = 300
    rows: int = 5_000
    columns: int = 256
    cells: int = 300_000
    characters: int = 20_000_000  # of all cells together: one shared text may be shown a million times
    memory_bytes: int = 768_000_000
    cpu_seconds: int = 15
    wall_seconds: float = 45.0


class RawCell(msgspec.Struct, frozen=True, array_like=True):
    """One cell as the file has it.

    `value` is the number as the file spells it, the text, 1 or 0, the error, or the date's own number. `formula` is without
    its `=`, as written for `written_at` (row, column) where one formula is shared by many cells. What follows comes from the format.
    """

    row: int
    column: int
    kind: RawKind
    value: str
    formula: str | None = None
    written_at: tuple[int, int] | None = None
    decimals: int | None = None
    indent: int = 0
    is_percent: bool = False


class Area(msgspec.Struct, frozen=True, array_like=True):
    """Merged cells, both ends included, cut off at the limits."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def a1(self) -> str:
        return f"{a1(self.top, self.left)}:{a1(self.bottom, self.right)}"


class RawSheet(msgspec.Struct, frozen=True, dict=True):
    """One worksheet. `anchors` are the workbook's names for places on it; `outside` counts filled cells beyond the limits."""

    name: str
    cells: tuple[RawCell, ...]
    merges: tuple[Area, ...] = ()
    anchors: tuple[str, ...] = ()
    widths: dict[int, float] = {}  # by column
    is_hidden: bool = False
    outside: int = 0

    @cached_property
    def at(self) -> dict[tuple[int, int], RawCell]:
        return {(cell.row, cell.column): cell for cell in self.cells}

    @cached_property
    def area_at(self) -> dict[tuple[int, int], Area]:
        """The merged area of each merged place; of areas that overlap the first counts."""
        found: dict[tuple[int, int], Area] = {}
        for area in self.merges:
            for row in range(area.top, area.bottom + 1):
                for column in range(area.left, area.right + 1):
                    found.setdefault((row, column), area)
        return found

    def origin(self, row: int, column: int) -> tuple[int, int]:
        """Where the content of this place stands: the top left cell of its merged area, else the place itself."""
        area = self.area_at.get((row, column))
        return (area.top, area.left) if area else (row, column)

    def text(self, row: int, column: int) -> str:
        """What is seen at this place, merged areas looked through; "" for nothing."""
        cell = self.at.get(self.origin(row, column))
        return cell.value if cell else ""


def column_letters(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def a1(row: int, column: int) -> str:
    return f"{column_letters(column)}{row}"


def place_of(address: str) -> tuple[int, int]:
    """(row, column) of `B7`. Raises ValueError."""
    match = _PLACE.fullmatch(address.replace("$", "").upper())
    if match is None:
        raise ValueError(f"no cell address: {address}")
    return int(match[2]), column_number(match[1])


def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
