"""Tries formulas in the engine with every figure 1, to learn whether it takes them; real figures never come here."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import ironcalc

from .model import CellRef, Sheet
from .references import LAST_COLUMN

REFUSALS = ("#ERROR!", "#NAME?", "#N/IMPL!", "#SPILL!")
"""What the engine answers to a formula that it can't take, whatever the figures."""


@lru_cache(maxsize=1024)
def is_known_function(name: str) -> bool:
    """Whether the engine has a function of that name."""
    engine = ironcalc.create("trial", "en", "UTC", "en")
    engine.update_cell_with_formula(0, 1, 1, f"={name}()")
    engine.evaluate()
    return bool(engine.get_cell_value(0, 1, 1) != "#NAME?")


def is_condition(sheet: Sheet, formula: str) -> bool:
    """Whether a formula gives TRUE or FALSE, or an error that it may not give of other figures."""
    engine = _engine_of_ones(sheet.refs.values())
    engine.update_cell_with_formula(0, 1, LAST_COLUMN, formula)
    engine.evaluate()
    result = engine.get_cell_value(0, 1, LAST_COLUMN)
    is_error = engine.get_cell_type(0, 1, LAST_COLUMN) == ironcalc.CellType.ErrorValue
    return isinstance(result, bool) or (is_error and result not in REFUSALS)


def refused(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """(cell, the engine's answer) of formulas that it can't take; `#SPILL!` where one gives more than its own cell."""
    formulas = [sheet.refs[key] for key in sheet.graph.order]
    engine = _engine_of_ones(ref for ref in sheet.refs.values() if ref.formula is None)
    for ref in formulas:
        engine.update_cell_with_formula(0, ref.row.at, ref.column.at, ref.formula or "")
    engine.evaluate()
    bad = set[str]()
    for ref in formulas:
        answer = engine.get_cell_value(0, ref.row.at, ref.column.at)
        if answer in REFUSALS and bad.isdisjoint(sheet.graph.precedents[ref.key]):
            yield ref.key, str(answer)
        if answer in REFUSALS:
            bad.add(ref.key)
    figures = {(0, row, column) for row, column in sheet.key_at}
    if not bad and not figures.issuperset(engine.get_all_cells()):
        yield from ((ref.key, "#SPILL!") for ref in formulas if _fills_more_than_itself(ref))


def _fills_more_than_itself(ref: CellRef) -> bool:
    engine = ironcalc.create("trial", "en", "UTC", "en")
    engine.update_cell_with_formula(0, ref.row.at, ref.column.at, ref.formula or "")
    engine.evaluate()
    return len(engine.get_all_cells()) > 1


def _engine_of_ones(refs: Iterable[CellRef]) -> ironcalc.Model:
    engine = ironcalc.create("trial", "en", "UTC", "en")
    for ref in refs:
        if ref.row.kind == "number":
            engine.update_cell_with_number(0, ref.row.at, ref.column.at, 1.0)
    return engine
