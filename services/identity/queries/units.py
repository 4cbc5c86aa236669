"""Units by day: search, single units, and what a rule needs to know of the rest of the tree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from kernel.vietnamese import fold, slug_of_name

from ..calculation.usernames import NamedUnit
from ..commands import Lifetime, Surroundings
from ..events import UnitFacts

SHORTEST_JOINED = 5  # letters typed without blanks before they are looked for inside names
_IN_FORCE = "valid_from <= $1 AND (valid_to IS NULL OR valid_to > $1)"
_FACTS = "unit_id, code, name, level, kind, registered_on, parent_id, province_code, sectors, latitude, longitude, legal_document"


@dataclass(frozen=True)
class UnitFilter:
    """Empty is any. `q` is what somebody typed, with or without diacritics, or the beginning of a code."""

    on: date
    level: str = ""
    parent: UUID | None = None
    code: str = ""
    kind: str = ""
    sector: str = ""
    q: str = ""
    ids: tuple[UUID, ...] = ()


def view(row: Any) -> dict[str, Any]:
    """A unit as the API shows it."""
    return {
        "id": row["unit_id"],
        "code": row["code"],
        "name": row["name"],
        "full_name": row["full_name"],
        "level": row["level"],
        "kind": row["kind"],
        "parent_id": row["parent_id"],
        "province_code": row["province_code"],
        "sectors": row["sectors"],
        "latitude": row["latitude"],
        "longitude": row["longitude"],
        "valid_from": row["valid_from"],
        "valid_to": row["valid_to"],
        "legal_document": row["legal_document"],
    }


async def list_units(connection: Any, wanted: UnitFilter, after: Sequence[Any] | None, limit: int) -> list[Any]:
    """Rows in the order (names that begin so first, Vietnamese alphabet, id), after the place `after`; with `rank`."""
    folded, joined = fold(wanted.q), slug_of_name(wanted.q)
    rank, key, last = after or (-1, "", UUID(int=0))
    rows = await connection.fetch(
        f"""SELECT * FROM (
              SELECT *, CASE WHEN $7 = '' OR folded_name LIKE $7 || '%' OR code = $7 THEN 0 ELSE 1 END AS rank
              FROM unit_version WHERE {_IN_FORCE}
              AND ($2 = '' OR level = $2) AND ($3::uuid IS NULL OR parent_id = $3) AND ($4 = '' OR code = $4)
              AND ($5 = '' OR kind = $5) AND ($6 = '' OR $6 = ANY(sectors))
              AND ($7 = '' OR ' ' || folded LIKE '% ' || $7 || '%' OR code LIKE $7 || '%'
                   OR (length($8) >= {SHORTEST_JOINED} AND slug LIKE '%' || $8 || '%'))
              AND (cardinality($9::uuid[]) = 0 OR unit_id = ANY($9))
            ) AS found WHERE (rank, sort_key, unit_id) > ($10::integer, $11::text, $12::uuid)
            ORDER BY rank, sort_key, unit_id LIMIT $13""",
        *(wanted.on, wanted.level, wanted.parent, wanted.code, wanted.kind, wanted.sector, folded, joined, list(wanted.ids)),
        *(rank, key, last, limit),
    )
    return list(rows)


async def versions_of(connection: Any, unit_id: UUID) -> list[Any]:
    """Every version of the unit, oldest first; none if it is unknown."""
    return list(await connection.fetch("SELECT * FROM unit_version WHERE unit_id = $1 ORDER BY valid_from", unit_id))


async def facts_of(connection: Any, unit_id: UUID) -> UnitFacts | None:
    """The unit as it last was."""
    row = await connection.fetchrow(
        f"SELECT {_FACTS}, valid_to FROM unit_version WHERE unit_id = $1 ORDER BY valid_from DESC LIMIT 1", unit_id
    )
    if row is None:
        return None
    facts = {name: row[name] for name in _FACTS.split(", ") if name != "registered_on"}
    return UnitFacts(**facts | {"sectors": tuple(row["sectors"]), "valid_from": row["registered_on"], "ended_on": row["valid_to"]})


async def lifetimes(connection: Any, unit_ids: Iterable[UUID]) -> dict[UUID, Lifetime]:
    rows = await connection.fetch(
        "SELECT unit_id, min(valid_from) AS begins, bool_or(valid_to IS NULL) AS goes_on, max(valid_to) AS ends"
        " FROM unit_version WHERE unit_id = ANY($1) GROUP BY unit_id",
        list(unit_ids),
    )
    return {row["unit_id"]: Lifetime(row["begins"], None if row["goes_on"] else row["ends"]) for row in rows}


async def in_force(connection: Any, unit_ids: Iterable[UUID], on: date) -> frozenset[UUID]:
    rows = await connection.fetch(f"SELECT unit_id FROM unit_version WHERE {_IN_FORCE} AND unit_id = ANY($2)", on, list(unit_ids))
    return frozenset(row["unit_id"] for row in rows)


async def ids_by_code(connection: Any, codes: Iterable[str], on: date) -> dict[str, UUID]:
    rows = await connection.fetch(f"SELECT code, unit_id FROM unit_version WHERE {_IN_FORCE} AND code = ANY($2)", on, list(codes))
    return {row["code"]: row["unit_id"] for row in rows}


async def named_units(connection: Any, level: str, unit_ids: Sequence[UUID], on: date) -> list[NamedUnit]:
    """Units of a level today (of `unit_ids` only, where there are any), each with the number of units that are called alike."""
    rows = await connection.fetch(
        f"""WITH today AS (SELECT *, count(*) OVER (PARTITION BY slug) AS bearers FROM unit_version WHERE {_IN_FORCE})
            SELECT unit_id, code, full_name, bearers FROM today
            WHERE level = $2 AND (cardinality($3::uuid[]) = 0 OR unit_id = ANY($3)) ORDER BY sort_key, unit_id""",
        *(on, level, list(unit_ids)),
    )
    return [NamedUnit(row["unit_id"], row["code"], row["full_name"], row["bearers"]) for row in rows]


async def departments_by_sector(connection: Any, on: date) -> dict[str, list[dict[str, Any]]]:
    rows = await connection.fetch(
        f"SELECT unit_id, code, full_name, sectors FROM unit_version WHERE {_IN_FORCE} AND level = 'department' ORDER BY sort_key", on
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        for sector in row["sectors"]:
            found.setdefault(sector, []).append({"id": row["unit_id"], "code": row["code"], "name": row["full_name"]})
    return found


async def reorganisations(connection: Any, before: tuple[date, UUID] | None, limit: int) -> list[dict[str, Any]]:
    """The latest first, each whole, with the names that the units had."""
    day, last = before or (date.max, UUID(int=2**128 - 1))
    rows = await connection.fetch(
        "SELECT * FROM reorganisation WHERE (effective_on, reorganisation_id) < ($1::date, $2::uuid)"
        " ORDER BY effective_on DESC, reorganisation_id DESC LIMIT $3",
        *(day, last, limit),
    )
    ids = [row["reorganisation_id"] for row in rows]
    successions = await connection.fetch("SELECT * FROM succession WHERE reorganisation_id = ANY($1) ORDER BY from_unit, to_unit", ids)
    mentioned = {unit for row in rows for unit in row["ended"]} | {s[side] for s in successions for side in ("from_unit", "to_unit")}
    names = await latest_names(connection, mentioned)
    return [_reorganisation(row, [s for s in successions if s["reorganisation_id"] == row["reorganisation_id"]], names) for row in rows]


async def latest_names(connection: Any, unit_ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    rows = await connection.fetch(
        "SELECT DISTINCT ON (unit_id) unit_id, code, full_name FROM unit_version WHERE unit_id = ANY($1) ORDER BY unit_id, valid_from DESC",
        list(unit_ids),
    )
    return {row["unit_id"]: {"id": row["unit_id"], "code": row["code"], "name": row["full_name"]} for row in rows}


def _reorganisation(row: Any, successions: Sequence[Any], names: dict[UUID, dict[str, Any]]) -> dict[str, Any]:
    def named(unit_id: UUID) -> dict[str, Any]:
        return names.get(unit_id, {"id": unit_id, "code": "", "name": ""})

    return {
        "id": row["reorganisation_id"],
        "effective_on": row["effective_on"],
        "legal_document": row["legal_document"],
        "ended": [named(unit) for unit in row["ended"]],
        "successions": [
            {
                "from_unit": named(one["from_unit"]),
                "to_unit": named(one["to_unit"]),
                "whole": one["whole"],
                "weight": one["weight"],
                "acts": one["acts"],
            }
            for one in successions
        ],
    }


class Neighbourhood:
    """What the units around a batch are, as far as the batch's rules ask; grows by `add` as the batch is registered."""

    def __init__(self, versions: Sequence[Any]) -> None:
        self._lives: dict[UUID, list[tuple[date, date | None]]] = {}
        self._codes: dict[str, list[tuple[UUID, date, date | None]]] = {}
        for row in versions:
            self._note(row["unit_id"], row["code"], row["valid_from"], row["valid_to"])

    def add(self, unit: UnitFacts) -> None:
        self._note(unit.unit_id, unit.code, unit.valid_from, unit.ended_on)

    def around(self, unit: UnitFacts, since: date, *, is_parent_below: bool = False, ended_on: date | None = None) -> Surroundings:
        """As seen by `unit`, which shall be so from `since` on."""
        until = ended_on or unit.ended_on or date.max
        bearers = self._codes.get(unit.code, ())
        others = (other for other, begins, ends in bearers if other != unit.unit_id and begins < until and since < (ends or date.max))
        parents = self._lives.get(unit.parent_id, []) if unit.parent_id else []
        is_parent_there = any(begins <= since < (ends or date.max) for begins, ends in parents)
        return Surroundings(next(others, None), is_parent_there, is_parent_below, ended_on)

    def _note(self, unit_id: UUID, code: str, begins: date, ends: date | None) -> None:
        self._lives.setdefault(unit_id, []).append((begins, ends))
        self._codes.setdefault(code, []).append((unit_id, begins, ends))


async def neighbourhood(connection: Any, units: Sequence[UnitFacts]) -> Neighbourhood:
    """Of units about to be registered or changed. The caller holds the lock on the tree."""
    rows = await connection.fetch(
        "SELECT unit_id, code, valid_from, valid_to FROM unit_version WHERE unit_id = ANY($1) OR code = ANY($2)",
        list({unit.parent_id for unit in units if unit.parent_id}),
        list({unit.code for unit in units}),
    )
    return Neighbourhood(rows)


async def lies_under(connection: Any, unit_id: UUID, ancestor: UUID, on: date) -> bool:
    """Whether `unit_id` is `ancestor` or lies under it on that day or at any later time."""
    return bool(
        await connection.fetchval(
            """WITH RECURSIVE up(id) AS (
                 SELECT $1::uuid UNION
                 SELECT parent_id FROM unit_version JOIN up ON unit_id = up.id
                 WHERE parent_id IS NOT NULL AND (valid_to IS NULL OR valid_to > $3)
               ) SELECT true FROM up WHERE id = $2""",
            *(unit_id, ancestor, on),
        )
    )
