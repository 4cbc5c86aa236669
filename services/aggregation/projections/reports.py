"""Reports, their intervals, revisions and figures as rows. Adds nothing up."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from contracts.submissions import Figures

from ..calculation.nodes import kind_of
from ..calculation.reports import Report
from .fold import Closing, Folded, Interval

_COLUMNS = Report.__dataclass_fields__.keys()
_SAVE = (
    "INSERT INTO report SELECT * FROM json_populate_recordset(NULL::report, $1::text::json) ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{column} = excluded.{column}" for column in _COLUMNS if column != "id")
)
_FORMS = """
INSERT INTO form AS f SELECT DISTINCT ON (template, period) template, period, version, first_day, last_day
FROM json_populate_recordset(NULL::report, $1::text::json) ORDER BY template, period, seq DESC
ON CONFLICT (template, period) DO UPDATE SET version = excluded.version, first_day = excluded.first_day, last_day = excluded.last_day
WHERE (f.version, f.first_day, f.last_day) IS DISTINCT FROM (excluded.version, excluded.first_day, excluded.last_day)
RETURNING template, period
"""
_END = "UPDATE {table} AS i SET to_seq = e.seq FROM unnest($1::uuid[], $2::smallint[], $3::bigint[]) AS e (report_id, lens, seq) WHERE"
_END_STANDS = _END.format(table="stand") + " i.report_id = e.report_id AND i.lens = e.lens AND i.to_seq = 9223372036854775807"
_END_SPANS = _END.format(table="span") + " i.report_id = e.report_id AND i.to_seq = 9223372036854775807"


def as_report(row: Any) -> Report:
    return Report(**{column: row[column] for column in _COLUMNS})


async def load(connection: Any, ids: Iterable[UUID]) -> dict[UUID, Report]:
    rows = await connection.fetch("SELECT * FROM report WHERE id = ANY($1)", list(set(ids)))
    return {row["id"]: as_report(row) for row in rows}


async def save(connection: Any, folded: Folded, cells: Mapping[str, Mapping[str, int]]) -> set[tuple[str, str]]:
    """Writes all that a batch has changed about reports; returns the (template, period) whose version or days are new."""
    changed = [report for report_id, report in folded.now.items() if report is not folded.before.get(report_id)]
    if not changed:
        return set()
    rows = msgspec.json.encode(changed).decode()
    await connection.execute(_SAVE, rows)
    is_placed = any(_is_placed_anew(folded.before.get(report.id), report) for report in changed)
    forms = await connection.fetch(_FORMS, rows) if is_placed else []
    await _end(connection, _END_STANDS, folded.stands_ended)
    await _end(connection, _END_SPANS, folded.spans_ended)
    await _copy(connection, "stand", ("report_id", "lens", "revision", "from_seq", "to_seq"), map(_stand, folded.stands))
    await _copy(connection, "span", ("report_id", "version", "from_seq", "to_seq"), map(_span, folded.spans))
    await _copy(connection, "happening", ("seq", "report_id", "event_id", "name", "revision", "actor", "at"), folded.happenings)
    await _revisions(connection, folded, cells)
    return {(row["template"], row["period"]) for row in forms}


def _is_placed_anew(before: Report | None, report: Report) -> bool:
    return before is None or (before.version, before.first_day, before.last_day) != (report.version, report.first_day, report.last_day)


async def _end(connection: Any, statement: str, endings: Sequence[Closing]) -> None:
    if endings:
        ids, lenses, seqs = zip(*endings, strict=True)
        await connection.execute(statement, list(ids), list(lenses), list(seqs))


def _stand(one: Interval) -> tuple[Any, ...]:
    return one.report_id, one.lens, one.what, one.from_seq, one.to_seq


def _span(one: Interval) -> tuple[Any, ...]:
    return one.report_id, one.what, one.from_seq, one.to_seq


async def _copy(connection: Any, table: str, columns: Sequence[str], records: Iterable[Sequence[Any]]) -> None:
    kept = list(records)
    if kept:
        await connection.copy_records_to_table(table, records=kept, columns=columns)


async def _revisions(connection: Any, folded: Folded, cells: Mapping[str, Mapping[str, int]]) -> None:
    """Keeps new revisions, and spreads into figures those that count now and did not before."""
    if not folded.revisions and not folded.to_spread:
        return
    earlier = [seq for seq in folded.to_spread if seq not in folded.revisions]
    known = {
        row["seq"]: row
        for row in await connection.fetch(
            "SELECT seq, template, is_spread, CASE WHEN seq = ANY($2) THEN figures END AS figures FROM revision WHERE seq = ANY($1)",
            *(earlier, [seq for seq in earlier if folded.to_spread[seq] is None]),
        )
    }
    waiting = [seq for seq in earlier if not known[seq]["is_spread"]]
    if waiting:
        await connection.execute("UPDATE revision SET is_spread = true WHERE seq = ANY($1)", waiting)
    spread = set(waiting) | (folded.to_spread.keys() & folded.revisions.keys())
    columns = ("seq", "report_id", "number", "template", "version", "figures", "is_spread")
    kept = ((*one[:5], one.figures.decode(), seq in spread) for seq, one in folded.revisions.items())
    await _copy(connection, "revision", columns, kept)
    records: list[tuple[int, int, int, Any]] = []
    for seq in sorted(spread):
        own = folded.revisions.get(seq)
        template = own.template if own else known[seq]["template"]
        raw = own.figures if own else known[seq]["figures"]
        figures = folded.to_spread[seq]
        records.extend(figure_rows(seq, decoded(raw) if figures is None else figures, cells[template]))
    await _copy(connection, "figure", ("revision", "cell_no", "kind", "number"), records)


def decoded(raw: bytes | str) -> Figures:
    return msgspec.json.decode(raw, type=Figures)


def figure_rows(revision: int, figures: Figures, numbers: Mapping[str, int]) -> list[tuple[int, int, int, Any]]:
    """(revision, cell, kind, number) of every figure; cells of rows that no published version has any more are not among them."""
    return [
        (revision, number, kind_of(value), value.as_number)
        for key, value in figures.items()
        if (number := numbers.get(key)) is not None and not value.is_blank
    ]
