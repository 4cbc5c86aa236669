"""Figures of a node computed on demand from facts: at any point of the log, restated to today's units, or over time. Policies applied."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from contracts.submissions import Figures
from contracts.templates import TemplateV1
from kernel.calendar import Period, parse_period
from kernel.sheet.model import BLANK, Value
from kernel.tree import Tree

from ..calculation.carrying import Source, over_periods, periods_before, sources_of
from ..calculation.evaluating import carried_cells, closure, form_at_node, held
from ..calculation.nodes import Sums, inputs_at_node
from ..calculation.paths import nodes_above
from ..calculation.restating import share_under
from ..projections.formulas import carry
from ..projections.stored import NodeFigures, of_one_report, own_plan
from .look import Look

_STANDING = """
SELECT r.id, r.unit_id, r.last_day, x.version, v.number, v.seq AS revision FROM report r
    JOIN span x ON x.report_id = r.id AND x.from_seq <= $3 AND $3 < x.to_seq
    LEFT JOIN stand a ON a.report_id = r.id AND a.lens = 0 AND a.from_seq <= $3 AND $3 < a.to_seq
    LEFT JOIN stand s ON s.report_id = r.id AND s.lens = 1 AND s.from_seq <= $3 AND $3 < s.to_seq AND $4 = 1
    LEFT JOIN revision v ON v.seq = coalesce(s.revision, a.revision)
WHERE r.template = $1 AND r.period = $2 ORDER BY r.id
"""
_SUMS = """
SELECT f.cell_no, count(*) FILTER (WHERE f.kind <= 3) AS given, count(*) FILTER (WHERE f.kind = 1) AS nils,
    count(*) FILTER (WHERE f.kind = 5) AS excused, coalesce(sum(f.number), 0) AS total, min(f.number) AS low, max(f.number) AS high
FROM figure f WHERE f.revision = ANY($1) AND ($2::integer[] IS NULL OR f.cell_no = ANY($2)) GROUP BY f.cell_no
"""
_SHARED = """
SELECT f.cell_no, count(*) FILTER (WHERE f.kind <= 3) AS given, count(*) FILTER (WHERE f.kind = 1) AS nils,
    count(*) FILTER (WHERE f.kind = 5) AS excused, coalesce(sum(f.number * w.share), 0) AS total,
    min(f.number) AS low, max(f.number) AS high
FROM figure f JOIN unnest($1::bigint[], $3::numeric[]) AS w (revision, share) USING (revision)
WHERE $2::integer[] IS NULL OR f.cell_no = ANY($2) GROUP BY f.cell_no
"""
_WEIGHTS = """
SELECT f.cell_no, sum(g.number) AS weight, sum(g.number * f.number) AS weighted
FROM revision v JOIN rule u ON u.template = v.template AND u.version = v.version AND u.kind = 'weighted_mean'
    JOIN figure f ON f.revision = v.seq AND f.cell_no = u.cell_no AND f.number IS NOT NULL
    JOIN figure g ON g.revision = v.seq AND g.cell_no = u.weight_no AND g.number IS NOT NULL
WHERE v.seq = ANY($1) GROUP BY f.cell_no
"""
_FINER = {"quarter": ("month",), "half": ("quarter", "month"), "nine-months": ("quarter", "month"), "year": ("half", "quarter", "month")}


@dataclass(frozen=True)
class Standing:
    """A report that was expected at the point, and the revision that counted then."""

    id: UUID
    unit_id: UUID
    last_day: Any
    version: int
    number: int | None
    revision: int | None


class Past:
    """Of one look, one lens and one point; keeps what it has computed."""

    def __init__(self, look: Look, seq: int, lens: int, *, restated: bool = False) -> None:
        self._look, self._seq, self._lens, self._restated = look, seq, lens, restated
        self._tree: Tree | None = None
        self._standing: dict[tuple[str, str], list[Standing]] = {}
        self._figures: dict[tuple[str, str, UUID, frozenset[str] | None], NodeFigures] = {}
        self._under_way: set[tuple[str, str, UUID, frozenset[str] | None]] = set()

    async def node(self, code: str, period: str, node: UUID, cells: Collection[str] | None = None) -> NodeFigures | None:
        """The form's figures at the node, or only those of `cells`; None where neither this form nor finer periods of it were reported."""
        key = (code, period, node, None if cells is None else frozenset(cells))
        if key in self._figures:
            return self._figures[key]
        if key in self._under_way:
            return None
        self._under_way.add(key)
        found = await self._node(code, period, node, cells)
        self._under_way.discard(key)
        if found is not None:
            self._figures[key] = found
        return found

    async def template_in(self, code: str, period: str) -> TemplateV1 | None:
        """The form that was in use in the period at the point; of a coarser period, the form itself."""
        standing = await self._reports(code, period)
        if standing:
            return await self._look.template(code, max(one.version for one in standing))
        return await self._template_of_parts(code, parse_period(period))

    async def source_forms(self, template: TemplateV1, period: str) -> dict[tuple[str, str], TemplateV1]:
        """The forms that the carried cells of this one read, as far as they were in use at the point."""
        at, existing = parse_period(period), dict[tuple[str, str], TemplateV1]()
        for carried in {column.carried for column in template.sheet.columns if column.carried is not None}:
            for before in periods_before(carried.offset, at):
                code = carried.source or template.code
                source = await self.template_in(code, before.id)
                if source is not None:
                    existing[code, before.id] = source
        return existing

    async def members(self, code: str, period: str, node: UUID) -> list[tuple[Standing, Decimal | None]]:
        """The reports that are added up at the node, each with its share; None where the share is unknown."""
        found = []
        for one in await self._reports(code, period):
            share = await self._share(one, node)
            if share != 0:
                found.append((one, share))
        return found

    async def of_report(self, code: str, period: str, report: UUID) -> NodeFigures | None:
        """One report's figures, or None where no revision of it counted."""
        for one in await self._reports(code, period):
            if one.id == report and one.revision is not None:
                template = await self._look.template(code, one.version)
                return await self._of_report(template, period, one.unit_id, one)
        return None

    async def _node(self, code: str, period: str, node: UUID, cells: Collection[str] | None) -> NodeFigures | None:
        template = await self.template_in(code, period)
        if template is None:
            return None
        if not await self._reports(code, period):
            return await self._of_parts(template, parse_period(period), node, cells)
        members = await self.members(code, period, node)
        if not members:
            return None
        if len(members) == 1 and members[0][1] == 1:
            return await self._of_report(template, period, node, members[0][0])
        wanted = None if cells is None else closure(template, cells)
        sums, unknown = await self._sums(template, members, wanted)
        expected, reported = len(members), sum(one.revision is not None for one, _ in members)
        own = await self._own_plan(template, node, members)
        inputs = held(template.policy, inputs_at_node(template, sums, wanted), sums, expected) | own
        inputs |= {cell: Value(missing="no-weight") for cell in unknown if cell in template.sheet.refs}
        inputs = {cell: value for cell, value in inputs.items() if template.sheet.refs[cell].role == "input"}
        carried = await self._carried(template, period, node, wanted)
        values = form_at_node(template, inputs, carried) if inputs or carried else {}
        return NodeFigures(template, period, node, self._lens, expected, reported, values | own, sums, frozenset(own))

    async def _reports(self, code: str, period: str) -> list[Standing]:
        if (code, period) not in self._standing:
            rows = await self._look.connection.fetch(_STANDING, code, period, self._seq, self._lens)
            self._standing[code, period] = [
                Standing(row["id"], row["unit_id"], row["last_day"], row["version"], row["number"], row["revision"]) for row in rows
            ]
        return self._standing[code, period]

    async def _share(self, one: Standing, node: UUID) -> Decimal | None:
        if self._restated:
            tree = self._look.tree
            return share_under(tree, one.unit_id, one.last_day, lambda unit: tree.is_under(unit, [node]))
        if self._tree is None:
            self._tree = await self._look.memory.tree(self._look.connection, self._seq)
        return Decimal(node == one.unit_id or node in nodes_above(self._tree, one.unit_id, one.last_day))

    async def _of_report(self, template: TemplateV1, period: str, node: UUID, one: Standing) -> NodeFigures:
        values = await self._revision(one.revision) if one.revision is not None else {}
        return of_one_report(template, (template.code, period, node, self._lens), one.id, one.number, values, is_expected=True)

    async def _revision(self, seq: int) -> Figures:
        return msgspec.json.decode(await self._look.connection.fetchval("SELECT figures FROM revision WHERE seq = $1", seq), type=Figures)

    async def _own_plan(self, template: TemplateV1, node: UUID, members: Iterable[tuple[Standing, Decimal | None]]) -> dict[str, Value]:
        if template.kind != "plan":
            return {}
        own = [one.revision for one, _ in members if one.unit_id == node and one.revision is not None]
        return own_plan(template, await self._revision(own[0])) if own else {}

    async def _sums(
        self, template: TemplateV1, members: Collection[tuple[Standing, Decimal | None]], cells: Collection[str] | None
    ) -> tuple[dict[str, Sums], set[str]]:
        """(sums by cell, cells of which a share is unknown)."""
        numbers = (await self._look.memory.keep_cells(self._look.connection, self._look.generation, [template.code]))[template.code]
        keys = {no: key for key, no in numbers.items()}
        only = None if cells is None else [numbers[cell] for cell in cells if cell in numbers]
        counted = [(one.revision, share) for one, share in members if one.revision is not None]
        unknown = [revision for revision, share in counted if share is None]
        shares = [(revision, share) for revision, share in counted if share is not None]
        revisions = [revision for revision, _ in shares]
        fetch = self._look.connection.fetch
        if all(share == 1 for _, share in shares):
            rows = await fetch(_SUMS, revisions, only)
        else:
            rows = await fetch(_SHARED, revisions, only, [share for _, share in shares])
        weights = {}
        if any(rule.over_units == "weighted_mean" for rule in _rules(template)):
            weights = {row["cell_no"]: (row["weight"], row["weighted"]) for row in await fetch(_WEIGHTS, revisions)}
        nothing = (Decimal(0), Decimal(0))
        sums = {
            keys[row["cell_no"]]: Sums(
                row["given"], row["nils"], row["excused"], row["total"], *weights.get(row["cell_no"], nothing), row["low"], row["high"]
            )
            for row in rows
        }
        lost = await fetch("SELECT DISTINCT cell_no FROM figure WHERE revision = ANY($1)", unknown) if unknown else []
        return sums, {keys[row["cell_no"]] for row in lost}

    async def _carried(self, template: TemplateV1, period: str, node: UUID, cells: Collection[str] | None) -> dict[str, Value]:
        wanted = list(carried_cells(template, cells))
        if not wanted:
            return {}
        existing = await self.source_forms(template, period)
        sources = sources_of(template, parse_period(period), wanted, existing)
        needed: dict[tuple[str, str], set[str]] = defaultdict(set)
        for source_ in (one for many in sources.values() for one in many):
            needed[source_.template, source_.period].add(source_.cell)
        figures = {key: await self.node(*key, node, frozenset(wanted_there)) for key, wanted_there in needed.items()}

        def look(source: Source) -> Value:
            found = figures[source.template, source.period]
            return found.value(source.cell) if found else BLANK

        return carry(template, period, sources, existing, look)

    async def _template_of_parts(self, code: str, period: Period) -> TemplateV1 | None:
        """The form whose finer periods make up this one, where any of them was reported."""
        found = await self._look.connection.fetchrow(
            "SELECT period_type, max(version) AS version FROM template WHERE code = $1 GROUP BY period_type ORDER BY 2 DESC LIMIT 1", code
        )
        if found is None or found["period_type"] not in _FINER.get(period.type, ()):
            return None
        for part in period.parts(found["period_type"]):
            if await self._reports(code, part.id):
                return await self._look.template(code, found["version"])
        return None

    async def _of_parts(self, template: TemplateV1, period: Period, node: UUID, cells: Collection[str] | None) -> NodeFigures:
        """Input cells over the finer periods by their rule over time, formulas computed anew over them."""
        wanted = set(template.sheet.refs) if cells is None else closure(template, cells)
        recorded = await self._recorded_elsewhere(template, period)
        inputs_wanted = [cell for cell in wanted if template.sheet.refs[cell].role == "input"]
        parts = period.parts(template.period_type)
        figures = [await self.node(template.code, part.id, node, frozenset(inputs_wanted)) for part in parts]
        inputs, sums = {}, {}
        for cell in inputs_wanted:
            if template.sheet.refs[cell].row.subject in recorded:
                continue
            there = [one for one in figures if one is not None and not one.value(cell).is_blank]
            rule = template.adding_up(cell).over_time
            value = over_periods(rule, [one.value(cell) for one in there], len(parts))
            lacks_its_end = rule == "last" and all(one is not figures[-1] for one in there)
            lacks_a_part = rule == "mean" and len(there) < len(parts)
            if not (value.is_blank or lacks_its_end or lacks_a_part):
                inputs[cell] = value
                sums[cell] = Sums(given=sum(one.sums.get(cell, Sums()).given for one in there))
        carried = await self._carried(template, period.id, node, wanted)
        found = [one for one in figures if one is not None]
        expected, reported = sum(one.expected for one in found), sum(one.reported for one in found)
        values = form_at_node(template, inputs, carried) if inputs or carried else {}
        return NodeFigures(template, period.id, node, self._lens, expected, reported, values, sums)

    async def _recorded_elsewhere(self, template: TemplateV1, period: Period) -> set[str]:
        """Indicators of which another form is the source of record for periods of this type."""
        rows = await self._look.connection.fetch(
            "SELECT code, max(version) AS version FROM template"
            " WHERE period_type = $1 AND source_of_record AND code <> $2 AND kind = 'report' GROUP BY code",
            *(period.type, template.code),
        )
        others = await self._look.memory.templates(self._look.connection, [(row["code"], row["version"]) for row in rows])
        return {row.subject for other in others.values() for row in other.sheet.rows if row.subject is not None}


def _rules(template: TemplateV1) -> Iterable[Any]:
    yield from template.adding_up_cells.values()
    yield from template.adding_up_columns.values()
    yield from (indicator.adding_up for indicator in template.indicators.values())
