"""What a spreadsheet program itself checks while somebody types into a form: as few rectangles as possible, one rule each."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from kernel.vietnamese import format_number

from .model import CellRef
from .xlsx_raw import a1
from .xlsx_words import MISSING_TEXT, NIL_TEXT


class Constraint(NamedTuple):
    decimals: int
    minimum: Decimal | None
    maximum: Decimal | None


class InputArea(NamedTuple):
    """A rectangle of number inputs that all keep the same rule; rows and columns from 1, both ends included."""

    top: int
    left: int
    bottom: int
    right: int
    constraint: Constraint

    @property
    def formula(self) -> str:
        """TRUE of what may stand in the area's first cell; relative, so that it moves with the cell."""
        cell, (decimals, minimum, maximum) = a1(self.top, self.left), self.constraint
        number = [f"ROUND({cell},{decimals})={cell}"]
        if minimum is not None:
            number.append(f"{cell}>={minimum:f}")
        if maximum is not None:
            number.append(f"{cell}<={maximum:f}")
        return f'=OR({cell}="{NIL_TEXT}",{cell}="{MISSING_TEXT}",{cell}="...",IF(ISNUMBER({cell}),AND({",".join(number)}),FALSE))'

    @property
    def message(self) -> str:
        decimals, minimum, maximum = self.constraint
        allowed = [f"tối đa {decimals} chữ số thập phân" if decimals else "không có phần thập phân"]
        if minimum is not None:
            allowed.append(f"không nhỏ hơn {format_number(minimum)}")
        if maximum is not None:
            allowed.append(f"không lớn hơn {format_number(maximum)}")
        return f"Nhập số, {', '.join(allowed)}. Không phát sinh: nhập dấu {NIL_TEXT}. Chưa thu thập được: nhập {MISSING_TEXT}"


def constraint_of(ref: CellRef) -> Constraint:
    return Constraint(ref.decimals, ref.limits.minimum, ref.limits.maximum)


def input_areas(refs: Iterable[CellRef]) -> list[InputArea]:
    """The number cells among `refs` as rectangles: runs down each column, joined with equal runs in the next."""
    numbers = [(ref.column.at, ref.row.at, constraint_of(ref)) for ref in refs if ref.row.kind == "number"]
    areas: list[InputArea] = []
    open_areas: dict[tuple[int, int, Constraint], int] = {}  # (top, bottom, constraint) → index of the area that ends in the column before
    for column, cells in groupby(sorted(numbers, key=itemgetter(0, 1)), key=itemgetter(0)):
        reached: dict[tuple[int, int, Constraint], int] = {}
        for run in _runs([(row, constraint) for _, row, constraint in cells]):
            index = open_areas.get(run)
            if index is not None and areas[index].right == column - 1:
                areas[index] = areas[index]._replace(right=column)
            else:
                index = len(areas)
                areas.append(InputArea(run[0], column, run[1], column, run[2]))
            reached[run] = index
        open_areas = reached
    return areas


def _runs(cells: list[tuple[int, Constraint]]) -> list[tuple[int, int, Constraint]]:
    runs: list[tuple[int, int, Constraint]] = []
    for row, constraint in cells:
        if runs and runs[-1][1] == row - 1 and runs[-1][2] == constraint:
            runs[-1] = (runs[-1][0], row, constraint)
        else:
            runs.append((row, row, constraint))
    return runs
