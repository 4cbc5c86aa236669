"""An indicator: defined, and defined anew; a published template keeps its snapshot of it. Judges one definition alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from kernel.decider import Decider, Labels
from kernel.errors import Malformed, Rejected

from ..commands import DefineIndicator
from ..events import TYPES, Indicator, IndicatorDefined

MOST_DECIMALS = 9


class IndicatorIsIncomplete(Malformed):
    title = "Chỉ tiêu chưa khai báo đúng"


class SectorIsNotYours(Rejected):
    status = 403
    title = "Lĩnh vực không thuộc phạm vi phụ trách của đơn vị bạn"


@dataclass(frozen=True)
class IndicatorState:
    definition: Indicator | None = None


def decide(command: DefineIndicator, state: IndicatorState) -> Sequence[IndicatorDefined]:
    if command.indicator == state.definition:
        return []
    touched = [command.indicator, *([state.definition] if state.definition else [])]
    for one in touched:
        if command.sectors is not None and one.sector not in command.sectors:
            raise SectorIsNotYours(indicator=one.code, sector=one.sector)
    _refuse_incomplete(command.indicator)
    return [IndicatorDefined(command.indicator)]


def evolve(state: IndicatorState, event: IndicatorDefined) -> IndicatorState:
    return IndicatorState(event.indicator)


def labels(state: IndicatorState, event: Any) -> Labels:
    return Labels(sector=event.indicator.sector)


INDICATOR: Decider[IndicatorState, DefineIndicator] = Decider(IndicatorState(), decide, evolve, TYPES, labels)


def _refuse_incomplete(indicator: Indicator) -> None:
    for field, what in (("code", "mã"), ("name", "tên"), ("unit_of_measure", "đơn vị tính")):
        if not getattr(indicator, field).strip():
            raise IndicatorIsIncomplete(f"Chỉ tiêu “{indicator.code}” chưa có {what}", indicator=indicator.code, field=field)
    if not 0 <= indicator.decimals <= MOST_DECIMALS:
        message = f"Số chữ số thập phân của “{indicator.code}” phải từ 0 đến {MOST_DECIMALS}"
        raise IndicatorIsIncomplete(message, indicator=indicator.code, field="decimals")
    minimum, maximum = _decimal(indicator, "minimum"), _decimal(indicator, "maximum")
    jump = _decimal(indicator, "jump")
    if minimum is not None and maximum is not None and minimum > maximum:
        message = f"Giá trị nhỏ nhất của “{indicator.code}” lớn hơn giá trị lớn nhất"
        raise IndicatorIsIncomplete(message, indicator=indicator.code, field="minimum")
    if jump is not None and jump <= 0:
        message = f"Mức biến động cho phép của “{indicator.code}” phải lớn hơn 0"
        raise IndicatorIsIncomplete(message, indicator=indicator.code, field="jump")


def _decimal(indicator: Indicator, field: str) -> Decimal | None:
    text = getattr(indicator, field)
    if text is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise IndicatorIsIncomplete(f"“{text}” của “{indicator.code}” không phải là số", indicator=indicator.code, field=field)
    return number
