"""What was stored once must be readable for ever: every shape ever shipped still decodes, folds and is published."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from contracts.registry import BY_TYPE
from kernel.message import canonical_message
from ktxh.documents.schemas import contract_schemas
from tests.contracts.services import SERVICES, STORED, deciders_of, publish_of, recorded, sample_event, types_of
from tests.contracts.stored import FOLDER, fixture_of

FILES = sorted(file.relative_to(FOLDER) for file in FOLDER.glob("*/*.json"))


def read(file: Path) -> Any:
    """The stored event in a fixture, as the store reads it."""
    name, version = file.stem.rsplit(".v", 1)
    return types_of(file.parent.name).decode(name, int(version), (FOLDER / file).read_bytes())


def test_there_are_shapes_to_try() -> None:
    assert {file.parent.name for file in FILES} == set(SERVICES)
    assert len(FILES) >= len(STORED)


@pytest.mark.parametrize(("service", "name"), STORED)
def test_every_stored_shape_has_a_fixture_of_every_version(service: str, name: str) -> None:
    """A new one is added by `python -m tests.contracts.stored`; those before it stay as they were written."""
    for version in range(1, types_of(service).by_name[name].VERSION + 1):
        assert fixture_of(service, name, version).exists()


@pytest.mark.parametrize("file", FILES, ids=str)
def test_every_shape_that_was_ever_shipped_is_still_known_and_reads_as_it_was_written(file: Path) -> None:
    event = read(file)
    assert file.stem.rsplit(".v", 1)[0] == type(event).TYPE
    if file.stem.endswith(f".v{type(event).VERSION}"):
        written = json.loads((FOLDER / file).read_bytes())
        assert written.items() <= json.loads(types_of(file.parent.name).encode(event)).items()


@pytest.mark.parametrize("file", FILES, ids=str)
def test_every_shape_that_was_ever_shipped_still_folds(file: Path) -> None:
    """From nothing, or after the event of the same service that founds its stream."""
    service, event = file.parent.name, read(file)
    assert any(_folds(service, [*before, event]) for before in _beginnings(service))


def _beginnings(service: str) -> Iterator[list[Any]]:
    yield []
    for file in FILES:
        if file.parent.name == service:
            yield [read(file)]


def _folds(service: str, events: list[Any]) -> bool:
    for decider in deciders_of(service):
        if all(type(event).TYPE in decider.types.by_name for event in events):
            try:
                decider.fold(events)
            except (AttributeError, KeyError, AssertionError, TypeError):
                continue  # a stream of another kind
            return True
    return False


@pytest.mark.parametrize(("service", "name"), STORED)
def test_every_stored_event_has_a_contract_that_its_schema_admits(service: str, name: str) -> None:
    event = sample_event(service, name)
    type_, payload = publish_of(service)(recorded(event))
    contract = BY_TYPE[type_]
    assert contract.publisher == service
    assert type(payload) is contract.payload
    assert msgspec.json.decode(msgspec.json.encode(payload), type=contract.payload) == payload
    Draft202012Validator(contract_schemas()[type_]).validate(json.loads(msgspec.json.encode(payload)))


@pytest.mark.parametrize(("service", "name"), STORED)
def test_every_stored_event_becomes_a_canonical_message(service: str, name: str) -> None:
    """Nothing in it that RFC 8785 would write otherwise, or that has no one way to be written."""
    one = recorded(sample_event(service, name))
    type_, payload = publish_of(service)(one)
    message = canonical_message(
        event_id=one.event_id,
        publisher=service,
        type=type_,
        stream_id=one.stream_id,
        stream_version=one.version,
        occurred_at=one.occurred_at,
        labels=one.labels,
        actor=one.actor,
        correlation_id=one.correlation_id,
        causation_id=one.causation_id,
        payload=payload,
    )
    assert msgspec.json.decode(json.dumps(json.loads(message)["data"]), type=BY_TYPE[type_].payload) == payload


def test_every_contract_is_said_by_a_stored_event_of_its_publisher() -> None:
    """A contract that nobody says is a promise without a keeper."""
    said = {publish_of(service)(recorded(sample_event(service, name)))[0] for service, name in STORED}
    assert said == set(BY_TYPE)
