"""Each stored event as the contract that others know; enabling and ended sessions are changes of a user to them."""

from typing import Any, cast

from contracts.identity import (
    Grant as GrantV1,
)
from contracts.identity import (
    Succession as SuccessionV1,
)
from contracts.identity import (
    UnitChangedV1,
    UnitRegisteredV1,
    UnitsReorganisedV1,
    UserChangedV1,
    UserDisabledV1,
    UserRegisteredV1,
)
from kernel.errors import UnknownEvent
from kernel.event_store import Recorded

from .events import (
    Grant,
    SessionsEnded,
    UnitChanged,
    UnitFacts,
    UnitRegistered,
    UnitsReorganised,
    UserChanged,
    UserDisabled,
    UserEnabled,
    UserRegistered,
)

PREFIX = "vn.ktxh.identity."


def publish(recorded: Recorded) -> tuple[str, Any]:
    """(CloudEvents type, payload) of any event that identity stores."""
    match recorded.event:
        case UnitRegistered(unit):
            return PREFIX + "unit_registered.v1", UnitRegisteredV1(**_unit(unit))
        case UnitChanged(unit, changed_on):
            return PREFIX + "unit_changed.v1", UnitChangedV1(**_unit(unit), changed_on=changed_on)
        case UnitsReorganised() as said:
            return PREFIX + "units_reorganised.v1", _reorganised(said)
        case UserRegistered(user_id, grants):
            return PREFIX + "user_registered.v1", UserRegisteredV1(user_id, _grants(grants))
        case UserChanged(user_id, grants, not_before) | SessionsEnded(user_id, grants, not_before):
            return PREFIX + "user_changed.v1", UserChangedV1(user_id, _grants(grants), not_before)
        case UserEnabled(user_id, grants):
            return PREFIX + "user_changed.v1", UserChangedV1(user_id, _grants(grants))
        case UserDisabled(user_id, not_before):
            return PREFIX + "user_disabled.v1", UserDisabledV1(user_id, not_before)
        case other:
            raise UnknownEvent(f"no contract for {type(other).__name__}")


def _unit(unit: UnitFacts) -> dict[str, Any]:
    return {name: getattr(unit, name) for name in UnitFacts.__dataclass_fields__}


def _reorganised(said: UnitsReorganised) -> UnitsReorganisedV1:
    successions = tuple(SuccessionV1(one.from_unit, one.to_unit, one.whole, one.weight, one.acts) for one in said.successions)
    return UnitsReorganisedV1(said.reorganisation_id, said.effective_on, said.legal_document, said.ended, successions)


def _grants(grants: tuple[Grant, ...]) -> tuple[GrantV1, ...]:
    return tuple(GrantV1(cast(Any, grant.role), grant.unit_id, cast(Any, grant.sectors)) for grant in grants)
