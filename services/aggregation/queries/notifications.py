"""Notifications of the caller's units and roles, with what this person has read."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.auth import Principal
from kernel.calendar import parse_period
from kernel.errors import Malformed

from .figures import unit_words
from .look import Look

TITLES = {
    "assigned": "Được giao báo cáo",
    "due-soon": "Sắp đến hạn nộp báo cáo",
    "overdue": "Báo cáo đã quá hạn",
    "returned": "Báo cáo bị trả lại",
    "rejected": "Lãnh đạo từ chối báo cáo",
    "approved": "Báo cáo đã được duyệt",
    "reminded": "Được đôn đốc nộp báo cáo",
}
_ADDRESSED = """
FROM public.notification n JOIN unnest($1::uuid[], $2::text[]) AS a (unit_id, role) ON a.unit_id = n.unit_id AND a.role = n.role
    LEFT JOIN public.notification_read d ON d.notification_id = n.id AND d.user_id = $3
"""
_LIST = f"""
SELECT DISTINCT ON (n.place) n.*, d.read_at, t.name AS template_name
{_ADDRESSED} LEFT JOIN report r ON r.id = n.report_id LEFT JOIN template t ON t.code = r.template AND t.version = r.version
WHERE ($4::bigint IS NULL OR n.place < $4) AND (NOT $5::boolean OR d.read_at IS NULL)
ORDER BY n.place DESC LIMIT $6
"""
_UNREAD = f"SELECT count(DISTINCT n.id) {_ADDRESSED} WHERE d.read_at IS NULL"
_READ = f"""
INSERT INTO public.notification_read SELECT DISTINCT $3, n.id, $4::timestamptz {_ADDRESSED}
WHERE ($5::uuid[] IS NULL OR n.id = ANY($5)) ON CONFLICT DO NOTHING
"""


def addresses(caller: Principal) -> tuple[list[UUID], list[str]]:
    pairs = sorted({(unit, grant.role) for grant in caller.grants for unit in grant.unit_ids}, key=str)
    return [unit for unit, _ in pairs], [role for _, role in pairs]


async def list_notifications(look: Look, caller: Principal, *, unread: bool, cursor: str | None, limit: int) -> dict[str, Any]:
    """Newest first. What is addressed to one unit in several roles of the caller comes once per role."""
    units, roles = addresses(caller)
    rows = await look.connection.fetch(_LIST, units, roles, caller.id, _place(cursor), unread, limit + 1)
    count = await look.connection.fetchval(_UNREAD, units, roles, caller.id)
    kept = rows[:limit]
    following = base64.urlsafe_b64encode(str(kept[-1]["place"]).encode()).decode() if len(rows) > limit else None
    return {"items": [_words(look, row) for row in kept], "next": following, "unread": count}


def _place(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        return int(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError as failure:
        raise Malformed("Con trỏ trang không hợp lệ", field="cursor") from failure


def _words(look: Look, row: Any) -> dict[str, Any]:
    unit = look.tree.get(row["of_unit"])
    return {
        "id": row["id"],
        "kind": row["kind"],
        "title": TITLES[row["kind"]],
        "role": row["role"],
        "report_id": row["report_id"],
        "template": row["template"],
        "template_name": row["template_name"],
        "period": row["period"],
        "period_title": parse_period(row["period"]).title,
        "unit": unit_words(unit) if unit else {"id": row["of_unit"]},
        "at": row["at"],
        "due_on": row["due_on"],
        "event_id": row["event_id"],
        "read_at": row["read_at"],
    }


async def mark_read(connection: Any, caller: Principal, ids: Sequence[UUID] | None, now: datetime) -> int:
    """Marks these, or all that are addressed to the caller; others' are left alone."""
    units, roles = addresses(caller)
    done = await connection.execute(_READ, units, roles, caller.id, now, None if ids is None else list(ids))
    return int(done.rsplit(" ", 1)[-1])
