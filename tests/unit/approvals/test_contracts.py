"""Every stored event has its contract, and says what was stored."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from contracts.registry import BY_TYPE
from kernel.decider import Labels
from kernel.event_store import Recorded
from services.approvals.domain import TYPES
from services.approvals.events import ReminderSent, ReopeningRefused, TextErased
from services.approvals.publishing import publish

from .people import (
    COMMUNE,
    HEAD,
    KEY,
    REOPENING,
    VERIFIER,
    an_id,
    approved,
    granted,
    rejected,
    requested,
    returned,
    sent,
    verified,
    withdrawn,
)

EVENTS = [
    sent(last=True),
    rejected(),
    verified(),
    returned(cells=("a.b",), due_on=date(2026, 4, 20)),
    approved(),
    withdrawn(had_been_sent=True),
    requested(),
    granted(due_on=date(2026, 5, 20)),
    ReopeningRefused(**KEY, reopening_id=REOPENING, revision=1, decided_by=HEAD, reason="r"),
    ReminderSent(**KEY, to_unit=COMMUNE, to_role="leader", sent_by=VERIFIER, text="t"),
    TextErased(an_id("note"), "r"),
]


def test_every_stored_event_is_published() -> None:
    assert {type(event).__name__ for event in EVENTS} == {type_.__name__ for type_ in TYPES.by_name.values()}


def as_recorded(event: Any) -> Recorded:
    return Recorded(an_id("event"), "report/1", 1, datetime(2026, 4, 10, tzinfo=UTC), "a", "c", "", Labels(), event)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_the_contract_says_what_was_stored(event: Any) -> None:
    type_, said = publish(as_recorded(event))
    assert type(said) is BY_TYPE[type_].payload
    for name in ("report_id", "template", "period", "unit_id", "revision", "step", "cells", "reason", "due_on", "last", "had_been_sent"):
        if hasattr(event, name):
            assert getattr(said, name) == getattr(event, name)


def test_people_are_named_by_their_ids() -> None:
    assert [publish(as_recorded(event))[1].decided_by for event in (approved(), granted())] == [UUID(HEAD)] * 2  # type: ignore[attr-defined]
    assert publish(as_recorded(requested()))[1].requested_by == an_id("officer")  # type: ignore[attr-defined]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_what_is_stored_is_read_back(event: Any) -> None:
    assert TYPES.decode(event.TYPE, event.VERSION, TYPES.encode(event)) == event
