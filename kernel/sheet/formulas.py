"""Which formula is in force in which cell, what it reads and in which order they are computed; computes none of them."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from .references import Area, parse

if TYPE_CHECKING:
    from .model import Cell, Column, Row, Sheet

HEAVIEST_CHAIN = 1_000
"""How much may hang one upon another: formulas, brackets and operators together along the heaviest chain.

IronCalc 0.8.3 recurses along them without a limit, at up to 2.2 kB of stack each, and ends the process when an 8 MB stack is full;
the first chains to do so weighed 3,800.
"""


class Crossing(NamedTuple):
    """A cell where a column formula and a row formula meet, each as translated to it; `winner` is in force."""

    cell: str
    column_formula: str
    row_formula: str
    winner: Literal["column", "cell"]


@dataclass(frozen=True)
class Graph:
    """Who reads whom among the cells of a sheet.

    `precedents` and `dependents` are direct ones, by cell key; `order` holds the formula cells, each after all that it reads;
    `circular` are the formula cells on a cycle or behind one, `too_deep` those at the end of too long a chain. Neither is in `order`.
    """

    precedents: dict[str, tuple[str, ...]]
    dependents: dict[str, tuple[str, ...]]
    order: tuple[str, ...]
    circular: frozenset[str]
    too_deep: frozenset[str]


def formula_of(sheet: "Sheet", row: "Row", column: "Column", cell: "Cell") -> str | None:
    """The formula in force in a cell, canonical with a leading `=` and translated to its place; None where it has none.

    The cell's own beats the column's, the column's beats the row's. A cell whose own role is input or carried has none.
    A column formula holds in columns of role `formula`, and is written for the sheet's first row that has a subject.
    A row formula holds in columns of role `input`, and is written for the first of these. Carried columns take neither,
    and rows of text take only a cell's own.
    """
    if cell.blocked or row.subject is None or cell.role in ("input", "carried"):
        return None
    if cell.formula:
        return parse(cell.formula).moved(0, 0)
    if row.kind == "text":
        return None
    return _of_column(sheet, row, column) or _of_row(sheet, row, column, cell)


def _of_column(sheet: "Sheet", row: "Row", column: "Column") -> str | None:
    first = sheet.first_row
    if column.role != "formula" or not column.formula or first is None:
        return None
    return parse(column.formula).moved(row.at - first.at, 0)


def _of_row(sheet: "Sheet", row: "Row", column: "Column", cell: "Cell") -> str | None:
    takes_it = column.role == "input" or cell.role == "formula"
    return _row_formula_at(sheet, row, column) if takes_it else None


def _row_formula_at(sheet: "Sheet", row: "Row", column: "Column") -> str | None:
    first = sheet.first_input_column
    if not row.formula or first is None:
        return None
    return parse(row.formula).moved(0, column.at - first.at)


def crossings(sheet: "Sheet") -> list[Crossing]:
    """Every cell where a column and a row formula meet, in reading order."""
    found = []
    for ref in sheet.refs.values():
        by_column, by_row = _of_column(sheet, ref.row, ref.column), _row_formula_at(sheet, ref.row, ref.column)
        if by_column and by_row:
            found.append(Crossing(ref.key, by_column, by_row, "column" if ref.formula == by_column else "cell"))
    return found


def is_pure_sum(formula: str) -> bool:
    """Whether it holds nothing but cells, `SUM` and `+`: then a missing cell only makes it partial."""
    return parse(formula).is_sum


def cells_read(sheet: "Sheet", formula: str) -> tuple[str, ...]:
    """The keys of the figures that a formula reads, each once, in the order of the formula; ranges cover existing figures only."""
    return tuple(dict.fromkeys(key for area in parse(formula).areas for key in cells_of(sheet, area)))


def cells_of(sheet: "Sheet", area: Area) -> Iterator[str]:
    """The keys of the figures that stand in an area."""
    top, left, bottom, right = area.box
    last_row, last_column = sheet.extent
    for row in range(top, min(bottom, last_row) + 1):
        for column in range(left, min(right, last_column) + 1):
            key = sheet.key_at.get((row, column))
            if key is not None:
                yield key


def precedents(sheet: "Sheet") -> dict[str, tuple[str, ...]]:
    """Formula cell → the cells that it reads directly, ranges expanded over existing figures."""
    return sheet.graph.precedents


def dependents(sheet: "Sheet", changed: Collection[str]) -> list[str]:
    """The formula cells that depend on any of `changed`, directly or not, each after all that it reads."""
    graph, found, waiting = sheet.graph, set[str](), list(changed)
    while waiting:
        new = [key for key in graph.dependents.get(waiting.pop(), ()) if key not in found]
        found.update(new)
        waiting.extend(new)
    return [key for key in graph.order if key in found]


def graph_of(sheet: "Sheet") -> Graph:
    """Read every formula of the sheet. Linear in cells plus references."""
    reads = {key: cells_read(sheet, ref.formula) for key, ref in sheet.refs.items() if ref.formula}
    readers = defaultdict[str, list[str]](list)
    for key, cells in reads.items():
        for cell in cells:
            readers[cell].append(key)
    weights = {key: parse(sheet.refs[key].formula or "").weight for key in reads}
    order, depths = _ordered(reads, readers, weights)
    return Graph(
        precedents=reads,
        dependents={key: tuple(found) for key, found in readers.items()},
        order=tuple(key for key in order if depths[key] <= HEAVIEST_CHAIN),
        circular=frozenset(reads.keys() - depths.keys()),
        too_deep=frozenset(key for key in order if depths[key] > HEAVIEST_CHAIN),
    )


def _ordered(reads: dict[str, tuple[str, ...]], readers: dict[str, list[str]], weights: dict[str, int]) -> tuple[list[str], dict[str, int]]:
    """Kahn's order, and the weight of the heaviest chain that ends at each cell; cells of a cycle and behind it are in neither."""
    open_reads = {key: sum(cell in reads for cell in cells) for key, cells in reads.items()}
    depths = {key: weights[key] for key, count in open_reads.items() if not count}
    order = list(depths)
    for key in order:
        for reader in readers.get(key, ()):
            open_reads[reader] -= 1
            if not open_reads[reader]:
                order.append(reader)
                depths[reader] = weights[reader] + max(depths.get(cell, 0) for cell in reads[reader])
    return order, depths
