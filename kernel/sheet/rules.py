"""Tells which validation rules of a sheet a set of rounded figures breaks; says nothing of single cells."""

import threading
from collections.abc import Mapping
from decimal import Decimal

import ironcalc

from .formulas import HEAVIEST_CHAIN, cells_read
from .model import BLANK, Rule, Sheet, Value
from .references import LAST_COLUMN, parse
from .rounding import is_exact


class RuleBook:
    """The rules of one sheet, loaded into an engine of their own: they see rounded figures, the formulas' chain unrounded ones.

    Safe between threads. A rule whose formula is malformed or reads outside the sheet never speaks; publishing refuses it.
    """

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._lock = threading.Lock()
        self._rules = [rule for rule in sheet.rules if _is_usable(rule.formula)]
        self._reads = [numbers_read(sheet, rule.formula) for rule in self._rules]
        self._engine, self._entered = self._loaded_engine(), set[str]()

    def broken(self, figures: Mapping[str, Value]) -> list[Rule]:
        """The rules that are not TRUE of `figures`, in the sheet's order.

        One that lacks a figure does not speak, nor one that gives an error or a text.
        """
        wanted = dict.fromkeys(cell for cells in self._reads for cell in cells)
        numbers = {cell: number for cell in wanted if (number := _exact(figures.get(cell, BLANK))) is not None}
        with self._lock:
            try:
                results = self._results(numbers)
            except BaseException:
                self._engine, self._entered = self._loaded_engine(), set()
                raise
        spoken = zip(self._rules, self._reads, results, strict=True)
        return [rule for rule, reads, result in spoken if _is_false(result) and numbers.keys() >= set(reads)]

    def _results(self, numbers: Mapping[str, Decimal]) -> list[float | str | bool | None]:
        engine = self._engine
        for cell in self._entered - numbers.keys():
            engine.clear_cell_contents(0, *self._place(cell))
        for cell, number in numbers.items():
            row, column = self._place(cell)
            engine.update_cell_with_number(0, row, column, float(number))
        self._entered = set(numbers)
        engine.evaluate()
        return [engine.get_cell_value(0, row, LAST_COLUMN) for row in range(1, len(self._rules) + 1)]

    def _place(self, cell: str) -> tuple[int, int]:
        ref = self._sheet.refs[cell]
        return ref.row.at, ref.column.at

    def _loaded_engine(self) -> ironcalc.Model:
        engine = ironcalc.create("rules", "en", "UTC", "en")
        for row, rule in enumerate(self._rules, start=1):
            engine.update_cell_with_formula(0, row, LAST_COLUMN, parse(rule.formula).moved(0, 0))
        return engine


def numbers_read(sheet: Sheet, formula: str) -> tuple[str, ...]:
    """What a formula needs to be computed: the cells it reads in rows of numbers, or all that it reads where there are none such."""
    cells = cells_read(sheet, formula)
    return tuple(cell for cell in cells if sheet.refs[cell].row.kind == "number" or sheet.refs[cell].formula) or cells


def _is_usable(formula: str) -> bool:
    parsed = parse(formula)
    return parsed.is_closed and parsed.weight <= HEAVIEST_CHAIN


def _exact(value: Value) -> Decimal | None:
    number = value.as_number
    return number if number is not None and is_exact(number) else None


def _is_false(result: float | str | bool | None) -> bool:
    return result is False or result == 0.0
