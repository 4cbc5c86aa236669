"""A report's row as the rules want it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from kernel.auth import Principal

from ..commands import Item, Seats, Step
from ..domain import Progress

Row = Mapping[str, Any]

_ROUTE = msgspec.json.Decoder(tuple[Step, ...])


def seats_of(principal: Principal) -> Seats:
    """Every (role, unit) that the caller holds."""
    return frozenset((grant.role, unit) for grant in principal.grants for unit in grant.unit_ids)


def item_of(row: Row) -> Item:
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
        route=_ROUTE.decode(row["route"]),
        submitted_by=row["submitted_by"],
        is_cancelled=row["is_cancelled"],
        is_closed=row["is_closed"],
        approved_revision=row["approved_revision"],
        last_route=_ROUTE.decode(row["last_route"]),
        voided_revision=row["voided_revision"],
        corrections_ended=row["corrections_ended"],
        owner_id=row["owner_id"],
        entered_by=row["entered_by"],
    )


def progress_of(row: Row) -> Progress:
    """As much of the progress as the row of a report under decision says: enough for what is awaited now."""
    status = row["state"] if row["state"] in ("sent", "verified", "rejected", "returned") else ""
    return Progress(revision=row["revision"], position=row["awaited_step"] or 0, status=status, actors=frozenset(row["actors"]))


async def get_row(connection: Any, report_id: UUID) -> Row | None:
    row: Row | None = await connection.fetchrow(
        "SELECT i.*, t.name AS template_name FROM item i LEFT JOIN template_copy t ON t.code = i.template AND t.version = i.version"
        " WHERE report_id = $1",
        report_id,
    )
    return row


async def list_rows(connection: Any, report_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """The rows of these reports by id; unknown ones are left out."""
    rows = await connection.fetch("SELECT * FROM item WHERE report_id = ANY($1)", list(report_ids))
    return {row["report_id"]: row for row in rows}
