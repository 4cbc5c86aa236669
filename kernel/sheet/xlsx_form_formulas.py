"""Folds a form's cell formulas into formulas of columns and rows, as few as say the same. Computes none of them."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from .references import Area, Place, parse
from .xlsx_form_rows import FoundRow
from .xlsx_raw import RawCell, RawSheet, a1
from .xlsx_values import exact

Where = tuple[int, int]
_WRAPPED = re.compile(r"\bN\((\$?[A-Z]{1,3}\$?[0-9]+)\)")
_SHARE_OF_A_COLUMN = 0.6  # of its cells; the others get what they have of their own
_FEWEST = 2


class Oddity(NamedTuple):
    """A formula that was not taken over: `slug` says why."""

    where: Where
    slug: str
    formula: str


class Folded(NamedTuple):
    """`columns` are written for the first row, `rows` for the first input column; `inputs` are cells that a column formula passes over."""

    columns: dict[int, str]
    rows: dict[int, str]
    cells: dict[Where, str]
    inputs: frozenset[Where]


def formulas_of(raw: RawSheet, places: Collection[Where]) -> tuple[dict[Where, str], list[Oddity]]:
    """The usable formula of each of `places`, canonical, with a leading `=` and for its own place."""
    found: dict[Where, str] = {}
    odd: list[Oddity] = []
    for where in sorted(places):
        cell = raw.at.get(where)
        if cell is None or cell.formula is None:
            continue
        formula = _WRAPPED.sub(r"\1", _at_its_place(cell))
        slug = _oddity(formula)
        if slug:
            odd.append(Oddity(where, slug, formula))
        else:
            found[where] = formula
    return found, odd


def _at_its_place(cell: RawCell) -> str:
    row, column = cell.written_at or (cell.row, cell.column)
    return parse(cell.formula or "").moved(cell.row - row, cell.column - column)


def _oddity(formula: str) -> str:
    parsed = parse(formula)
    if not parsed.is_sound:
        return "formula-unreadable"
    if parsed.outside:
        return "formula-outside-sheet"
    if parsed.names:
        return "unknown-name"
    return "" if parsed.areas or parsed.unbounded else "constant-formula"


def fold(formulas: dict[Where, str], rows: Sequence[int], columns: Sequence[int], inputs_first: Collection[int]) -> Folded:
    """`rows` and `columns` of the figures in their order; `inputs_first`: columns that take row formulas unless folded themselves."""
    by_column = {column: _column_formula(formulas, rows, column) for column in columns}
    of_columns = {column: formula for column, formula in by_column.items() if formula}
    open_columns = [column for column in columns if column in inputs_first and column not in of_columns]
    of_rows = {row: formula for row in rows if (formula := _row_formula(formulas, row, open_columns))}
    cells, inputs = dict[Where, str](), set[Where]()
    for row in rows:
        for column in columns:
            own = formulas.get((row, column))
            given = _given(of_columns, of_rows, (row, column), rows[0], open_columns)
            if own is None and given is not None:
                inputs.add((row, column))
            elif own is not None and own != given:
                cells[row, column] = own
    return Folded(of_columns, of_rows, cells, frozenset(inputs))


def _given(of_columns: dict[int, str], of_rows: dict[int, str], where: Where, first_row: int, open_columns: Sequence[int]) -> str | None:
    row, column = where
    if column in of_columns:
        return parse(of_columns[column]).moved(row - first_row, 0)
    if row in of_rows and column in open_columns:
        return parse(of_rows[row]).moved(0, column - open_columns[0])
    return None


def _column_formula(formulas: dict[Where, str], rows: Sequence[int], column: int) -> str | None:
    shapes = Counter(_shape(formulas[row, column], (row, column)) for row in rows if (row, column) in formulas)
    if not shapes:
        return None
    shape, count = shapes.most_common(1)[0]
    if count < max(_FEWEST, _SHARE_OF_A_COLUMN * len(rows)):
        return None
    row = next(row for row in rows if (row, column) in formulas and _shape(formulas[row, column], (row, column)) == shape)
    return _unbroken(parse(formulas[row, column]).moved(rows[0] - row, 0))


def _row_formula(formulas: dict[Where, str], row: int, columns: Sequence[int]) -> str | None:
    shapes = {_shape(formulas[row, column], (row, column)) if (row, column) in formulas else None for column in columns}
    if len(columns) < _FEWEST or len(shapes) != 1 or None in shapes:
        return None
    return formulas[row, columns[0]]


def _unbroken(formula: str) -> str | None:
    return None if "#REF!" in formula else formula


def _shape(formula: str, where: Where) -> tuple[object, ...]:
    """The formula with its references as distances: equal for cells into which one formula was copied."""
    return tuple(part if isinstance(part, str) else _distance(part, where) for part in parse(formula).parts)


def _distance(area: Area, where: Where) -> tuple[object, ...]:
    return tuple(_offset(place, where) for place in area if place is not None)


def _offset(place: Place, where: Where) -> tuple[object, ...]:
    row, column = where
    return (
        place.row if place.row_fixed else place.row - row,
        place.row_fixed,
        place.column if place.column_fixed else place.column - column,
        place.column_fixed,
    )


class Sum(NamedTuple):
    """A row that seems to be the sum of others, its formula by column; `is_shown` where the figures in the file bear it out."""

    row: int
    formulas: dict[int, str]
    is_shown: bool


def nested_sums(raw: RawSheet, rows: Sequence[FoundRow], columns: Sequence[int], computed: Collection[int]) -> Iterable[Sum]:
    """Parents without a formula whose direct children have the same unit of measure."""
    for index, row in enumerate(rows):
        children = _children(rows, index)
        if (
            not columns
            or row.at in computed
            or len(children) < _FEWEST
            or any(child.unit_of_measure != row.unit_of_measure for child in children)
        ):
            continue
        if row.unit_of_measure.strip() in ("", "%"):
            continue
        evidence = [_adds_up(raw, row.at, [child.at for child in children], column) for column in columns]
        told = [fact for fact in evidence if fact is not None]
        if not told or all(told):
            yield Sum(row.at, {column: _sum([child.at for child in children], column) for column in columns}, bool(told))


def _children(rows: Sequence[FoundRow], index: int) -> list[FoundRow]:
    found = []
    for row in rows[index + 1 :]:
        if row.depth <= rows[index].depth:
            break
        if row.depth == rows[index].depth + 1:
            found.append(row)
    return found


def _adds_up(raw: RawSheet, parent: int, children: Sequence[int], column: int) -> bool | None:
    """None where there is nothing to see."""
    total = _figure(raw, parent, column)
    parts = [_figure(raw, child, column) for child in children]
    if not total or all(part is None for part in parts):
        return None
    return total == sum((part or Decimal(0) for part in parts), Decimal(0))


def _figure(raw: RawSheet, row: int, column: int) -> Decimal | None:
    cell = raw.at.get((row, column))
    return exact(cell.value, computed=True) if cell and cell.kind == "number" else None


def _sum(rows: Sequence[int], column: int) -> str:
    if list(rows) == list(range(rows[0], rows[-1] + 1)):
        return f"=SUM({a1(rows[0], column)}:{a1(rows[-1], column)})"
    return "=" + "+".join(a1(row, column) for row in rows)
