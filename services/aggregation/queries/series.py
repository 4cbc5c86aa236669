"""One cell over time, and one cell over units beside another period; a point that lacks units is marked, never bent."""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts.templates import TemplateV1
from kernel.calendar import Period, parse_period
from kernel.errors import Malformed
from kernel.sheet.model import BLANK, Value
from kernel.sheet.rounding import round_half_away
from kernel.vietnamese import sort_key

from ..calculation.nodes import GIVEN, Sums, plain
from ..calculation.paths import day_in_life
from ..projections import formulas, stored
from ..projections.stored import NodeFigures
from .figures import unit_words
from .look import Look
from .past import Past
from .stored_figures import may_hold

MOST_POINTS = 240
INCOMPLETE = "chưa đủ"
_COUNTED = """
SELECT r.unit_id, f.kind FROM report r JOIN figure f ON f.cell_no = $3
    AND f.revision = CASE WHEN $4 = 0 THEN r.approved ELSE coalesce(r.sent, r.approved) END
WHERE r.template = $1 AND r.period = $2
"""


def periods_between(first: str, last: str) -> list[Period]:
    """Raises Malformed where the two are of different types, in the wrong order, or too far apart."""
    start, end = parse_period(first), parse_period(last)
    if start.type != end.type:
        raise Malformed("Kỳ đầu và kỳ cuối phải cùng loại", first=first, last=last)
    found = [start]
    while found[-1] != end and len(found) <= MOST_POINTS:
        found.append(found[-1].next())
    if found[-1] != end:
        raise Malformed(f"Kỳ đầu phải trước kỳ cuối, cách nhau không quá {MOST_POINTS} kỳ", first=first, last=last)
    return found


def cell_in(template: TemplateV1, row: str, column: str, newest: TemplateV1) -> str | None:
    """The cell as that version of the form calls it: keys stay, unless a redesign has said how they moved."""
    key = f"{row}.{column}"
    if key in template.sheet.refs or template.version == newest.version:
        return key if key in template.sheet.refs else None
    former = {new: old for old, new in newest.moved_rows.items()}.get(row)
    moved = f"{former}.{column}"
    return moved if moved in template.sheet.refs else None


async def series(
    look: Look, newest: TemplateV1, row: str, column: str, unit: UUID, periods: Collection[Period], lens: int, seq: int
) -> list[dict[str, Any]]:
    """A point per period that has figures, oldest first."""
    existing = await formulas.forms(look.connection, look.memory, [(newest.code, period.id) for period in periods])
    cells = {key: cell_in(template, row, column, newest) for key, template in existing.items()}
    is_stored = seq == look.head and not any([await may_hold(look, template, key[1]) for key, template in _per_version(existing).items()])
    found: dict[str, NodeFigures] = {}
    if is_stored:
        wanted = {key: {cell} for key, cell in cells.items() if cell is not None}
        read = await stored.read(
            look.connection, look.memory, look.generation, {key: existing[key] for key in wanted}, [unit], [lens], wanted
        )
        found = {period: figures for (_, period, node, _), figures in read.items() if node == unit}
    past = Past(look, seq, lens)
    points = []
    for period in periods:
        cell = cells.get((newest.code, period.id), f"{row}.{column}")
        figures = found.get(period.id)
        if figures is None and (not is_stored or period.type != newest.period_type) and cell is not None:
            figures = await past.node(newest.code, period.id, unit, {cell})
        if figures is not None and cell is not None:
            points.append(_point(period, figures, cell))
    return points


def _per_version(existing: dict[tuple[str, str], TemplateV1]) -> dict[tuple[str, str], TemplateV1]:
    return {(one.code, str(one.version)): one for one in existing.values()}


def _point(period: Period, figures: NodeFigures, cell: str) -> dict[str, Any]:
    sums = figures.sums.get(cell, Sums())
    is_complete = is_whole(figures, cell)
    point: dict[str, Any] = {
        "period": period.id,
        "period_title": period.title,
        "value": figures.value(cell),
        "given": sums.given,
        "expected": figures.expected,
        "complete": is_complete,
    }
    return point if is_complete else point | {"note": INCOMPLETE}


def is_whole(figures: NodeFigures, cell: str) -> bool:
    """Whether every unit that was expected is in the figure."""
    ref = figures.template.sheet.refs.get(cell)
    if ref is not None and ref.role != "input" and figures.report_id is None:
        return figures.reported >= figures.expected > 0 and figures.value(cell).given is None
    return figures.expected > 0 and figures.sums.get(cell, Sums()).covered >= figures.expected


async def compare(
    look: Look, template: TemplateV1, period: Period, cell: str, parent: UUID, level: str, lens: int, base: Period | None
) -> list[dict[str, Any]]:
    """The cell at every node of the level under the parent, greatest first; beside it the base period over the same units."""
    day = day_in_life(look.tree, parent, period.days(template.cutoff.regime)[1])
    nodes = [node for node in look.tree.subtree(parent, day) if node.level == level]
    ids = [node.id for node in nodes]
    now = await _at_nodes(look, template.code, period, cell, ids, lens)
    then = await _at_nodes(look, template.code, base, cell, ids, lens) if base else {}
    units_now = await _units(look, template.code, period, cell, lens)
    units_then = await _units(look, template.code, base, cell, lens) if base else set()
    changed = units_now ^ units_then if base else set[UUID]()
    items = []
    for node in nodes:
        figures, former = now.get(node.id), then.get(node.id)
        value = figures.value(cell) if figures else BLANK
        item: dict[str, Any] = {"unit": unit_words(node), "value": value, "expected": figures.expected if figures else 0}
        is_complete = figures is not None and is_whole(figures, cell)
        if base:
            same_units = not any(look.tree.is_under(unit, [node.id], day) or unit == node.id for unit in changed)
            is_complete = is_complete and same_units and former is not None and is_whole(former, cell)
            item |= _beside(value, former.value(cell) if former else BLANK)
        items.append(item | {"complete": is_complete} | ({} if is_complete else {"note": INCOMPLETE}))
    return sorted(items, key=_greatest_first)


def _greatest_first(item: dict[str, Any]) -> tuple[bool, Decimal, str]:
    number = item["value"].as_number
    return number is None, -(number or Decimal(0)), sort_key(item["unit"]["name"])


def _beside(value: Value, former: Value) -> dict[str, Any]:
    """The base period's figure, the difference and the growth in per cent; nothing is computed from what is missing."""
    words: dict[str, Any] = {"base": former}
    new, old = value.as_number, former.as_number
    if new is not None and old is not None:
        words["difference"] = plain(new - old)
        if old:
            words["growth"] = plain(round_half_away((new - old) / abs(old) * 100, 2))
    return words


async def _at_nodes(look: Look, code: str, period: Period, cell: str, nodes: list[UUID], lens: int) -> dict[UUID, NodeFigures]:
    existing = await formulas.forms(look.connection, look.memory, [(code, period.id)])
    template = existing.get((code, period.id))
    if template is None or cell not in template.sheet.refs:
        return {}
    if await may_hold(look, template, period.id):
        past = Past(look, look.head, lens)
        computed = {node: await past.node(code, period.id, node, {cell}) for node in nodes}
        return {node: figures for node, figures in computed.items() if figures is not None}
    read = await stored.read(look.connection, look.memory, look.generation, existing, nodes, [lens], {(code, period.id): {cell}})
    wanted = set(nodes)
    return {node: figures for (_, _, node, _), figures in read.items() if node in wanted}


async def _units(look: Look, code: str, period: Period, cell: str, lens: int) -> set[UUID]:
    """The reporting units that gave the cell."""
    numbers = (await look.memory.cells(look.connection, look.generation, [code])).get(code, {})
    rows = await look.connection.fetch(_COUNTED, code, period.id, numbers.get(cell, -1), lens)
    by_unit: dict[UUID, int] = defaultdict(int)
    for row in rows:
        by_unit[row["unit_id"]] = row["kind"]
    return {unit for unit, kind in by_unit.items() if kind in GIVEN}
