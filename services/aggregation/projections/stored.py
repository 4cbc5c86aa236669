"""Reads the figures of nodes as they are stored: added up, computed, or of the one report that a node consists of. Applies no policy."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from contracts.submissions import Figures
from contracts.templates import TemplateV1
from kernel.sheet.model import BLANK, NIL, Value

from ..calculation.nodes import GIVEN, NIL_FIGURE, NOT_APPLICABLE, NUMBER, Sums, added_up, kind_of, plain, shown
from ..calculation.reports import APPROVED
from .memory import Memory

_PLACES = """
SELECT p.no, p.template, p.period, p.node_id, count(r.id) FILTER (WHERE r.is_expected) AS expected,
    count(r.id) FILTER (WHERE r.is_expected AND r.approved IS NOT NULL) AS approved,
    count(r.id) FILTER (WHERE r.is_expected AND coalesce(r.sent, r.approved) IS NOT NULL) AS sent,
    (array_agg(r.id) FILTER (WHERE r.is_expected))[1] AS sole
FROM unnest($1::text[], $2::text[]) AS w (template, period) JOIN place p USING (template, period)
    LEFT JOIN report_place l ON l.place_no = p.no LEFT JOIN report r ON r.id = l.report_id
WHERE p.node_id = ANY($3) GROUP BY p.no
"""
_REPORTS = """
SELECT r.id, r.template, r.period, r.unit_id, r.is_expected, r.revision, r.approved, r.approved_revision, r.sent, r.sent_revision
FROM report r WHERE r.id = ANY($1) OR (r.unit_id = ANY($2) AND (r.template, r.period) IN (SELECT * FROM unnest($3::text[], $4::text[])))
"""
_ROLLUPS = """
SELECT place_no, cell_no, lens, given, nils, excused, total, weight, weighted, low, high FROM rollup
WHERE place_no = ANY($1) AND lens = ANY($2) AND ($3::integer[] IS NULL OR cell_no = ANY($3))
"""
_COMPUTED = """
SELECT place_no, cell_no, lens, number, value FROM computed
WHERE place_no = ANY($1) AND lens = ANY($2) AND ($3::integer[] IS NULL OR cell_no = ANY($3))
"""

_FIGURES = "SELECT revision, cell_no, kind, number FROM figure WHERE revision = ANY($1) AND cell_no = ANY($2)"


@dataclass(frozen=True)
class NodeFigures:
    """A form's figures at a node in one lens. `sums` say how many units gave each cell; `own`: cells of the node's own plan.

    `report_id` is set where the node is one reporting unit: then the figures are those of its revision.
    """

    template: TemplateV1
    period: str
    node_id: UUID
    lens: int
    expected: int
    reported: int
    values: dict[str, Value] = field(default_factory=dict)
    sums: dict[str, Sums] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    report_id: UUID | None = None
    revision: int | None = None

    def value(self, cell: str) -> Value:
        return self.values.get(cell, BLANK)


Key = tuple[str, str, UUID, int]
"""(template, period, node, lens)"""


async def read(
    connection: Any,
    memory: Memory,
    generation: int,
    forms: Mapping[tuple[str, str], TemplateV1],
    nodes: Collection[UUID],
    lenses: Sequence[int],
    cells: Mapping[tuple[str, str], Collection[str]] | None = None,
) -> dict[Key, NodeFigures]:
    """The figures of these forms at these nodes; nodes without reports are left out. `cells` limits what is read of each form."""
    if not forms or not nodes:
        return {}
    templates, periods = (list(part) for part in zip(*forms, strict=True))
    places = await connection.fetch(_PLACES, templates, periods, list(nodes))
    sole = [place["sole"] for place in places if place["expected"] == 1]
    reports = await connection.fetch(_REPORTS, sole, list(nodes), templates, periods)
    figures = await _figures(connection, memory, generation, forms, _wanted_revisions(reports, places, forms, lenses), cells)
    inner = [place for place in places if place["expected"] != 1]
    rows = await _rows(
        connection, memory, generation, [place["no"] for place in inner], {place["template"] for place in inner}, lenses, cells
    )
    found: dict[Key, NodeFigures] = {}
    for report in reports:
        for lens in lenses:
            key = (report["template"], report["period"], report["unit_id"], lens)
            if key[:2] in forms:
                found[key] = _of_report(forms[key[0], key[1]], key, report, figures)
    by_id = {report["id"]: report for report in reports}
    for place in places:
        for lens in lenses:
            key = (place["template"], place["period"], place["node_id"], lens)
            template = forms[key[0], key[1]]
            if place["expected"] == 1:
                found[key] = _of_report(template, key, by_id[place["sole"]], figures)
            else:
                found[key] = _of_place(template, key, place, rows, found.get(key))
    return found


def counted(report: Any, lens: int) -> tuple[int | None, int | None]:
    """(seq, number) of the revision that counts."""
    if lens == APPROVED or report["sent"] is None:
        return report["approved"], report["approved_revision"]
    return report["sent"], report["sent_revision"]


def _wanted_revisions(
    reports: Iterable[Any], places: Iterable[Any], forms: Mapping[tuple[str, str], TemplateV1], lenses: Sequence[int]
) -> set[int]:
    """Of reports that are a whole node, and of nodes' own plans."""
    inner = {(place["template"], place["period"], place["node_id"]) for place in places if place["expected"] != 1}
    wanted = set[int]()
    for report in reports:
        key = (report["template"], report["period"], report["unit_id"])
        if key not in inner or forms[key[0], key[1]].kind == "plan":
            wanted |= {seq for lens in lenses if (seq := counted(report, lens)[0]) is not None}
    return wanted


async def _figures(
    connection: Any,
    memory: Memory,
    generation: int,
    forms: Mapping[tuple[str, str], TemplateV1],
    seqs: Collection[int],
    cells: Mapping[tuple[str, str], Collection[str]] | None,
) -> dict[int, Figures]:
    """Revision → its figures; of a few cells only, they are not all decoded."""
    if not seqs:
        return {}
    if cells is None or any(form.kind == "plan" for form in forms.values()):
        return await of_revisions(connection, seqs)
    numbers = await memory.cells(connection, generation, {code for code, _ in forms})
    keys = {numbers[code][key]: key for (code, _), wanted in cells.items() for key in wanted if key in numbers.get(code, {})}
    return await of_cells(connection, seqs, keys)


async def of_cells(connection: Any, seqs: Collection[int], keys: Mapping[int, str]) -> dict[int, Figures]:
    """Revision → figures of the cells with these numbers. What is more than a number is looked up in the revision."""
    found: dict[int, Figures] = {seq: {} for seq in seqs}
    others: dict[int, list[str]] = {}
    for row in await connection.fetch(_FIGURES, list(seqs), list(keys)):
        if row["kind"] in (NUMBER, NIL_FIGURE):
            found[row["revision"]][keys[row["cell_no"]]] = NIL if row["kind"] == NIL_FIGURE else Value(number=row["number"])
        else:
            others.setdefault(row["revision"], []).append(keys[row["cell_no"]])
    for seq, figures in (await of_revisions(connection, others)).items():
        found[seq].update((key, figures[key]) for key in others[seq])
    return found


async def of_revisions(connection: Any, seqs: Collection[int]) -> dict[int, Figures]:
    """Revision → all of its figures."""
    if not seqs:
        return {}
    rows = await connection.fetch("SELECT seq, figures FROM revision WHERE seq = ANY($1)", list(seqs))
    return {row["seq"]: msgspec.json.decode(row["figures"], type=Figures) for row in rows}


async def _rows(
    connection: Any,
    memory: Memory,
    generation: int,
    places: list[int],
    codes: Collection[str],
    lenses: Sequence[int],
    cells: Mapping[tuple[str, str], Collection[str]] | None,
) -> dict[tuple[int, int], tuple[list[tuple[str, Any]], list[tuple[str, Any]]]]:
    """(place, lens) → rows of sums and rows of computed figures, each with its cell's key."""
    if not places:
        return {}
    numbers = await memory.cells(connection, generation, codes)
    keys = {no: key for by_key in numbers.values() for key, no in by_key.items()}
    only = None
    if cells is not None:
        only = [no for (code, _), wanted in cells.items() for key in wanted if (no := numbers.get(code, {}).get(key)) is not None]
    found: dict[tuple[int, int], tuple[list[tuple[str, Any]], list[tuple[str, Any]]]] = {
        (place, lens): ([], []) for place in places for lens in lenses
    }
    for which, statement in enumerate((_ROLLUPS, _COMPUTED)):
        for row in await connection.fetch(statement, places, list(lenses), only):
            found[row["place_no"], row["lens"]][which].append((keys[row["cell_no"]], row))
    return found


def sums_of(row: Any) -> Sums:
    return Sums(row["given"], row["nils"], row["excused"], row["total"], row["weight"], row["weighted"], row["low"], row["high"])


def computed_value(row: Any) -> Value:
    if row["value"] is not None:
        return msgspec.json.decode(row["value"], type=Value)
    return Value(number=plain(row["number"]))


def _of_report(template: TemplateV1, key: Key, report: Any, figures: Mapping[int, Figures]) -> NodeFigures:
    seq, number = counted(report, key[3])
    values = dict(figures.get(seq, {})) if seq is not None else {}
    return of_one_report(template, key, report["id"], number, values, is_expected=report["is_expected"])


def of_one_report(
    template: TemplateV1, key: Key, report_id: UUID, number: int | None, values: dict[str, Value], *, is_expected: bool
) -> NodeFigures:
    """The figures of a reporting unit: those of its revision, formulas and carried cells included."""
    kinds = {cell: kind_of(value) for cell, value in values.items()}
    sums = {cell: Sums(given=int(kind in GIVEN), excused=int(kind == NOT_APPLICABLE)) for cell, kind in kinds.items()}
    return NodeFigures(
        template=template,
        period=key[1],
        node_id=key[2],
        lens=key[3],
        expected=int(is_expected),
        reported=int(number is not None),
        values=values,
        sums=sums,
        report_id=report_id,
        revision=number,
    )


def _of_place(template: TemplateV1, key: Key, place: Any, rows: Mapping[tuple[int, int], Any], own: NodeFigures | None) -> NodeFigures:
    added, computed = rows[place["no"], key[3]]
    refs = template.sheet.refs
    sums = {cell: sums_of(row) for cell, row in added}
    values = {cell: computed_value(row) for cell, row in computed}
    for cell, one in sums.items():
        if cell in refs and refs[cell].role == "input":
            values[cell] = shown(template, refs[cell], added_up(template, refs[cell], one))
    plan = own_plan(template, own.values if own else {})
    reported = place["approved"] if key[3] == APPROVED else place["sent"]
    return NodeFigures(template, key[1], key[2], key[3], place["expected"], reported, values | plan, sums, frozenset(plan))


def own_plan(template: TemplateV1, values: Mapping[str, Value]) -> dict[str, Value]:
    """What a node's own plan says; nothing of a form that is no plan."""
    if template.kind != "plan":
        return {}
    return {cell: value for cell, value in values.items() if not value.is_blank and value.missing is None}
