"""What the five services store and say, found in their code."""

import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any, get_type_hints

import msgspec

from contracts.registry import BY_TYPE, LISTENERS
from kernel.decider import Decider, EventTypes, Labels
from kernel.event_store import Publish, Recorded
from kernel.testing import A_MOMENT
from tests.contracts.samples import SPACE, sample

SERVICES = tuple(LISTENERS)


def deciders_of(service: str) -> list[Decider[Any, Any]]:
    """Every decider in the service's domain; those that are made for one stream are made for a sample."""
    found: dict[int, Decider[Any, Any]] = {}
    for module in _modules(f"services.{service}.domain"):
        for name, value in vars(module).items():
            if isinstance(value, Decider):
                found[id(value)] = value
            elif name == "decider" and inspect.isfunction(value) and value.__module__ == module.__name__:
                made = value(*(sample(shape) for key, shape in get_type_hints(value).items() if key != "return"))
                found[id(value)] = made
    return list(found.values())


def _modules(name: str) -> Iterator[Any]:
    package = import_module(name)
    yield package
    for one in pkgutil.walk_packages(getattr(package, "__path__", []), f"{name}."):
        yield import_module(one.name)


def types_of(service: str) -> EventTypes:
    """Every stored shape of the service, as its store writes them."""
    all_of_them = [decider.types for decider in deciders_of(service)]
    largest = max(all_of_them, key=lambda types: len(types.by_name))
    assert all(types.by_name.items() <= largest.by_name.items() for types in all_of_them)
    return largest


def publish_of(service: str) -> Publish:
    found: Publish = import_module(f"services.{service}.publishing").publish
    return found


STORED = [(service, name) for service in SERVICES for name in sorted(types_of(service).by_name)]


def sample_event(service: str, name: str) -> Any:
    """A stored event with every field filled; of a logged copy, whose body is another service's payload, with such a payload."""
    event = sample(types_of(service).by_name[name])
    if isinstance(getattr(event, "body", None), dict):
        return replace(event, body=msgspec.to_builtins(sample(BY_TYPE[f"vn.ktxh.{name}.v1"].payload)))
    return event


def recorded(event: Any, labels: Labels | None = None) -> Recorded:
    return Recorded(SPACE, "stream/1", 1, A_MOMENT, "an", "c-1", "", labels or Labels("health", "52", "00001", subject="stream/1"), event)
