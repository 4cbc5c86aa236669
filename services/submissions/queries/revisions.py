"""Figures of revisions, and what carried cells find in them. A revision never changes, so its figures are read once."""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from contracts.ids import report_id_of
from contracts.templates import TemplateV1
from kernel.calendar import parse_period
from kernel.sheet.model import CellRef, Value

from ..calculation.carried import NO_CARRIED, CarriedCells, SourceFigures, Wanted, fill, wanted_sources
from ..domain import Report
from ..events import Source
from .forms import Forms, row_names_in

CELLS_KEPT = 400_000
_COUNTING = """
SELECT r.template, r.period, v.report_id, v.revision, v.form_version, r.approved_revision > 0 AS is_approved, coalesce(l.seq, 0) AS seq
FROM report r
JOIN revision v ON v.report_id = r.report_id
    AND v.revision = CASE WHEN r.approved_revision > 0 THEN r.approved_revision ELSE r.standing_revision END
LEFT JOIN ledger l ON l.event_id = coalesce(v.approved_event, v.sent_event)
WHERE r.report_id = ANY($1)
"""
_FIGURES = """
SELECT v.report_id, v.revision, (e.payload -> 'figures')::text AS figures
FROM unnest($1::uuid[], $2::integer[]) AS w(report_id, revision)
JOIN revision v USING (report_id, revision) JOIN event e ON e.event_id = v.event_id
"""
_decoder = msgspec.json.Decoder(dict[str, Value])
Revision = tuple[UUID, int]


class Revisions:
    """Figures by (report, revision), the most recently used kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Revision, Mapping[str, Value]] = OrderedDict()
        self._cells = 0

    async def figures(self, connection: Any, wanted: Collection[Revision]) -> dict[Revision, Mapping[str, Value]]:
        """The figures of these revisions; those unknown are left out."""
        found = {one: self._kept[one] for one in wanted if one in self._kept}
        for one in found:
            self._kept.move_to_end(one)
        lacking = [one for one in wanted if one not in found]
        if lacking:
            rows = await connection.fetch(_FIGURES, [report for report, _ in lacking], [revision for _, revision in lacking])
            for row in rows:
                key = (row["report_id"], row["revision"])
                found[key] = self._keep(key, _decoder.decode(row["figures"]))
        return found

    async def of(self, connection: Any, report_id: UUID, revision: int) -> Mapping[str, Value]:
        """The figures of one revision; empty where there is none."""
        key = (report_id, revision)
        return (await self.figures(connection, [key])).get(key, {})

    def _keep(self, key: Revision, figures: Mapping[str, Value]) -> Mapping[str, Value]:
        self._kept[key] = figures
        self._cells += len(figures)
        while self._cells > CELLS_KEPT and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._cells -= len(gone)
        return figures


@dataclass(frozen=True)
class Surroundings:
    """What a report's figures are held against: its carried cells as they would be now, and the figures of the period before."""

    carried: CarriedCells
    previous: Mapping[str, Value]


NO_SURROUNDINGS = Surroundings(NO_CARRIED, {})


async def surroundings(connection: Any, forms: Forms, revisions: Revisions, report: Report, form: TemplateV1) -> Surroundings:
    """Reads, in the caller's transaction, the approved (else sent) figures that the form's carried cells and jumps look at."""
    key = report.known
    wanted = wanted_sources(form.sheet, key.template, key.period)
    before: Wanted = (key.template, parse_period(key.period).previous().id)
    needs_jumps = any(limits.jump is not None for limits in form.sheet.limits.values())
    if not wanted and not needs_jumps:
        return NO_SURROUNDINGS
    found = await counting(connection, forms, revisions, key.unit_id, wanted | ({before} if needs_jumps else set()))
    sources = {code: await forms.newest_known(connection, code) for code in {code for code, _ in wanted}}
    newest = sources.get(key.template)
    renamed = await forms.row_names(connection, key.template, form.version, newest.version) if newest else {}

    def names(code: str, ref: CellRef) -> Sequence[str]:
        return row_names_in(sources.get(code), ref, renamed if code == key.template else {})

    def over_time(code: str, cell: str) -> str:
        source = sources.get(code)
        return source.adding_up(cell).over_time if source is not None and cell in source.sheet.refs else "sum"

    carried = fill(form.sheet, key.template, key.period, found, over_time, names)
    return Surroundings(carried, found[before].figures if before in found else {})


async def counting(
    connection: Any, forms: Forms, revisions: Revisions, unit_id: UUID, wanted: Collection[Wanted]
) -> dict[Wanted, SourceFigures]:
    """The revisions that count of the unit's reports: the approved, else the one that was sent. One statement decides."""
    by_id = {report_id_of(code, period, unit_id): (code, period) for code, period in wanted}
    rows = await connection.fetch(_COUNTING, list(by_id)) if by_id else []
    figures = await revisions.figures(connection, [(row["report_id"], row["revision"]) for row in rows])
    found = {}
    for row in rows:
        one = figures.get((row["report_id"], row["revision"]), {})
        source = Source(row["report_id"], row["revision"], row["seq"], row["is_approved"])
        found[by_id[row["report_id"]]] = SourceFigures(source, await _by_newest_keys(connection, forms, row, one))
    return found


async def _by_newest_keys(connection: Any, forms: Forms, row: Any, figures: Mapping[str, Value]) -> Mapping[str, Value]:
    newest = await forms.newest_known(connection, row["template"])
    if newest is None or newest.version <= row["form_version"]:
        return figures
    names = await forms.row_names(connection, row["template"], row["form_version"], newest.version)
    if not names:
        return figures
    return {_renamed(key, names): value for key, value in figures.items()}


def _renamed(key: str, names: Mapping[str, str]) -> str:
    row, column = key.split(".", 1)
    return f"{names.get(row, row)}.{column}"
