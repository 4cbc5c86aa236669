"""Which things happen to which reports of a month, in proportions as in life; the same for the same seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .figures import Figures
from .forms import Form
from .journeys import Case, Journey, Kind, journey
from .mistakes import UNUSUAL
from .oracle import Book

SHARES: Mapping[Kind, int] = {
    "imported": 110,
    "totals_left_behind": 60,
    "explained": 8,
    "rejected": 30,
    "returned": 40,
    "withdrawn_by_officer": 12,
    "withdrawn_by_leader": 8,
    "nil": 30,
    "late": 50,
    "never_sent": 20,
}
"""Of a thousand reports; the rest is plain."""

UNITS_WITH_ONE_WORKBOOK = 50
"""Of a thousand units: those that hand in all their reports as one Excel file."""

ONCE: tuple[Kind, ...] = ("extended", "cancelled", "corrected_after_approval")
"""What happens to one report of the month."""


@dataclass(frozen=True, slots=True)
class Release:
    """What the provincial office makes public: a template's columns for a period, with source and licence."""

    template: str
    period: str
    columns: tuple[str, ...]
    levels: tuple[str, ...]
    source: str
    licence: str


def plan_month(seed: int, units: Sequence[str], forms: Sequence[Form], period: str = "2026-03") -> list[Journey]:
    """A journey for every unit and form, by unit, then form.

    Every kind of `SHARES` that may happen to one of `forms` occurs at least once, each of `ONCE` exactly once; one workbook needs
    two forms or more. Raises ValueError where there are too few reports for all this.
    """
    cases = [Case(form, unit, period, seed, random.Random(f"{seed}|{unit}|{form.code}|{period}")) for unit in units for form in forms]
    kinds = _kinds(random.Random(f"{seed}|kinds"), cases, len(forms))
    return [journey(case, kind) for case, kind in zip(cases, kinds, strict=True)]


def plan_release(forms: Sequence[Form], period: str) -> Release:
    """The month's release: the retail trade of the month and of the year so far, or the first form's where trade isn't played."""
    form = next((form for form in forms if form.code == "TM-THANG"), forms[0])
    columns = tuple(column.key for column in form.sheet.columns if column.measure in ("actual", "year_to_date", "growth"))
    return Release(form.code, period, columns, ("province",), f"{form.name}; {form.legal_document}", "CC BY 4.0")


def book_of(journeys: Sequence[Journey], earlier: Mapping[tuple[str, str], Mapping[str, Figures]]) -> Book:
    """The approved figures of a played month after `earlier` ones, with who was expected: everybody whose assignment stands."""
    approved = {name: dict(reports) for name, reports in earlier.items()}
    expected = dict[tuple[str, str], set[str]]()
    for one in journeys:
        name = (one.template, one.period)
        reports, waited_for = approved.setdefault(name, {}), expected.setdefault(name, set())
        if one.outcome == "approved":
            reports[one.unit] = one.final
        if one.outcome != "cancelled":
            waited_for.add(one.unit)
    return Book(approved, {name: frozenset(waited_for) for name, waited_for in expected.items()})


def _kinds(dice: random.Random, cases: Sequence[Case], forms: int) -> list[Kind]:
    """Which kind each case is: the units with one workbook first, then what happens once, then the rest by their shares."""
    kinds: list[Kind] = ["plain"] * len(cases)
    one_workbook = _cases_of_one_workbook(dice, len(cases), forms)
    for place in one_workbook:
        kinds[place] = "several_in_one_workbook"
    free = [place for place in range(len(cases)) if place not in one_workbook]
    dice.shuffle(free)
    for kind in (*ONCE, *_one_of_each_then_shares(len(cases))):
        if any(_may_happen(kind, case.form) for case in cases):
            kinds[_taken(free, cases, kind)] = kind
    return kinds


def _one_of_each_then_shares(reports: int) -> list[Kind]:
    """The rare ones first, so that a small month has them too."""
    counts = {kind: max(1, round(reports * share / 1000)) for kind, share in SHARES.items()}
    return [*counts, *(kind for kind, count in counts.items() for _ in range(count - 1))]


def _taken(free: list[int], cases: Sequence[Case], kind: Kind) -> int:
    """The next free case that this can happen to, taken out."""
    for index in range(len(free) - 1, -1, -1):
        if _may_happen(kind, cases[free[index]].form):
            return free.pop(index)
    raise ValueError(f"{len(cases)} reports are too few for a month in which everything happens")


def _may_happen(kind: Kind, form: Form) -> bool:
    """Nothing at all may have occurred where no stock is watched for jumps: there is no commune without people."""
    if kind == "nil":
        return not any(indicator.jump for indicator in form.indicators.values())
    return kind != "explained" or form.code in UNUSUAL


def _cases_of_one_workbook(dice: random.Random, cases: int, forms: int) -> frozenset[int]:
    """All reports of a few units; a file with a single report is an ordinary import, so with one form there are none."""
    if forms < 2:
        return frozenset()
    units = cases // forms
    chosen = dice.sample(range(units), max(1, round(units * UNITS_WITH_ONE_WORKBOOK / 1000)))
    return frozenset(unit * forms + place for unit in chosen for place in range(forms))
