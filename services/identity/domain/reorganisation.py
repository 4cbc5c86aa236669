"""Merges and splits: which units end, what they go into, who acts for them. Moves no figure itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, assert_never
from uuid import UUID

from kernel.decider import Decider, EventTypes
from kernel.errors import Malformed, NotFound, Rejected

from ..commands import EnterWeights, Lifetime, ReorganisationCommand, Reorganise
from ..events import STORED, Succession, UnitsReorganised
from .unit import LegalDocumentIsMissing


class ReorganisationIsKnownOtherwise(Rejected):
    title = "Lần sắp xếp này đã được ghi với nội dung khác"


class ReorganisationIsEmpty(Malformed):
    title = "Lần sắp xếp phải nêu ít nhất một đơn vị"


class UnitIsNotInForce(Rejected):
    title = "Có đơn vị không tồn tại tại thời điểm sắp xếp"


class SuccessorEnds(Rejected):
    title = "Đơn vị tiếp nhận lại nằm trong danh sách kết thúc"


class SuccessionIsContradictory(Malformed):
    title = "Quan hệ kế thừa mâu thuẫn: trùng cặp, vào chính nó, hoặc “toàn bộ” vào nhiều đơn vị"


class OneSuccessorActs(Rejected):
    title = "Mỗi đơn vị kết thúc phải có đúng một đơn vị kế thừa thay mặt xử lý báo cáo; đơn vị còn hoạt động thì không"


class WeightsDoNotFit(Malformed):
    title = "Trọng số phải từ 0 đến 1 và cộng lại bằng 1 cho mỗi đơn vị cũ"


@dataclass(frozen=True)
class Reorganisation:
    said: UnitsReorganised | None = None


def decide(command: ReorganisationCommand, state: Reorganisation) -> Sequence[Any]:
    match command:
        case Reorganise():
            return _reorganise(command, state)
        case EnterWeights():
            return _enter_weights(command, state)
        case _:
            assert_never(command)


def _reorganise(command: Reorganise, state: Reorganisation) -> Sequence[Any]:
    said = UnitsReorganised(
        command.reorganisation_id, command.effective_on, command.legal_document.strip(), command.ended, command.successions
    )
    if state.said is not None:
        if _without_weights(state.said) == _without_weights(said):
            return []
        raise ReorganisationIsKnownOtherwise()
    if not said.legal_document:
        raise LegalDocumentIsMissing()
    if not said.ended and not said.successions:
        raise ReorganisationIsEmpty()
    _successions_make_sense(said)
    _units_are_there(said, command)
    _one_acts(said)
    _weights_fit(said)
    return [said]


def _enter_weights(command: EnterWeights, state: Reorganisation) -> Sequence[Any]:
    if state.said is None:
        raise NotFound()
    known = {(one.from_unit, one.to_unit) for one in state.said.successions}
    if not known.issuperset(command.weights):
        raise NotFound()
    successions = tuple(
        replace(one, weight=command.weights.get((one.from_unit, one.to_unit), one.weight)) for one in state.said.successions
    )
    said = replace(state.said, successions=successions)
    _weights_fit(said)
    return [] if said == state.said else [said]


def _without_weights(said: UnitsReorganised) -> UnitsReorganised:
    """Weights entered since don't make it another reorganisation."""
    return replace(said, successions=tuple(replace(one, weight=None) for one in said.successions))


def _successions_make_sense(said: UnitsReorganised) -> None:
    pairs = [(one.from_unit, one.to_unit) for one in said.successions]
    targets = _by_origin(said.successions)
    is_split_whole = any(one.whole and len(targets[one.from_unit]) > 1 for one in said.successions)
    is_whole_of_living = any(one.whole and one.from_unit not in said.ended for one in said.successions)
    if len(set(pairs)) < len(pairs) or len(set(said.ended)) < len(said.ended):
        raise SuccessionIsContradictory()
    if any(origin == target for origin, target in pairs) or is_split_whole or is_whole_of_living:
        raise SuccessionIsContradictory()
    ending = set(said.ended)
    if any(one.to_unit in ending for one in said.successions):
        raise SuccessorEnds()


def _units_are_there(said: UnitsReorganised, command: Reorganise) -> None:
    missing = [unit for unit in said.ended if not _ends_then(command.units.get(unit), said)]
    origins = {one.from_unit for one in said.successions} - set(said.ended)
    missing += [unit for unit in origins | {one.to_unit for one in said.successions} if not _lives_on(command.units.get(unit), said)]
    if missing:
        raise UnitIsNotInForce(units=[str(unit) for unit in missing])


def _ends_then(life: Lifetime | None, said: UnitsReorganised) -> bool:
    return life is not None and life.valid_from < said.effective_on and life.ended_on in (None, said.effective_on)


def _lives_on(life: Lifetime | None, said: UnitsReorganised) -> bool:
    return life is not None and life.valid_from <= said.effective_on and (life.ended_on is None or life.ended_on > said.effective_on)


def _one_acts(said: UnitsReorganised) -> None:
    ended = set(said.ended)
    for origin, successions in _by_origin(said.successions).items():
        acting = sum(one.acts for one in successions)
        if acting != (1 if origin in ended else 0):
            raise OneSuccessorActs(unit_id=str(origin))


def _weights_fit(said: UnitsReorganised) -> None:
    for origin, successions in _by_origin(said.successions).items():
        weights = [_share(one) for one in successions if one.weight is not None]
        is_complete = len(weights) == len(successions) and origin in said.ended
        total = sum(weights, Decimal(0))
        if total > 1 or (is_complete and total != 1):
            raise WeightsDoNotFit(unit_id=str(origin), total=str(total))


def _share(succession: Succession) -> Decimal:
    try:
        share = Decimal(succession.weight or "")
    except InvalidOperation as failure:
        raise WeightsDoNotFit(weight=succession.weight) from failure
    if not share.is_finite() or not 0 <= share <= 1:
        raise WeightsDoNotFit(weight=succession.weight)
    return share


def _by_origin(successions: Sequence[Succession]) -> dict[UUID, list[Succession]]:
    found: dict[UUID, list[Succession]] = {}
    for one in successions:
        found.setdefault(one.from_unit, []).append(one)
    return found


def evolve(state: Reorganisation, event: Any) -> Reorganisation:
    return Reorganisation(event) if isinstance(event, UnitsReorganised) else state


REORGANISATION: Decider[Reorganisation, ReorganisationCommand] = Decider(Reorganisation(), decide, evolve, EventTypes(*STORED))
