"""Unit versions and successions as rows."""

from collections.abc import Sequence
from typing import Any

from kernel.event_store import Recorded
from kernel.vietnamese import fold, slug_of_name, sort_key

from ..events import UnitChanged, UnitFacts, UnitRegistered, UnitsReorganised

_PUT = """INSERT INTO unit_version VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
    ON CONFLICT (unit_id, valid_from) DO UPDATE SET valid_to = excluded.valid_to, code = excluded.code, name = excluded.name,
    full_name = excluded.full_name, level = excluded.level, kind = excluded.kind, parent_id = excluded.parent_id,
    province_code = excluded.province_code, sectors = excluded.sectors, latitude = excluded.latitude, longitude = excluded.longitude,
    legal_document = excluded.legal_document, sort_key = excluded.sort_key, folded = excluded.folded,
    folded_name = excluded.folded_name, slug = excluded.slug"""


def full_name(kind: str, name: str) -> str:
    """`Phường Quy Nhơn`, whether the name came with its kind or without."""
    return name if not kind or fold(name).startswith(fold(kind) + " ") else f"{kind} {name}"


def bare_name(kind: str, name: str) -> str:
    """`Quy Nhơn`: what units are ordered by."""
    begins_with_kind = bool(kind) and fold(name).startswith(fold(kind) + " ")
    return name[len(kind) :].strip() if begins_with_kind and len(name) > len(kind) else name


async def put_registered(connection: Any, units: Sequence[UnitFacts]) -> None:
    """Rows of units that are new, in one round trip."""
    await connection.executemany(_PUT, [_row(unit, unit.valid_from) for unit in units])


async def project(connection: Any, recorded: Sequence[Recorded], state: Any) -> None:
    for one in recorded:
        match one.event:
            case UnitRegistered(unit):
                await put_registered(connection, [unit])
            case UnitChanged(unit, changed_on):
                await connection.execute(
                    "UPDATE unit_version SET valid_to = $2 WHERE unit_id = $1 AND valid_from < $2 AND (valid_to IS NULL OR valid_to > $2)",
                    *(unit.unit_id, changed_on),
                )
                await connection.execute(_PUT, *_row(unit, changed_on))
            case UnitsReorganised() as said:
                await _put_reorganisation(connection, said)


async def _put_reorganisation(connection: Any, said: UnitsReorganised) -> None:
    await connection.execute(
        "INSERT INTO reorganisation VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        *(said.reorganisation_id, said.effective_on, said.legal_document, list(said.ended)),
    )
    await connection.execute(
        "UPDATE unit_version SET valid_to = $2 WHERE unit_id = ANY($1) AND valid_from < $2 AND (valid_to IS NULL OR valid_to > $2)",
        *(list(said.ended), said.effective_on),
    )
    await connection.executemany(
        "INSERT INTO succession VALUES ($1, $2, $3, $4, $5, $6::text::numeric, $7)"
        " ON CONFLICT (reorganisation_id, from_unit, to_unit) DO UPDATE SET weight = excluded.weight",
        [
            (said.reorganisation_id, one.from_unit, one.to_unit, said.effective_on, one.whole, one.weight, one.acts)
            for one in said.successions
        ],
    )


def _row(unit: UnitFacts, valid_from: Any) -> tuple[Any, ...]:
    whole, bare = full_name(unit.kind, unit.name), bare_name(unit.kind, unit.name)
    return (
        *(unit.unit_id, valid_from, unit.ended_on, unit.valid_from, unit.code, unit.name, whole, unit.level, unit.kind, unit.parent_id),
        *(unit.province_code, list(unit.sectors), unit.latitude, unit.longitude, unit.legal_document),
        *(sort_key(bare), fold(whole), fold(bare), slug_of_name(whole)),
    )
