"""Rows as people get them: words, lateness, and where a list goes on."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contracts.lateness import LATENESS_WORDS, lateness
from contracts.vocabulary import STATE_WORDS
from kernel.calendar import parse_period
from kernel.errors import Malformed

from .items import Row


def shown(row: Row, now: datetime) -> dict[str, Any]:
    """A report's row with its form's name; `actions` is added by the caller, who knows who asks."""
    late = lateness(row["due_on"], row["first_sent_at"], now, is_cancelled=row["is_cancelled"])
    return {
        "report_id": row["report_id"],
        "template": row["template"],
        "template_name": row["template_name"] or row["template"],
        "sector": row["sector"],
        "period": row["period"],
        "period_title": parse_period(row["period"]).title,
        "unit": {"id": row["unit_id"], "code": row["unit_code"], "name": row["unit_name"]},
        "revision": row["revision"],
        "approved_revision": row["approved_revision"],
        "state": row["state"] or "drafting",
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


def cursor(moment: datetime, id_: UUID) -> str:
    """Where a list goes on: after this moment and id. Needs no quoting in an address."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}~{id_}"


def after(text: str | None) -> tuple[datetime, UUID] | None:
    """What `cursor` has written. Raises Malformed for anything else."""
    if text is None:
        return None
    try:
        moment, _, id_ = text.partition("~")
        return datetime.strptime(moment, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC), UUID(id_)
    except ValueError as failure:
        raise Malformed("Con trỏ trang không hợp lệ", field="cursor") from failure
