"""Every stored event as its contract."""

from dataclasses import fields, replace
from datetime import date
from uuid import UUID

import msgspec
import pytest

from contracts.registry import BY_TYPE
from kernel.decider import Labels
from kernel.event_store import Recorded
from kernel.testing import A_MOMENT
from services.identity import events
from services.identity.publishing import publish

THE_DAY = date(2025, 7, 1)
UNIT = events.UnitFacts(UUID(int=1), "52", "Gia Lai", "province", "Tỉnh", THE_DAY, None, "52", ("health",), 13.9, 108.0, "202/2025/QH15")
GRANTS = (events.Grant("verifier", UUID(int=1), ("health",)),)
SAID = [
    events.UnitRegistered(UNIT),
    events.UnitChanged(replace(UNIT, name="Gia Lai mới"), date(2026, 4, 30)),
    events.UnitsReorganised(UUID(int=9), THE_DAY, "1664", (UUID(int=2),), (events.Succession(UUID(int=2), UUID(int=1), True, "1"),)),
    events.UserRegistered(UUID(int=5), GRANTS),
    events.UserChanged(UUID(int=5), GRANTS, A_MOMENT),
    events.UserDisabled(UUID(int=5), A_MOMENT),
    events.UserEnabled(UUID(int=5), GRANTS),
    events.SessionsEnded(UUID(int=5), GRANTS, A_MOMENT),
]


def test_every_stored_event_is_among_these() -> None:
    assert {type(event) for event in SAID} == set(events.STORED)


@pytest.mark.parametrize("event", SAID, ids=lambda event: type(event).__name__)
def test_an_event_is_published_under_its_contract_and_survives_the_way(event: object) -> None:
    type_, payload = publish(Recorded(UUID(int=3), "s", 1, A_MOMENT, "a", "c", "", Labels(), event))
    contract = BY_TYPE[type_]
    assert type(payload) is contract.payload
    assert contract.publisher == "identity"
    assert msgspec.json.decode(msgspec.json.encode(payload), type=contract.payload) == payload


def test_a_changed_unit_is_said_whole() -> None:
    _, payload = publish(Recorded(UUID(int=3), "s", 1, A_MOMENT, "a", "c", "", Labels(), SAID[1]))
    assert (payload.name, payload.changed_on, payload.sectors, payload.code) == ("Gia Lai mới", date(2026, 4, 30), ("health",), "52")


def test_no_event_has_room_for_a_name_of_a_person_or_a_password() -> None:
    of_each = [{field.name for field in fields(event)} for event in events.STORED]
    of_users = set().union(*(names for names in of_each if "user_id" in names))
    assert of_users == {"user_id", "grants", "not_before"}
