"""A unit's life: registered, then changed from dates on. Its end is a reorganisation's to say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, assert_never

from kernel.decider import Decider, EventTypes, Labels
from kernel.errors import Malformed, NotFound, Rejected

from ..commands import ChangeUnit, RegisterUnit, Surroundings, UnitCommand
from ..events import STORED, UnitChanged, UnitFacts, UnitRegistered

CODE = re.compile(r"[0-9A-Za-z_-]{1,32}")  # a word of a routing key


class UnitIsRegisteredOtherwise(Rejected):
    title = "Đơn vị này đã được đăng ký với nội dung khác"


class CodeIsTaken(Rejected):
    title = "Mã đơn vị đã thuộc về đơn vị khác trong cùng thời gian"


class ParentIsNotInForce(Rejected):
    title = "Đơn vị cấp trên không tồn tại tại thời điểm này"


class ParentIsBelow(Rejected):
    title = "Đơn vị cấp trên không thể là chính đơn vị này hoặc đơn vị trực thuộc của nó"


class UnitHasEnded(Rejected):
    title = "Đơn vị đã kết thúc hoạt động trước ngày này"


class ChangePrecedesLatest(Rejected):
    title = "Ngày thay đổi phải sau lần thay đổi gần nhất của đơn vị"


class LegalDocumentIsMissing(Malformed):
    title = "Cần nêu văn bản pháp lý của thay đổi"


class UnitIsIncomplete(Malformed):
    title = "Đơn vị thiếu mã hoặc tên, hoặc mã có ký tự không hợp lệ"


@dataclass(frozen=True)
class Unit:
    """As first registered, as it is now, and since when."""

    registered: UnitFacts | None = None
    current: UnitFacts | None = None
    since: date | None = None


def decide(command: UnitCommand, state: Unit) -> Sequence[Any]:
    match command:
        case RegisterUnit():
            return _register(command, state)
        case ChangeUnit():
            return _change(command, state)
        case _:
            assert_never(command)


def _register(command: RegisterUnit, state: Unit) -> Sequence[Any]:
    if state.registered == command.unit:
        return []
    if state.registered is not None:
        raise UnitIsRegisteredOtherwise(fields=_different_fields(state.registered, command.unit))
    _is_complete(command.unit)
    ended_on = command.unit.ended_on
    if ended_on is not None and ended_on <= command.unit.valid_from:
        raise UnitHasEnded(ended_on=ended_on.isoformat())
    _fits(command.unit, command.around)
    return [UnitRegistered(command.unit)]


def _change(command: ChangeUnit, state: Unit) -> Sequence[Any]:
    if state.current is None or state.since is None:
        raise NotFound()
    if _is_what_it_was(command, state.current):
        return []
    _is_complete(command.unit)
    if command.changed_on < state.since:
        raise ChangePrecedesLatest(latest=state.since.isoformat())
    ended_on = command.around.ended_on or state.current.ended_on
    if ended_on is not None and command.changed_on >= ended_on:
        raise UnitHasEnded(ended_on=ended_on.isoformat())
    if _is_official(state.current, command.unit) and not command.unit.legal_document:
        raise LegalDocumentIsMissing()
    _fits(command.unit, command.around)
    return [UnitChanged(replace(command.unit, valid_from=state.current.valid_from, ended_on=ended_on), command.changed_on)]


def _is_what_it_was(command: ChangeUnit, current: UnitFacts) -> bool:
    """The same facts, whichever document is named for them."""
    return replace(command.unit, legal_document="", ended_on=None) == replace(current, legal_document="", ended_on=None)


def _is_official(before: UnitFacts, after: UnitFacts) -> bool:
    """Whether what the law fixes changes; sectors and coordinates are the province's own."""
    return (before.code, before.name, before.kind, before.level, before.parent_id) != (
        *(after.code, after.name, after.kind, after.level, after.parent_id),
    )


def _is_complete(unit: UnitFacts) -> None:
    if not unit.name.strip() or CODE.fullmatch(unit.code) is None:
        raise UnitIsIncomplete(code=unit.code, name=unit.name)


def _fits(unit: UnitFacts, around: Surroundings) -> None:
    if around.code_taken_by is not None:
        raise CodeIsTaken(code=unit.code, unit_id=str(around.code_taken_by))
    if unit.parent_id == unit.unit_id or around.is_parent_below:
        raise ParentIsBelow(parent_id=str(unit.parent_id))
    if unit.parent_id is not None and not around.is_parent_in_force:
        raise ParentIsNotInForce(parent_id=str(unit.parent_id))


def _different_fields(one: UnitFacts, other: UnitFacts) -> list[str]:
    return [name for name in UnitFacts.__dataclass_fields__ if getattr(one, name) != getattr(other, name)]


def evolve(state: Unit, event: Any) -> Unit:
    match event:
        case UnitRegistered(unit):
            return Unit(unit, unit, unit.valid_from)
        case UnitChanged(unit, changed_on):
            return Unit(state.registered, unit, changed_on)
        case _:
            return state


def labels(state: Unit, event: Any) -> Labels:
    unit: UnitFacts = event.unit
    return Labels(province=unit.province_code or "-", unit=unit.code)


UNIT: Decider[Unit, UnitCommand] = Decider(Unit(), decide, evolve, EventTypes(*STORED), labels)
