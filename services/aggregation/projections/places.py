"""Nodes of the periods' trees, and which reports are added up in which; moves them when the tree changes. Adds nothing up."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from kernel.tree import Tree

from ..calculation.paths import nodes_above
from ..calculation.reports import Report

_PLACES = """
INSERT INTO place (template, period, node_id) SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::uuid[]) AS w (t, p, n)
WHERE NOT EXISTS (SELECT FROM place o WHERE o.template = w.t AND o.period = w.p AND o.node_id = w.n)
"""
_MEMBERS = """
INSERT INTO report_place SELECT w.report_id, p.no
FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[]) AS w (template, period, node_id, report_id)
    JOIN place p USING (template, period, node_id)
ON CONFLICT DO NOTHING
"""
# A unit that reports and has others reporting below it is added up in itself too.
_OWN = """
INSERT INTO report_place SELECT r.id, p.no
FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[])) AS w (template, period) JOIN place p USING (template, period)
    JOIN report r ON r.template = p.template AND r.period = p.period AND r.unit_id = p.node_id
ON CONFLICT DO NOTHING RETURNING place_no
"""
_WHERE = """
SELECT r.id, r.template, r.period, r.unit_id, r.last_day,
    coalesce(array_agg(p.node_id) FILTER (WHERE p.node_id <> r.unit_id), '{}') AS nodes
FROM report r LEFT JOIN report_place l ON l.report_id = r.id LEFT JOIN place p ON p.no = l.place_no GROUP BY r.id
"""

_EMPTY = """
SELECT p.no FROM place p WHERE p.no = ANY($1)
    AND NOT EXISTS (SELECT FROM report_place l JOIN report r ON r.id = l.report_id WHERE l.place_no = p.no AND r.unit_id <> p.node_id)
"""


async def settle(connection: Any, tree: Tree, reports: Iterable[Report]) -> list[int]:
    """Puts new reports into the nodes above them; returns the nodes that have to be added up anew."""
    rows = [(one.template, one.period, node, one.id) for one in reports for node in nodes_above(tree, one.unit_id, one.last_day)]
    if not rows:
        return []
    templates, periods, nodes, ids = (list(column) for column in zip(*rows, strict=True))
    await connection.execute(_PLACES, templates, periods, nodes)
    await connection.execute(_MEMBERS, templates, periods, nodes, ids)
    return [row["place_no"] for row in await connection.fetch(_OWN, templates, periods)]


async def resettle(connection: Any, tree: Tree) -> list[int]:
    """After a change of units: moves reports whose period's tree is another now; returns the nodes to be added up anew."""
    moved: dict[tuple[str, str], list[tuple[UUID, tuple[UUID, ...]]]] = defaultdict(list)
    paths: dict[Any, tuple[UUID, ...]] = {}
    for row in await connection.fetch(_WHERE):
        key = (row["unit_id"], row["last_day"])
        path = paths.get(key)
        if path is None:
            path = paths[key] = nodes_above(tree, *key)
        if set(path) != set(row["nodes"]):
            moved[row["template"], row["period"]].append((row["id"], path))
    touched: set[int] = set()
    for (template, period), reports in moved.items():
        touched |= await _moved(connection, template, period, reports)
    return sorted(touched)


async def _moved(connection: Any, template: str, period: str, reports: Collection[tuple[UUID, tuple[UUID, ...]]]) -> set[int]:
    ids = [report_id for report_id, _ in reports]
    left = await connection.fetch("DELETE FROM report_place WHERE report_id = ANY($1) RETURNING place_no", ids)
    rows = [(template, period, node, report_id) for report_id, path in reports for node in path]
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []]
    await connection.execute(_PLACES, *columns[:3])
    await connection.execute(_MEMBERS, *columns)
    await connection.execute(_OWN, [template], [period])
    entered = await connection.fetch("SELECT DISTINCT place_no FROM report_place WHERE report_id = ANY($1)", ids)
    return {row["place_no"] for row in (*left, *entered)}


async def remove_empty(connection: Any, places: Collection[int]) -> None:
    """Nodes that a move has left without any report below them are no nodes of the form any more."""
    if not places:
        return
    rows = await connection.fetch(_EMPTY, list(places))
    gone = [row["no"] for row in rows]
    for table in ("report_place", "rollup", "computed"):
        await connection.execute(f"DELETE FROM {table} WHERE place_no = ANY($1)", gone)
    await connection.execute("DELETE FROM place WHERE no = ANY($1)", gone)
