"""Assignments and the reports that they expect, within the caller's scope."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from kernel.calendar import parse_period
from kernel.tree import Tree

from ..calculation.route import Eligible
from .scope import AssignmentScope
from .templates import cursor_of, place_of

_VISIBLE = (
    "(a.province = ANY($1) OR t.owner_id = ANY($2) OR a.province || '/' || t.sector = ANY($3)"
    " OR EXISTS (SELECT FROM expected_report r WHERE r.assignment_id = a.assignment_id AND r.unit_id = ANY($4)))"
)
_COUNTED = (
    "SELECT a.*, t.name AS template_name, t.sector, t.owner_id,"
    " (t.owner_id = ANY($2) OR a.province || '/' || t.sector = ANY($3) OR a.province = ANY($1)) AS is_whole, c.*"
    " FROM assignment a JOIN template t ON t.code = a.template CROSS JOIN LATERAL ("
    " SELECT count(*) AS expected, count(*) FILTER (WHERE r.is_cancelled) AS cancelled, count(*) FILTER (WHERE r.is_closed) AS closed,"
    " count(p.report_id) AS approved, min(r.due_on) AS due_on, max(r.due_on) AS last_due_on, min(r.version) AS version"
    " FROM expected_report r LEFT JOIN approved_report p USING (report_id) WHERE r.assignment_id = a.assignment_id) c"
    f" WHERE {_VISIBLE}"
)


async def list_assignments(
    connection: Any, scope: AssignmentScope, *, template: str | None, period: str | None, cursor: str | None, limit: int
) -> dict[str, Any]:
    """Newest first."""
    after = place_of(cursor, 1)[0]
    rows = await connection.fetch(
        f"{_COUNTED} AND ($5::text IS NULL OR a.template = $5) AND ($6::text IS NULL OR a.period = $6)"
        " AND ($7 = '' OR (a.assigned_at, a.assignment_id) <"
        " (SELECT assigned_at, assignment_id FROM assignment WHERE assignment_id::text = $7))"
        " ORDER BY a.assigned_at DESC, a.assignment_id DESC LIMIT $8",
        *(scope.provinces, scope.owners, scope.charges, scope.units, template, period, after, limit + 1),
    )
    more = cursor_of(str(rows[limit - 1]["assignment_id"])) if len(rows) > limit else None
    return {"items": [_assignment(row) for row in rows[:limit]], "next": more}


async def get_assignment(connection: Any, scope: AssignmentScope, assignment_id: UUID, tree: Tree) -> dict[str, Any] | None:
    """The assignment with its reports: all of them for who assigns or looks on, else those of the caller's own units."""
    arguments = (scope.provinces, scope.owners, scope.charges, scope.units)
    row = await connection.fetchrow(f"{_COUNTED} AND a.assignment_id = $5", *arguments, assignment_id)
    if row is None:
        return None
    reports = await connection.fetch(
        "SELECT r.*, p.revision FROM expected_report r LEFT JOIN approved_report p USING (report_id) WHERE r.assignment_id = $1"
        " AND ($2 OR r.unit_id = ANY($3))",
        *(assignment_id, row["is_whole"], scope.units),
    )
    elsewhere = await connection.fetch(
        "SELECT c.report_id, c.unit_id FROM cancellation c JOIN expected_report r USING (report_id)"
        " WHERE c.assignment_id = $1 AND r.assignment_id <> $1 AND ($2 OR c.unit_id = ANY($3))",
        *(assignment_id, row["is_whole"], scope.units),
    )
    items = [_report(report, tree) for report in reports]
    items += [_assigned_anew(one, tree) for one in elsewhere]
    return {**_assignment(row), "reports": sorted(items, key=lambda item: item["unit"]["code"])}


def _assignment(row: Any) -> dict[str, Any]:
    return {
        "id": row["assignment_id"],
        "template": row["template"],
        "template_name": row["template_name"],
        "sector": row["sector"],
        "version": row["version"],
        "period": row["period"],
        "period_title": parse_period(row["period"]).title,
        "first_day": row["first_day"],
        "last_day": row["last_day"],
        "due_on": row["due_on"],
        "last_due_on": row["last_due_on"],
        "assigned_by": row["assigned_by"],
        "assigned_at": row["assigned_at"],
        "schedule_id": row["schedule_id"],
        "counts": {key: row[key] for key in ("expected", "cancelled", "closed", "approved")} if row["is_whole"] else None,
    }


def _report(row: Any, tree: Tree) -> dict[str, Any]:
    return {
        "report_id": row["report_id"],
        "unit_id": row["unit_id"],
        "unit": unit_of(tree, row["unit_id"]),
        "version": row["version"],
        "due_on": row["due_on"],
        "closes_on": row["closes_on"],
        "entered_by": row["entered_by"],
        "is_cancelled": row["is_cancelled"] and row["revision"] is None,
        "is_closed": row["is_closed"],
        "is_approved": row["revision"] is not None,
    }


def _assigned_anew(row: Any, tree: Tree) -> dict[str, Any]:
    return {**dict(row), "unit": unit_of(tree, row["unit_id"]), "is_cancelled": True, "is_assigned_anew": True}


def unit_of(tree: Tree, unit_id: UUID) -> dict[str, Any]:
    node = tree.get(unit_id)
    return {"id": unit_id, "code": node.code if node else "", "name": f"{node.kind} {node.name}".strip() if node else ""}


async def get_head(connection: Any, assignment_id: UUID) -> Any:
    """(template, period, owner, sector) of an assignment, for judging who may change it."""
    return await connection.fetchrow(
        "SELECT a.template, a.period, t.owner_id, t.sector FROM assignment a JOIN template t ON t.code = a.template"
        " WHERE a.assignment_id = $1",
        assignment_id,
    )


async def live_units(connection: Any, template: str, period: str) -> frozenset[UUID]:
    """Units that have a report of this period which is not cancelled, or whose cancelling came after its approval."""
    rows = await connection.fetch(
        "SELECT r.unit_id FROM expected_report r LEFT JOIN approved_report p USING (report_id)"
        " WHERE r.template = $1 AND r.period = $2 AND (NOT r.is_cancelled OR p.report_id IS NOT NULL)",
        *(template, period),
    )
    return frozenset(row["unit_id"] for row in rows)


async def newest_of_period(connection: Any, template: str, period: str) -> UUID | None:
    found: UUID | None = await connection.fetchval(
        "SELECT assignment_id FROM assignment WHERE template = $1 AND period = $2 ORDER BY assigned_at DESC LIMIT 1", template, period
    )
    return found


async def assignments_of_period(connection: Any, template: str, period: str) -> list[UUID]:
    rows = await connection.fetch("SELECT assignment_id FROM assignment WHERE template = $1 AND period = $2", template, period)
    return [row["assignment_id"] for row in rows]


async def assignments_to_close(connection: Any, today: date) -> list[UUID]:
    """Assignments with reports whose day of closing lies before `today`."""
    rows = await connection.fetch(
        "SELECT DISTINCT assignment_id FROM expected_report WHERE NOT is_closed AND NOT is_cancelled AND closes_on < $1", today
    )
    return [row["assignment_id"] for row in rows]


async def visible_reports(connection: Any, scope: AssignmentScope, reports: list[UUID]) -> frozenset[UUID]:
    """Those of `reports` that lie in the scope."""
    rows = await connection.fetch(
        "SELECT r.report_id FROM expected_report r JOIN assignment a USING (assignment_id) JOIN template t ON t.code = r.template"
        " WHERE r.report_id = ANY($5::uuid[])"
        " AND (a.province = ANY($1) OR t.owner_id = ANY($2) OR a.province || '/' || t.sector = ANY($3) OR r.unit_id = ANY($4))",
        *(scope.provinces, scope.owners, scope.charges, scope.units, reports),
    )
    return frozenset(row["report_id"] for row in rows)


async def eligible(connection: Any, units: Iterable[UUID]) -> list[Eligible]:
    """Who holds which role in these units."""
    rows = await connection.fetch("SELECT DISTINCT role, unit_id, sectors FROM user_grant WHERE unit_id = ANY($1)", list(units))
    return [Eligible(row["role"], row["unit_id"], frozenset(row["sectors"])) for row in rows]
