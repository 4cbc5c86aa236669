"""What a province's rollup must show, computed straight from the figures that were typed; shares no arithmetic with the services.

It reads of a form only what is published of it: rows, columns, cells, formulas as text and rules of adding up. Everything
else (which formula holds where, moving it there, computing, missing figures, rounding, adding up, carrying over) is done here again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import NamedTuple

from contracts.templates import AddingUp
from kernel.sheet.model import Carried, Cell, Column, Row, Value

from .figures import Figures, form_named
from .forms import Form
from .periods import earlier_in_year, previous, same_last_year, year_of
from .spreadsheet import EXACT, Formula, NotComputable, Place, moved, read, rounded

PROVINCE = ""
"""Stands for the province as a whole where a unit's code is asked for."""

NOT_ADDITIVE = "not-additive"
MISSING_PRECEDENT = "missing-precedent"
NOT_COMPUTABLE = "not-computable"


class Figure(NamedTuple):
    """A number, words, or neither for the reason named; an empty reason means that nobody gave any."""

    number: Decimal | None = None
    missing: str = ""
    text: str | None = None

    @property
    def is_given(self) -> bool:
        return self.number is not None or self.text is not None


class Rolled(NamedTuple):
    """A cell of the rollup: its figure as shown, and how many of the units expected have one in their approved report."""

    figure: Decimal | str
    given: int
    expected: int


NOTHING = Figure()


@dataclass(frozen=True)
class Book:
    """What was approved: (template, period) → unit → the cells that its people filled in, and who was expected to report.

    Where a period isn't in `expected`, those who reported are. Under the unit `PROVINCE` stand figures of the province itself, as a plan.
    """

    figures: Mapping[tuple[str, str], Mapping[str, Figures]]
    expected: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def units(self, template: str, period: str) -> tuple[str, ...]:
        return tuple(unit for unit in self.figures.get((template, period), {}) if unit != PROVINCE)

    def expected_units(self, template: str, period: str) -> frozenset[str]:
        return self.expected.get((template, period), frozenset(self.units(template, period)))

    def of(self, template: str, period: str, unit: str) -> Figures | None:
        return self.figures.get((template, period), {}).get(unit)


@dataclass(frozen=True, slots=True)
class Spot:
    """A cell as the form says it: where it stands, what fills it, and how it is added up. `reads` are keys of other cells."""

    key: str
    place: Place
    formula: Formula | None
    carried: Carried | None
    reads: tuple[str, ...]
    decimals: int
    is_text: bool
    adding_up: AddingUp


class Layout:
    """The cells of a form, read from what is published of it."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._rows = [row for row in form.sheet.rows if row.subject is not None]
        self._columns = form.sheet.columns

    @cached_property
    def spots(self) -> dict[str, Spot]:
        keys = {(row.at, column.at): f"{row.key}.{column.key}" for row, column in self._cells()}
        return {keys[row.at, column.at]: self._spot(row, column, keys) for row, column in self._cells()}

    def _cells(self) -> Iterable[tuple[Row, Column]]:
        for row in self._rows:
            for column in self._columns:
                if not self._own(row, column).blocked:
                    yield row, column

    def _own(self, row: Row, column: Column) -> Cell:
        return self._form.sheet.cells.get(f"{row.key}.{column.key}", Cell())

    def _spot(self, row: Row, column: Column, keys: Mapping[Place, str]) -> Spot:
        text = self._formula(row, column)
        formula = read(text) if text else None
        own = self._own(row, column)
        limits = self._form.sheet.limits[row.subject or ""]
        decimals = (own.decimals, column.decimals, row.decimals, limits.decimals)
        return Spot(
            key=keys[row.at, column.at],
            place=(row.at, column.at),
            formula=formula,
            carried=column.carried if column.role == "carried" and not formula else None,
            reads=tuple(keys[place] for place in formula.reads if place in keys) if formula else (),
            decimals=next(given for given in decimals if given is not None),
            is_text=row.kind == "text",
            adding_up=self._adding_up(row, column),
        )

    def _formula(self, row: Row, column: Column) -> str | None:
        """The cell's own, else the column's, written for the first row, else the row's, written for the first typed column."""
        own = self._own(row, column)
        if own.formula or row.kind == "text":
            return own.formula
        if column.role == "formula" and column.formula:
            return moved(column.formula, row.at - self._rows[0].at, 0)
        if column.role == "input" and row.formula:
            first = next(one for one in self._columns if one.role == "input")
            return moved(row.formula, 0, column.at - first.at)
        return None

    def _adding_up(self, row: Row, column: Column) -> AddingUp:
        form = self._form
        own = form.adding_up_cells.get(f"{row.key}.{column.key}") or form.adding_up_columns.get(column.key)
        return own or form.indicators[row.subject or ""].adding_up


@lru_cache(maxsize=64)
def layout_of(code: str) -> Layout:
    return Layout(form_named(code))


class Oracle:
    """The figures of every report and of the province, for a book of approved figures. Computes each cell once, when it is asked for."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._known: dict[tuple[str, str, str, str], Figure] = {}

    def report(self, template: str, period: str, unit: str) -> dict[str, Figure]:
        """Every cell of a unit's report, as shown."""
        spots = layout_of(template).spots
        return {key: self._shown(spot, self._figure(template, period, unit, spot)) for key, spot in spots.items()}

    def cell(self, template: str, period: str, unit: str, key: str) -> Figure:
        """One cell of a unit's report, or of the rollup for `PROVINCE`, as shown. Raises KeyError for a cell that the form lacks."""
        spot = layout_of(template).spots[key]
        return self._shown(spot, self._figure(template, period, unit, spot))

    def rollup(self, template: str, period: str) -> dict[str, Rolled]:
        """Every cell of the province: what it shows or why it shows nothing, and how many units it has it from."""
        units = self._book.units(template, period)
        expected = len(self._book.expected_units(template, period))
        rolled = {}
        for key, spot in layout_of(template).spots.items():
            given = sum(self._figure(template, period, unit, spot).is_given for unit in units)
            rolled[key] = Rolled(self._answer(template, period, spot), given, expected)
        return rolled

    def coverage(self, template: str, period: str) -> tuple[int, int]:
        """Reports approved, of reports expected."""
        return len(self._book.units(template, period)), len(self._book.expected_units(template, period))

    def _answer(self, template: str, period: str, spot: Spot) -> Decimal | str:
        figure = self._shown(spot, self._figure(template, period, PROVINCE, spot))
        return figure.missing if figure.number is None else figure.number

    def _shown(self, spot: Spot, figure: Figure) -> Figure:
        return figure if figure.number is None else figure._replace(number=rounded(figure.number, spot.decimals))

    def _figure(self, template: str, period: str, unit: str, spot: Spot) -> Figure:
        """A cell, unrounded. Kept, because carried cells lead back through the periods."""
        name = (template, period, unit, spot.key)
        if name not in self._known:
            self._known[name] = self._computed(template, period, unit, spot)
        return self._known[name]

    def _computed(self, template: str, period: str, unit: str, spot: Spot) -> Figure:
        if spot.formula:
            return self._by_formula(template, period, unit, spot, spot.formula)
        if spot.carried:
            return self._carried(template, period, unit, spot, spot.carried)
        return self._added_up(template, period, spot) if unit == PROVINCE else self._typed(template, period, unit, spot.key)

    def _typed(self, template: str, period: str, unit: str, key: str) -> Figure:
        figures = self._book.of(template, period, unit)
        return as_figure(figures.get(key)) if figures is not None else NOTHING

    def _by_formula(self, template: str, period: str, unit: str, spot: Spot, formula: Formula) -> Figure:
        """Computed from what it reads; missing where that is: see the design's rules on missing figures in formulas."""
        spots = layout_of(template).spots
        found = {key: self._figure(template, period, unit, spots[key]) for key in spot.reads}
        if any(figure.missing == NOT_ADDITIVE and not spots[key].formula for key, figure in found.items()):
            return Figure(missing=NOT_ADDITIVE)
        numbers = {spots[key].place: figure.number for key, figure in found.items() if figure.number is not None}
        if spot.reads and (not numbers or (len(numbers) < len(found) and not formula.is_sum)):
            return Figure(missing=MISSING_PRECEDENT)
        try:
            return Figure(Decimal(formula.compute(numbers)))
        except NotComputable:
            return Figure(missing=NOT_COMPUTABLE)

    def _carried(self, template: str, period: str, unit: str, spot: Spot, carried: Carried) -> Figure:
        """From the source's approved report, or the source's rollup at the province; by hand where the source has none."""
        source = carried.source or template
        key = f"{spot.key.partition('.')[0]}.{carried.column}"
        found = self._from_source(source, period, unit, key, carried)
        if found.is_given or unit == PROVINCE:
            return found
        typed = self._typed(template, period, unit, spot.key)
        return typed if typed.is_given else found

    def _from_source(self, source: str, period: str, unit: str, key: str, carried: Carried) -> Figure:
        spot = layout_of(source).spots.get(key)
        if spot is None:
            return NOTHING
        match carried.offset:
            case "previous":
                return self._approved(source, previous(period), unit, spot)
            case "same-last-year":
                return self._approved(source, same_last_year(period), unit, spot)
            case "year":
                return self._approved(source, year_of(period), unit, spot)
            case "year-to-date":
                earlier = [self._approved(source, one, unit, spot) for one in earlier_in_year(period)]
                return over_time(earlier, spot.adding_up)

    def _approved(self, source: str, period: str, unit: str, spot: Spot) -> Figure:
        """The source's figure as it was shown; of the province its own report, as a plan of its own, before the sum of the units'."""
        if unit == PROVINCE and self._book.of(source, period, PROVINCE) is not None:
            return self._typed(source, period, PROVINCE, spot.key)
        has_report = bool(self._book.units(source, period)) if unit == PROVINCE else self._book.of(source, period, unit) is not None
        return self._shown(spot, self._figure(source, period, unit, spot)) if has_report else NOTHING

    def _added_up(self, template: str, period: str, spot: Spot) -> Figure:
        units = self._book.units(template, period)
        if len(self._book.expected_units(template, period)) == 1 == len(units):
            return self._typed(template, period, units[0], spot.key)
        if spot.is_text or spot.adding_up.over_units == "none":
            is_given = any(self._typed(template, period, unit, spot.key).is_given for unit in units)
            return Figure(missing=NOT_ADDITIVE) if is_given else NOTHING
        found = [(unit, number) for unit in units if (number := self._typed(template, period, unit, spot.key).number) is not None]
        if not found:
            return NOTHING
        if spot.adding_up.over_units == "weighted_mean":
            return self._weighted_mean(template, period, spot, found)
        return Figure(_over_units([number for _, number in found], spot.adding_up.over_units))

    def _weighted_mean(self, template: str, period: str, spot: Spot, found: list[tuple[str, Decimal]]) -> Figure:
        weight = layout_of(template).spots[f"{spot.adding_up.weight}.{spot.key.partition('.')[2]}"]
        weights = {unit: self._figure(template, period, unit, weight).number for unit, _ in found}
        pairs = [(number, given) for unit, number in found if (given := weights[unit]) is not None]
        total = sum((given for _, given in pairs), Decimal(0))
        if not total:
            return Figure(missing=NOT_COMPUTABLE)
        return Figure(EXACT.divide(sum((number * given for number, given in pairs), Decimal(0)), total))


def as_figure(value: Value | None) -> Figure:
    if value is None:
        return NOTHING
    number = Decimal(0) if value.nil else value.number
    return Figure(number, value.missing or "", value.text)


def over_time(figures: list[Figure], adding_up: AddingUp) -> Figure:
    """The earlier periods of a year together, of those that have a figure; before the first there is nothing, which is a sum of 0.

    A last one is that of the last period: an older figure never stands in for it.
    """
    numbers = [figure.number for figure in figures if figure.number is not None]
    if not figures and adding_up.over_time == "sum":
        return Figure(Decimal(0))
    if not numbers:
        return NOTHING
    if adding_up.over_time == "none":
        return Figure(missing=NOT_ADDITIVE)
    if adding_up.over_time == "last":
        return Figure(figures[-1].number)
    total = sum(numbers, Decimal(0))
    return Figure(total if adding_up.over_time == "sum" else EXACT.divide(total, len(numbers)))


def _over_units(numbers: list[Decimal], rule: str) -> Decimal:
    match rule:
        case "sum":
            return sum(numbers, Decimal(0))
        case "mean":
            return EXACT.divide(sum(numbers, Decimal(0)), len(numbers))
        case "min":
            return min(numbers)
        case "max":
            return max(numbers)
    raise ValueError(f"no rule of adding up over units: {rule}")


def held(rollup: Mapping[str, Rolled], form: Form) -> dict[str, Rolled]:
    """The rollup as a reader sees it: under the policy `hold` what too few have reported, and what is computed from it, is withheld."""
    if form.policy.mode != "hold":
        return dict(rollup)
    share, spots = Decimal(form.policy.share), layout_of(form.code).spots
    withheld = {
        key for key, one in rollup.items() if not spots[key].formula and not spots[key].carried and one.given < share * one.expected
    }
    while True:
        behind = {key for key in rollup if key not in withheld and withheld.intersection(spots[key].reads)}
        if not behind:
            break
        withheld |= behind
    return {key: one._replace(figure="held") if key in withheld else one for key, one in rollup.items()}
