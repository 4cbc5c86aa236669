"""What may happen to an indicator."""

import pytest
from msgspec.structs import replace

from kernel.testing import Scenario
from services.templates.commands import DefineIndicator
from services.templates.domain.indicator import INDICATOR, IndicatorIsIncomplete, SectorIsNotYours
from services.templates.events import IndicatorDefined

from .examples import INDICATORS

KHAM = INDICATORS["YT.KHAM"]


def test_a_new_indicator_is_defined() -> None:
    Scenario(INDICATOR).when(DefineIndicator(KHAM)).then(IndicatorDefined(KHAM))


def test_the_same_definition_again_is_nothing_new() -> None:
    Scenario(INDICATOR).given(IndicatorDefined(KHAM)).when(DefineIndicator(KHAM)).then()


def test_a_changed_definition_replaces_the_one_before() -> None:
    changed = replace(KHAM, decimals=1)
    Scenario(INDICATOR).given(IndicatorDefined(KHAM)).when(DefineIndicator(changed)).then(IndicatorDefined(changed))


def test_a_department_defines_only_what_is_of_its_sectors() -> None:
    Scenario(INDICATOR).when(DefineIndicator(KHAM, frozenset({"trade"}))).refused(SectorIsNotYours)


def test_a_department_does_not_take_an_indicator_from_another_sector() -> None:
    taken = DefineIndicator(replace(KHAM, sector="trade"), frozenset({"trade"}))
    Scenario(INDICATOR).given(IndicatorDefined(KHAM)).when(taken).refused(SectorIsNotYours)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(KHAM, name=" "), "name"),
        (replace(KHAM, unit_of_measure=""), "unit_of_measure"),
        (replace(KHAM, decimals=10), "decimals"),
        (replace(KHAM, minimum="5", maximum="4"), "minimum"),
        (replace(KHAM, maximum="1.234,5"), "maximum"),
        (replace(KHAM, maximum="NaN"), "maximum"),
        (replace(KHAM, jump="0"), "jump"),
    ],
)
def test_an_indicator_that_is_not_whole_is_refused(wrong: object, field: str) -> None:
    refusal = Scenario(INDICATOR).when(DefineIndicator(wrong)).refused(IndicatorIsIncomplete)  # type: ignore[arg-type]
    assert refusal.parameters["field"] == field
