"""Events → rows, in the transaction that appends them; decides nothing."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from kernel.event_store import Recorded
from kernel.vietnamese import fold, sort_key

from .events import (
    AssignmentCancelled,
    AssignmentClosed,
    AssignmentReopened,
    DueDateChanged,
    IndicatorDefined,
    ReportAssigned,
    ReportMoved,
    Template,
)

_ASSIGNED = (
    "INSERT INTO expected_report VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, false, false) ON CONFLICT (report_id) DO UPDATE SET"
    " assignment_id = excluded.assignment_id, version = excluded.version, due_on = excluded.due_on, closes_on = excluded.closes_on,"
    " entered_by = excluded.entered_by, is_cancelled = false, is_closed = false"
)
_CANCELLATION = "INSERT INTO cancellation VALUES ($1, $2, $3, $4, $5) ON CONFLICT (assignment_id, report_id) DO NOTHING"


async def project_indicator(connection: Any, recorded: Sequence[Recorded], state: Any) -> None:
    for one in recorded:
        assert isinstance(one.event, IndicatorDefined)
        indicator = one.event.indicator
        await connection.execute(
            "INSERT INTO indicator VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (code) DO UPDATE SET definition = excluded.definition,"
            " name = excluded.name, folded = excluded.folded, sort_key = excluded.sort_key, sector = excluded.sector,"
            " changed_at = excluded.changed_at",
            *(indicator.code, as_json(indicator), indicator.name, fold(f"{indicator.code} {indicator.name}")),
            *(sort_key(indicator.name), indicator.sector, one.occurred_at),
        )


async def project_template(connection: Any, recorded: Sequence[Recorded], state: Any) -> None:
    for one in recorded:
        template: Template = one.event.template
        await connection.execute(
            "INSERT INTO template_version VALUES ($1, $2, $3, $4, $5, $6)",
            *(template.code, template.version, as_json(template), one.event_id, one.occurred_at, one.actor),
        )
        await list_template(connection, template, latest=template.version, published_at=one.occurred_at)


async def list_template(connection: Any, template: Template, *, latest: int, published_at: Any = None) -> None:
    """What lists show of a template; a draft doesn't replace what a published version has put there."""
    await connection.execute(
        "INSERT INTO template AS t VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (code) DO UPDATE SET"
        " latest = excluded.latest, name = excluded.name, folded = excluded.folded, sort_key = excluded.sort_key,"
        " sector = excluded.sector, kind = excluded.kind, period_type = excluded.period_type, form_number = excluded.form_number,"
        " owner_id = excluded.owner_id, published_at = excluded.published_at WHERE t.latest = 0 OR excluded.latest > t.latest",
        *(template.code, latest, template.name, fold(f"{template.code} {template.form_number} {template.name}")),
        *(sort_key(template.name), template.sector, template.kind, template.period_type, template.form_number),
        *(template.owner_id, published_at),
    )


async def project_assignment(connection: Any, recorded: Sequence[Recorded], state: Any) -> None:
    """The assignment's own row is written by whoever opens it (`consumers.opening`)."""
    assigned = [one.event for one in recorded if isinstance(one.event, ReportAssigned)]
    await connection.executemany(_ASSIGNED, [_expected(event) for event in assigned])
    for one in recorded:
        if not isinstance(one.event, ReportAssigned):
            await _change(connection, one)


def _expected(event: ReportAssigned) -> tuple[Any, ...]:
    return (
        event.report_id,
        event.assignment_id,
        event.template,
        event.period,
        event.unit_id,
        event.version,
        event.due_on,
        event.closes_on,
        event.last_day,
        event.entered_by,
    )


async def _change(connection: Any, recorded: Recorded) -> None:
    """Only where the report hasn't been assigned anew by another assignment since."""
    match recorded.event:
        case DueDateChanged() as event:
            await _set(connection, event, "due_on = $3, closes_on = $4", event.due_on, event.closes_on)
        case AssignmentCancelled() as event:
            await _set(connection, event, "is_cancelled = true")
            row = (event.assignment_id, event.report_id, event.unit_id, recorded.event_id, recorded.occurred_at)
            await connection.execute(_CANCELLATION, *row)
        case AssignmentClosed() as event:
            await _set(connection, event, "is_closed = true")
        case AssignmentReopened() as event:
            await _set(connection, event, "is_closed = false, closes_on = NULL")
        case ReportMoved() as event:
            await connection.execute("UPDATE expected_report SET version = $2 WHERE report_id = $1", event.report_id, event.version)


async def _set(connection: Any, event: Any, what: str, *values: Any) -> None:
    statement = f"UPDATE expected_report SET {what} WHERE report_id = $1 AND assignment_id = $2"
    await connection.execute(statement, event.report_id, event.assignment_id, *values)


async def keep_assignment(connection: Any, opened: ReportAssigned, province: str, at: Any, schedule_id: UUID | None) -> None:
    await connection.execute(
        "INSERT INTO assignment VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (assignment_id) DO NOTHING",
        *(opened.assignment_id, opened.template, opened.period, opened.first_day, opened.last_day, province),
        *(opened.assigned_by, at, schedule_id),
    )


def as_json(thing: Any) -> str:
    return msgspec.json.encode(thing).decode()
