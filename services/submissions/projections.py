"""What happened as rows, in the transaction of the events: the report as it stands, and its revisions. Decides nothing."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from contracts.templates import TemplateV1
from kernel.calendar import end_of_day
from kernel.event_store import Recorded
from kernel.vietnamese import fold

from . import events
from .domain.state import IN_FLIGHT, Report

_OPEN = """
INSERT INTO report (report_id, template, form_version, template_name, sector, period, unit_id, unit_code, unit_name, province,
    owner_id, assigned_by, entered_by, holder, assignment_id, first_day, last_day, due_on, due_end, is_closed, is_history, state,
    next_action, revision, approved_revision, standing_revision, sent_revision, first_sent_at, route_units, version, updated_at,
    updated_by, folded, sort_key)
SELECT $1, $2, $3, coalesce(t.name, $2), $4, $5, $6, $7, coalesce(n.name, $7), $8, coalesce(t.owner_id, $6), $9, $10, $11, $12, $13, $14,
    $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29,
    concat_ws(' ', t.folded, n.folded, lower($2), lower($7), lower($5)), coalesce(n.sort_key, '')
FROM (SELECT) AS one
LEFT JOIN template_version t ON t.code = $2 AND t.version = $3
LEFT JOIN LATERAL (SELECT name, folded, sort_key FROM tree_node WHERE node_id = $6 ORDER BY valid_from DESC LIMIT 1) AS n ON true
ON CONFLICT (report_id) DO UPDATE SET form_version = excluded.form_version, template_name = excluded.template_name,
    assigned_by = excluded.assigned_by, entered_by = excluded.entered_by, holder = excluded.holder,
    assignment_id = excluded.assignment_id, first_day = excluded.first_day, last_day = excluded.last_day, due_on = excluded.due_on,
    due_end = excluded.due_end, is_closed = excluded.is_closed, is_history = excluded.is_history, state = excluded.state,
    next_action = excluded.next_action, revision = excluded.revision, approved_revision = excluded.approved_revision,
    standing_revision = excluded.standing_revision, sent_revision = excluded.sent_revision, first_sent_at = excluded.first_sent_at,
    route_units = excluded.route_units, version = excluded.version, updated_at = excluded.updated_at, updated_by = excluded.updated_by
"""
_MOVE_ON = """
UPDATE report SET form_version = $2, due_on = $3, due_end = $4, is_closed = $5, state = $6, next_action = $7, revision = $8,
    approved_revision = $9, standing_revision = $10, sent_revision = $11, first_sent_at = $12, route_units = $13, version = $14,
    updated_at = $15, updated_by = $16
WHERE report_id = $1
"""
_NEW_REVISION = """
INSERT INTO revision (report_id, revision, event_id, form_version, hash, submitted_at, submitted_by) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_SENT = "UPDATE revision SET sent_event = $3, sent_at = $4 WHERE report_id = $1 AND revision = $2"
_APPROVED = "UPDATE revision SET approved_event = $3, approved_at = $4 WHERE report_id = $1 AND revision = $2"
_VOID = "UPDATE revision SET is_void = true WHERE report_id = $1 AND revision = $2"
_VOID_AFTER = "UPDATE revision SET is_void = true WHERE report_id = $1 AND revision > $2"


async def project(connection: Any, recorded: Sequence[Recorded], report: Report) -> None:
    """The report's row as the state after all of it says, and what each event means for its revisions."""
    last = recorded[-1]
    if any(isinstance(one.event, events.ReportAssigned | events.HistoryRecorded) for one in recorded):
        await connection.execute(_OPEN, *_identity(report), *_course(report, last))
    else:
        await connection.execute(_MOVE_ON, report.known.report_id, *_moving(report, last))
    for one in recorded:
        await _revisions(connection, one)


def _identity(report: Report) -> list[Any]:
    key = report.known
    return [
        *(key.report_id, key.template, report.form_version, key.sector, key.period, key.unit_id, key.unit_code, key.province),
        *(report.assigned_by, report.entered_by, report.holder, report.assignment_id, report.first_day, report.last_day),
    ]


def _course(report: Report, last: Recorded) -> list[Any]:
    _, due_on, due_end, is_closed, *rest = _moving(report, last)
    return [due_on, due_end, is_closed, report.is_history, *rest]


def _moving(report: Report, last: Recorded) -> list[Any]:
    due_on = None if report.is_history and report.assignment_id is None else report.due_on
    return [
        *(report.form_version, due_on, end_of_day(due_on) if due_on else None, report.is_closed, report.state, next_action(report)),
        *(report.revision, report.approved_revision, max(report.sends, default=0), report.sent_revision, report.first_sent_at),
        *(_route_units(report), report.version, last.occurred_at, last.actor),
    ]


def next_action(report: Report) -> str:
    """What the next step of a sent report does: verify or approve; empty where nobody's is awaited."""
    if report.state not in ("sent", "verified"):
        return ""
    following = [step.action for step in report.route[1:] if not step.passed_over]
    return "verify" if report.state == "sent" and following[:1] == ["verify"] else "approve"


def _route_units(report: Report) -> list[UUID]:
    return [step.unit_id for step in report.route] if report.state in IN_FLIGHT else []


async def _revisions(connection: Any, recorded: Recorded) -> None:
    event = recorded.event
    match event:
        case events.ReportSubmittedToLeader():
            made = (event.revision, recorded.event_id, event.version, event.figures_hash, recorded.occurred_at, event.submitted_by)
            await connection.execute(_NEW_REVISION, event.report_id, *made)
        case events.HistoryRecorded():
            made = (event.revision, recorded.event_id, event.version, event.figures_hash, recorded.occurred_at, recorded.actor)
            await connection.execute(_NEW_REVISION, event.report_id, *made)
            await connection.execute(_APPROVED, event.report_id, event.revision, recorded.event_id, recorded.occurred_at)
        case events.ReopeningDropped():
            await connection.execute(_VOID_AFTER, event.report_id, event.revision)
        case events.ReportCancelled(effect="applied"):
            await connection.execute(_VOID_AFTER, event.report_id, 0)
        case events.Decided(effect="applied"):
            await _decided(connection, event, recorded)
        case _:
            pass


async def _decided(connection: Any, event: events.Decided, recorded: Recorded) -> None:
    key = (event.report_id, event.revision)
    if isinstance(event, events.SubmissionWithdrawn):
        await connection.execute(_VOID, *key)
    if isinstance(event, events.ReportSent):
        await connection.execute(_SENT, *key, recorded.event_id, event.at)
    if event.state == "approved":
        await connection.execute(_APPROVED, *key, recorded.event_id, event.at)


def keeping(*also: Callable[[Any, Sequence[Recorded]], Awaitable[None]]) -> Callable[[Any, Sequence[Recorded], Any], Awaitable[None]]:
    """`project`, and what else belongs to the same transaction: the texts of what happened."""

    async def both(connection: Any, recorded: Sequence[Recorded], report: Report) -> None:
        await project(connection, recorded, report)
        for one in also:
            await one(connection, recorded)

    return both


async def keep_template(connection: Any, template: TemplateV1, body: bytes) -> None:
    await connection.execute(
        "INSERT INTO template_version VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        *(template.code, template.version, template.name, fold(template.name), template.sector, template.kind, template.owner_id, body),
    )
