"""Holidays, schedules and unit groups: plain lists that administrators and assigning officers keep."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from kernel.calendar import WorkingDays

from ..calculation.units import UnitsRule


class Holiday(NamedTuple):
    """A day off, or (`makeup`) a weekend day that is worked in exchange."""

    day: date
    name: str
    kind: str
    source: str = ""


async def working_days(connection: Any) -> WorkingDays:
    rows = await connection.fetch("SELECT day, name, kind FROM holiday")
    off = {row["day"]: row["name"] for row in rows if row["kind"] == "holiday"}
    return WorkingDays(off, frozenset(row["day"] for row in rows if row["kind"] == "makeup"))


async def list_holidays(connection: Any, year: int | None = None) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        "SELECT day AS date, name, kind, source FROM holiday WHERE $1::integer IS NULL OR extract(year FROM day) = $1 ORDER BY day", year
    )
    return [dict(row) for row in rows]


async def holidays_version(connection: Any, *, lock: bool = False) -> int:
    return int(await connection.fetchval("SELECT version FROM holiday_list" + (" FOR UPDATE" if lock else "")))


async def replace_holidays(connection: Any, holidays: Sequence[Holiday]) -> int:
    """The whole list anew, in the caller's transaction; returns its new version."""
    await connection.execute("DELETE FROM holiday")
    await connection.executemany("INSERT INTO holiday VALUES ($1, $2, $3, $4)", [tuple(one) for one in holidays])
    return int(await connection.fetchval("UPDATE holiday_list SET version = version + 1 RETURNING version"))


class Schedule(NamedTuple):
    """A recurring assignment: each period from the first on is opened on its stated day."""

    id: UUID
    template: str
    units: UnitsRule
    anchor: str
    days: int
    first_period: str
    last_period: str | None
    assigned_by: UUID
    entered_by: UUID | None


async def schedules_at_work(connection: Any) -> list[Schedule]:
    rows = await connection.fetch("SELECT * FROM schedule WHERE stopped_at IS NULL ORDER BY created_at, schedule_id")
    return [schedule_of(row) for row in rows]


def schedule_of(row: Any) -> Schedule:
    rule = msgspec.json.decode(row["units"], type=UnitsRule)
    places = (row["anchor"], row["days"], row["first_period"], row["last_period"])
    return Schedule(row["schedule_id"], row["template"], rule, *places, row["assigned_by"], row["entered_by"])


async def opened_periods(connection: Any, schedule_id: UUID) -> frozenset[str]:
    rows = await connection.fetch("SELECT period FROM schedule_opening WHERE schedule_id = $1", schedule_id)
    return frozenset(row["period"] for row in rows)


async def list_schedules(connection: Any, template: str | None, owners: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """With what each has opened; only of the templates in `owners` where given."""
    rows = await connection.fetch(
        "SELECT s.*, t.name AS template_name, t.sector, t.owner_id,"
        " coalesce((SELECT json_agg(json_build_object('period', o.period, 'stated_day', o.stated_day, 'opened_at', o.opened_at,"
        " 'assignment_id', o.assignment_id) ORDER BY o.stated_day) FROM schedule_opening o WHERE o.schedule_id = s.schedule_id), '[]')"
        " AS openings FROM schedule s JOIN template t ON t.code = s.template"
        " WHERE ($1::text IS NULL OR s.template = $1) AND ($2::text[] IS NULL OR s.template = ANY($2)) ORDER BY s.created_at DESC",
        template,
        None if owners is None else list(owners),
    )
    return [{**dict(row), "units": msgspec.Raw(row["units"].encode()), "openings": msgspec.Raw(row["openings"].encode())} for row in rows]


async def group_units(connection: Any, group_id: UUID | None, province: str) -> list[UUID] | None:
    """The units of a group of this province; None where there is no such group."""
    if group_id is None:
        return None
    units: list[UUID] | None = await connection.fetchval(
        "SELECT units FROM unit_group WHERE group_id = $1 AND province = $2", group_id, province
    )
    return units


async def list_groups(connection: Any, provinces: list[str]) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        "SELECT group_id AS id, name, units, changed_at FROM unit_group WHERE province = ANY($1) ORDER BY sort_key, group_id", provinces
    )
    return [dict(row) for row in rows]
