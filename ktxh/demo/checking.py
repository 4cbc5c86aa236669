"""Holds every figure that the system shows against the sum computed straight from what was typed. Trusts no service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .forms import Form
from .oracle import Oracle, Rolled, held


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that the system shows otherwise than it should be."""

    template: str
    cell: str
    what: str
    shown: str
    expected: str

    def __str__(self) -> str:
        return f"{self.template} {self.cell}: {self.what} là {self.shown}, phải là {self.expected}"


def differences(form: Form, period: str, rollup: Mapping[str, Any], oracle: Oracle) -> list[Difference]:
    """Every cell of the provincial rollup, its coverage and the form's: all that isn't as the oracle has it."""
    expected = held(oracle.rollup(form.code, period), form)
    found = list(_of_coverage(form, period, rollup, oracle))
    for key, rolled in expected.items():
        found.extend(_of_cell(form.code, key, rollup["cells"].get(key, {}), rolled))
    unknown = sorted(set(rollup["cells"]) - set(expected))
    found.extend(Difference(form.code, key, "ô", "có", "không có") for key in unknown)
    return found


def differences_of_release(form: Form, period: str, release: Mapping[str, Any], oracle: Oracle) -> list[Difference]:
    """Every figure of the released columns that the public doesn't see as the oracle has it, and every one that it shouldn't see."""
    (unit,) = release["units"]
    expected = held(oracle.rollup(form.code, period), form)
    found = []
    for key, rolled in expected.items():
        is_released = form.sheet.refs[key].column.key in release["columns"]
        wanted = rolled.figure if is_released and isinstance(rolled.figure, Decimal) else ""
        shown = _shown(unit["cells"].get(key) or {})
        if (shown if isinstance(shown, Decimal) else "") != wanted:
            found.append(Difference(form.code, key, "số liệu công bố", str(shown), str(wanted)))
    return found


def _of_coverage(form: Form, period: str, rollup: Mapping[str, Any], oracle: Oracle) -> Sequence[Difference]:
    reported, expected = oracle.coverage(form.code, period)
    shown = (rollup["coverage"]["reported"], rollup["coverage"]["expected"])
    if shown == (reported, expected):
        return []
    return [Difference(form.code, "-", "số đơn vị", f"{shown[0]}/{shown[1]}", f"{reported}/{expected}")]


def _of_cell(template: str, key: str, cell: Mapping[str, Any], rolled: Rolled) -> Sequence[Difference]:
    found = []
    shown, wanted = _shown(cell.get("value") or {}), rolled.figure
    if shown != wanted:
        found.append(Difference(template, key, "số liệu", str(shown), str(wanted)))
    if "given" in cell and (cell["given"], cell["expected"]) != (rolled.given, rolled.expected):
        found.append(Difference(template, key, "độ phủ", f"{cell['given']}/{cell['expected']}", f"{rolled.given}/{rolled.expected}"))
    return found


def _shown(value: Mapping[str, Any]) -> Decimal | str:
    """The figure as the oracle says it: a number, or why there is none."""
    if value.get("nil"):
        return Decimal(0)
    if value.get("number") is not None:
        return Decimal(value["number"])
    return str(value.get("missing", ""))
