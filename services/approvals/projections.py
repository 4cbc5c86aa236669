"""Writes what was decided into the tables that the inbox and the histories are read from. Same transaction as the events."""

from collections.abc import Sequence
from typing import Any, assert_never

from kernel.event_store import Recorded
from kernel.handler import Project

from .commands import Item
from .domain import Progress, current_step, on_revision, state_word
from .events import (
    Decided,
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

_PLACED = "state = $2, awaited_step = $3, awaited_action = $4, awaited_role = $5, awaited_unit = $6, actors = $7"
_PLACE = f"UPDATE item SET {_PLACED} WHERE report_id = $1"
_DECIDED = f"""
WITH taken AS (
    INSERT INTO decision (event_id, report_id, revision, kind, step, unit_id, role, decided_by, decided_at, has_reason, cells, due_on)
    VALUES ($8, $1, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
)
UPDATE item SET {_PLACED},
    first_sent_at = CASE WHEN $19 THEN coalesce(first_sent_at, $15) WHEN $20 AND first_sent_revision = $9 THEN NULL ELSE first_sent_at END,
    first_sent_revision = CASE WHEN $19 AND first_sent_at IS NULL THEN $9 ELSE first_sent_revision END
WHERE report_id = $1
"""


async def place(connection: Any, item: Item, state: Progress) -> None:
    """Writes whose turn it is, from what the log told and what was decided."""
    await connection.execute(_PLACE, *_placed(item, state))


def _placed(item: Item, state: Progress) -> tuple[Any, ...]:
    position, step = current_step(item, state) or (None, None)
    actors = sorted(on_revision(item, state).actors | ({item.submitted_by} - {""}))
    who = (step.action, step.role, step.unit_id) if step else (None, None, None)
    return item.report_id, state_word(item, state), position, *who, actors


def projecting(item: Item) -> Project:
    """The projection of one report's events."""

    async def project(connection: Any, recorded: Sequence[Recorded], state: Progress) -> None:
        for one in recorded:
            await _write(connection, one, item, state)

    return project


async def _write(connection: Any, recorded: Recorded, item: Item, state: Progress) -> None:
    event: Event = recorded.event
    match event:
        case ReportSent() | ReportRejected() | ReportVerified() | ReportReturned() | ReportApproved() | SubmissionWithdrawn():
            await _decided(connection, recorded, event, item, state)
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
            await place(connection, item, state)
        case ReminderSent():
            await connection.execute(
                "INSERT INTO reminder VALUES ($1, $2, $3, $4, $5, $6)",
                *(recorded.event_id, event.report_id, event.to_unit, event.to_role, event.sent_by, recorded.occurred_at),
            )
        case _:
            assert_never(event)


async def _decided(connection: Any, recorded: Recorded, event: Decided | SubmissionWithdrawn, item: Item, state: Progress) -> None:
    """One statement: a bulk call makes one per report. Lateness hangs on the first send that still stands."""
    await connection.execute(
        _DECIDED,
        *_placed(item, state),
        *(recorded.event_id, event.revision, event.TYPE, event.step, event.unit, event.role, event.decided_by),
        *(recorded.occurred_at, bool(event.reason), list(event.cells), event.due_on),
        *(isinstance(event, ReportSent), isinstance(event, ReportRejected | ReportReturned | SubmissionWithdrawn)),
    )
