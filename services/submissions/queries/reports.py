"""Reports as rows: one, a list, counts. Every query takes the caller's scope."""

import base64
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from contracts.lateness import DUE_SOON_DAYS
from kernel.errors import Malformed, NotFound
from kernel.vietnamese import fold

from .scope import Scope

_COLUMNS = (
    "report_id, template, form_version, template_name, sector, period, unit_id, unit_code, unit_name, province, owner_id, assigned_by,"
    " entered_by, holder, assignment_id, first_day, last_day, due_on, due_end, is_closed, is_history, state, next_action, revision,"
    " approved_revision, standing_revision, sent_revision, first_sent_at, version, updated_at, updated_by, sort_key"
)
# The same as contracts.lateness, for filtering: $1 is now.
_LATENESS = f"""CASE WHEN r.state = 'cancelled' THEN 'none' WHEN r.due_end IS NULL THEN 'not-due'
    WHEN r.first_sent_at IS NOT NULL THEN CASE WHEN r.first_sent_at <= r.due_end THEN 'on-time' ELSE 'late' END
    WHEN $1::timestamptz >= r.due_end THEN 'overdue'
    WHEN r.due_end - $1::timestamptz < interval '{DUE_SOON_DAYS} days' THEN 'due-soon' ELSE 'not-due' END"""
FAR = date(9999, 1, 1)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; None and empty narrow nothing. `mine`: only what the caller's own units fill in."""

    template: str | None = None
    period: str | None = None
    unit: UUID | None = None
    sector: str | None = None
    states: tuple[str, ...] = ()
    lateness: str | None = None
    q: str = ""
    mine: bool = False
    cursor: str | None = None
    limit: int = 50


async def find(connection: Any, report_id: UUID, scope: Scope) -> Row:
    """The report's row. Raises NotFound where it is unknown or outside the scope."""
    row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM report WHERE report_id = $1", report_id)
    if row is None or not scope.covers(row):
        raise NotFound("Không có báo cáo này")
    found: Row = row
    return found


async def rows_of(connection: Any, report_ids: Collection[UUID]) -> dict[UUID, Row]:
    """The rows of these reports, whoever asks: what of them is told is for the caller to look up in a scope."""
    rows = await connection.fetch(f"SELECT {_COLUMNS} FROM report WHERE report_id = ANY($1)", list(report_ids))
    return {row["report_id"]: row for row in rows}


async def list_reports(connection: Any, scope: Scope, filters: Filters, now: datetime) -> tuple[list[Row], str | None]:
    """One page by due date, then unit; and the cursor of the next, None at the end."""
    arguments: list[Any] = [now]
    where = _where(scope, filters, arguments)
    if filters.cursor:
        due, key, report_id = _read_cursor(filters.cursor)
        arguments += [due, key, report_id]
        n = len(arguments)
        where += f" AND (coalesce(r.due_on, date '{FAR}'), r.sort_key, r.report_id) > (${n - 2}::date, ${n - 1}::text, ${n}::uuid)"
    arguments.append(filters.limit + 1)
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM report r WHERE {where}"
        f" ORDER BY coalesce(r.due_on, date '{FAR}'), r.sort_key, r.report_id LIMIT ${len(arguments)}",
        *arguments,
    )
    page = list(rows[: filters.limit])
    return page, _cursor(page[-1]) if len(rows) > filters.limit else None


async def count_reports(connection: Any, scope: Scope, filters: Filters, now: datetime) -> dict[str, dict[str, int]]:
    """How many there are by state and by lateness, under the same filters."""
    arguments: list[Any] = [now]
    where = _where(scope, filters, arguments)
    rows = await connection.fetch(
        f"SELECT r.state, {_LATENESS} AS lateness, count(*) AS n FROM report r WHERE {where} GROUP BY 1, 2", *arguments
    )
    counts: dict[str, dict[str, int]] = {"state": {}, "lateness": {}}
    for row in rows:
        for kind in counts:
            counts[kind][row[kind]] = counts[kind].get(row[kind], 0) + row["n"]
    return counts


def _where(scope: Scope, filters: Filters, arguments: list[Any]) -> str:
    """Conditions on `report r`; $1 is now, as the lateness wants it."""
    conditions = ["$1::timestamptz IS NOT NULL", scope.sql(arguments)]
    wanted: dict[str, Any] = {"template": filters.template, "period": filters.period, "unit_id": filters.unit, "sector": filters.sector}
    for column, value in wanted.items():
        if value is not None:
            arguments.append(value)
            conditions.append(f"r.{column} = ${len(arguments)}")
    if filters.states:
        arguments.append(list(filters.states))
        conditions.append(f"r.state = ANY(${len(arguments)})")
    if filters.lateness:
        arguments.append(filters.lateness)
        conditions.append(f"({_LATENESS}) = ${len(arguments)}")
    if filters.mine:
        arguments.append(sorted(scope.own, key=str))
        conditions.append(f"r.holder = ANY(${len(arguments)})")
    for word in fold(filters.q).split():
        arguments.append(f"%{word}%")
        conditions.append(f"r.folded LIKE ${len(arguments)}")
    return " AND ".join(conditions)


def _cursor(row: Row) -> str:
    place = [(row["due_on"] or FAR).isoformat(), row["sort_key"], str(row["report_id"])]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[date, str, UUID]:
    try:
        due, key, report_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return date.fromisoformat(due), str(key), UUID(report_id)
    except (ValueError, TypeError, AttributeError) as failure:
        raise Malformed("Con trỏ trang (cursor) không hợp lệ") from failure
