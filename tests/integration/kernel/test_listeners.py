"""The five services as they are: each listens to whom the contracts say, and reads every message as the contract that it is."""

import json
from importlib import import_module
from typing import Any

import msgspec
import pytest

from contracts.registry import BY_TYPE, LISTENERS
from tests.contracts.samples import sample
from tests.integration.harness import service_under_test


@pytest.mark.parametrize("name", LISTENERS)
async def test_a_service_listens_to_whom_the_contracts_say_and_reads_what_they_say(postgres_url: str, name: str) -> None:
    create_app = import_module(f"services.{name}.main").create_app
    async with service_under_test(create_app, name, postgres_url) as service:
        inboxes = service.runtime.inboxes
        assert set(inboxes) == {publisher for publisher, listeners in LISTENERS.items() if name in listeners}
        for publisher, inbox in inboxes.items():
            payloads = inbox._consumption.payloads
            assert payloads
            for type_, payload in payloads.items():
                contract = BY_TYPE[type_]
                assert contract.publisher == publisher
                assert_reads(payload, sample(contract.payload))


def assert_reads(payload: type, said: Any) -> None:
    """A reader may take fewer fields than the contract has, each as it was said."""
    whole = json.loads(msgspec.json.encode(said))
    part = json.loads(msgspec.json.encode(msgspec.json.decode(msgspec.json.encode(said), type=payload)))
    taken = {name: value for name, value in part.items() if name in whole}
    assert taken
    assert taken == {name: whole[name] for name in taken}
    assert set(part) <= set(type(said).__struct_fields__)
