"""Where the carried cells of a form take their figures from at a node: which form, period and cell, and how several make one."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from contracts.templates import TemplateV1
from contracts.vocabulary import OverTime
from kernel.calendar import Period, year_to_date
from kernel.sheet.model import BLANK, NIL, CellRef, Value

from .nodes import plain


class Source(NamedTuple):
    """A figure of another period, or of another form."""

    template: str
    period: str
    cell: str


def periods_before(offset: str, period: Period) -> list[Period]:
    """The source periods of an offset, oldest first; none for the year to date in the first period of a year."""
    match offset:
        case "previous":
            return [period.previous()]
        case "same-last-year":
            return [period.same_last_year()]
        case "year-to-date":
            return year_to_date(period)[:-1]
        case _:
            return [period.within("year") or Period("year", period.year)]


def periods_after(offset: str, period: Period, type_: str) -> list[Period]:
    """The periods of `type_` whose carried cells of this offset read `period`: what a correction of it moves."""
    match offset:
        case "previous":
            return [period.next()]
        case "same-last-year":
            return [Period(period.type, period.year + 1, period.number)]
        case "year-to-date":
            last = {"month": 12, "quarter": 4, "half": 2}.get(period.type, 3 if period.type == "season" else 1)
            return [Period(period.type, period.year, number) for number in range(period.number + 1, last + 1)]
        case _:
            if type_ in ("year", "school-year", "nine-months"):
                return [Period("year" if type_ == "year" else "nine-months" if type_ == "nine-months" else "school-year", period.year)]
            many = {"month": 12, "quarter": 4, "half": 2}.get(type_, 3)
            return [Period(type_, period.year, number) for number in range(1, many + 1)]  # type: ignore[arg-type]


def source_cell(template: TemplateV1, ref: CellRef, source: TemplateV1) -> str | None:
    """The cell of `source` that a carried cell reads: the same row, by its key, by what it was called before, or by what it measures."""
    carried = ref.column.carried
    if carried is None:
        return None
    row = _row_in(template, ref.row.key, ref.row.subject, source)
    key = f"{row}.{carried.column}"
    return key if row is not None and key in source.sheet.refs else None


def _row_in(template: TemplateV1, row: str, subject: str | None, source: TemplateV1) -> str | None:
    subjects = {one.key: one.subject for one in source.sheet.rows}
    if subjects.get(row) == subject and row in subjects:
        return row
    if source.code == template.code:
        former = {new: old for old, new in template.moved_rows.items()}.get(row) or source.moved_rows.get(row)
        if former in subjects:
            return former
        if row in subjects:
            return row
    alike = [key for key, measured in subjects.items() if measured == subject and subject is not None]
    return alike[0] if len(alike) == 1 else None


def sources_of(
    template: TemplateV1, period: Period, cells: Iterable[str], forms: Mapping[tuple[str, str], TemplateV1]
) -> dict[str, list[Source]]:
    """Carried cell → its sources. `forms` are the published forms of (template, period) that exist; a period without one is left out."""
    found: dict[str, list[Source]] = {}
    for key in cells:
        ref = template.sheet.refs[key]
        carried = ref.column.carried
        if ref.role != "carried" or carried is None:
            continue
        code = carried.source or template.code
        found[key] = []
        for one in periods_before(carried.offset, period):
            source = forms.get((code, one.id))
            cell = source_cell(template, ref, source) if source else None
            if cell is not None:
                found[key].append(Source(code, one.id, cell))
    return found


def carried_value(offset: str, over_time: OverTime, values: Sequence[Value], expected: int) -> Value:
    """What a carried cell holds: the one figure, or for the year to date the earlier ones together; `expected` of them there should be.

    The first period of a year carries zero to date. Where some are missing a sum is partial, and a figure held back or not additive
    makes the whole so.
    """
    if offset != "year-to-date":
        return _bare(values[0]) if values else BLANK
    if expected == 0:
        return Value(number=Decimal(0)) if over_time == "sum" else BLANK
    return over_periods(over_time, values, expected)


def over_periods(over_time: OverTime, values: Sequence[Value], expected: int) -> Value:
    """One figure of the periods that have one, oldest first, by the rule over time; `expected` of them there should be.

    A sum of fewer is marked partial; of a stock the last that there is, of a mean those that there are.
    """
    for reason in ("held", "no-weight", "not-additive"):
        if any(value.missing == reason for value in values):
            return Value(missing=reason)
    numbers = [number for value in values if (number := value.as_number) is not None]
    if not numbers:
        return BLANK
    total = sum(numbers, Decimal(0))
    match over_time:
        case "none":
            return Value(missing="not-additive")
        case "last":
            return Value(number=plain(numbers[-1]))
        case "mean":
            return Value(number=plain(total / len(numbers)))
        case "sum" if len(numbers) < expected:
            return Value(number=plain(total), given=len(numbers), of=expected)
        case "sum":
            return NIL if all(value.nil for value in values) else Value(number=plain(total))


def _bare(value: Value) -> Value:
    """The figure without what was said of it where it stands; a formula that lacked something there is simply not there."""
    if value.missing == "missing-precedent":
        return BLANK
    return replace(value, given=None, of=None, needs=None, typed=False, explained=None)
