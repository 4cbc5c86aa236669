"""What never changes once it is in the log, kept in memory: published forms, numbers of cells, and the tree at a point of the log."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from contracts.identity import UnitChangedV1, UnitRegisteredV1, UnitsReorganisedV1
from contracts.templates import TemplateV1
from contracts.tree import keep_reorganisation, keep_unit
from kernel.tree import Tree

TREES_KEPT = 4
KINDS: Mapping[str, type] = {
    "unit_registered": UnitRegisteredV1,
    "unit_changed": UnitChangedV1,
    "units_reorganised": UnitsReorganisedV1,
}
Carriers = dict[str, list[tuple[str, str]]]
"""Template code → (code of a template that carries figures from it, offset)."""


class _Nowhere:
    """A tree that is folded from the log needs no tables."""

    async def execute(self, query: str, *arguments: object) -> None:
        pass


class Memory:
    """Of one service. Everything in it is named by what can't change, so a rolled back transaction leaves nothing wrong behind."""

    def __init__(self) -> None:
        self._templates: dict[tuple[str, int], TemplateV1] = {}
        self._cells: dict[tuple[int, str, int], dict[str, int]] = {}
        self._trees: OrderedDict[tuple[int, int], Tree] = OrderedDict()
        self._carriers: tuple[int, Carriers] = (-1, {})

    async def templates(self, connection: Any, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], TemplateV1]:
        """Published forms by (code, version); those that the log has not told of are left out."""
        keys = set(wanted)
        unknown = [key for key in keys if key not in self._templates]
        if unknown:
            rows = await connection.fetch(
                "SELECT code, version, body FROM template JOIN unnest($1::text[], $2::integer[]) AS w (c, v) ON code = c AND version = v",
                *([code for code, _ in unknown], [version for _, version in unknown]),
            )
            for row in rows:
                self._templates[row["code"], row["version"]] = msgspec.json.decode(row["body"], type=TemplateV1)
        return {key: self._templates[key] for key in keys if key in self._templates}

    async def template(self, connection: Any, code: str, version: int) -> TemplateV1 | None:
        return (await self.templates(connection, [(code, version)])).get((code, version))

    async def cells(self, connection: Any, generation: int, codes: Iterable[str]) -> dict[str, dict[str, int]]:
        """Template code → cell key → its number in this generation."""
        rows = await connection.fetch("SELECT code, max(seq) AS seq FROM template WHERE code = ANY($1) GROUP BY code", list(set(codes)))
        newest = {row["code"]: row["seq"] for row in rows}
        unknown = [code for code, seq in newest.items() if (generation, code, seq) not in self._cells]
        found: dict[str, dict[str, int]] = {}
        if unknown:
            fresh: dict[str, dict[str, int]] = defaultdict(dict)
            for row in await connection.fetch("SELECT template, key, no FROM cell WHERE template = ANY($1)", unknown):
                fresh[row["template"]][row["key"]] = row["no"]
            found.update(fresh)
        return found | {code: self._cells[generation, code, seq] for code, seq in newest.items() if (generation, code, seq) in self._cells}

    async def keep_cells(self, connection: Any, generation: int, codes: Iterable[str]) -> dict[str, dict[str, int]]:
        """The same in a transaction that has not published any of these forms: what it reads is committed, and is kept."""
        found = await self.cells(connection, generation, codes)
        rows = await connection.fetch("SELECT code, max(seq) AS seq FROM template WHERE code = ANY($1) GROUP BY code", list(found))
        self._cells.update({(generation, row["code"], row["seq"]): found[row["code"]] for row in rows})
        return found

    async def tree(self, connection: Any, until: int | None = None) -> Tree:
        """The tree after the log's events up to seq `until`, or all that there are."""
        row = await connection.fetchrow(
            "SELECT count(*) AS many, coalesce(max(seq), 0) AS last FROM unit_event WHERE $1::bigint IS NULL OR seq <= $1", until
        )
        key = (row["many"], row["last"])
        known = self._trees.get(key)
        if known is None:
            known = self._trees[key] = await _folded(connection, row["last"])
        self._trees.move_to_end(key)
        while len(self._trees) > TREES_KEPT:
            self._trees.popitem(last=False)
        return known

    async def carriers(self, connection: Any) -> Carriers:
        """Who carries figures from whom, in any published version."""
        newest = await connection.fetchval("SELECT coalesce(max(seq), 0) FROM template")
        if self._carriers[0] != newest:
            found: dict[str, set[tuple[str, str]]] = defaultdict(set)
            keys = [(row["code"], row["version"]) for row in await connection.fetch("SELECT code, version FROM template")]
            for (code, _), template in (await self.templates(connection, keys)).items():
                for column in template.sheet.columns:
                    if column.carried is not None:
                        found[column.carried.source or code].add((code, column.carried.offset))
            self._carriers = (newest, {code: sorted(carriers) for code, carriers in found.items()})
        return self._carriers[1]


async def _folded(connection: Any, last: int) -> Tree:
    tree, nowhere = Tree(), _Nowhere()
    for row in await connection.fetch("SELECT kind, body FROM unit_event WHERE seq <= $1 ORDER BY seq", last):
        event: Any = msgspec.json.decode(row["body"], type=KINDS[row["kind"]])
        if isinstance(event, UnitsReorganisedV1):
            await keep_reorganisation(tree, nowhere, event)
        else:
            await keep_unit(tree, nowhere, event)
    return tree
