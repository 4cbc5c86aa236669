"""The packaged lists of units as identity takes them. Reads no file and calls nobody."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from uuid import UUID, uuid5

from contracts.identity import Succession, UnitRegisteredV1, UnitsReorganisedV1
from kernel.event_store import NAMESPACE

from .units_data import Unit, successions

EFFECTIVE_ON = date(2025, 7, 1)


def as_registered(unit: Unit, ids: Mapping[str, UUID]) -> UnitRegisteredV1:
    """The unit as a contract; `ids` has the id of every code of the same list."""
    return UnitRegisteredV1(
        unit_id=unit.unit_id,
        code=unit.code,
        name=unit.name,
        level=unit.level,
        kind=unit.kind,
        valid_from=unit.valid_from,
        parent_id=ids.get(unit.parent_code or ""),
        province_code=unit.province_code,
        sectors=unit.sectors,  # type: ignore[arg-type]
        latitude=unit.latitude,
        longitude=unit.longitude,
        legal_document=unit.legal_document,
        ended_on=unit.ended_on,
    )


def reorganisations(legacy: Sequence[Unit], current: Sequence[Unit], checked: Path | None) -> list[UnitsReorganisedV1]:
    """The reorganisation of 1 July 2025, one per new province; `checked` is a mapping that wins over the packaged one."""
    old = {unit.code: unit for unit in legacy}
    new = {unit.code: unit for unit in current}
    by_province: dict[str, list[Succession]] = defaultdict(list)
    for pair in successions(checked):
        if pair.old_code in old and pair.new_code in new:
            target = new[pair.new_code]
            by_province[target.province_code].append(Succession(old[pair.old_code].unit_id, target.unit_id, pair.whole, None, pair.acts))
    return [
        UnitsReorganisedV1(
            reorganisation_id=uuid5(NAMESPACE, f"reorganisation/{EFFECTIVE_ON}/{province}"),
            effective_on=EFFECTIVE_ON,
            legal_document="19/2025/QĐ-TTg; NQ 1654–1687/NQ-UBTVQH15",
            ended=tuple(sorted({one.from_unit for one in pairs}, key=str)),
            successions=tuple(pairs),
        )
        for province, pairs in sorted(by_province.items())
    ]
