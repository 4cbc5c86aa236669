"""Compares two generations that stand at the same point of the log: counts, sums per sector, checksums that know no order, differences."""

from typing import Any

MOST_DIFFERENCES = 100
_TABLES = ("report", "span", "stand", "revision", "figure", "place", "rollup", "computed")

_ROLLUP_WORDS = (
    "concat_ws('|', p.template, p.period, p.node_id, r.lens, c.key, r.present, r.given, r.nils, r.excused, trim_scale(r.total),"
    " trim_scale(r.weight), trim_scale(r.weighted), coalesce(trim_scale(r.low)::text, '-'), coalesce(trim_scale(r.high)::text, '-'))"
)
_COMPUTED_WORDS = (
    "concat_ws('|', p.template, p.period, p.node_id, r.lens, c.key, coalesce(trim_scale(r.number)::text, '-'), coalesce(r.value, '-'))"
)
_FROM = "FROM {g}.{table} r JOIN {g}.place p ON p.no = r.place_no JOIN {g}.cell c ON c.no = r.cell_no"
_CHECKSUMS = {
    "rollup": f"SELECT sum(hashtextextended({_ROLLUP_WORDS}, 0)::numeric) {_FROM}",
    "computed": f"SELECT sum(hashtextextended({_COMPUTED_WORDS}, 0)::numeric) {_FROM}",
    "stand": "SELECT sum(hashtextextended(concat_ws('|', report_id, lens, revision, from_seq, to_seq), 0)::numeric) FROM {g}.{table}",
    "span": "SELECT sum(hashtextextended(concat_ws('|', r.report_id, r.version, r.from_seq, r.to_seq), 0)::numeric) FROM {g}.{table} r",
}
_BY_SECTOR = """
SELECT t.sector, r.lens, trim_scale(sum(r.total))::text AS total, sum(r.given) AS given
FROM {g}.rollup r JOIN {g}.place p ON p.no = r.place_no JOIN (SELECT DISTINCT code, sector FROM {g}.template) AS t ON t.code = p.template
GROUP BY t.sector, r.lens ORDER BY t.sector, r.lens
"""
_ROWS = {
    "rollup": f"SELECT p.template, p.period, p.node_id, r.lens, c.key AS cell, {_ROLLUP_WORDS} AS words {_FROM}",
    "computed": f"SELECT p.template, p.period, p.node_id, r.lens, c.key AS cell, {_COMPUTED_WORDS} AS words {_FROM}",
}
_DIFFERENCES = """
SELECT template, period, node_id, lens, cell, a.words AS live, b.words AS rebuilt FROM ({live}) AS a
FULL JOIN ({rebuilt}) AS b USING (template, period, node_id, lens, cell) WHERE a.words IS DISTINCT FROM b.words
ORDER BY template, period, node_id, lens, cell LIMIT {most}
"""


async def compare(connection: Any, live: int, rebuilt: int) -> dict[str, Any]:
    """What is in both, and what differs. The transaction's snapshot sees both at the same seq."""
    old, new = await _summary(connection, live), await _summary(connection, rebuilt)
    differences = []
    for table in ("rollup", "computed"):
        if old["checksums"][table] != new["checksums"][table]:
            differences += await _differences(connection, table, live, rebuilt)
    return {"equal": old == new, "live": old, "rebuilt": new, "differences": differences}


async def _summary(connection: Any, generation: int) -> dict[str, Any]:
    name = f"g{int(generation)}"
    counts = {table: await connection.fetchval(f"SELECT count(*) FROM {name}.{table}") for table in _TABLES}
    checksums = {
        table: str(await connection.fetchval(statement.format(g=name, table=table)) or 0) for table, statement in _CHECKSUMS.items()
    }
    sectors = [dict(row) for row in await connection.fetch(_BY_SECTOR.format(g=name))]
    return {"counts": counts, "checksums": checksums, "sectors": sectors}


async def _differences(connection: Any, table: str, live: int, rebuilt: int) -> list[dict[str, Any]]:
    sides = {side: _ROWS[table].format(g=f"g{int(number)}", table=table) for side, number in (("live", live), ("rebuilt", rebuilt))}
    rows = await connection.fetch(_DIFFERENCES.format(most=MOST_DIFFERENCES, **sides))
    return [{"table": table, **dict(row)} for row in rows]
