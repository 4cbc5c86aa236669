"""What may become of a unit."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from kernel.errors import NotFound
from kernel.testing import Scenario
from services.identity.commands import ChangeUnit, RegisterUnit, Surroundings
from services.identity.domain.unit import (
    UNIT,
    ChangePrecedesLatest,
    CodeIsTaken,
    LegalDocumentIsMissing,
    ParentIsBelow,
    ParentIsNotInForce,
    UnitHasEnded,
    UnitIsIncomplete,
    UnitIsRegisteredOtherwise,
)
from services.identity.events import UnitChanged, UnitFacts, UnitRegistered

PROVINCE, OTHER = UUID(int=52), UUID(int=75)
FIRST_DAY = date(2025, 7, 1)
TRANG_BOM = UnitFacts(UUID(int=1), "26248", "Trảng Bom", "commune", "Xã", FIRST_DAY, PROVINCE, "75", legal_document="1662/NQ-UBTVQH15")
BECOMES_A_WARD = replace(TRANG_BOM, kind="Phường", legal_document="237/NQ-UBTVQH16")
ON_THE_DAY = date(2026, 4, 30)


def a_unit() -> Scenario:
    return Scenario(UNIT).given(UnitRegistered(TRANG_BOM))


def test_a_unit_is_registered() -> None:
    Scenario(UNIT).when(RegisterUnit(TRANG_BOM)).then(UnitRegistered(TRANG_BOM))


def test_registering_the_same_again_changes_nothing() -> None:
    a_unit().when(RegisterUnit(TRANG_BOM)).then()


def test_registering_the_same_again_changes_nothing_even_after_it_was_renamed() -> None:
    a_unit().given(UnitChanged(BECOMES_A_WARD, ON_THE_DAY)).when(RegisterUnit(TRANG_BOM)).then()


def test_another_registration_of_the_same_unit_is_refused_and_names_the_difference() -> None:
    refusal = a_unit().when(RegisterUnit(replace(TRANG_BOM, name="Trảng Dài"))).refused(UnitIsRegisteredOtherwise)
    assert refusal.parameters["fields"] == ["name"]


def test_a_code_belongs_to_one_unit_at_a_time() -> None:
    Scenario(UNIT).when(RegisterUnit(TRANG_BOM, Surroundings(code_taken_by=OTHER))).refused(CodeIsTaken)


def test_a_parent_must_be_there() -> None:
    Scenario(UNIT).when(RegisterUnit(TRANG_BOM, Surroundings(is_parent_in_force=False))).refused(ParentIsNotInForce)


def test_a_root_needs_no_parent() -> None:
    root = replace(TRANG_BOM, parent_id=None)
    Scenario(UNIT).when(RegisterUnit(root, Surroundings(is_parent_in_force=False))).then(UnitRegistered(root))


def test_a_unit_cannot_end_before_it_begins() -> None:
    Scenario(UNIT).when(RegisterUnit(replace(TRANG_BOM, ended_on=TRANG_BOM.valid_from))).refused(UnitHasEnded)


@pytest.mark.parametrize("wrong", [{"name": "  "}, {"code": ""}, {"code": "26.248"}, {"code": "26 248"}])
def test_a_unit_needs_a_name_and_a_code_that_can_be_a_word_of_a_key(wrong: dict[str, str]) -> None:
    Scenario(UNIT).when(RegisterUnit(replace(TRANG_BOM, **wrong))).refused(UnitIsIncomplete)  # type: ignore[arg-type]


def test_a_commune_becomes_a_ward_on_a_day() -> None:
    a_unit().when(ChangeUnit(BECOMES_A_WARD, ON_THE_DAY)).then(UnitChanged(BECOMES_A_WARD, ON_THE_DAY))


def test_changing_it_to_what_it_is_changes_nothing() -> None:
    a_unit().given(UnitChanged(BECOMES_A_WARD, ON_THE_DAY)).when(ChangeUnit(BECOMES_A_WARD, ON_THE_DAY)).then()


def test_an_official_change_names_its_legal_document() -> None:
    a_unit().when(ChangeUnit(replace(BECOMES_A_WARD, legal_document=""), ON_THE_DAY)).refused(LegalDocumentIsMissing)


def test_sectors_of_a_department_change_without_a_legal_document() -> None:
    changed = replace(TRANG_BOM, sectors=("health",), legal_document="")
    a_unit().when(ChangeUnit(changed, ON_THE_DAY)).then(UnitChanged(changed, ON_THE_DAY))


def test_a_change_cannot_precede_the_latest_one() -> None:
    later = replace(BECOMES_A_WARD, name="Trảng Bom Mới")
    a_unit().given(UnitChanged(BECOMES_A_WARD, ON_THE_DAY)).when(ChangeUnit(later, date(2026, 4, 29))).refused(ChangePrecedesLatest)


def test_a_unit_that_has_ended_does_not_change() -> None:
    a_unit().when(ChangeUnit(BECOMES_A_WARD, ON_THE_DAY, Surroundings(ended_on=ON_THE_DAY))).refused(UnitHasEnded)


def test_a_change_before_the_end_keeps_the_end() -> None:
    end = date(2027, 1, 1)
    kept = replace(BECOMES_A_WARD, ended_on=end)
    a_unit().when(ChangeUnit(BECOMES_A_WARD, ON_THE_DAY, Surroundings(ended_on=end))).then(UnitChanged(kept, ON_THE_DAY))


def test_a_unit_cannot_come_under_itself() -> None:
    a_unit().when(ChangeUnit(replace(BECOMES_A_WARD, parent_id=TRANG_BOM.unit_id), ON_THE_DAY)).refused(ParentIsBelow)


def test_a_unit_cannot_come_under_one_of_its_own() -> None:
    moved = replace(BECOMES_A_WARD, parent_id=OTHER)
    a_unit().when(ChangeUnit(moved, ON_THE_DAY, Surroundings(is_parent_below=True))).refused(ParentIsBelow)


def test_an_unknown_unit_does_not_change() -> None:
    Scenario(UNIT).when(ChangeUnit(BECOMES_A_WARD, ON_THE_DAY)).refused(NotFound)


def test_messages_about_a_unit_are_routed_by_province_and_code() -> None:
    labels = UNIT.labels(UNIT.initial, UnitRegistered(TRANG_BOM))
    assert (labels.province, labels.unit, labels.released) == ("75", "26248", False)
