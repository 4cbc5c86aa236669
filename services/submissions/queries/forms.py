"""The published forms as this service keeps them, each read once: a published version never changes."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from contracts.templates import TemplateV1
from kernel.sheet.model import CellRef

from ..commands import Reshaping


class Forms:
    """Forms by (code, version), read on demand. `note` tells of a new one before it is committed, which does no harm: ids never change."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], TemplateV1] = {}
        self._newest: dict[str, int] = {}

    async def load(self, connection: Any) -> None:
        for row in await connection.fetch("SELECT code, max(version) AS version FROM template_version GROUP BY code"):
            self._newest[row["code"]] = row["version"]

    def note(self, template: TemplateV1) -> None:
        self._known.setdefault((template.code, template.version), template)
        self._newest[template.code] = max(template.version, self._newest.get(template.code, 0))

    async def get(self, connection: Any, code: str, version: int) -> TemplateV1 | None:
        found = self._known.get((code, version))
        if found is not None:
            return found
        body = await connection.fetchval("SELECT body FROM template_version WHERE code = $1 AND version = $2", code, version)
        if body is None:
            return None
        read = msgspec.json.decode(body, type=TemplateV1)
        return self._known.setdefault((code, version), read)

    async def newest(self, connection: Any, code: str) -> TemplateV1 | None:
        version = await connection.fetchval("SELECT max(version) FROM template_version WHERE code = $1", code)
        return None if version is None else await self.get(connection, code, version)

    async def newest_known(self, connection: Any, code: str) -> TemplateV1 | None:
        """The newest that this process has heard of: no question to the database once it is read."""
        version = self._newest.get(code)
        return await (self.newest(connection, code) if version is None else self.get(connection, code, version))

    async def row_names(self, connection: Any, code: str, older: int, newer: int) -> dict[str, str]:
        """Row keys of version `older` → what `newer` calls them, where a redesign renamed them."""
        names: dict[str, str] = {}
        for version in range(older + 1, newer + 1):
            form = await self.get(connection, code, version)
            if form is None or not form.moved_rows:
                continue
            names = {old: form.moved_rows.get(now, now) for old, now in names.items()} | {
                old: now for old, now in form.moved_rows.items() if old not in names.values()
            }
        return names

    async def reshaping(self, connection: Any, code: str, before: int, after: int) -> Reshaping | None:
        """What moving a report between two versions makes of its cells; None where the new one isn't known."""
        old, new = await self.get(connection, code, before), await self.get(connection, code, after)
        if new is None:
            return None
        rows = await self.row_names(connection, code, before, after)
        renamed = {f"{was}.{column.key}": f"{now}.{column.key}" for was, now in rows.items() for column in new.sheet.columns}
        return Reshaping(frozenset(new.sheet.refs), renamed, old is not None and _figures_alike(old, new))


def _figures_alike(old: TemplateV1, new: TemplateV1) -> bool:
    """Whether the two versions differ in labels only: the same cells of the same roles and formulas, added up alike."""
    return _skeleton(old) == _skeleton(new)


def _skeleton(form: TemplateV1) -> Mapping[str, Any]:
    refs = form.sheet.refs
    return {
        key: (ref.role, ref.formula, ref.decimals, ref.limits, ref.required, ref.column.carried, form.adding_up(key))
        for key, ref in refs.items()
    } | {"": form.sheet.rules}


def row_names_in(source: TemplateV1 | None, ref: CellRef, renamed: Mapping[str, str]) -> Sequence[str]:
    """The rows of a source form that may hold what a carried cell's row shows: of its key, else the only one of its indicator."""
    names = [renamed.get(ref.row.key, ref.row.key), ref.row.key]
    if source is not None and ref.row.subject is not None:
        alike = [row.key for row in source.sheet.rows if row.subject == ref.row.subject]
        known = {row.key for row in source.sheet.rows}
        if len(alike) == 1 and not known.intersection(names):
            names.append(alike[0])
    return list(dict.fromkeys(names))
