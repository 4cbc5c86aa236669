"""Merges and splits."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from kernel.errors import NotFound
from kernel.testing import Scenario
from services.identity.commands import EnterWeights, Lifetime, Reorganise
from services.identity.domain.reorganisation import (
    REORGANISATION,
    OneSuccessorActs,
    ReorganisationIsEmpty,
    ReorganisationIsKnownOtherwise,
    SuccessionIsContradictory,
    SuccessorEnds,
    UnitIsNotInForce,
    WeightsDoNotFit,
)
from services.identity.domain.unit import LegalDocumentIsMissing
from services.identity.events import Succession, UnitsReorganised

THE_DAY = date(2025, 7, 1)
AN_NGHIA, AN_HUU, AN_HOA, GOES_ON = (UUID(int=n) for n in (1, 2, 3, 4))
OLD, NEW = Lifetime(date(2004, 7, 8)), Lifetime(THE_DAY)
UNITS = {AN_NGHIA: OLD, AN_HUU: OLD, AN_HOA: NEW, GOES_ON: OLD}


def reorganise(*successions: Succession, ended: tuple[UUID, ...] = (AN_NGHIA,), **more: object) -> Reorganise:
    command = Reorganise(UUID(int=9), THE_DAY, "1664/NQ-UBTVQH15", ended, successions, UNITS)
    return replace(command, **more)  # type: ignore[arg-type]


def said_by(command: Reorganise) -> UnitsReorganised:
    return UnitsReorganised(command.reorganisation_id, command.effective_on, command.legal_document, command.ended, command.successions)


MERGER = reorganise(Succession(AN_NGHIA, AN_HOA, whole=True), Succession(AN_HUU, AN_HOA, whole=True), ended=(AN_NGHIA, AN_HUU))
SPLIT = reorganise(Succession(AN_NGHIA, AN_HOA, whole=False), Succession(AN_NGHIA, GOES_ON, whole=False, acts=False))


@pytest.mark.parametrize("command", [MERGER, SPLIT], ids=["merger", "split"])
def test_units_go_into_others(command: Reorganise) -> None:
    Scenario(REORGANISATION).when(command).then(said_by(command))


def test_a_part_of_a_unit_that_goes_on_may_be_given_away() -> None:
    command = reorganise(Succession(GOES_ON, AN_HOA, whole=False, acts=False), ended=())
    Scenario(REORGANISATION).when(command).then(said_by(command))


def test_a_unit_may_end_without_a_successor() -> None:
    Scenario(REORGANISATION).when(reorganise()).then(said_by(reorganise()))


def test_saying_it_again_changes_nothing_even_after_weights_were_entered() -> None:
    said = said_by(SPLIT)
    weighted = replace(said, successions=tuple(replace(one, weight="0.5") for one in said.successions))
    Scenario(REORGANISATION).given(said, weighted).when(SPLIT).then()


def test_another_reorganisation_under_the_same_id_is_refused() -> None:
    other = replace(MERGER, effective_on=date(2026, 1, 1))
    Scenario(REORGANISATION).given(said_by(MERGER)).when(other).refused(ReorganisationIsKnownOtherwise)


def test_it_names_its_legal_document() -> None:
    Scenario(REORGANISATION).when(replace(MERGER, legal_document=" ")).refused(LegalDocumentIsMissing)


def test_it_names_at_least_one_unit() -> None:
    Scenario(REORGANISATION).when(reorganise(ended=())).refused(ReorganisationIsEmpty)


@pytest.mark.parametrize(
    ("unit", "life"),
    [
        (AN_NGHIA, None),
        (AN_NGHIA, Lifetime(THE_DAY)),
        (AN_NGHIA, Lifetime(date(2004, 7, 8), date(2024, 1, 1))),
        (AN_HOA, None),
        (AN_HOA, Lifetime(date(2025, 7, 2))),
        (AN_HOA, Lifetime(date(2004, 7, 8), THE_DAY)),
    ],
)
def test_units_that_end_and_units_that_follow_are_there_on_the_day(unit: UUID, life: Lifetime | None) -> None:
    units = {known: lived for known, lived in ({**UNITS, unit: life}).items() if lived is not None}
    Scenario(REORGANISATION).when(replace(MERGER, units=units)).refused(UnitIsNotInForce)


def test_units_that_were_registered_with_their_end_may_be_named_afterwards() -> None:
    units = {**UNITS, AN_NGHIA: Lifetime(date(2004, 7, 8), THE_DAY)}
    Scenario(REORGANISATION).when(replace(MERGER, units=units)).then(said_by(MERGER))


@pytest.mark.parametrize(
    "successions",
    [
        (Succession(AN_NGHIA, AN_NGHIA, whole=True),),
        (Succession(AN_NGHIA, AN_HOA, whole=True), Succession(AN_NGHIA, GOES_ON, whole=False, acts=False)),
        (Succession(AN_NGHIA, AN_HOA, whole=False), Succession(AN_NGHIA, AN_HOA, whole=False, acts=False)),
        (Succession(GOES_ON, AN_HOA, whole=True),),
    ],
    ids=["into itself", "whole into two", "the same pair twice", "whole, but goes on"],
)
def test_successions_do_not_contradict_each_other(successions: tuple[Succession, ...]) -> None:
    Scenario(REORGANISATION).when(reorganise(*successions)).refused(SuccessionIsContradictory)


def test_a_successor_does_not_end_on_the_same_day() -> None:
    Scenario(REORGANISATION).when(replace(MERGER, ended=(AN_NGHIA, AN_HUU, AN_HOA))).refused(SuccessorEnds)


@pytest.mark.parametrize("acting", [(True, True), (False, False)])
def test_exactly_one_successor_acts_for_a_split_unit(acting: tuple[bool, bool]) -> None:
    successions = (Succession(AN_NGHIA, AN_HOA, False, acts=acting[0]), Succession(AN_NGHIA, GOES_ON, False, acts=acting[1]))
    Scenario(REORGANISATION).when(reorganise(*successions)).refused(OneSuccessorActs)


def test_nobody_acts_for_a_unit_that_goes_on() -> None:
    command = reorganise(Succession(GOES_ON, AN_HOA, whole=False, acts=True), ended=())
    Scenario(REORGANISATION).when(command).refused(OneSuccessorActs)


@pytest.mark.parametrize(
    ("one", "other"), [("0.4", "0.5"), ("0.7", "0.7"), ("-0.1", "1.1"), ("NaN", "0.5"), ("một nửa", "0.5"), ("Infinity", "0")]
)
def test_weights_are_shares_that_add_up_to_one(one: str, other: str) -> None:
    weights = {(AN_NGHIA, AN_HOA): one, (AN_NGHIA, GOES_ON): other}
    Scenario(REORGANISATION).given(said_by(SPLIT)).when(EnterWeights(UUID(int=9), weights)).refused(WeightsDoNotFit)


def test_weights_are_entered_later_and_said_with_everything_else() -> None:
    weights = {(AN_NGHIA, AN_HOA): "0.6", (AN_NGHIA, GOES_ON): "0.4"}
    successions = tuple(replace(one, weight=weights[one.from_unit, one.to_unit]) for one in SPLIT.successions)
    expected = replace(said_by(SPLIT), successions=successions)
    Scenario(REORGANISATION).given(said_by(SPLIT)).when(EnterWeights(UUID(int=9), weights)).then(expected)


def test_the_same_weights_again_change_nothing() -> None:
    said = replace(said_by(SPLIT), successions=tuple(replace(one, weight="0.5") for one in SPLIT.successions))
    weights = {(AN_NGHIA, AN_HOA): "0.5"}
    Scenario(REORGANISATION).given(said).when(EnterWeights(UUID(int=9), weights)).then()


def test_weights_of_a_pair_that_is_none_are_refused() -> None:
    Scenario(REORGANISATION).given(said_by(SPLIT)).when(EnterWeights(UUID(int=9), {(AN_HUU, AN_HOA): "1"})).refused(NotFound)


def test_weights_of_an_unknown_reorganisation_are_refused() -> None:
    Scenario(REORGANISATION).when(EnterWeights(UUID(int=9), {})).refused(NotFound)
