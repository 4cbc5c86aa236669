"""A user's grants and whether he may come in. Knows neither his name nor his password."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never
from uuid import UUID, uuid5

from kernel.decider import Decider, EventTypes
from kernel.errors import NotFound, Rejected
from kernel.event_store import NAMESPACE

from ..commands import ChangeGrants, DisableUser, EnableUser, EndSessions, RegisterUser, UserCommand, WithdrawEndedGrants
from ..events import STORED, Grant, SessionsEnded, UserChanged, UserDisabled, UserEnabled, UserRegistered

SYSTEM_UNIT = uuid5(NAMESPACE, "unit/system")
"""Stands for the whole system in grants of roles that belong to no unit."""

SYSTEM_ROLES = frozenset({"administrator", "operator"})


class UserIsRegisteredOtherwise(Rejected):
    title = "Người dùng này đã được đăng ký"


class UserIsDisabled(Rejected):
    title = "Tài khoản đang bị khóa"


class LastAdministrator(Rejected):
    title = "Đây là tài khoản quản trị cuối cùng; hệ thống luôn phải còn ít nhất một người quản trị"


class GrantedUnitIsNotInForce(Rejected):
    title = "Đơn vị được phân quyền không tồn tại hoặc đã kết thúc hoạt động"


@dataclass(frozen=True)
class User:
    grants: tuple[Grant, ...] | None = None
    is_disabled: bool = False

    @property
    def is_administrator(self) -> bool:
        return not self.is_disabled and _administers(self.grants or ())


def decide(command: UserCommand, state: User) -> Sequence[Any]:
    if isinstance(command, RegisterUser):
        return _register(command, state)
    if state.grants is None:
        raise NotFound()
    match command:
        case ChangeGrants():
            return _change_grants(command, state, state.grants)
        case WithdrawEndedGrants():
            return _withdraw_ended(command, state.grants)
        case DisableUser():
            return _disable(command, state)
        case EnableUser(user_id):
            return [UserEnabled(user_id, state.grants)] if state.is_disabled else []
        case EndSessions(user_id, not_before):
            return [SessionsEnded(user_id, state.grants, not_before)]
        case _:
            assert_never(command)


def _register(command: RegisterUser, state: User) -> Sequence[Any]:
    grants = _tidy(command.grants)
    if state.grants is not None:
        if state.grants == grants:
            return []
        raise UserIsRegisteredOtherwise()
    _units_are_there(grants, command.units_in_force)
    return [UserRegistered(command.user_id, grants)]


def _change_grants(command: ChangeGrants, state: User, before: tuple[Grant, ...]) -> Sequence[Any]:
    grants = _tidy(command.grants)
    if grants == before:
        return []
    new = tuple(grant for grant in grants if grant not in before)
    _units_are_there(new, command.units_in_force)
    if state.is_administrator and not _administers(grants) and command.other_administrators == 0:
        raise LastAdministrator()
    takes_away = not set(before) <= set(grants)
    return [UserChanged(command.user_id, grants, command.not_before if takes_away else None)]


def _withdraw_ended(command: WithdrawEndedGrants, before: tuple[Grant, ...]) -> Sequence[Any]:
    kept = tuple(grant for grant in before if grant.role in SYSTEM_ROLES or grant.unit_id not in command.ended_units)
    return [] if kept == before else [UserChanged(command.user_id, kept, command.not_before)]


def _disable(command: DisableUser, state: User) -> Sequence[Any]:
    if state.is_disabled:
        return []
    if state.is_administrator and command.other_administrators == 0:
        raise LastAdministrator()
    return [UserDisabled(command.user_id, command.not_before)]


def _administers(grants: Sequence[Grant]) -> bool:
    return any(grant.role == "administrator" for grant in grants)


def _units_are_there(grants: Sequence[Grant], in_force: frozenset[UUID]) -> None:
    for grant in grants:
        is_of_the_system = grant.unit_id == SYSTEM_UNIT and grant.role in SYSTEM_ROLES
        if not is_of_the_system and grant.unit_id not in in_force:
            raise GrantedUnitIsNotInForce(unit_id=str(grant.unit_id))


def _tidy(grants: Sequence[Grant]) -> tuple[Grant, ...]:
    """Each grant once, sectors in one order; the person's own order of grants stays."""
    return tuple(dict.fromkeys(replace(grant, sectors=tuple(sorted(set(grant.sectors)))) for grant in grants))


def evolve(state: User, event: Any) -> User:
    match event:
        case UserRegistered(_, grants):
            return User(grants)
        case UserChanged(_, grants):
            return replace(state, grants=grants)
        case UserDisabled():
            return replace(state, is_disabled=True)
        case UserEnabled():
            return replace(state, is_disabled=False)
        case _:
            return state


USER: Decider[User, UserCommand] = Decider(User(), decide, evolve, EventTypes(*STORED))
