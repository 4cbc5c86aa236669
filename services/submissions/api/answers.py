"""Reports as people get them: words beside slugs, and what this caller may do with each."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.lateness import LATENESS_WORDS, lateness
from contracts.vocabulary import SECTOR_WORDS, STATE_WORDS
from kernel.auth import Principal
from kernel.calendar import parse_period

from ..domain.refusals import NoApprovedRevision, NotEditable, NotYourUnit, PeriodClosed
from ..domain.state import EDITABLE, IN_FLIGHT

YES = {"allowed": True}


def shown(row: Mapping[str, Any], principal: Principal, now: datetime) -> dict[str, Any]:
    """One report in a list."""
    late = lateness(row["due_on"], row["first_sent_at"], now, is_cancelled=row["state"] == "cancelled")
    return {
        "id": row["report_id"],
        "template": row["template"],
        "template_name": row["template_name"],
        "template_version": row["form_version"],
        "sector": row["sector"],
        "sector_word": SECTOR_WORDS.get(row["sector"], row["sector"]),
        "period": row["period"],
        "period_title": parse_period(row["period"]).title,
        "unit": {"id": row["unit_id"], "code": row["unit_code"], "name": row["unit_name"]},
        "state": row["state"],
        "state_word": state_word(row["state"], row["next_action"]),
        "revision": row["revision"],
        "resubmitted": f"Đã gửi lại (lần {row['revision']})" if row["revision"] > 1 and row["state"] in IN_FLIGHT else None,
        "approved_revision": row["approved_revision"],
        "due_on": row["due_on"],
        "is_closed": row["is_closed"],
        "lateness": late,
        "lateness_word": LATENESS_WORDS[late],
        "first_sent_at": row["first_sent_at"],
        "version": row["version"],
        "updated_at": row["updated_at"],
        "updated_by": row["updated_by"],
        "actions": actions(row, principal),
    }


def state_word(state: str, next_action: str) -> str:
    if state == "sent":
        return "Đã gửi, chờ thẩm định" if next_action == "verify" else "Đã gửi, chờ duyệt"
    return STATE_WORDS[state]


def actions(row: Mapping[str, Any], principal: Principal) -> dict[str, Any]:
    """What the caller may do with the report in this service and, where not, why."""
    edit = _may_edit(row, principal)
    return {
        "edit": edit,
        "normalise": edit,
        "import": edit,
        "nil": _may_submit(row, edit),
        "submit": _may_submit(row, edit),
        "drop_correction": _may_drop(row, edit),
    }


def _may_edit(row: Mapping[str, Any], principal: Principal) -> dict[str, Any]:
    if not principal.holds("data_entry", row["holder"], row["sector"]):
        return _no(NotYourUnit)
    return YES if row["state"] in EDITABLE else _no(NotEditable)


def _may_submit(row: Mapping[str, Any], edit: dict[str, Any]) -> dict[str, Any]:
    is_late = row["is_closed"] and not row["approved_revision"] and row["state"] in ("assigned", "drafting")
    return _no(PeriodClosed) if edit["allowed"] and is_late else edit


def _may_drop(row: Mapping[str, Any], edit: dict[str, Any]) -> dict[str, Any]:
    return _no(NoApprovedRevision) if edit["allowed"] and not row["approved_revision"] else edit


def _no(rule: Any) -> dict[str, Any]:
    return {"allowed": False, "rule": rule.rule(), "why": rule.title}
