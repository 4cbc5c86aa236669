"""What waits for whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.vietnamese import fold

from ..commands import Seats
from .items import Row


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; None leaves it open. It goes on after the item `after` = (moment of its submission, report)."""

    template: str | None = None
    period: str | None = None
    unit: UUID | None = None
    sector: str | None = None
    q: str | None = None
    after: tuple[datetime, UUID] | None = None
    limit: int = 100


_NARROWED = """
  AND ($1::text IS NULL OR i.template = $1) AND ($2::text IS NULL OR i.period = $2) AND ($3::uuid IS NULL OR i.unit_id = $3)
  AND ($4::text IS NULL OR i.sector = $4) AND ($5::text IS NULL OR position($5 IN i.folded) > 0)
  AND ($6::timestamptz IS NULL OR (i.submitted_at, i.report_id) > ($6, $7::uuid))
ORDER BY i.submitted_at, i.report_id LIMIT $8
"""
_OF_SEATS = f"""
SELECT i.*, t.name AS template_name
FROM unnest($9::uuid[], $10::text[]) AS mine(unit, role)
JOIN item i ON i.awaited_unit = mine.unit AND i.awaited_role = mine.role
LEFT JOIN template_copy t ON t.code = i.template AND t.version = i.version
WHERE true {_NARROWED}
"""
_NOBODY_ELIGIBLE = f"""
WITH RECURSIVE acting AS (
    SELECT from_node, to_node FROM tree_succession WHERE acts
    UNION SELECT a.from_node, s.to_node FROM acting a JOIN tree_succession s ON s.from_node = a.to_node AND s.acts
)
SELECT i.*, t.name AS template_name
FROM item i LEFT JOIN template_copy t ON t.code = i.template AND t.version = i.version
WHERE i.awaited_unit IS NOT NULL AND i.province = ANY($9) AND NOT EXISTS (
    SELECT FROM seat s WHERE s.role = i.awaited_role AND NOT s.user_id::text = ANY(i.actors)
    AND (s.unit_id = i.awaited_unit OR s.unit_id IN (SELECT to_node FROM acting WHERE from_node = i.awaited_unit))
) {_NARROWED}
"""
_COUNTS = """
SELECT awaited_action, count(*) AS n FROM unnest($1::uuid[], $2::text[]) AS mine(unit, role)
JOIN item i ON i.awaited_unit = mine.unit AND i.awaited_role = mine.role GROUP BY awaited_action
"""


async def list_inbox(connection: Any, seats: Seats, wanted: Filter) -> list[Row]:
    """Items whose awaited step is one of `seats`, oldest submission first."""
    return list(await connection.fetch(_OF_SEATS, *_arguments(wanted), *_columns(seats)))


async def list_with_nobody_eligible(connection: Any, provinces: frozenset[str], wanted: Filter) -> list[Row]:
    """Items of these provinces that wait for a step that nobody may take who hasn't acted, successors of its unit included."""
    return list(await connection.fetch(_NOBODY_ELIGIBLE, *_arguments(wanted), sorted(provinces)))


async def count_inbox(connection: Any, seats: Seats) -> dict[str, int]:
    """How many items wait for one of `seats`, by what is awaited."""
    return {row["awaited_action"]: row["n"] for row in await connection.fetch(_COUNTS, *_columns(seats))}


def _arguments(wanted: Filter) -> tuple[Any, ...]:
    folded = fold(wanted.q) if wanted.q else None
    moment, report_id = wanted.after or (None, None)
    return wanted.template, wanted.period, wanted.unit, wanted.sector, folded, moment, report_id, wanted.limit


def _columns(seats: Seats) -> tuple[list[UUID], list[str]]:
    return [unit for _, unit in seats], [role for role, _ in seats]
