from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from ktxh.units_data import (
    LEGACY_FROM,
    REORGANISED_ON,
    Difference,
    Succession,
    Unit,
    compare_with,
    current_units,
    legacy_units,
    successions,
    unit_id,
)

CURRENT = {unit.code: unit for unit in current_units()}
LEGACY = {unit.code: unit for unit in legacy_units()}


def write_final_list(path: Path, units: list[Unit], **changed: str) -> Path:
    """A final list that equals `units` except for the cells `code__column=text`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["code", "full_name", "level", "type", "province_code", "valid_from", "area_km2", "legal_doc"])
        for unit in units:
            level = "tinh" if unit.level == "province" else "xa"
            row = {"code": unit.code, "full_name": unit.name, "level": level, "type": unit.kind, "province_code": unit.province_code}
            row |= {column: text for column in row if (text := changed.get(f"u{unit.code}__{column}"))}
            writer.writerow([*row.values(), "2025-07-01", unit.area_km2 or "", "19/2025/QĐ-TTg"])
    return path


def test_there_are_34_provinces_and_3321_communes() -> None:
    assert Counter(unit.level for unit in CURRENT.values()) == {"province": 34, "commune": 3321}
    assert Counter(unit.kind for unit in CURRENT.values()) == {"Tỉnh": 28, "Thành phố": 6, "Phường": 687, "Xã": 2621, "Đặc khu": 13}


def test_there_were_63_provinces_696_districts_and_10035_communes() -> None:
    assert Counter(unit.level for unit in LEGACY.values()) == {"province": 63, "district": 696, "commune": 10035}


def test_every_unit_lies_in_one_that_exists() -> None:
    for units in (CURRENT, LEGACY):
        assert all(unit.parent_code in units for unit in units.values() if unit.level != "province")
        assert all(unit.province_code in units for unit in units.values())


def test_gia_lai_has_135_communes() -> None:
    communes = [unit for unit in CURRENT.values() if unit.province_code == "52" and unit.level == "commune"]
    assert Counter(unit.kind for unit in communes) == {"Phường": 25, "Xã": 110}
    assert CURRENT["52"].name == "Tỉnh Gia Lai"
    assert LEGACY["52"].name == "Tỉnh Bình Định"


def test_a_code_that_is_used_again_is_another_unit() -> None:
    reused = CURRENT.keys() & LEGACY.keys()
    assert len(reused) > 3300
    assert all(CURRENT[code].unit_id != LEGACY[code].unit_id for code in reused)


def test_ids_are_all_different_and_never_change() -> None:
    everybody = [*CURRENT.values(), *LEGACY.values()]
    assert len({unit.unit_id for unit in everybody}) == len(everybody)
    assert str(unit_id("52", REORGANISED_ON)) == "d817a638-f77b-5583-8245-683e20ca3a96"


def test_old_units_ended_when_the_new_ones_began() -> None:
    assert {(unit.valid_from, unit.ended_on) for unit in LEGACY.values()} == {(LEGACY_FROM, REORGANISED_ON)}
    assert {(unit.valid_from, unit.ended_on) for unit in CURRENT.values()} == {(REORGANISED_ON, None)}


def test_names_are_normalised_and_begin_with_their_kind() -> None:
    assert all(unit.name.startswith(unit.kind + " ") for unit in CURRENT.values())
    assert (CURRENT["21583"].name, CURRENT["21583"].short_name) == ("Phường Quy Nhơn", "Quy Nhơn")
    assert not any("Hoà" in unit.name.split() for unit in [*CURRENT.values(), *LEGACY.values()])


def test_every_unit_has_a_place_in_viet_nam() -> None:
    for unit in [*CURRENT.values(), *LEGACY.values()]:
        assert unit.latitude is not None
        assert unit.longitude is not None
        assert 7 < unit.latitude < 24
        assert 102 < unit.longitude < 115


def test_an_unknown_area_is_unknown_and_not_zero() -> None:
    areas = [unit.area_km2 for unit in CURRENT.values() if unit.level == "commune"]
    assert areas.count(None) < 10
    assert all(area > 0 for area in areas if area is not None)


# ------------------------------------------------------------------ succession


def of_old(pairs: list[Succession]) -> dict[str, list[Succession]]:
    found: dict[str, list[Succession]] = {}
    for pair in pairs:
        found.setdefault(pair.old_code, []).append(pair)
    return found


def test_every_old_commune_went_into_a_new_one_and_every_new_one_came_from_old_ones() -> None:
    pairs = successions()
    assert {pair.old_code for pair in pairs} >= {unit.code for unit in LEGACY.values() if unit.level != "district"}
    assert {pair.new_code for pair in pairs} == set(CURRENT)


def test_an_old_unit_went_whole_into_one_or_in_parts_into_several() -> None:
    for parts in of_old(successions()).values():
        assert len(parts) == 1 if parts[0].whole else len(parts) >= 2


def test_one_new_unit_acts_for_each_old_one() -> None:
    assert all(sum(pair.acts for pair in parts) == 1 for parts in of_old(successions()).values())


def test_binh_dinh_and_the_old_gia_lai_went_into_gia_lai() -> None:
    assert {pair.old_code for pair in successions() if pair.new_code == "52"} == {"52", "64"}


def test_pairs_far_apart_are_marked_for_review() -> None:
    far = [pair for pair in successions() if pair.is_far and len(pair.new_code) == 5]
    assert 30 <= len(far) <= 150
    assert all(pair.kilometres is not None and pair.kilometres > 25 for pair in far)


# ------------------------------------------------------------------ the final list


def test_equal_lists_have_no_difference(tmp_path: Path) -> None:
    assert compare_with(write_final_list(tmp_path / "final.csv", list(CURRENT.values()))) == []


def test_another_spelling_of_a_tone_is_no_difference(tmp_path: Path) -> None:
    hoa = next(unit for unit in CURRENT.values() if "Hòa" in unit.name.split())
    changed = {f"u{hoa.code}__full_name": hoa.name.replace("Hòa", "Hoà")}
    assert compare_with(write_final_list(tmp_path / "final.csv", list(CURRENT.values()), **changed)) == []


def test_each_difference_is_named(tmp_path: Path) -> None:
    units = [unit for unit in CURRENT.values() if unit.code != "21553"]
    changed = {"u06970__code": "06978", "u21589__full_name": "Phường Quy Nhơn Mới", "u21589__type": "Xã", "u21592__province_code": "51"}
    found = compare_with(write_final_list(tmp_path / "final.csv", units, **changed))
    assert found == [
        Difference("06970", "code", "06970", "06978"),
        Difference("21553", "extra", CURRENT["21553"].name, None),
        Difference("21589", "kind", "Phường", "Xã"),
        Difference("21589", "name", CURRENT["21589"].name, "Phường Quy Nhơn Mới"),
        Difference("21592", "province", "52", "51"),
    ]


def test_the_final_list_wins(tmp_path: Path) -> None:
    final = write_final_list(tmp_path / "final.csv", list(CURRENT.values()), u06970__code="06978", u21589__full_name="Phường Quy Nhơn Mới")
    units = {unit.code: unit for unit in current_units(final)}
    assert "06970" not in units
    assert units["06978"].latitude == CURRENT["06970"].latitude
    assert units["21589"].name == "Phường Quy Nhơn Mới"
    assert units["21589"].unit_id == CURRENT["21589"].unit_id, "renaming makes no other unit"


def test_a_checked_mapping_wins(tmp_path: Path) -> None:
    checked = tmp_path / "checked.csv"
    checked.write_text(
        "old_code,new_code,extent,legal_doc\n"
        "21583,21583,full,1664/NQ-UBTVQH15\n"
        "21553,21589,partial,1664/NQ-UBTVQH15\n"
        "21553,21583,partial,1664/NQ-UBTVQH15\n"
        "75,75,status_change,30/2026/QH16\n",
        "utf-8",
    )
    pairs = successions(checked)
    assert [(pair.old_code, pair.new_code, pair.whole) for pair in pairs] == [
        ("21583", "21583", True),
        ("21553", "21589", False),
        ("21553", "21583", False),
    ]
    assert sum(pair.acts for pair in pairs if pair.old_code == "21553") == 1


def test_the_packaged_list_differs_from_the_real_final_one_in_ba_che_alone(reference_data: Path) -> None:
    assert compare_with(reference_data / "units_2025.csv") == [Difference("06970", "code", "06970", "06978")]


def test_the_real_final_list_and_mapping_load_whole(reference_data: Path) -> None:
    units = {unit.code: unit for unit in current_units(reference_data / "units_2025.csv")}
    assert len(units) == 34 + 3321
    assert all(unit.latitude is not None for unit in units.values())
    assert units["06978"].name == "Xã Ba Chẽ"
    pairs = successions(reference_data / "unit_changes.csv")
    assert Counter(pair.whole for pair in pairs) == {True: 9660, False: 975}
    assert {pair.new_code for pair in pairs} <= set(units)
    assert all(sum(pair.acts for pair in parts) == 1 for parts in of_old(pairs).values())


@pytest.mark.parametrize("code", ["06970", "52"])
def test_an_id_depends_on_code_and_day_alone(code: str) -> None:
    assert unit_id(code, date(2025, 7, 1)) == unit_id(code, date(2025, 7, 1)) != unit_id(code, date(2026, 4, 30))
