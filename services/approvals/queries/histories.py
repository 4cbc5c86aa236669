"""What was decided, reopened and reminded."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from .items import Row
from .scope import Scope

_PAGE = 500
_REOPENINGS = """
SELECT r.reopening_id, r.report_id, r.state AS reopening_state, r.revision AS reopened_revision, r.requested_by, r.requested_at,
       r.event_id, r.decided_by, r.decided_at, r.decision_event_id, r.cells, r.effect,
       i.template, i.period, i.unit_id, i.unit_name, i.unit_code, i.sector, i.province, i.owner_id, i.assigned_by, i.entered_by,
       i.route_units, i.revision, i.figures_hash, i.route, i.last_route, i.submitted_by, i.is_cancelled, i.is_closed,
       i.approved_revision, i.voided_revision, i.corrections_ended
FROM reopening r JOIN item i USING (report_id)
WHERE ($1::text IS NULL OR r.state = $1) AND ($2::uuid IS NULL OR r.report_id = $2)
  AND ($3::timestamptz IS NULL OR (r.requested_at, r.reopening_id) < ($3, $4::uuid))
ORDER BY r.requested_at DESC, r.reopening_id DESC LIMIT $5
"""


_LEFT_THE_UNIT = "EXISTS (SELECT FROM decision s WHERE s.report_id = d.report_id AND s.revision = d.revision AND s.kind = 'report_sent')"


async def list_decisions(connection: Any, report_id: UUID, *, with_unsent: bool) -> list[dict[str, Any]]:
    """`with_unsent`: also what was decided on revisions that never left the unit, which is its own affair."""
    rows = await connection.fetch(
        f"SELECT * FROM decision d WHERE report_id = $1 AND ($2 OR {_LEFT_THE_UNIT}) ORDER BY decided_at, event_id", report_id, with_unsent
    )
    return [dict(row) for row in rows]


async def decisions_on_unsent(connection: Any, event_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of the events that decided on a revision that never left its unit."""
    rows = await connection.fetch(f"SELECT event_id FROM decision d WHERE event_id = ANY($1) AND NOT {_LEFT_THE_UNIT}", list(event_ids))
    return frozenset(row["event_id"] for row in rows)


async def list_reopenings(
    connection: Any, scope: Scope, state: str | None, report_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Newest first, those of reports in `scope` only."""
    found: list[Row] = []
    moment, id_ = after or (None, None)
    while len(found) < limit:
        rows = await connection.fetch(_REOPENINGS, state, report_id, moment, id_, _PAGE)
        found += [row for row in rows if scope.covers(row)]
        if len(rows) < _PAGE:
            break
        moment, id_ = rows[-1]["requested_at"], rows[-1]["reopening_id"]
    return found[:limit]


async def list_reminders(connection: Any, report_id: UUID) -> list[dict[str, Any]]:
    rows = await connection.fetch("SELECT * FROM reminder WHERE report_id = $1 ORDER BY sent_at DESC, event_id", report_id)
    return [dict(row) for row in rows]
