"""What may become of a user's grants."""

from typing import Any
from uuid import UUID

import pytest

from kernel.errors import NotFound
from kernel.testing import A_MOMENT, Scenario
from services.identity.commands import ChangeGrants, DisableUser, EnableUser, EndSessions, RegisterUser, WithdrawEndedGrants
from services.identity.domain.user import (
    SYSTEM_UNIT,
    USER,
    GrantedUnitIsNotInForce,
    LastAdministrator,
    UserIsRegisteredOtherwise,
)
from services.identity.events import Grant, SessionsEnded, UserChanged, UserDisabled, UserEnabled, UserRegistered

WHO, QUY_NHON, PLEIKU = UUID(int=1), UUID(int=2), UUID(int=3)
ENTERS, LEADS, ADMINISTERS = Grant("data_entry", QUY_NHON), Grant("leader", QUY_NHON), Grant("administrator", SYSTEM_UNIT)
THERE = frozenset({QUY_NHON, PLEIKU})


def a_user(*grants: Grant) -> Scenario:
    return Scenario(USER).given(UserRegistered(WHO, grants))


def change(*grants: Grant, others: int = 1, there: frozenset[UUID] = THERE) -> ChangeGrants:
    return ChangeGrants(WHO, grants, there, A_MOMENT, others)


def test_a_user_may_hold_several_roles() -> None:
    Scenario(USER).when(RegisterUser(WHO, (ENTERS, LEADS), THERE)).then(UserRegistered(WHO, (ENTERS, LEADS)))


def test_the_same_grant_twice_is_one() -> None:
    narrowed = Grant("verifier", QUY_NHON, ("trade", "health", "trade"))
    tidy = Grant("verifier", QUY_NHON, ("health", "trade"))
    Scenario(USER).when(RegisterUser(WHO, (narrowed, ENTERS, tidy, ENTERS), THERE)).then(UserRegistered(WHO, (tidy, ENTERS)))


def test_registering_again_changes_nothing() -> None:
    a_user(ENTERS).when(RegisterUser(WHO, (ENTERS,), THERE)).then()


def test_registering_again_otherwise_is_refused() -> None:
    a_user(ENTERS).when(RegisterUser(WHO, (LEADS,), THERE)).refused(UserIsRegisteredOtherwise)


def test_a_grant_needs_a_unit_that_is_there() -> None:
    Scenario(USER).when(RegisterUser(WHO, (ENTERS,), frozenset())).refused(GrantedUnitIsNotInForce)


def test_administrators_belong_to_the_whole_system() -> None:
    Scenario(USER).when(RegisterUser(WHO, (ADMINISTERS,), frozenset())).then(UserRegistered(WHO, (ADMINISTERS,)))


def test_nobody_enters_figures_for_the_whole_system() -> None:
    Scenario(USER).when(RegisterUser(WHO, (Grant("data_entry", SYSTEM_UNIT),), THERE)).refused(GrantedUnitIsNotInForce)


def test_a_grant_that_is_added_ends_no_token() -> None:
    a_user(ENTERS).when(change(ENTERS, LEADS)).then(UserChanged(WHO, (ENTERS, LEADS), None))


def test_a_grant_that_is_taken_away_ends_the_tokens() -> None:
    a_user(ENTERS, LEADS).when(change(LEADS)).then(UserChanged(WHO, (LEADS,), A_MOMENT))


def test_fewer_sectors_end_the_tokens() -> None:
    narrowed = Grant("data_entry", QUY_NHON, ("health",))
    a_user(ENTERS).when(change(narrowed)).then(UserChanged(WHO, (narrowed,), A_MOMENT))


def test_the_same_grants_change_nothing() -> None:
    a_user(ENTERS, LEADS).when(change(ENTERS, LEADS)).then()


def test_a_grant_held_already_stays_valid_when_its_unit_has_ended() -> None:
    a_user(ENTERS).when(change(ENTERS, Grant("leader", PLEIKU), there=frozenset({PLEIKU}))).then(
        UserChanged(WHO, (ENTERS, Grant("leader", PLEIKU)), None)
    )


def test_the_last_administrator_stays_one() -> None:
    a_user(ADMINISTERS).when(change(ENTERS, others=0)).refused(LastAdministrator)


def test_an_administrator_may_step_back_where_there_is_another() -> None:
    a_user(ADMINISTERS).when(change(ENTERS, others=1)).then(UserChanged(WHO, (ENTERS,), A_MOMENT))


def test_the_last_administrator_cannot_be_disabled() -> None:
    a_user(ADMINISTERS).when(DisableUser(WHO, A_MOMENT, other_administrators=0)).refused(LastAdministrator)


def test_anybody_else_can_be_disabled() -> None:
    a_user(ENTERS).when(DisableUser(WHO, A_MOMENT, other_administrators=0)).then(UserDisabled(WHO, A_MOMENT))


def test_disabling_again_changes_nothing() -> None:
    a_user(ENTERS).given(UserDisabled(WHO, A_MOMENT)).when(DisableUser(WHO, A_MOMENT, 0)).then()


def test_a_disabled_administrator_does_not_count_as_the_last() -> None:
    a_user(ADMINISTERS).given(UserDisabled(WHO, A_MOMENT)).when(change(ENTERS, others=0)).then(UserChanged(WHO, (ENTERS,), A_MOMENT))


def test_a_disabled_user_can_be_enabled_with_his_grants() -> None:
    a_user(ENTERS).given(UserDisabled(WHO, A_MOMENT)).when(EnableUser(WHO)).then(UserEnabled(WHO, (ENTERS,)))


def test_enabling_who_is_enabled_changes_nothing() -> None:
    a_user(ENTERS).when(EnableUser(WHO)).then()


def test_grants_in_ended_units_fall_away_and_end_the_tokens() -> None:
    elsewhere = Grant("data_entry", PLEIKU)
    a_user(ENTERS, elsewhere).when(WithdrawEndedGrants(WHO, frozenset({QUY_NHON}), A_MOMENT)).then(UserChanged(WHO, (elsewhere,), A_MOMENT))


def test_administrating_does_not_hang_on_a_unit() -> None:
    here = Grant("administrator", QUY_NHON)
    a_user(here).when(WithdrawEndedGrants(WHO, frozenset({QUY_NHON}), A_MOMENT)).then()


def test_a_changed_password_ends_what_was_signed_in() -> None:
    a_user(ENTERS).when(EndSessions(WHO, A_MOMENT)).then(SessionsEnded(WHO, (ENTERS,), A_MOMENT))


@pytest.mark.parametrize(
    "command",
    [change(ENTERS), WithdrawEndedGrants(WHO, THERE, A_MOMENT), DisableUser(WHO, A_MOMENT, 1), EnableUser(WHO), EndSessions(WHO, A_MOMENT)],
    ids=lambda command: type(command).__name__,
)
def test_nothing_can_be_done_to_an_unknown_user(command: Any) -> None:
    Scenario(USER).when(command).refused(NotFound)
