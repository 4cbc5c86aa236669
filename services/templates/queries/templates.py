"""Indicators, templates, drafts and versions, as they are read. Any person who is signed in may see what is published."""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from kernel.errors import Malformed
from kernel.vietnamese import fold

from ..events import Indicator, Template


class Draft(NamedTuple):
    """`etag` 0: nobody has saved one, and `template` is the newest version."""

    template: Template
    etag: int
    saved_at: datetime | None = None
    saved_by: str = ""


def cursor_of(*place: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def place_of(cursor: str | None, parts: int) -> list[str]:
    """Where a list goes on. Raises Malformed for a cursor that was not given out here."""
    if not cursor:
        return [""] * parts
    try:
        place: list[str] = msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=list[str])
    except (ValueError, msgspec.MsgspecError) as failure:
        raise Malformed("Con trỏ trang (cursor) không hợp lệ", field="cursor") from failure
    if len(place) != parts:
        raise Malformed("Con trỏ trang (cursor) không hợp lệ", field="cursor")
    return place


async def indicators(connection: Any, codes: Iterable[str]) -> dict[str, Indicator]:
    """Definitions in force now, by code; unknown codes are left out."""
    rows = await connection.fetch("SELECT definition FROM indicator WHERE code = ANY($1)", list(codes))
    found = (msgspec.json.decode(row["definition"], type=Indicator) for row in rows)
    return {indicator.code: indicator for indicator in found}


async def list_indicators(connection: Any, *, sector: str | None, q: str, cursor: str | None, limit: int) -> dict[str, Any]:
    rows = await connection.fetch(
        "SELECT code, sort_key, definition FROM indicator WHERE ($1::text IS NULL OR sector = $1) AND folded LIKE $2"
        " AND (sort_key, code) > ($3, $4) ORDER BY sort_key, code LIMIT $5",
        *(sector, like(q), *place_of(cursor, 2), limit + 1),
    )
    more = cursor_of(rows[limit - 1]["sort_key"], rows[limit - 1]["code"]) if len(rows) > limit else None
    return {"items": [msgspec.Raw(row["definition"].encode()) for row in rows[:limit]], "next": more}


async def list_templates(
    connection: Any, *, sector: str | None, kind: str | None, q: str, cursor: str | None, limit: int, with_drafts: bool
) -> tuple[list[dict[str, Any]], str | None]:
    """(rows, cursor of the next page): published templates; `with_drafts` also those that are not published yet."""
    rows = await connection.fetch(
        "SELECT t.code, t.latest, t.name, t.sector, t.kind, t.period_type, t.form_number, t.owner_id, t.published_at, t.sort_key,"
        " d.etag IS NOT NULL AS has_draft FROM template t LEFT JOIN draft d USING (code)"
        " WHERE ($1::text IS NULL OR t.sector = $1) AND ($2::text IS NULL OR t.kind = $2) AND t.folded LIKE $3"
        " AND (t.sort_key, t.code) > ($4, $5) AND (t.latest > 0 OR $7) ORDER BY t.sort_key, t.code LIMIT $6",
        *(sector, kind, like(q), *place_of(cursor, 2), limit + 1, with_drafts),
    )
    more = cursor_of(rows[limit - 1]["sort_key"], rows[limit - 1]["code"]) if len(rows) > limit else None
    return [{key: value for key, value in row.items() if key != "sort_key"} for row in rows[:limit]], more


async def get_draft(connection: Any, code: str, *, lock: bool = False) -> Draft | None:
    """What is being worked on: the saved draft, else the newest version."""
    saved = await connection.fetchrow("SELECT * FROM draft WHERE code = $1" + (" FOR UPDATE" if lock else ""), code)
    if saved is not None:
        return Draft(msgspec.json.decode(saved["document"], type=Template), saved["etag"], saved["saved_at"], saved["saved_by"])
    latest = await get_version(connection, code)
    return None if latest is None else Draft(latest, 0)


async def get_version(connection: Any, code: str, version: int | None = None) -> Template | None:
    """A published version, or the newest."""
    document = await get_document(connection, code, version)
    return None if document is None else msgspec.json.decode(document, type=Template)


async def get_document(connection: Any, code: str, version: int | None = None) -> str | None:
    """The JSON of a published version, or of the newest."""
    document: str | None = await connection.fetchval(
        "SELECT document FROM template_version WHERE code = $1 AND ($2::integer IS NULL OR version = $2) ORDER BY version DESC LIMIT 1",
        code,
        version,
    )
    return document


async def list_versions(connection: Any, code: str) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        "SELECT version, event_id, published_at, published_by, document ->> 'name' AS name,"
        " (SELECT count(*) FROM pinned_version p WHERE p.template = v.code AND p.version = v.version) AS periods"
        " FROM template_version v WHERE code = $1 ORDER BY version DESC",
        code,
    )
    return [dict(row) for row in rows]


async def columns_of_published(connection: Any, codes: Iterable[str]) -> dict[str, frozenset[str]]:
    """Column keys of the newest version of each of these templates that is published."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (code) code, document FROM template_version WHERE code = ANY($1) ORDER BY code, version DESC", list(codes)
    )
    found = (msgspec.json.decode(row["document"], type=Template) for row in rows)
    return {template.code: frozenset(column.key for column in template.sheet.columns) for template in found}


async def pinned_version(connection: Any, template: str, period: str) -> int | None:
    version: int | None = await connection.fetchval(
        "SELECT version FROM pinned_version WHERE template = $1 AND period = $2", template, period
    )
    return version


async def approved_reports(connection: Any, template: str, period: str) -> frozenset[UUID]:
    rows = await connection.fetch("SELECT report_id FROM approved_report WHERE template = $1 AND period = $2", template, period)
    return frozenset(row["report_id"] for row in rows)


def like(q: str) -> str:
    folded = fold(q).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{folded}%"
