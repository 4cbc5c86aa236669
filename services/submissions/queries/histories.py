"""What happened to a report and to one of its cells, out of its stream; and which texts were kept beside. Takes rows already in scope."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec

from kernel.sheet.model import BLANK, Value

_EVENTS = """
SELECT e.event_id, e.stream_version, e.type, e.occurred_at, e.actor, l.seq,
    e.payload - ARRAY['figures', 'cells', 'before', 'sources', 'report_id', 'template', 'period', 'unit_id', 'figures_hash', 'route']
        AS facts,
    CASE WHEN jsonb_typeof(e.payload -> 'cells') = 'object' THEN ARRAY(SELECT jsonb_object_keys(e.payload -> 'cells')) END AS entered,
    CASE WHEN jsonb_typeof(e.payload -> 'cells') = 'array' THEN ARRAY(SELECT jsonb_array_elements_text(e.payload -> 'cells')) END AS named
FROM event e LEFT JOIN ledger l USING (event_id) WHERE e.stream_id = $1 ORDER BY e.stream_version
"""
_OF_CELL = """
SELECT e.event_id, e.stream_version, e.type, e.occurred_at, e.actor, (e.payload ->> 'revision')::integer AS revision,
    e.payload ->> 'origin' AS origin, e.payload ->> 'effect' AS effect, e.payload ->> 'state' AS state,
    (e.payload -> 'cells' -> $2)::text AS entered, (e.payload -> 'figures' -> $2)::text AS submitted
FROM event e WHERE e.stream_id = $1
    AND e.type IN ('values_entered', 'values_normalised', 'report_submitted_to_leader', 'history_recorded', 'reopening_dropped')
ORDER BY e.stream_version
"""
_REVISIONS = """
SELECT v.revision, v.event_id, v.form_version, v.hash, v.submitted_at, v.submitted_by, v.sent_at, v.approved_at, v.is_void,
    e.payload ->> 'note' AS note, (e.payload -> 'warnings')::text AS warnings, (e.payload -> 'route')::text AS route,
    (e.payload -> 'changed')::text AS changed
FROM revision v JOIN event e ON e.event_id = v.event_id
WHERE v.report_id = $1 AND ($2::integer IS NULL OR v.revision = $2) ORDER BY v.revision
"""
INTERNAL = frozenset({"values_entered", "values_normalised", "report_rejected", "reminder_sent"})
"""What stays between the unit's own people."""
_value = msgspec.json.Decoder(Value)


async def events_of(connection: Any, report_id: UUID, *, with_internal: bool) -> list[dict[str, Any]]:
    """Every event in order: who, when, what. Others than the unit's own don't get what stays inside the unit."""
    rows = await connection.fetch(_EVENTS, f"report/{report_id}")
    return [_told(row) for row in rows if with_internal or row["type"] not in INTERNAL]


def _told(row: Any) -> dict[str, Any]:
    told = {
        "event_id": row["event_id"],
        "version": row["stream_version"],
        "seq": row["seq"],
        "type": row["type"],
        "at": row["occurred_at"],
        "by": row["actor"],
        "facts": msgspec.json.decode(row["facts"]),
    }
    if row["entered"] is not None:
        told["cells"] = sorted(row["entered"])
    if row["named"] is not None:
        told["cells"] = row["named"]
    return told


async def cell_history(connection: Any, report_id: UUID, cell: str) -> list[dict[str, Any]]:
    """Each change of the cell: who, when, old → new, by which event."""
    rows = await connection.fetch(_OF_CELL, f"report/{report_id}", cell)
    current, by_revision, changes = BLANK, dict[int, Value](), list[dict[str, Any]]()
    for row in rows:
        new = _new_value(row, current, by_revision)
        if row["type"] in ("report_submitted_to_leader", "history_recorded"):
            by_revision[row["revision"]] = new
        if new != current or row["type"] == "report_submitted_to_leader":
            changes.append(_change(row, current, new))
        current = new
    return changes


def _new_value(row: Any, current: Value, by_revision: dict[int, Value]) -> Value:
    match row["type"]:
        case "values_entered" | "values_normalised":
            return current if row["entered"] is None else _value.decode(row["entered"])
        case "reopening_dropped":
            return by_revision.get(row["revision"], BLANK)
        case _:
            return BLANK if row["submitted"] is None else _value.decode(row["submitted"])


def _change(row: Any, old: Value, new: Value) -> dict[str, Any]:
    return {
        "event_id": row["event_id"],
        "version": row["stream_version"],
        "type": row["type"],
        "origin": row["origin"],
        "revision": row["revision"],
        "at": row["occurred_at"],
        "by": row["actor"],
        "before": old,
        "after": new,
    }


async def revisions_of(connection: Any, report_id: UUID, revision: int | None = None) -> list[dict[str, Any]]:
    """The revisions, without their figures, oldest first; one, or none, where `revision` names it."""
    rows = await connection.fetch(_REVISIONS, report_id, revision)
    return [
        {
            **{name: row[name] for name in ("revision", "event_id", "submitted_at", "submitted_by", "sent_at", "approved_at", "is_void")},
            "template_version": row["form_version"],
            "figures_hash": row["hash"],
            "has_note": bool(row["note"]),
            "warnings": msgspec.json.decode(row["warnings"] or "[]"),
            "route": msgspec.json.decode(row["route"] or "[]"),
            "changed": msgspec.json.decode(row["changed"] or "[]"),
        }
        for row in rows
    ]


async def sent_events(connection: Any, event_ids: Collection[UUID]) -> set[UUID]:
    """Of these events, the submits whose revision was sent."""
    rows = await connection.fetch("SELECT event_id FROM revision WHERE event_id = ANY($1) AND sent_at IS NOT NULL", list(event_ids))
    return {row["event_id"] for row in rows}
