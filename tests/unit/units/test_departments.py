from __future__ import annotations

from typing import get_args

from contracts.vocabulary import Sector
from ktxh.departments_data import DEPARTMENTS, departments_of, in_charge_of
from ktxh.units_data import current_units

PROVINCES = {unit.code: unit for unit in current_units() if unit.level == "province"}


def test_every_sector_has_exactly_one_department_in_charge() -> None:
    in_charge = [sector for department in DEPARTMENTS for sector in department.sectors]
    assert sorted(in_charge) == sorted(get_args(Sector))
    assert in_charge_of("health").key == "SYT"


def test_general_reports_belong_to_the_provincial_office() -> None:
    offices = [unit for unit in departments_of(PROVINCES["52"]) if unit.level == "office"]
    assert [(unit.code, unit.name, unit.sectors) for unit in offices] == [("52-VP", "Văn phòng Ủy ban nhân dân tỉnh", ("general",))]


def test_departments_lie_in_their_province_and_have_ids_of_their_own() -> None:
    units = [unit for province in PROVINCES.values() for unit in departments_of(province)]
    assert len({unit.unit_id for unit in units}) == len(units) == 34 * len(DEPARTMENTS)
    assert all(unit.code == f"{unit.parent_code}-{unit.code.split('-')[1]}" for unit in units)


def test_the_names_of_a_citys_departments_say_city() -> None:
    names = [unit.name for unit in departments_of(PROVINCES["01"])]
    assert "Công an thành phố" in names
    assert not any("tỉnh" in name for name in names)
