"""Reads: the item of a report, a person's inbox, histories. Every list takes the caller's scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from contracts.vocabulary import STATE_WORDS
from kernel.auth import Principal
from kernel.calendar import end_of_day, parse_period
from kernel.tree import Tree
from kernel.vietnamese import fold

from .commands import Item, Seats, Step

_ROUTE = msgspec.json.Decoder(list[Step])


def seats_of(principal: Principal) -> Seats:
    """Every (role, unit) that the caller holds."""
    return frozenset((grant.role, unit) for grant in principal.grants for unit in grant.unit_ids)


def item_of(row: Any) -> Item:
    return Item(
        report_id=row["report_id"],
        template=row["template"],
        period=row["period"],
        unit_id=row["unit_id"],
        sector=row["sector"],
        province=row["province"],
        unit_code=row["unit_code"],
        revision=row["revision"],
        figures_hash=row["figures_hash"],
        route=tuple(_ROUTE.decode(row["route"])),
        submitted_by=row["submitted_by"],
        is_cancelled=row["is_cancelled"],
        is_closed=row["is_closed"],
        approved_revision=row["approved_revision"],
        corrections_dropped=row["corrections_dropped"],
        last_route=tuple(_ROUTE.decode(row["last_route"])),
    )


async def get_item(connection: Any, report_id: UUID) -> Item | None:
    row = await connection.fetchrow("SELECT * FROM item WHERE report_id = $1", report_id)
    return None if row is None else item_of(row)


async def get_row(connection: Any, report_id: UUID) -> Any:
    return await connection.fetchrow("SELECT * FROM item WHERE report_id = $1", report_id)


def may_see(principal: Principal, tree: Tree, unit_id: UUID, sector: str, route_units: Sequence[UUID] = ()) -> bool:
    """Own unit and its subtree; a department its sectors; the provincial office everything; and whoever is a step of the route."""
    own = {unit for grant in principal.grants for unit in grant.unit_ids}
    if own & set(route_units) or tree.is_under(unit_id, own):
        return True
    for grant in principal.grants:
        node = tree.get(grant.unit_ids[0]) if grant.unit_ids else None
        if node is None:
            continue
        if node.level == "office" or grant.role == "executive":
            return _shares_a_province(tree, node.id, unit_id)
        if node.level == "department" and sector in (grant.sectors or node.sectors) and _shares_a_province(tree, node.id, unit_id):
            return True
    return False


def _shares_a_province(tree: Tree, one: UUID, other: UUID) -> bool:
    root = tree.get(one)
    return tree.is_under(other, [one if root is None or root.parent_id is None else root.parent_id])


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; None leaves it open."""

    template: str | None = None
    period: str | None = None
    unit: UUID | None = None
    sector: str | None = None
    q: str | None = None
    nobody_eligible: bool = False


_INBOX = """
SELECT i.*, t.name AS template_name,
       EXISTS (SELECT FROM seat s WHERE s.unit_id = i.awaited_unit AND s.role = i.awaited_role AND NOT s.user_id::text = ANY(i.actors))
       AS somebody_eligible
FROM item i LEFT JOIN template_copy t ON t.code = i.template AND t.version = i.version
WHERE i.awaited_unit IS NOT NULL
  AND ($1::uuid[] IS NULL OR EXISTS (SELECT FROM unnest($1::uuid[], $2::text[]) AS mine(unit, role)
                                     WHERE mine.unit = i.awaited_unit AND mine.role = i.awaited_role))
  AND ($3::text IS NULL OR i.template = $3) AND ($4::text IS NULL OR i.period = $4) AND ($5::uuid IS NULL OR i.unit_id = $5)
  AND ($6::text IS NULL OR i.sector = $6) AND ($7::text IS NULL OR i.folded LIKE '%' || $7 || '%')
  AND ($8::timestamptz IS NULL OR (i.submitted_at, i.report_id) > ($8, $9::uuid))
  AND (NOT $10 OR NOT EXISTS (SELECT FROM seat s WHERE s.unit_id = i.awaited_unit AND s.role = i.awaited_role
                              AND NOT s.user_id::text = ANY(i.actors)))
ORDER BY i.submitted_at, i.report_id LIMIT $11
"""


async def list_inbox(connection: Any, seats: Seats | None, filter: Filter, after: tuple[datetime, UUID] | None, limit: int) -> list[Any]:
    """Items whose awaited step is one of `seats` (None: of anybody), oldest submission first."""
    ordered = None if seats is None else sorted(seats, key=str)
    rows = await connection.fetch(
        _INBOX,
        None if ordered is None else [unit for _, unit in ordered],
        None if ordered is None else [role for role, _ in ordered],
        *(filter.template, filter.period, filter.unit, filter.sector, fold(filter.q) if filter.q else None),
        *(after or (None, None)),
        filter.nobody_eligible,
        limit,
    )
    return list(rows)


async def count_inbox(connection: Any, seats: Seats) -> dict[str, int]:
    ordered = sorted(seats, key=str)
    rows = await connection.fetch(
        "SELECT awaited_action, count(*) AS n FROM item i WHERE awaited_unit IS NOT NULL AND EXISTS"
        " (SELECT FROM unnest($1::uuid[], $2::text[]) AS mine(unit, role) WHERE mine.unit = awaited_unit AND mine.role = awaited_role)"
        " GROUP BY awaited_action",
        [unit for _, unit in ordered],
        [role for role, _ in ordered],
    )
    return {row["awaited_action"]: row["n"] for row in rows}


def lateness(due_on: date | None, sent_at: datetime | None, now: datetime) -> str:
    """`on-time`, `late`, `overdue`, `due-soon` or `not-due`: derived, never stored."""
    if due_on is None:
        return "not-due"
    end = end_of_day(due_on)
    if sent_at is not None:
        return "on-time" if sent_at <= end else "late"
    if now > end:
        return "overdue"
    return "due-soon" if (end - now).days < 3 else "not-due"


LATENESS_WORDS = {"on-time": "Đúng hạn", "late": "Gửi trễ hạn", "overdue": "Quá hạn", "due-soon": "Sắp đến hạn", "not-due": "Chưa đến hạn"}


def shown(row: Any, now: datetime) -> dict[str, Any]:
    """An inbox row as people get it; `actions` is added by the caller, who knows who asks."""
    late = lateness(row["due_on"], row["first_sent_at"], now)
    return {
        "report_id": row["report_id"],
        "template": row["template"],
        "template_name": row["template_name"] or row["template"],
        "sector": row["sector"],
        "period": row["period"],
        "period_title": parse_period(row["period"]).title,
        "unit": {"id": row["unit_id"], "code": row["unit_code"], "name": row["unit_name"]},
        "revision": row["revision"],
        "state": row["state"],
        "state_word": state_text(row["state"], row["awaited_action"]),
        "step": row["awaited_step"],
        "action": row["awaited_action"],
        "submitted_at": row["submitted_at"],
        "submitted_by": row["submitted_by"],
        "note_event": row["submitted_event"] if row["has_note"] else None,
        "due_on": row["due_on"],
        "lateness": late,
        "lateness_word": LATENESS_WORDS[late],
        "warnings": row["warnings"],
        "changed": row["changed"],
        "figures_hash": row["figures_hash"],
    }


def state_text(state: str, awaited_action: str | None) -> str:
    if state == "sent":
        return "Đã gửi, chờ thẩm định" if awaited_action == "verify" else "Đã gửi, chờ duyệt"
    return STATE_WORDS.get(state, STATE_WORDS["drafting"])


async def list_decisions(connection: Any, report_id: UUID) -> list[dict[str, Any]]:
    rows = await connection.fetch("SELECT * FROM decision WHERE report_id = $1 ORDER BY decided_at, event_id", report_id)
    return [dict(row) for row in rows]


async def list_reopenings(connection: Any, state: str | None, report_id: UUID | None) -> list[Any]:
    rows = await connection.fetch(
        "SELECT r.*, i.template, i.period, i.unit_id, i.unit_name, i.unit_code, i.sector, i.route, i.last_route FROM reopening r"
        " JOIN item i USING (report_id) WHERE ($1::text IS NULL OR r.state = $1) AND ($2::uuid IS NULL OR r.report_id = $2)"
        " ORDER BY r.requested_at DESC LIMIT 500",
        state,
        report_id,
    )
    return list(rows)


async def list_reminders(connection: Any, report_id: UUID) -> list[dict[str, Any]]:
    rows = await connection.fetch("SELECT * FROM reminder WHERE report_id = $1 ORDER BY sent_at DESC", report_id)
    return [dict(row) for row in rows]
