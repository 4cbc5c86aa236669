"""Where a form's words stand in a worksheet, for the one who writes it and the one who reads it back. Knows no figures."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from kernel.vietnamese import normalise

from .model import Column, Sheet


class Printed(NamedTuple):
    """Words on the form, over one cell or a merged area; both ends included."""

    top: int
    left: int
    bottom: int
    right: int
    text: str

    @property
    def is_merged(self) -> bool:
        return (self.top, self.left) != (self.bottom, self.right)


def header_path(sheet: Sheet, column: Column) -> tuple[str, ...]:
    """The column's header, one text per level at most as deep as the form's header rows; what is deeper is joined into the last."""
    depth = sheet.layout.header_bottom - sheet.layout.header_top + 1
    path = column.header or ("",)
    return path if len(path) <= depth else (*path[: depth - 1], " – ".join(path[depth - 1 :]))


def header_blocks(sheet: Sheet) -> list[Printed]:
    """The headers of the figures: neighbours under the same words share one merged cell, the lowest words reach down to the figures."""
    columns = sorted(sheet.columns, key=lambda column: column.at)
    return list(_blocks(sheet, [(column, header_path(sheet, column)) for column in columns], 0))


def _blocks(sheet: Sheet, columns: list[tuple[Column, tuple[str, ...]]], level: int) -> Iterator[Printed]:
    top, bottom = sheet.layout.header_top + level, sheet.layout.header_bottom
    for run in _runs(columns, level):
        first, path = run[0]
        if len(path) == level + 1:
            yield Printed(top, first.at, bottom, first.at, path[level])
        else:
            yield Printed(top, first.at, top, run[-1][0].at, path[level])
            yield from _blocks(sheet, run, level + 1)


def _runs(columns: list[tuple[Column, tuple[str, ...]]], level: int) -> Iterator[list[tuple[Column, tuple[str, ...]]]]:
    run: list[tuple[Column, tuple[str, ...]]] = []
    for column, path in columns:
        if run and not _belongs(run[-1], (column, path), level):
            yield run
            run = []
        run.append((column, path))
    if run:
        yield run


def _belongs(before: tuple[Column, tuple[str, ...]], after: tuple[Column, tuple[str, ...]], level: int) -> bool:
    (left, left_path), (right, right_path) = before, after
    both_go_on = min(len(left_path), len(right_path)) > level + 1
    return both_go_on and right.at == left.at + 1 and left_path[level] == right_path[level]


def same_words(text: str) -> str:
    """What two texts have in common that a person takes for the same: NFC, case, spaces, tone placement and invisible characters aside."""
    return " ".join(normalise(text).split()).casefold()


def layout_hash(sheet: Sheet) -> str:
    """SHA-256 over everything that says which figure stands where: layout, rows and columns with their keys and words."""
    rows = [(row.key, row.at, row.number, row.label, row.unit_of_measure) for row in sheet.rows]
    columns = [(column.key, column.at, column.header) for column in sheet.columns]
    return hashlib.sha256(msgspec.json.encode([msgspec.structs.astuple(sheet.layout), rows, columns])).hexdigest()


def last_printed_row(sheet: Sheet) -> int:
    return max((row.at for row in sheet.rows), default=sheet.layout.header_bottom)


def last_printed_column(sheet: Sheet) -> int:
    layout = sheet.layout
    return max(*(column.at for column in sheet.columns), layout.number_column, layout.label_column, layout.unit_column)
