"""The administrative units of Việt Nam before and since 01/07/2025, read from a package's data files; official is the final list alone.

The data of `vietnamadminunits` are a draft in places: where the final list is given (a CSV with the columns of `FINAL_COLUMNS`), it wins.
"""

import csv
import importlib.util
import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid5

from kernel.vietnamese import normalise

Level = Literal["province", "district", "commune", "department", "office"]

NAMESPACE = UUID("6f0b7a0e-5f0a-5d0c-9c5e-2b1b0d6a7c11")
"""Of unit ids: never changes, or every id would."""

REORGANISED_ON = date(2025, 7, 1)
LEGACY_FROM = date(2004, 7, 8)
"""By convention: the day of Decision 124/2004/QĐ-TTg, from which the old codes are."""

LEGAL_DOCUMENT = "19/2025/QĐ-TTg"
LEGACY_LEGAL_DOCUMENT = "124/2004/QĐ-TTg"
FAR_KM = 25
FINAL_COLUMNS = ("code", "full_name", "level", "type", "province_code", "valid_from", "area_km2", "legal_doc")

KINDS = ("Tỉnh", "Thành phố", "Quận", "Huyện", "Thị xã", "Thị trấn", "Phường", "Xã", "Đặc khu")

_LEVELS: dict[str, Level] = {"tinh": "province", "huyen": "district", "xa": "commune"}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it was from `valid_from` until `ended_on` (the first day without it). `name` is the full one: Phường Quy Nhơn."""

    code: str
    name: str
    kind: str
    level: Level
    province_code: str
    parent_code: str | None
    valid_from: date
    ended_on: date | None = None
    latitude: float | None = None
    longitude: float | None = None
    area_km2: Decimal | None = None
    legal_document: str = ""
    sectors: tuple[str, ...] = ()

    @property
    def unit_id(self) -> UUID:
        """The same on every machine; a code that is used again later has another."""
        return unit_id(self.code, self.valid_from)

    @property
    def short_name(self) -> str:
        """Without its kind: Quy Nhơn."""
        return self.name.removeprefix(self.kind).strip()


@dataclass(frozen=True, slots=True)
class Succession:
    """An old unit went into a new one, `whole` or in part. One new unit `acts` for each old one.

    `kilometres` between their centres; `is_far` marks a pair for review: names without accents may have been mixed up.
    """

    old_code: str
    new_code: str
    whole: bool
    acts: bool
    legal_document: str
    kilometres: float | None

    @property
    def is_far(self) -> bool:
        return self.kilometres is not None and self.kilometres > FAR_KM


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which the packaged list and the final one disagree; None where a list lacks the unit."""

    code: str
    field: Literal["code", "name", "kind", "province", "missing", "extra"]
    packaged: str | None
    final: str | None


def unit_id(code: str, valid_from: date) -> UUID:
    """UUIDv5 of `code/valid_from`."""
    return uuid5(NAMESPACE, f"{code}/{valid_from.isoformat()}")


# ------------------------------------------------------------------ what there is


def current_units(final_list: Path | None = None) -> list[Unit]:
    """34 provinces, then 3,321 communes, each ordered by code, as of 01/07/2025; by `final_list` where it is given."""
    if final_list is None:
        return list(_packaged_units())
    packaged = {unit.code: unit for unit in _packaged_units()}
    named = {(unit.province_code, unit.name): unit for unit in packaged.values()}
    units = []
    for unit in read_final_list(final_list):
        known = packaged.get(unit.code) or named.get((unit.province_code, unit.name))
        units.append(replace(unit, latitude=known.latitude, longitude=known.longitude) if known else unit)
    return sorted(units, key=lambda unit: (len(unit.code), unit.code))


def legacy_units() -> list[Unit]:
    """63 provinces, 696 districts and 10,035 communes as they ended on 01/07/2025."""
    return list(_packaged_legacy_units())


def successions(checked: Path | None = None) -> list[Succession]:
    """Which old province, district or commune went into which new one; by the `checked` CSV where it is given.

    Its columns: old_code, new_code, extent (full, partial; others are no succession), legal_doc.
    """
    packaged = _packaged_successions()
    if checked is None:
        return list(packaged)
    usual = {(pair.old_code, pair.new_code) for pair in packaged if pair.acts}
    with checked.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["extent"] in ("full", "partial")]
    pairs = [
        Succession(
            row["old_code"],
            row["new_code"],
            row["extent"] == "full",
            (row["old_code"], row["new_code"]) in usual,
            row["legal_doc"],
            _kilometres(_legacy_by_code().get(row["old_code"]), _packaged_by_code().get(row["new_code"])),
        )
        for row in rows
    ]
    return _with_one_acting(pairs)


def every_name() -> set[str]:
    """All full names, old and new, exactly as the package spells them."""
    columns = (("admin_units", ("province", "ward")), ("admin_units_legacy", ("province", "district", "ward")))
    return {row[column] for table, names in columns for row in _rows(table) for column in names if row[column]}


# ------------------------------------------------------------------ the final list


def read_final_list(path: Path) -> Iterator[Unit]:
    """The units of a CSV with `FINAL_COLUMNS`, names normalised. Raises KeyError where a column is missing."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Unit(
                code=row["code"],
                name=normalise(row["full_name"]),
                kind=row["type"],
                level=_LEVELS[row["level"]],
                province_code=row["province_code"],
                parent_code=row["province_code"] if row["level"] != "tinh" else None,
                valid_from=date.fromisoformat(row["valid_from"]),
                area_km2=Decimal(row["area_km2"]) if row["area_km2"] else None,
                legal_document=row["legal_doc"],
            )


def compare_with(final_list: Path) -> list[Difference]:
    """Where the packaged list differs from the final one, by code; two spellings of a tone are no difference."""
    packaged, final = {unit.code: unit for unit in _packaged_units()}, {unit.code: unit for unit in read_final_list(final_list)}
    found = [difference for code in packaged.keys() & final.keys() for difference in _fields(packaged[code], final[code])]
    only_final = {(unit.province_code, unit.name): unit for code, unit in final.items() if code not in packaged}
    for code in packaged.keys() - final.keys():
        unit = packaged[code]
        renumbered = only_final.pop((unit.province_code, unit.name), None)
        found.append(Difference(code, "code", code, renumbered.code) if renumbered else Difference(code, "extra", unit.name, None))
    found += [Difference(unit.code, "missing", None, unit.name) for unit in only_final.values()]
    return sorted(found, key=lambda difference: (difference.code, difference.field))


def _fields(packaged: Unit, final: Unit) -> Iterator[Difference]:
    if packaged.name != final.name:
        yield Difference(final.code, "name", packaged.name, final.name)
    if packaged.kind != final.kind:
        yield Difference(final.code, "kind", packaged.kind, final.kind)
    if packaged.province_code != final.province_code:
        yield Difference(final.code, "province", packaged.province_code, final.province_code)


# ------------------------------------------------------------------ the package


def _file(name: str) -> Path:
    """A data file of the package, which is never imported: its own dependencies are not installed."""
    spec = importlib.util.find_spec("vietnamadminunits")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("thiếu gói vietnamadminunits")
    return Path(spec.submodule_search_locations[0]) / "data" / name


@cache
def _rows(table: Literal["admin_units", "admin_units_legacy"]) -> tuple[dict[str, Any], ...]:
    with closing(sqlite3.connect(f"file:{_file('dataset.db')}?mode=ro&immutable=1", uri=True)) as database:
        database.row_factory = sqlite3.Row
        return tuple(dict(row) for row in database.execute(f"SELECT * FROM {table}"))


def _unit(row: dict[str, Any], part: Literal["province", "district", "ward"], level: Level, parent: str | None, is_old: bool) -> Unit:
    written = " ".join(normalise(row[part]).split())
    # The package's own column of kinds is wrong for four communes, and some names begin with “Thị Trấn” or “Thành Phố”.
    kind = next(kind for kind in KINDS if written.lower().startswith(kind.lower() + " "))
    name = kind + written[len(kind) :]
    return Unit(
        code=row[f"{part}Code"],
        name=name,
        kind=kind,
        level=level,
        province_code=row["provinceCode"],
        parent_code=parent,
        valid_from=LEGACY_FROM if is_old else REORGANISED_ON,
        ended_on=REORGANISED_ON if is_old else None,
        latitude=row[f"{part}Lat"],
        longitude=row[f"{part}Lon"],
        area_km2=_area(row) if part == "ward" and not is_old else None,
        legal_document=LEGACY_LEGAL_DOCUMENT if is_old else LEGAL_DOCUMENT,
    )


def _area(row: dict[str, Any]) -> Decimal | None:
    return Decimal(str(row["wardAreaKm2"])) if row["wardAreaKm2"] else None  # a commune of 0.0 km² is one whose area is unknown


def _by_code(units: Iterable[Unit]) -> dict[str, Unit]:
    return {unit.code: unit for unit in sorted(units, key=lambda unit: (len(unit.code), unit.code))}


@cache
def _packaged_by_code() -> dict[str, Unit]:
    rows = _rows("admin_units")
    provinces = [_unit(row, "province", "province", None, False) for row in rows]
    return _by_code(provinces + [_unit(row, "ward", "commune", row["provinceCode"], False) for row in rows])


@cache
def _legacy_by_code() -> dict[str, Unit]:
    rows = _rows("admin_units_legacy")
    provinces = [_unit(row, "province", "province", None, True) for row in rows]
    districts = [_unit(row, "district", "district", row["provinceCode"], True) for row in rows]
    communes = [_unit(row, "ward", "commune", row["districtCode"], True) for row in rows if row["wardCode"]]
    return _by_code(provinces + districts + communes)


def _packaged_units() -> Iterable[Unit]:
    return _packaged_by_code().values()


def _packaged_legacy_units() -> Iterable[Unit]:
    return _legacy_by_code().values()


@cache
def _packaged_successions() -> tuple[Succession, ...]:
    converter = json.loads(_file("converter_2025.json").read_text("utf-8"))
    old_provinces = {row["provinceKey"]: row["provinceCode"] for row in _rows("admin_units_legacy")}
    new_provinces = {row["provinceKey"]: row["provinceCode"] for row in _rows("admin_units")}
    old = {"_".join((row["provinceKey"], row["districtKey"], row["wardKey"] or "")): row for row in _rows("admin_units_legacy")}
    new = {(row["provinceKey"], row["wardKey"]): row["wardCode"] for row in _rows("admin_units")}
    codes = {key: row["wardCode"] or row["districtCode"] for key, row in old.items()}  # five island districts have no commune
    pairs = [
        (old_provinces[key], new_provinces[province], True, True) for province, keys in converter["DICT_PROVINCE"].items() for key in keys
    ]
    for province, wards in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        pairs += [(codes[key], new[province, ward], True, True) for ward, keys in wards.items() for key in keys]
    for province, wards in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        pairs += [
            (codes[key], new[province, target["newWardKey"]], False, bool(target["isDefaultNewWard"]))
            for key, targets in wards.items()
            for target in targets
        ]
    return tuple(
        Succession(old_code, new_code, whole, acts, "", _kilometres(_legacy_by_code()[old_code], _packaged_by_code()[new_code]))
        for old_code, new_code, whole, acts in pairs
    )


def _with_one_acting(pairs: list[Succession]) -> list[Succession]:
    """Each old unit's one acting successor: the usual one, else the nearest."""
    of_old: dict[str, list[Succession]] = defaultdict(list)
    for pair in pairs:
        of_old[pair.old_code].append(pair)
    return [replace(pair, acts=pair is min(same, key=_acting_order)) for same in of_old.values() for pair in same]


def _acting_order(pair: Succession) -> tuple[bool, float, str]:
    return not pair.acts, math.inf if pair.kilometres is None else pair.kilometres, pair.new_code


def _kilometres(one: Unit | None, other: Unit | None) -> float | None:
    """Along the great circle between the two centres."""
    if one is None or other is None or None in (one.latitude, one.longitude, other.latitude, other.longitude):
        return None
    points = (one.latitude, one.longitude, other.latitude, other.longitude)
    from_lat, from_lon, to_lat, to_lon = (math.radians(degree) for degree in points if degree is not None)
    half = math.sin((to_lat - from_lat) / 2) ** 2 + math.cos(from_lat) * math.cos(to_lat) * math.sin((to_lon - from_lon) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(half))
