"""Deciders' stored shapes: every version ever shipped is read, nothing unknown is."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from kernel.decider import Decider, EventTypes
from kernel.errors import Rejected, UnknownEvent
from kernel.testing import Scenario


@dataclass(frozen=True)
class Painted:
    TYPE: ClassVar[str] = "painted"
    VERSION: ClassVar[int] = 3
    colour: str
    coats: int


def named(raw: dict[str, Any]) -> dict[str, Any]:
    return {"colour": raw["color"]}


def counted(raw: dict[str, Any]) -> dict[str, Any]:
    return {**raw, "coats": 1}


TYPES = EventTypes(Painted, upcasters={("painted", 1): named, ("painted", 2): counted})


def test_every_older_shape_is_lifted_step_by_step() -> None:
    assert TYPES.decode("painted", 1, b'{"color":"red"}') == Painted("red", 1)
    assert TYPES.decode("painted", 2, b'{"colour":"red"}') == Painted("red", 1)
    assert TYPES.decode("painted", 3, TYPES.encode(Painted("red", 2))) == Painted("red", 2)


@pytest.mark.parametrize(("name", "version"), [("painted", 4), ("varnished", 1)])
def test_an_unknown_type_or_version_is_never_skipped(name: str, version: int) -> None:
    with pytest.raises(UnknownEvent):
        TYPES.decode(name, version, b"{}")


def test_a_version_that_nothing_lifts_is_unknown() -> None:
    with pytest.raises(UnknownEvent, match="v2 to v3"):
        EventTypes(Painted, upcasters={("painted", 1): named}).decode("painted", 1, b'{"color":"red"}')


def test_two_classes_of_one_stored_name_are_refused() -> None:
    with pytest.raises(ValueError, match="share"):
        EventTypes(Painted, Painted)


def test_an_event_of_another_service_is_not_written() -> None:
    with pytest.raises(UnknownEvent):
        EventTypes().encode(Painted("red", 1))


class AlreadyDry(Rejected):
    title = "Đã khô"


def decide(command: int, state: int) -> list[Painted]:
    if state > 2:
        raise AlreadyDry(coats=state)
    return [Painted("red", command)] if command else []


WALL: Decider[int, int] = Decider(0, decide, lambda state, event: state + event.coats, TYPES)


def test_a_scenario_tells_what_happened_what_did_not_and_what_was_refused() -> None:
    Scenario(WALL).when(1).then(Painted("red", 1))
    Scenario(WALL).when(0).then()
    refusal = Scenario(WALL).given(Painted("red", 3)).when(1).refused(AlreadyDry)
    assert refusal.parameters == {"coats": 3}
    assert Scenario(WALL).given(Painted("red", 1)).when(2).state == 3


def test_a_scenario_fails_where_its_rule_was_not_broken() -> None:
    with pytest.raises(AssertionError, match="not refused"):
        Scenario(WALL).when(1).refused(AlreadyDry)
    with pytest.raises(AssertionError, match="refused"):
        Scenario(WALL).given(Painted("red", 3)).when(1).then()


def test_a_rule_is_called_in_urls_as_its_class_is_named() -> None:
    assert AlreadyDry.rule() == "already-dry"
