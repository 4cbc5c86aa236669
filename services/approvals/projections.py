"""Writes what was decided into the tables that the inbox and the histories are read from. Same transaction as the events."""

from collections.abc import Sequence
from typing import Any, assert_never

from kernel.event_store import Recorded

from .commands import Item
from .domain import Progress, current_step, on_revision, state_word
from .events import (
    Event,
    ReminderSent,
    ReopeningGranted,
    ReopeningRefused,
    ReopeningRequested,
    ReportApproved,
    ReportRejected,
    ReportReturned,
    ReportSent,
    ReportVerified,
    SubmissionWithdrawn,
)


async def place(connection: Any, item: Item, state: Progress) -> None:
    """Writes whose turn it is, from what the log told and what was decided."""
    awaited = current_step(item, state)
    step = awaited[1] if awaited else None
    await connection.execute(
        "UPDATE item SET state = $2, awaited_step = $3, awaited_action = $4, awaited_role = $5, awaited_unit = $6, actors = $7"
        " WHERE report_id = $1",
        *(item.report_id, state_word(item, state), awaited[0] if awaited else None),
        *(step.action if step else None, step.role if step else None, step.unit_id if step else None),
        sorted(on_revision(item, state).actors | ({item.submitted_by} - {""})),
    )


def projecting(item: Item) -> Any:
    """The projection of one report's events."""

    async def project(connection: Any, recorded: Sequence[Recorded], state: Progress) -> None:
        for one in recorded:
            await _write(connection, one)
        await place(connection, item, state)

    return project


async def _write(connection: Any, recorded: Recorded) -> None:
    event: Event = recorded.event
    match event:
        case ReportSent() | ReportRejected() | ReportVerified() | ReportReturned() | ReportApproved() | SubmissionWithdrawn():
            await connection.execute(
                "INSERT INTO decision (event_id, report_id, revision, kind, step, unit_id, role, decided_by, decided_at, has_reason, cells)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                *(recorded.event_id, event.report_id, event.revision, event.TYPE, event.step, event.unit, event.role),
                *(event.decided_by, recorded.occurred_at, bool(event.reason), list(event.cells)),
            )
            await _note_sending(connection, recorded)
        case ReopeningRequested():
            await connection.execute(
                "INSERT INTO reopening (reopening_id, report_id, state, revision, requested_by, requested_at, event_id, cells)"
                " VALUES ($1, $2, 'requested', $3, $4, $5, $6, $7)",
                *(event.reopening_id, event.report_id, event.revision, event.decided_by, recorded.occurred_at, recorded.event_id),
                list(event.cells),
            )
        case ReopeningGranted() | ReopeningRefused():
            await connection.execute(
                "INSERT INTO reopening AS r (reopening_id, report_id, state, revision, requested_by, requested_at, event_id,"
                " decided_by, decided_at, decision_event_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $5, $6, $7)"
                " ON CONFLICT (reopening_id) DO UPDATE SET state = excluded.state, decided_by = excluded.decided_by,"
                " decided_at = excluded.decided_at, decision_event_id = excluded.decision_event_id",
                *(event.reopening_id, event.report_id, "granted" if isinstance(event, ReopeningGranted) else "refused"),
                *(event.revision, event.decided_by, recorded.occurred_at, recorded.event_id),
            )
        case ReminderSent():
            await connection.execute(
                "INSERT INTO reminder VALUES ($1, $2, $3, $4, $5, $6)",
                *(recorded.event_id, event.report_id, event.to_unit, event.to_role, event.sent_by, recorded.occurred_at),
            )
        case _:
            assert_never(event)


async def _note_sending(connection: Any, recorded: Recorded) -> None:
    """Lateness is derived from the first send that was not later rejected, returned or withdrawn."""
    event = recorded.event
    if isinstance(event, ReportSent):
        await connection.execute(
            "UPDATE item SET first_sent_at = coalesce(first_sent_at, $2) WHERE report_id = $1", event.report_id, recorded.occurred_at
        )
    elif isinstance(event, ReportRejected | ReportReturned | SubmissionWithdrawn):
        await connection.execute("UPDATE item SET first_sent_at = NULL WHERE report_id = $1", event.report_id)
