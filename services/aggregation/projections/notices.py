"""Notifications, addressed to a role of a unit: from the log's events, and from the calendar where a deadline comes near or passes."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from contracts.lateness import DUE_SOON_DAYS
from kernel.calendar import today

from ..calculation.reports import Report
from .fold import Folded, Message
from .messages import name_of

_INSERT = """
INSERT INTO public.notification (id, unit_id, role, kind, report_id, template, period, of_unit, at, event_id, due_on)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::uuid[], $9::timestamptz[],
    $10::uuid[], $11::date[])
ON CONFLICT DO NOTHING
"""
_NEAR_OR_PAST = """
SELECT id, template, period, unit_id, entered_by, due_on FROM report
WHERE is_expected AND first_sent_at IS NULL AND NOT is_closed AND due_on BETWEEN $1 AND $2
"""
TOLD = {
    "report_assigned": ("assigned", ("data_entry", "leader")),
    "report_rejected": ("rejected", ("data_entry",)),
    "report_returned": ("returned", ("data_entry", "leader")),
    "report_approved": ("approved", ("data_entry", "leader")),
}
LONGEST_OVERDUE = timedelta(days=31)
"""Older ones have been told of; a service that was away longer doesn't flood people."""


class Notice(NamedTuple):
    id: UUID
    unit_id: UUID
    role: str
    kind: str
    report_id: UUID
    template: str
    period: str
    of_unit: UUID
    at: datetime
    event_id: UUID | None
    due_on: date | None


async def tell(connection: Any, messages: Sequence[Message], folded: Folded) -> None:
    """Writes what the messages tell whom; a message that comes again tells nothing new."""
    happened = {one.event_id for one in folded.happenings}
    notices: list[Notice] = []
    for envelope, payload in messages:
        name = name_of(envelope.type)
        if name == "reminder_sent":
            notices.append(_reminder(envelope, payload, folded.now.get(payload.report_id)))
        elif envelope.id in happened and _is_news(name, payload):
            notices += _of_report(name, envelope, payload, folded.now[payload.report_id])
    await _insert(connection, notices)


def _is_news(name: str, payload: Any) -> bool:
    if name == "report_sent":
        return bool(payload.last and payload.effect == "applied")
    return name in TOLD and getattr(payload, "effect", "applied") == "applied"


def _of_report(name: str, envelope: Any, payload: Any, report: Report) -> list[Notice]:
    kind, roles = TOLD["report_approved" if name == "report_sent" else name]
    unit = report.entered_by or report.unit_id
    return [
        _notice(uuid5(envelope.id, f"notice/{role}"), unit, role, kind, report, envelope.time, envelope.id, report.due_on) for role in roles
    ]


def _reminder(envelope: Any, payload: Any, report: Report | None) -> Notice:
    kind = "reminded" if payload.kind == "reminder" else payload.kind
    due_on = report.due_on if report else None
    id_ = uuid5(envelope.id, "notice") if kind == "reminded" else deadline_id(payload.report_id, kind, due_on, payload.to_role)
    words = (payload.report_id, payload.template, payload.period, payload.unit_id)
    return Notice(id_, payload.to_unit, payload.to_role, kind, *words, envelope.time, envelope.id, due_on)


def _notice(
    id_: UUID, unit: UUID, role: str, kind: str, report: Report, at: datetime, event_id: UUID | None, due_on: date | None
) -> Notice:
    return Notice(id_, unit, role, kind, report.id, report.template, report.period, report.unit_id, at, event_id, due_on)


def deadline_id(report_id: UUID, kind: str, due_on: date | None, role: str) -> UUID:
    """The same for whoever notices the deadline first."""
    return uuid5(report_id, f"{kind}/{due_on}/{role}")


async def tell_deadlines(connection: Any, now: datetime) -> int:
    """Writes notifications of reports due soon and overdue at `now`; those told already stay as they are."""
    day = today(now)
    rows = await connection.fetch(_NEAR_OR_PAST, day - LONGEST_OVERDUE, day + timedelta(days=DUE_SOON_DAYS - 1))
    notices = []
    for row in rows:
        kind = "overdue" if row["due_on"] < day else "due-soon"
        for role in ("data_entry", "leader") if kind == "overdue" else ("data_entry",):
            id_ = deadline_id(row["id"], kind, row["due_on"], role)
            place = (row["id"], row["template"], row["period"], row["unit_id"])
            notices.append(Notice(id_, row["entered_by"] or row["unit_id"], role, kind, *place, now, None, row["due_on"]))
    return await _insert(connection, notices)


async def _insert(connection: Any, notices: Sequence[Notice]) -> int:
    if not notices:
        return 0
    done = await connection.execute(_INSERT, *(list(column) for column in zip(*notices, strict=True)))
    return int(done.rsplit(" ", 1)[-1])
