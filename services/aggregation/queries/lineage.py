"""Where a figure comes from: its formula and what that reads, the units below, their reports, revisions, events, people and times."""

from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts.templates import TemplateV1
from kernel.calendar import parse_period
from kernel.sheet.model import BLANK, Value
from kernel.tree import Tree
from kernel.vietnamese import sort_key

from ..calculation.carrying import sources_of
from ..calculation.paths import nodes_above
from ..calculation.visibility import is_visible
from ..projections import stored
from ..projections.stored import NodeFigures
from .figures import cell_words, unit_words
from .look import Look
from .past import Past, Standing

_EVENTS = """
SELECT report_id, seq, event_id, name, revision, actor, at FROM happening
WHERE report_id = ANY($1) AND seq <= $2 AND name <> 'report_assigned' ORDER BY seq
"""
MOST_REPORTS = 1000


async def lineage(
    look: Look, figures: NodeFigures, cell: str, rows: frozenset[str] | None, seq: int, *, restated: bool = False
) -> dict[str, Any]:
    """One step down from a cell at a node, with the reports that it is made of."""
    template, ref = figures.template, figures.template.sheet.refs[cell]
    past = Past(look, seq, figures.lens, restated=restated)
    rule = template.adding_up(cell)
    answer: dict[str, Any] = {
        "cell": cell,
        "label": ref.row.label,
        "column": list(ref.column.header),
        "unit_of_measure": ref.column.unit_of_measure or ref.row.unit_of_measure,
        "role": ref.role,
        "adding_up": {"over_units": rule.over_units, "over_time": rule.over_time, "weight": rule.weight},
        **cell_words(figures, cell, figures.value(cell)),
        "formula": ref.formula,
        "precedents": _precedents(figures, cell, rows),
        "carried_from": await _carried_from(past, template, figures, cell),
        "parts": await _parts(past, figures, cell),
    }
    members = await past.members(template.code, figures.period, figures.node_id)
    values = await _values(look, template, cell, [one for one, _ in members])
    answer["children"] = await _children(look, past, figures, cell, members, seq)
    answer["reports"] = await _reports(look, cell, members, values, seq)
    return answer


def _precedents(figures: NodeFigures, cell: str, rows: frozenset[str] | None) -> list[dict[str, Any]]:
    refs, reads = figures.template.sheet.refs, figures.template.sheet.graph.precedents.get(cell, ())
    return [
        {"cell": key, "label": refs[key].row.label, "column": list(refs[key].column.header), **cell_words(figures, key, figures.value(key))}
        for key in reads
        if key in refs and is_visible(key, rows)
    ]


async def _carried_from(past: Past, template: TemplateV1, figures: NodeFigures, cell: str) -> list[dict[str, Any]]:
    """The figures of other periods or forms that a carried cell holds, at the same node."""
    ref = template.sheet.refs[cell]
    if ref.role != "carried" or ref.column.carried is None:
        return []
    existing = await past.source_forms(template, figures.period)
    found = []
    for source in sources_of(template, parse_period(figures.period), [cell], existing)[cell]:
        there = await past.node(source.template, source.period, figures.node_id, {source.cell})
        found.append(
            {
                "template": source.template,
                "period": source.period,
                "cell": source.cell,
                "value": there.value(source.cell) if there else BLANK,
            }
        )
    return found


async def _parts(past: Past, figures: NodeFigures, cell: str) -> list[dict[str, Any]]:
    """Of a figure that was made of finer periods: those."""
    period, type_ = parse_period(figures.period), figures.template.period_type
    if period.type == type_ or figures.template.sheet.refs[cell].role != "input":
        return []
    found = []
    for part in period.parts(type_):
        there = await past.node(figures.template.code, part.id, figures.node_id, {cell})
        if there is not None:
            found.append({"period": part.id, "period_title": part.title, **cell_words(there, cell, there.value(cell))})
    return found


async def _values(look: Look, template: TemplateV1, cell: str, members: list[Standing]) -> dict[int, Value]:
    """Revision → the cell's figure in it."""
    seqs = [one.revision for one in members if one.revision is not None]
    number = (await look.memory.cells(look.connection, look.generation, [template.code]))[template.code].get(cell)
    if number is None or not seqs:
        return {}
    return {seq: figures.get(cell, BLANK) for seq, figures in (await stored.of_cells(look.connection, seqs, {number: cell})).items()}


async def _children(
    look: Look, past: Past, figures: NodeFigures, cell: str, members: list[tuple[Standing, Decimal | None]], seq: int
) -> list[dict[str, Any]]:
    """The nodes right below that have reports under them, each with its own figure."""
    tree = await look.memory.tree(look.connection, seq)
    below = {child for one, _ in members if (child := _child(tree, figures.node_id, one)) is not None}
    if figures.report_id is not None:
        return []
    items = []
    for child in below:
        there = await past.node(figures.template.code, figures.period, child, {cell})
        node = tree.get(child)
        if there is not None and node is not None:
            items.append({"unit": unit_words(node), **cell_words(there, cell, there.value(cell)), "report_id": there.report_id})
    return sorted(items, key=lambda item: sort_key(item["unit"]["name"]))


def _child(tree: Tree, node: UUID, one: Standing) -> UUID | None:
    path = [one.unit_id, *nodes_above(tree, one.unit_id, one.last_day)]
    place = path.index(node) if node in path else 0
    return path[place - 1] if place > 0 else None


async def _reports(
    look: Look, cell: str, members: list[tuple[Standing, Decimal | None]], values: dict[int, Value], seq: int
) -> list[dict[str, Any]]:
    shown = members[:MOST_REPORTS]
    events: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in await look.connection.fetch(_EVENTS, [one.id for one, _ in shown], seq):
        events[row["report_id"]].append({key: row[key] for key in ("seq", "event_id", "name", "revision", "actor", "at")})
    items = []
    for one, share in shown:
        node = look.tree.get(one.unit_id)
        items.append(
            {
                "unit": unit_words(node) if node else {"id": one.unit_id},
                "report_id": one.id,
                "revision": one.number,
                "cell": cell,
                "value": values.get(one.revision, BLANK) if one.revision is not None else BLANK,
                "share": share,
                "events": [event for event in events[one.id] if event["revision"] in (0, one.number) and one.number is not None],
            }
        )
    return sorted(items, key=lambda item: sort_key(str(item["unit"].get("name", ""))))
