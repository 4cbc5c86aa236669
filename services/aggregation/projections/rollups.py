"""Sums at nodes: by difference when a batch changes what counts, from all figures when a node's units change. Evaluates no formula."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from ..calculation.reports import LENSES, Report

_SUMS = (
    "sum(d.sign), coalesce(sum(d.sign) FILTER (WHERE f.kind <= 3), 0), coalesce(sum(d.sign) FILTER (WHERE f.kind = 1), 0),"
    " coalesce(sum(d.sign) FILTER (WHERE f.kind = 5), 0), coalesce(sum(d.sign * f.number), 0)"
)
_DIFFERENCES = "unnest($1::uuid[], $2::smallint[], $3::bigint[], $4::integer[]) AS d (report_id, lens, revision, sign)"
_ADD = f"""
INSERT INTO rollup AS r (place_no, lens, cell_no, present, given, nils, excused, total)
SELECT p.place_no, d.lens, f.cell_no, {_SUMS}
FROM {_DIFFERENCES} JOIN report_place p USING (report_id) JOIN figure f ON f.revision = d.revision
GROUP BY p.place_no, d.lens, f.cell_no
ON CONFLICT (place_no, lens, cell_no) DO UPDATE SET present = r.present + excluded.present, given = r.given + excluded.given,
    nils = r.nils + excluded.nils, excused = r.excused + excluded.excused, total = r.total + excluded.total
"""
_ADD_WEIGHTS = f"""
UPDATE rollup AS r SET weight = r.weight + s.weight, weighted = r.weighted + s.weighted
FROM (
    SELECT p.place_no, d.lens, f.cell_no, sum(d.sign * w.number) AS weight, sum(d.sign * w.number * f.number) AS weighted
    FROM {_DIFFERENCES} JOIN report_place p USING (report_id) JOIN revision v ON v.seq = d.revision
        JOIN rule u ON u.template = v.template AND u.version = v.version AND u.kind = 'weighted_mean'
        JOIN figure f ON f.revision = d.revision AND f.cell_no = u.cell_no AND f.number IS NOT NULL
        JOIN figure w ON w.revision = d.revision AND w.cell_no = u.weight_no AND w.number IS NOT NULL
    GROUP BY p.place_no, d.lens, f.cell_no
) AS s WHERE r.place_no = s.place_no AND r.lens = s.lens AND r.cell_no = s.cell_no
"""
COUNTED = """
SELECT id AS report_id, 0::smallint AS lens, approved AS revision FROM report WHERE approved IS NOT NULL
UNION ALL SELECT id, 1::smallint, coalesce(sent, approved) FROM report WHERE coalesce(sent, approved) IS NOT NULL
"""
EXTREMES = f"""
UPDATE rollup AS r SET low = s.low, high = s.high
FROM (
    SELECT o.place_no, o.lens, o.cell_no, min(f.number) AS low, max(f.number) AS high
    FROM rollup o JOIN place p ON p.no = o.place_no JOIN form m ON m.template = p.template AND m.period = p.period
        JOIN rule u ON u.template = p.template AND u.version = m.version AND u.cell_no = o.cell_no AND u.kind IN ('min', 'max')
        JOIN report_place l ON l.place_no = o.place_no JOIN ({COUNTED}) AS c ON c.report_id = l.report_id AND c.lens = o.lens
        LEFT JOIN figure f ON f.revision = c.revision AND f.cell_no = o.cell_no
    WHERE $1::integer[] IS NULL OR o.place_no = ANY($1)
    GROUP BY o.place_no, o.lens, o.cell_no
) AS s WHERE r.place_no = s.place_no AND r.lens = s.lens AND r.cell_no = s.cell_no AND (r.low, r.high) IS DISTINCT FROM (s.low, s.high)
"""
SUM_ALL = """
INSERT INTO rollup (place_no, lens, cell_no, present, given, nils, excused, total)
SELECT p.place_no, 0, f.cell_no, count(*), count(*) FILTER (WHERE f.kind <= 3), count(*) FILTER (WHERE f.kind = 1),
    count(*) FILTER (WHERE f.kind = 5), coalesce(sum(f.number), 0)
FROM report r JOIN report_place p ON p.report_id = r.id JOIN figure f ON f.revision = r.approved
WHERE $1::integer[] IS NULL OR p.place_no = ANY($1)
GROUP BY p.place_no, f.cell_no
"""
WEIGH_ALL = """
UPDATE rollup AS r SET weight = s.weight, weighted = s.weighted
FROM (
    SELECT p.place_no, f.cell_no, sum(w.number) AS weight, sum(w.number * f.number) AS weighted
    FROM report t JOIN report_place p ON p.report_id = t.id JOIN revision v ON v.seq = t.approved
        JOIN rule u ON u.template = v.template AND u.version = v.version AND u.kind = 'weighted_mean'
        JOIN figure f ON f.revision = t.approved AND f.cell_no = u.cell_no AND f.number IS NOT NULL
        JOIN figure w ON w.revision = t.approved AND w.cell_no = u.weight_no AND w.number IS NOT NULL
    WHERE $1::integer[] IS NULL OR p.place_no = ANY($1)
    GROUP BY p.place_no, f.cell_no
) AS s WHERE r.place_no = s.place_no AND r.lens = 0 AND r.cell_no = s.cell_no
"""
COPY_TO_SENT = """
INSERT INTO rollup SELECT place_no, 1, cell_no, present, given, nils, excused, total, weight, weighted
FROM rollup WHERE lens = 0 AND ($1::integer[] IS NULL OR place_no = ANY($1))
"""
_PENDING = "SELECT r.id, r.approved, r.sent FROM report r WHERE r.sent IS NOT NULL"
_PENDING_AT = _PENDING + " AND EXISTS (SELECT FROM report_place p WHERE p.report_id = r.id AND p.place_no = ANY($1))"


class Difference(NamedTuple):
    """A revision begins (+1) or ceases (-1) to count in a lens."""

    report_id: UUID
    lens: int
    revision: int
    sign: int


def differences(before: Mapping[UUID, Report], now: Mapping[UUID, Report]) -> list[Difference]:
    """What a batch changes in the sums."""
    found = []
    for report_id, report in now.items():
        former = before.get(report_id)
        if former is report:
            continue
        for lens in LENSES:
            old, new = former.counted(lens) if former else None, report.counted(lens)
            if old == new:
                continue
            found += [Difference(report_id, lens, old, -1)] if old is not None else []
            found += [Difference(report_id, lens, new, 1)] if new is not None else []
    return found


async def add(connection: Any, found: Collection[Difference], *, with_rules: bool) -> None:
    """Adds differences to the sums of every node above their reports; `with_rules` where some cells are weighed."""
    if not found:
        return
    columns = [list(column) for column in zip(*found, strict=True)]
    await connection.execute(_ADD, *columns)
    if with_rules:
        await connection.execute(_ADD_WEIGHTS, *columns)


async def tidy(connection: Any, places: Iterable[int], *, with_rules: bool) -> None:
    """Least and greatest of the touched nodes anew; rows that no report is in any more go."""
    touched = list(places)
    await connection.execute("DELETE FROM rollup WHERE place_no = ANY($1) AND present = 0", touched)
    if with_rules:
        await connection.execute(EXTREMES, touched)


async def recompute(connection: Any, places: Iterable[int]) -> None:
    """The sums of these nodes from all figures that count now."""
    touched = list(places)
    if touched:
        await connection.execute("DELETE FROM rollup WHERE place_no = ANY($1)", touched)
        await sum_up(connection, touched)


async def sum_up(connection: Any, places: list[int] | None) -> None:
    """The numeric pass, for these nodes or all: approved sums in one statement, then sent ones as their difference."""
    await connection.execute(SUM_ALL, places)
    await finish_sums(connection, places)


async def finish_sums(connection: Any, places: list[int] | None = None) -> None:
    """What follows the approved sums: weights, the sent lens, least and greatest. Needs the keys."""
    has_rules = await connection.fetchval("SELECT EXISTS (SELECT FROM rule)")
    if has_rules:
        await connection.execute(WEIGH_ALL, places)
    await connection.execute(COPY_TO_SENT, places)
    await _add_pending(connection, places, with_rules=has_rules)
    if has_rules:
        await connection.execute(EXTREMES, places)


async def _add_pending(connection: Any, places: list[int] | None, *, with_rules: bool) -> None:
    rows = await (connection.fetch(_PENDING) if places is None else connection.fetch(_PENDING_AT, places))
    found = [Difference(row["id"], 1, row["approved"], -1) for row in rows if row["approved"] is not None]
    found += [Difference(row["id"], 1, row["sent"], 1) for row in rows]
    if not found:
        return
    columns = [list(column) for column in zip(*found, strict=True)]
    if places is None:
        await add(connection, found, with_rules=with_rules)
    else:
        await connection.execute(_limited(_ADD), *columns, places)
        if with_rules:
            await connection.execute(_limited(_ADD_WEIGHTS), *columns, places)
    await connection.execute("DELETE FROM rollup WHERE lens = 1 AND present = 0")


def _limited(statement: str) -> str:
    """The same statement for some nodes only."""
    return statement.replace(
        "JOIN report_place p USING (report_id)", "JOIN report_place p ON p.report_id = d.report_id AND p.place_no = ANY($5)"
    )
