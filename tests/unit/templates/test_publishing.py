"""Every stored event has a contract, and every contract can be read."""

from dataclasses import fields
from datetime import date
from typing import Any

import msgspec
import pytest

from contracts.registry import BY_TYPE
from contracts.templates import AddingUp, IndicatorDefinedV1, TemplateV1
from kernel.decider import SYSTEM
from kernel.event_store import Recorded, uuid7
from kernel.testing import A_MOMENT
from services.templates.events import (
    TYPES,
    AssignmentCancelled,
    AssignmentClosed,
    AssignmentReopened,
    DueDateChanged,
    Indicator,
    IndicatorDefined,
    ReportAssigned,
    ReportMoved,
    Template,
    TemplatePublished,
    TextErased,
)
from services.templates.publishing import as_contract, publish

from .examples import HEALTH, INDICATORS, NORTH, an_id, published

REPORT, ID, DAY = an_id("báo cáo"), an_id("đợt giao"), date(2026, 3, 17)
EVENTS: tuple[Any, ...] = (
    IndicatorDefined(INDICATORS["YT.KHAM"]),
    TemplatePublished(published(version=1)),
    ReportAssigned(REPORT, ID, "YT-T", 1, "2026-03", NORTH, DAY, DAY, DAY, HEALTH, "health", "52", "23601", DAY, HEALTH),
    DueDateChanged(REPORT, ID, NORTH, DAY, DAY, "vì"),
    AssignmentCancelled(REPORT, ID, NORTH, "vì"),
    AssignmentClosed(REPORT, ID, NORTH, True),
    AssignmentReopened(REPORT, ID, NORTH, "vì"),
    ReportMoved(REPORT, NORTH, "YT-T", "2026-03", 2),
    TextErased(REPORT, "vì"),
)


def recorded(event: Any) -> Recorded:
    return Recorded(uuid7(), "assignment/1", 1, A_MOMENT, "ai đó", "c", "", SYSTEM, event)


def test_every_stored_type_is_among_the_examples() -> None:
    assert {type(event) for event in EVENTS} == set(TYPES.by_name.values())


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_a_stored_event_is_published_as_its_contract(event: Any) -> None:
    type_, payload = publish(recorded(event))
    contract = BY_TYPE[type_]
    assert isinstance(payload, contract.payload)
    assert contract.publisher == "templates"
    assert msgspec.json.decode(msgspec.json.encode(payload), type=contract.payload) == payload


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_a_stored_event_is_read_as_it_was_written(event: Any) -> None:
    assert TYPES.decode(event.TYPE, event.VERSION, TYPES.encode(event)) == event


def test_an_assigned_report_says_all_that_others_need() -> None:
    _, payload = publish(recorded(EVENTS[2]))
    assert (payload.report_id, payload.unit_id, payload.entered_by, payload.due_on) == (REPORT, NORTH, HEALTH, DAY)


def test_the_contract_of_a_template_knows_how_cells_are_added_up() -> None:
    contract = as_contract(published(version=1))
    assert isinstance(contract, TemplateV1)
    assert contract.adding_up("kham.th") == AddingUp()
    assert isinstance(contract.indicators["YT.KHAM"], IndicatorDefinedV1)


def test_stored_shapes_have_the_fields_of_their_contracts() -> None:
    assert set(Template.__struct_fields__) == set(TemplateV1.__struct_fields__)
    assert set(Indicator.__struct_fields__) == set(IndicatorDefinedV1.__struct_fields__)
    assert {one.name for one in fields(ReportAssigned)} >= {"report_id", "closes_on", "entered_by"}
