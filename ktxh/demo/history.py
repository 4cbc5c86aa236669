"""Earlier figures in the shape that `ktxh import-history` takes, so that carried columns have a source in the first month."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from kernel.sheet.model import Carried, Value

from .figures import Figures, figures
from .forms import Form, all_forms
from .oracle import Book, Oracle
from .periods import earlier_in_year, previous, same_last_year, year_of

COLUMNS = ("template", "period", "unit_code", "row", "column", "value", "status", "source")
NIL_SIGN = "-"


class HistoryRow(NamedTuple):
    """One figure as it was approved: `value` a canonical number, `-` for nil, or words."""

    template: str
    period: str
    unit_code: str
    row: str
    column: str
    value: str
    status: str
    source: str


def carried_columns(code: str) -> frozenset[str]:
    """The columns of a form that some form carries over."""
    return frozenset(carried.column for form in all_forms() for carried in _carried(form) if (carried.source or form.code) == code)


def source_periods(form: Form, period: str) -> tuple[str, ...]:
    """The form's own earlier periods that its carried columns lead to, in order: all that must be there for none to be missing."""
    offsets = {carried.offset for carried in _carried(form) if not carried.source}
    wanted = set[str]()
    if "previous" in offsets:
        wanted.add(previous(period))
    if "year-to-date" in offsets:
        wanted.update(earlier_in_year(period))
    if "same-last-year" in offsets:
        last_year = same_last_year(period)
        wanted.update((last_year, *(earlier_in_year(last_year) if "year-to-date" in offsets else ())))
    return tuple(sorted(wanted))


def source_plans(form: Form, period: str) -> tuple[tuple[str, str], ...]:
    """The other forms, each with its year, that the form's carried columns lead to."""
    return tuple(sorted({(carried.source, year_of(period)) for carried in _carried(form) if carried.source and carried.offset == "year"}))


def history(form: Form, unit: str, periods: Iterable[str], seed: int) -> Iterator[HistoryRow]:
    """What `unit` reported in `periods`: every typed cell, and the computed ones of columns that later reports carry over."""
    columns = carried_columns(form.code)
    for period in periods:
        typed = figures(form, period, unit, seed)
        for key, ref in form.sheet.refs.items():
            if ref.role == "input":
                yield from _rows(form, period, unit, key, typed[key])
            elif ref.role == "formula" and ref.column.key in columns:
                yield from _rows(form, period, unit, key, _computed(form, period, unit, key, seed))


def write_history_csv(path: Path, rows: Iterable[HistoryRow]) -> int:
    """Write the rows with a heading; returns how many there were."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def book_of_history(forms: Iterable[Form], units: Iterable[str], period: str, seed: int) -> dict[tuple[str, str], dict[str, Figures]]:
    """The same earlier figures, and the plans, as the oracle takes them."""
    book = dict[tuple[str, str], dict[str, Figures]]()
    named = {form.code: form for form in all_forms()}
    everyone = tuple(units)
    for form in forms:
        wanted = [(form, one) for one in source_periods(form, period)] + [(named[code], year) for code, year in source_plans(form, period)]
        for source, one in wanted:
            book[source.code, one] = {unit: figures(source, one, unit, seed) for unit in everyone}
    return book


def _carried(form: Form) -> Iterator[Carried]:
    return (column.carried for column in form.sheet.columns if column.carried is not None)


def _rows(form: Form, period: str, unit: str, key: str, value: Value) -> Iterator[HistoryRow]:
    text = NIL_SIGN if value.nil else value.text if value.number is None else f"{value.number:f}"
    if text is not None:
        row, _, column = key.partition(".")
        yield HistoryRow(form.code, period, unit, row, column, text, form.figure_status, form.legal_document)


def _computed(form: Form, period: str, unit: str, key: str, seed: int) -> Value:
    """A formula cell as it came out then, from the figures of its year."""
    figure = _oracle_of_year(form, period, unit, seed).cell(form.code, period, unit, key)
    return Value(number=figure.number)


def _oracle_of_year(form: Form, period: str, unit: str, seed: int) -> Oracle:
    periods = (*earlier_in_year(period), period)
    return Oracle(Book({(form.code, one): {unit: figures(form, one, unit, seed)} for one in periods}))
