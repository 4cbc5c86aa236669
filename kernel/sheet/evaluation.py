"""Computes the formula cells of a sheet with the engine, and adds the rules for missing figures that a spreadsheet lacks."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

import ironcalc
from msgspec.structs import replace

from .formulas import is_pure_sum
from .model import BLANK, CellRef, Sheet, Value
from .references import parse
from .rounding import MOST_DIGITS, from_engine, is_exact
from .rules import RuleBook

NOT_COMPUTABLE = Value(missing="not-computable")
SHEETS_KEPT = 64


class InexactNumber(ValueError):
    """A number that the engine can't take exactly: more than 15 significant digits, or no number at all."""

    def __init__(self, cell: str, number: Decimal) -> None:
        super().__init__(f"{cell}: {number} has more than {MOST_DIGITS} significant digits")
        self.cell = cell
        self.number = number


class _Formula(NamedTuple):
    """A formula cell as it is computed. Sets of cells are bits of an int, one per cell in reading order."""

    key: str
    bit: int
    row: int
    column: int
    text: str
    decimals: int
    is_sum: bool
    reads: int  # what it reads directly, rows of text left out
    made_of: int  # the same, each sum among them replaced by what that is made of
    reads_text: str  # a row of text that it reads, where it reads nothing else


@dataclass(frozen=True)
class _Plan:
    """What can be computed: `missing` holds the values of what can't, `emptied` what must not be in a sum's way."""

    missing: dict[str, Value]
    absent: int  # cells without a number
    texts: int  # those of them whose formula gave a text
    emptied: frozenset[str]


class Calculator:
    """The formulas of one sheet, loaded into the engine once and used again for every evaluation. Safe between threads.

    Formulas that are malformed, read outside the sheet, or are on a cycle or at the end of too heavy a chain are never given to the
    engine: they are not computable.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        graph = sheet.graph
        self._bits = {key: 1 << index for index, key in enumerate(sheet.refs)}
        self._keys = list(sheet.refs)
        self._inputs = {key: (ref.row.at, ref.column.at) for key, ref in sheet.refs.items() if _takes_numbers(ref)}
        open_ended = {key for key in graph.order if not parse(sheet.refs[key].formula or "").is_closed}
        self._stuck = dict.fromkeys(graph.circular | graph.too_deep | open_ended, NOT_COMPUTABLE)
        self._formulas = self._read_formulas()
        self._by_key = {formula.key: formula for formula in self._formulas}
        self._all_formulas = self._mask(self._by_key)
        self._has_text_readers = any(formula.reads_text for formula in self._formulas)
        self._lock = threading.Lock()
        self._load_engine()

    @cached_property
    def rules(self) -> RuleBook:
        """The sheet's validation rules."""
        return RuleBook(self.sheet)

    def evaluate(self, values: Mapping[str, Value], *, not_additive: Collection[str] = ()) -> dict[str, Value]:
        """Every formula cell's value, from the other cells' `values`; what `values` says of formula cells is not looked at.

        Numbers are rounded to the decimals of their cell; the chain between formulas is not rounded. A nil is 0, a blank is
        missing: see `_settle`. `not_additive` are cells whose direct dependants can't be computed.
        Raises InexactNumber where a number has more than 15 significant digits.
        """
        numbers = {key: number for key in self._inputs if (number := _number_of(key, values)) is not None}
        absent = self._mask(key for key in self._inputs if key not in numbers) | self._mask(self._stuck)
        with self._lock:
            try:
                return self._computed(numbers, absent, self._mask(key for key in not_additive if key in self._bits))
            except BaseException:
                self._load_engine()  # half-written: never evaluated again
                raise

    def _computed(self, numbers: dict[str, float], absent: int, not_additive: int) -> dict[str, Value]:
        self._enter(numbers)
        plan, found, raw = self._settle(absent, not_additive, {}), dict[str, Value](), dict[str, float | str | bool | None]()
        is_current = False
        while True:
            if plan.emptied != self._emptied or not is_current:
                self._empty(plan.emptied)
                self._engine.evaluate()
                is_current = True
                raw = self._read_out(plan)
            new = self._first_oddities(raw, found, plan)
            if not new:
                return self._values(raw, plan, found)
            found |= new
            plan = self._settle(absent, not_additive, found)

    def _settle(self, absent: int, not_additive: int, found: Mapping[str, Value]) -> _Plan:
        """Which formulas are missing, in the order of their dependence.

        One that reads a not-additive cell is missing. One all of whose cells are absent is missing. With some absent a pure sum is
        computed, and any other is missing, naming the first absent cell in reading order. `found` are results that the engine has
        shown to be no numbers: errors are missing, a text is as good as a number to any formula but a sum.
        """
        missing, emptied, texts = dict(self._stuck), set[str](), 0
        if not (absent or not_additive or found or self._has_text_readers):
            return _Plan(missing, absent, 0, frozenset())
        for formula in self._formulas:
            gone = formula.reads & absent
            if formula.reads & not_additive:
                value = Value(missing="not-additive", needs=self._first(formula.reads & not_additive))
            elif formula.reads_text or (gone and (gone == formula.reads if formula.is_sum else gone & ~texts)):
                value = Value(missing="missing-precedent", needs=formula.reads_text or self._first(gone & ~texts or gone))
            else:
                if gone and formula.is_sum:
                    emptied.update(self._each(gone & self._all_formulas & ~texts))
                if formula.key not in found:
                    continue
                value = found[formula.key]
            absent |= formula.bit
            if value.text is not None:
                texts |= formula.bit
            else:
                missing[formula.key] = value
        return _Plan(missing, absent, texts, frozenset(emptied))

    def _first_oddities(self, raw: Mapping[str, float | str | bool | None], found: Mapping[str, Value], plan: _Plan) -> dict[str, Value]:
        """Results that are no numbers, without whatever reads one: that is known only after settling again."""
        if all(type(result) is float for result in raw.values()):
            return {}
        odd, new = 0, dict[str, Value]()
        for formula in self._formulas:
            if formula.key in found or formula.key in plan.missing:
                continue
            result, is_tainted = raw[formula.key], bool(formula.reads & odd)
            if is_tainted or type(result) is not float:
                odd |= formula.bit
            if not is_tainted and type(result) is not float:
                new[formula.key] = self._oddity(formula, result)
        return new

    def _oddity(self, formula: _Formula, result: object) -> Value:
        is_text = isinstance(result, str) and result != "" and not self._is_error(formula)
        return Value(text=str(result)) if is_text else NOT_COMPUTABLE

    def _is_error(self, formula: _Formula) -> bool:
        return self._engine.get_cell_type(0, formula.row, formula.column) == ironcalc.CellType.ErrorValue

    def _values(self, raw: Mapping[str, float | str | bool | None], plan: _Plan, found: Mapping[str, Value]) -> dict[str, Value]:
        values = dict(plan.missing)
        for formula in self._formulas:
            if formula.key in values:
                continue
            result = raw[formula.key]
            if type(result) is not float:
                values[formula.key] = found[formula.key]
                continue
            number = from_engine(result, formula.decimals)
            lost = formula.made_of & (plan.absent if formula.is_sum else plan.absent & ~plan.texts)
            if lost:
                of = formula.made_of.bit_count()
                values[formula.key] = Value(number=number, given=of - lost.bit_count(), of=of)
            else:
                values[formula.key] = Value(number=number)
        return values

    def _read_formulas(self) -> tuple[_Formula, ...]:
        made_of: dict[str, int] = {}
        formulas = []
        for key in self.sheet.graph.order:
            if key in self._stuck:
                continue
            formula = self._read_formula(self.sheet.refs[key], made_of)
            made_of[key] = formula.made_of if formula.is_sum else formula.bit
            formulas.append(formula)
        return tuple(formulas)

    def _read_formula(self, ref: CellRef, made_of: Mapping[str, int]) -> _Formula:
        text, cells = ref.formula or "", self.sheet.graph.precedents[ref.key]
        counted = [cell for cell in cells if cell in self._inputs or self.sheet.refs[cell].formula]
        reads = self._mask(counted)
        return _Formula(
            key=ref.key,
            bit=self._bits[ref.key],
            row=ref.row.at,
            column=ref.column.at,
            text=text,
            decimals=ref.decimals,
            is_sum=is_pure_sum(text),
            reads=reads,
            made_of=self._union(made_of[cell] for cell in counted if cell in made_of) | self._mask(c for c in counted if c not in made_of),
            reads_text=cells[0] if cells and not counted else "",
        )

    def _mask(self, keys: Iterable[str]) -> int:
        return self._union(self._bits[key] for key in keys)

    @staticmethod
    def _union(masks: Iterable[int]) -> int:
        joined = 0
        for mask in masks:
            joined |= mask
        return joined

    def _first(self, mask: int) -> str:
        return self._keys[(mask & -mask).bit_length() - 1]

    def _each(self, mask: int) -> list[str]:
        found = []
        while mask:
            found.append(self._first(mask))
            mask &= mask - 1
        return found

    def _load_engine(self) -> None:
        self._engine = ironcalc.create("sheet", "en", "UTC", "en")
        self._entered: dict[str, float] = {}
        self._emptied: frozenset[str] = frozenset()
        for formula in self._formulas:
            self._engine.update_cell_with_formula(0, formula.row, formula.column, formula.text)

    def _enter(self, numbers: dict[str, float]) -> None:
        """Make the engine's inputs these: only what changed since the last evaluation is written."""
        engine, places, entered = self._engine, self._inputs, self._entered
        for key in entered.keys() - numbers.keys():
            engine.clear_cell_contents(0, *places[key])
        for key, number in numbers.items():
            if entered.get(key) != number:
                row, column = places[key]
                engine.update_cell_with_number(0, row, column, number)
        self._entered = numbers

    def _empty(self, cells: frozenset[str]) -> None:
        """Take the formulas of `cells` out of the engine and put back those taken out before."""
        for key in self._emptied - cells:
            formula = self._by_key[key]
            self._engine.update_cell_with_formula(0, formula.row, formula.column, formula.text)
        for key in cells - self._emptied:
            self._engine.clear_cell_contents(0, self._by_key[key].row, self._by_key[key].column)
        self._emptied = cells

    def _read_out(self, plan: _Plan) -> dict[str, float | str | bool | None]:
        read, missing = self._engine.get_cell_value, plan.missing
        return {formula.key: read(0, formula.row, formula.column) for formula in self._formulas if formula.key not in missing}


def _takes_numbers(ref: CellRef) -> bool:
    return ref.formula is None and ref.row.kind == "number"


def _number_of(key: str, values: Mapping[str, Value]) -> float | None:
    number = values.get(key, BLANK).as_number
    if number is None:
        return None
    if not is_exact(number):
        raise InexactNumber(key, number)
    return float(number)


_kept: OrderedDict[Hashable, Calculator] = OrderedDict()
_keeping = threading.Lock()


def calculator_for(sheet: Sheet, key: Hashable = None) -> Calculator:
    """The calculator of a sheet, kept among the last 64 used.

    `key` names what never changes, such as a template's code and version; without it the very object counts.
    """
    name: Hashable = ("sheet", id(sheet)) if key is None else ("key", key)
    with _keeping:
        kept = _kept.get(name)
        if kept is not None:
            _kept.move_to_end(name)
            return kept
    made = Calculator(sheet)
    with _keeping:
        kept = _kept.setdefault(name, made)
        _kept.move_to_end(name)
        while len(_kept) > SHEETS_KEPT:
            _kept.popitem(last=False)
        return kept


def differences(sheet: Sheet, stored: Mapping[str, Value], carried: Mapping[str, Value]) -> dict[str, tuple[Value, Value]]:
    """What normalising changes: cell → (old, new) of carried cells, taken from `carried`, and of formula cells, computed anew.

    A carried cell that `carried` doesn't name stays as stored; one typed by hand stays while its source has no figure.
    Explanations of warnings don't count as a difference. Raises InexactNumber.
    """
    refreshed = {**stored, **{key: _refreshed(stored.get(key, BLANK), new) for key, new in carried.items() if _is_carried(sheet, key)}}
    refreshed |= calculator_for(sheet).evaluate(refreshed)
    pairs = ((key, stored.get(key, BLANK), refreshed.get(key, BLANK)) for key in sheet.refs)
    return {key: (old, new) for key, old, new in pairs if old != new and replace(old, explained=None) != replace(new, explained=None)}


def _is_carried(sheet: Sheet, key: str) -> bool:
    ref = sheet.refs.get(key)
    return ref is not None and ref.role == "carried"


def _refreshed(stored: Value, source: Value) -> Value:
    has_figure = source.as_number is not None or source.text is not None
    return stored if stored.typed and not has_figure else source
