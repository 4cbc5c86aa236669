"""The formula pass: carried cells and formulas at nodes with more than one reporting unit, and at later periods that depend on them."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from contracts.templates import TemplateV1
from kernel.calendar import parse_period
from kernel.sheet.model import BLANK, Value

from ..calculation.carrying import Source, carried_value, periods_after, periods_before, sources_of
from ..calculation.evaluating import carried_cells, form_at_node
from ..calculation.nodes import added_up
from ..calculation.reports import LENSES
from . import stored
from .memory import Memory

MOST_ROUNDS = 4
"""A form that carries from itself within one period would otherwise never end."""

_DESCRIBE = """
SELECT p.no, p.template, p.period, p.node_id, f.version, f.last_day,
    (SELECT count(*) FROM report_place l JOIN report r ON r.id = l.report_id WHERE l.place_no = p.no AND r.is_expected) AS expected
FROM place p JOIN form f USING (template, period) WHERE p.no = ANY($1)
"""
_DEPENDENTS = """
SELECT p.no FROM unnest($1::text[], $2::text[]) AS w (template, period) JOIN place p USING (template, period) WHERE p.node_id = ANY($3)
"""
_FORMS = "SELECT template, period, version FROM form JOIN unnest($1::text[], $2::text[]) AS w (template, period) USING (template, period)"
_OLD = "SELECT place_no, lens, cell_no, number, value FROM computed WHERE place_no = ANY($1)"
_WRITE = """
INSERT INTO computed SELECT * FROM unnest($1::integer[], $2::smallint[], $3::integer[], $4::numeric[], $5::text[])
ON CONFLICT (place_no, lens, cell_no) DO UPDATE SET number = excluded.number, value = excluded.value
"""
_REMOVE = """
DELETE FROM computed USING unnest($1::integer[], $2::smallint[], $3::integer[]) AS u (p, l, n) WHERE (place_no, lens, cell_no) = (p, l, n)
"""

Row = tuple[Any, str | None]
"""(number, value as JSON): one of them."""


class _Place(NamedTuple):
    no: int
    template: str
    period: str
    node_id: UUID
    version: int
    last_day: date
    expected: int


async def evaluate(
    connection: Any,
    memory: Memory,
    generation: int,
    touched: Iterable[int],
    *,
    spreads: bool = True,
    reported: Mapping[tuple[str, str], Collection[UUID]] | None = None,
) -> tuple[int, set[int]]:
    """Computes these nodes anew, oldest period first, and those that depend on what has changed: (how many node forms, which changed).

    `reported`: units whose own figures of a (template, period) have changed; a node may carry from its own report.

    `spreads` False: nothing depends on them that isn't among them, as where all are computed in order.
    """
    known: dict[int, _Place] = {}
    waiting: list[tuple[date, str, str]] = []
    open_: dict[tuple[str, str], set[int]] = defaultdict(set)
    rounds, count, roots, moved = Counter[int](), 0, set(touched), set[int]()

    async def push(numbers: Collection[int]) -> None:
        fresh = [no for no in numbers if no not in known]
        if fresh:
            known.update({row["no"]: _Place(*row) for row in await connection.fetch(_DESCRIBE, fresh)})
        for no in numbers:
            place = known.get(no)
            if place is not None and rounds[no] < MOST_ROUNDS:
                if not open_[place.template, place.period]:
                    heapq.heappush(waiting, (place.last_day, place.template, place.period))
                open_[place.template, place.period].add(no)

    await push(roots)
    for (code, at), units in (reported or {}).items():
        await push(await _depending(connection, memory, code, at, units))
    while waiting:
        _, template, period = heapq.heappop(waiting)
        group = [known[no] for no in open_.pop((template, period), ())]
        if not group:
            continue
        rounds.update(place.no for place in group)
        count += len(group)
        changed = await _evaluate(connection, memory, generation, group)
        moved |= changed
        if spreads:
            nodes = {place.node_id for place in group if place.no in changed or (place.no in roots and rounds[place.no] == 1)}
            await push(await _depending(connection, memory, template, period, nodes))
    return count, moved


async def _depending(connection: Any, memory: Memory, template: str, period: str, nodes: Collection[UUID]) -> list[int]:
    """The nodes' forms of other periods or templates that carry figures from this one."""
    carriers = (await memory.carriers(connection)).get(template, [])
    if not carriers or not nodes:
        return []
    types = {row["code"]: row["period_type"] for row in await connection.fetch(_TYPES, [code for code, _ in carriers])}
    wanted = [(code, later.id) for code, offset in carriers for later in periods_after(offset, parse_period(period), types[code])]
    if not wanted:
        return []
    codes, periods = (list(part) for part in zip(*wanted, strict=True))
    return [row["no"] for row in await connection.fetch(_DEPENDENTS, codes, periods, list(nodes))]


_TYPES = "SELECT DISTINCT code, period_type FROM template WHERE code = ANY($1)"


async def source_forms(connection: Any, memory: Memory, template: TemplateV1, period: str) -> dict[tuple[str, str], TemplateV1]:
    """The forms of other periods that this one's carried cells read, as far as they exist."""
    at = parse_period(period)
    carried = [column.carried for column in template.sheet.columns if column.carried is not None]
    wanted = {(one.source or template.code, before.id) for one in carried for before in periods_before(one.offset, at)}
    return await forms(connection, memory, wanted)


async def forms(connection: Any, memory: Memory, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], TemplateV1]:
    """The published form that is in use for each (template, period), as far as there is one."""
    if not wanted:
        return {}
    codes, periods = (list(part) for part in zip(*wanted, strict=True))
    rows = await connection.fetch(_FORMS, codes, periods)
    templates = await memory.templates(connection, [(row["template"], row["version"]) for row in rows])
    return {(row["template"], row["period"]): templates[row["template"], row["version"]] for row in rows}


async def _evaluate(connection: Any, memory: Memory, generation: int, group: Sequence[_Place]) -> set[int]:
    """Computes one form at several nodes; returns the nodes where something has changed."""
    first = group[0]
    template = (await memory.templates(connection, [(first.template, first.version)]))[first.template, first.version]
    numbers = (await memory.cells(connection, generation, [template.code]))[template.code]
    several = [place for place in group if place.expected != 1]
    carried = await _carried(connection, memory, generation, template, first.period, [place.node_id for place in several])
    new = await _computed(connection, template, numbers, several, carried)
    return await _write(connection, [place.no for place in group], new)


async def _carried(
    connection: Any, memory: Memory, generation: int, template: TemplateV1, period: str, nodes: Sequence[UUID]
) -> dict[tuple[UUID, int], dict[str, Value]]:
    """(node, lens) → carried cell → value."""
    cells = list(carried_cells(template))
    if not cells or not nodes:
        return {}
    at = parse_period(period)
    existing = await source_forms(connection, memory, template, period)
    sources = sources_of(template, at, cells, existing)
    wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
    for source in (one for many in sources.values() for one in many):
        wanted[source.template, source.period].add(source.cell)
    figures = await stored.read(connection, memory, generation, {key: existing[key] for key in wanted}, nodes, LENSES, wanted)

    def look(node: UUID, lens: int, source: Source) -> Value:
        found = figures.get((source.template, source.period, node, lens))
        return found.value(source.cell) if found else BLANK

    return {
        (node, lens): carry(template, period, sources, existing, lambda source, n=node, b=lens: look(n, b, source))
        for node in nodes
        for lens in LENSES
    }


def carry(
    template: TemplateV1, period: str, sources: Mapping[str, Sequence[Source]], existing: Mapping[tuple[str, str], TemplateV1], look: Any
) -> dict[str, Value]:
    """Carried cell → value, blank ones left out; `look(source)` gives a source's figure."""
    values, at = {}, parse_period(period)
    for cell, found in sources.items():
        carried = template.sheet.refs[cell].column.carried
        assert carried is not None
        last = found[-1] if found else None
        over_time = existing[last.template, last.period].adding_up(last.cell).over_time if last else "sum"
        expected = len(periods_before(carried.offset, at))
        value = carried_value(carried.offset, over_time, [look(source) for source in found], expected)
        if not value.is_blank:
            values[cell] = value
    return values


async def _computed(
    connection: Any,
    template: TemplateV1,
    numbers: Mapping[str, int],
    places: Sequence[_Place],
    carried: Mapping[tuple[UUID, int], Mapping[str, Value]],
) -> dict[tuple[int, int, int], Row]:
    keys, refs = {no: key for key, no in numbers.items()}, template.sheet.refs
    inputs: dict[tuple[int, int], dict[str, Value]] = {(place.no, lens): {} for place in places for lens in LENSES}
    for row in await connection.fetch(_INPUTS, [place.no for place in places]):
        ref = refs.get(keys[row["cell_no"]])
        if ref is not None and ref.role == "input":
            value = added_up(template, ref, stored.sums_of(row))
            if not value.is_blank:
                inputs[row["place_no"], row["lens"]][ref.key] = value
    own = await _own_plans(connection, template, places)
    new: dict[tuple[int, int, int], Row] = {}
    for place in places:
        for lens in LENSES:
            given = inputs[place.no, lens] | own.get((place.node_id, lens), {})
            brought = carried.get((place.node_id, lens), {})
            if not given and not brought:
                continue
            values = form_at_node(template, given, brought)
            new |= {
                (place.no, lens, numbers[key]): as_row(value)
                for key, value in values.items()
                if refs[key].role != "input" and not value.is_blank
            }
    return new


_INPUTS = "SELECT place_no, lens, cell_no, given, nils, excused, total, weight, weighted, low, high FROM rollup WHERE place_no = ANY($1)"


async def _own_plans(connection: Any, template: TemplateV1, places: Sequence[_Place]) -> dict[tuple[UUID, int], dict[str, Value]]:
    """(node, lens) → input cells of the node's own plan, which count instead of the rollup."""
    if template.kind != "plan" or not places:
        return {}
    rows = await connection.fetch(
        "SELECT r.unit_id, l.lens, v.figures FROM report r CROSS JOIN (VALUES (0), (1)) AS l (lens)"
        " JOIN revision v ON v.seq = CASE WHEN l.lens = 0 THEN r.approved ELSE coalesce(r.sent, r.approved) END"
        " WHERE r.template = $1 AND r.period = $2 AND r.unit_id = ANY($3)",
        *(template.code, places[0].period, [place.node_id for place in places]),
    )
    refs = template.sheet.refs
    return {
        (row["unit_id"], row["lens"]): {
            cell: value
            for cell, value in stored.own_plan(template, msgspec.json.decode(row["figures"], type=dict[str, Value])).items()
            if cell in refs and refs[cell].role == "input"
        }
        for row in rows
    }


def as_row(value: Value) -> Row:
    is_plain = value == Value(number=value.number) and value.number is not None
    return (value.number, None) if is_plain else (None, msgspec.json.encode(value).decode())


async def _write(connection: Any, places: Sequence[int], new: Mapping[tuple[int, int, int], Row]) -> set[int]:
    """Writes what differs from before; returns the nodes where something did."""
    old = {
        (row["place_no"], row["lens"], row["cell_no"]): (row["number"], row["value"]) for row in await connection.fetch(_OLD, list(places))
    }
    gone, written = [key for key in old if key not in new], [(key, row) for key, row in new.items() if old.get(key) != row]
    if gone:
        await connection.execute(_REMOVE, *(list(column) for column in zip(*gone, strict=True)))
    if written:
        columns = zip(*((*key, *row) for key, row in written), strict=True)
        await connection.execute(_WRITE, *(list(column) for column in columns))
    return {key[0] for key in gone} | {key[0] for key, _ in written}
