"""Carried cells: which figures of which reports they come from, and what these make. Reads no table; is given the figures."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from kernel.calendar import Period, parse_period, year_to_date
from kernel.sheet.model import BLANK, CellRef, Sheet, Value
from kernel.sheet.rounding import round_half_away

from ..events import Source

ZERO = Value(number=Decimal(0))


@dataclass(frozen=True)
class SourceFigures:
    """The figures that count of one source report, by the keys of its form's newest version, and where they come from."""

    source: Source
    figures: Mapping[str, Value]


@dataclass(frozen=True)
class CarriedCells:
    """Carried cells as they would be now, where from, and which have no source and may be typed."""

    values: dict[str, Value]
    sources: dict[str, Source]
    typable: frozenset[str]


NO_CARRIED = CarriedCells({}, {}, frozenset())
Wanted = tuple[str, str]
"""(template code, period id) of a source report of the same unit."""


def carried_refs(sheet: Sheet) -> list[CellRef]:
    return [ref for ref in sheet.refs.values() if ref.role == "carried" and ref.column.carried is not None]


def wanted_sources(sheet: Sheet, template: str, period: str) -> set[Wanted]:
    """Every report that carried cells of the form read in this period."""
    return {wanted for ref in _one_per_column(sheet) for wanted in _wanted(ref, template, period)}


def _one_per_column(sheet: Sheet) -> Iterable[CellRef]:
    return {ref.column.key: ref for ref in carried_refs(sheet)}.values()


def _wanted(ref: CellRef, template: str, period: str) -> list[Wanted]:
    carried = ref.column.carried
    assert carried is not None
    return [(carried.source or template, one) for one in periods_of(carried.offset, period)]


def periods_of(offset: str, period: str) -> list[str]:
    """The ids of the source periods, oldest first; of a year to date those of the year before this one."""
    own = parse_period(period)
    match offset:
        case "previous":
            return [own.previous().id]
        case "same-last-year":
            return [own.same_last_year().id]
        case "year-to-date":
            return [one.id for one in year_to_date(own)[:-1]]
        case _:
            return [_year_of(own).id]


def _year_of(period: Period) -> Period:
    return period.within("year") or Period("year", period.year)


def fill(
    sheet: Sheet,
    template: str,
    period: str,
    found: Mapping[Wanted, SourceFigures],
    over_time: Callable[[str, str], str],
    names: Callable[[str, CellRef], Sequence[str]],
) -> CarriedCells:
    """The carried cells of a form from the figures found.

    `over_time(template, cell)` is how the source's cell is added up over time; `names(template, ref)` the row keys under which
    the source may hold what the row shows, best first.
    """
    values, sources, typable = dict[str, Value](), dict[str, Source](), set[str]()
    for ref in carried_refs(sheet):
        value, source = _filled(ref, template, period, found, over_time, names)
        values[ref.key] = value
        if source is not None:
            sources[ref.key] = source
        if value.is_blank:
            typable.add(ref.key)
    return CarriedCells(values, sources, frozenset(typable))


def _filled(
    ref: CellRef, template: str, period: str, found: Mapping[Wanted, SourceFigures], over_time: Callable[[str, str], str], names: Any
) -> tuple[Value, Source | None]:
    carried = ref.column.carried
    assert carried is not None
    wanted = _wanted(ref, template, period)
    if carried.offset == "year-to-date" and not wanted:
        return ZERO, None  # the year begins with this period: nothing has been before it
    code = carried.source or template
    keys = [f"{row}.{carried.column}" for row in names(code, ref)]
    present = list(_present(wanted, keys, found))
    if not present:
        return BLANK, None
    source = present[-1][1]
    if carried.offset != "year-to-date":
        return _plain(present[-1][0]), source
    value = _to_date([value for value, _ in present], len(wanted), over_time(code, keys[0]), ref.decimals)
    return value, None if value.is_blank else source


def _present(wanted: Collection[Wanted], keys: Sequence[str], found: Mapping[Wanted, SourceFigures]) -> Iterator[tuple[Value, Source]]:
    for one in wanted:
        figures = found.get(one)
        if figures is None:
            continue
        value = next((figures.figures[key] for key in keys if key in figures.figures), BLANK)
        if value.as_number is not None or value.text is not None:
            yield value, figures.source


def _plain(value: Value) -> Value:
    """What is carried of a figure: not how it came about there."""
    return replace(value, given=None, of=None, needs=None, typed=False, explained=None)


def _to_date(values: Sequence[Value], wanted: int, how: str, decimals: int) -> Value:
    """The year so far: added up, or the last, or the mean. A sum of fewer periods than there were is marked partial."""
    numbers = [value.as_number for value in values if value.as_number is not None]
    if not numbers or how == "none":
        return BLANK
    if how == "last":
        return _plain(values[-1])
    total = sum(numbers, Decimal(0))
    if how == "mean":
        return Value(number=round_half_away(total / len(numbers), decimals))
    return Value(number=total) if len(numbers) == wanted else Value(number=total, given=len(numbers), of=wanted)
