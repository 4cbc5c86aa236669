"""Figures that somebody first types wrong, and figures that are unusual but right; both keep every rule that is an error."""

import random
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

from kernel.sheet.model import Value

from .figures import Figures, cell_of
from .forms import Form

# Form → the figure that is unusual, what it is measured against, and how many times that it then is: each breaks one warning.
UNUSUAL: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "DS-THANG": ("DS.SINH.NAM", ("DS.CUOIKY.NAM", "DS.CUOIKY.NU"), "0.021"),
    "GD-THANG": ("GD.HSTH", ("GD.LOPMN", "GD.LOPTH", "GD.LOPTHCS"), "46"),
    "YT-THANG": ("YT.TIEMCHUNG.SO", ("YT.TIEMCHUNG.DICH",), "0.4"),
    "NN-THANG": ("NN.LUADX.SL", ("NN.LUADX.DTTH",), "9.5"),
    "CN-THANG": ("CN.GTSX.CBCT", ("CN.GTSX.KK", "CN.GTSX.DIEN", "CN.GTSX.NUOC"), "0.1"),
    "TM-THANG": ("TM.HOKD.NGHI", ("TM.HOKD",), "0.22"),
    "LD-THANG": ("LD.VIECLAM.NAM", ("LD.LLLD15",), "0.052"),
}
_COLUMN = "th_thang"


def unusual(template: str, right: Figures) -> dict[str, Value]:
    """The figure that breaks a warning of the form. Raises KeyError for a form that isn't in `UNUSUAL`."""
    code, measured_by, times = UNUSUAL[template]
    base = sum((right[cell_of(other, _COLUMN)].as_number or Decimal(0) for other in measured_by), Decimal(0))
    key = cell_of(code, _COLUMN)
    number = base * Decimal(times)
    step = _step(right[key].number or base)
    is_downward = Decimal(times) < Decimal("0.5") and template in ("CN-THANG", "YT-THANG")
    rounded = number.quantize(step) if is_downward else number.quantize(step, ROUND_CEILING)
    return {key: Value(number=rounded)}


def mistaken(form: Form, right: Figures, dice: random.Random, *, only_added_up: bool = False) -> tuple[dict[str, Value], dict[str, Value]]:
    """One or two figures as first typed, wrong but within the rules, and the same cells as they should be.

    With `only_added_up` they are figures that go into a total of their own column.
    """
    free = _free_cells(form, right)
    added_up = [key for key in free if _goes_into_a_total(form, key)]
    chosen_from = added_up if only_added_up else free
    chosen = dice.sample(chosen_from, min(len(chosen_from), dice.randint(1, 2)))
    mended = {key: right[key] for key in chosen}
    return {key: Value(number=_off(value.number or Decimal(0), dice)) for key, value in mended.items()}, mended


def _free_cells(form: Form, right: Figures) -> list[str]:
    """Cells with a figure that may be somewhat larger: no maximum, and no rule has them on the side that must stay small."""
    sheet = form.sheet
    small_side = {rule.cells[0] for rule in sheet.rules if rule.cells}
    wholes = [key for key in form.inputs if key not in small_side and sheet.refs[key].limits.maximum is None]
    return [key for key in wholes if (number := right[key].number) is not None and number > 0]


def _goes_into_a_total(form: Form, key: str) -> bool:
    refs = form.sheet.refs
    column = refs[key].column.key
    return any(refs[reader].column.key == column for reader in form.sheet.graph.dependents.get(key, ()))


def _off(number: Decimal, dice: random.Random) -> Decimal:
    """A little more than it should be, with the same decimals."""
    step = _step(number)
    more = (number * Decimal(dice.randint(3, 8)) / 100).quantize(step)
    return number + max(more, step)


def _step(number: Decimal) -> Decimal:
    return Decimal(1).scaleb(min(0, int(number.as_tuple().exponent)))
