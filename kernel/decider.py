"""The decider: what may be asked and what then has happened, as pure functions. Knows no database, no clock, no transport."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from .errors import UnknownEvent


class Event(Protocol):
    """A stored event: a frozen dataclass with a literal type name and an integer version of its shape."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int]


S = TypeVar("S")
C = TypeVar("C")

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class EventTypes:
    """The stored shapes of one service: writes payloads, reads every shape ever shipped. An unknown type or version raises."""

    def __init__(self, *events: type[Event], upcasters: dict[tuple[str, int], Upcaster] | None = None) -> None:
        self.by_name = {event.TYPE: event for event in events}
        if len(self.by_name) != len(events):
            raise ValueError("two event classes share a stored type name")
        self._upcasters = upcasters or {}

    def encode(self, event: Event) -> bytes:
        if self.by_name.get(event.TYPE) is not type(event):
            raise UnknownEvent(f"{type(event).__name__} is not among this service's stored events")
        return msgspec.json.encode(event)

    def decode(self, name: str, version: int, payload: bytes | str) -> Any:
        event = self.by_name.get(name)
        if event is None or version > event.VERSION:
            raise UnknownEvent(f"stored event {name} v{version} is unknown")
        if version == event.VERSION:
            return msgspec.json.decode(payload, type=event)
        raw = msgspec.json.decode(payload)
        for step in range(version, event.VERSION):
            upcast = self._upcasters.get((name, step))
            if upcast is None:
                raise UnknownEvent(f"nothing brings stored event {name} from v{step} to v{step + 1}")
            raw = upcast(raw)
        return msgspec.convert(raw, type=event)


@dataclass(frozen=True)
class Labels:
    """What the event row says beside the payload: for routing, for whom, and about what. `-` is an empty place."""

    sector: str = "system"
    province: str = "-"
    unit: str = "-"
    released: bool = False
    subject: str = ""  # of the message, where it isn't the stream


SYSTEM = Labels()


@dataclass(frozen=True)
class Decider(Generic[S, C]):
    """`decide(command, state)` returns what happens or raises `Rejected`; `evolve(state, event)` never fails.

    `labels(state_before, event)` says how the event is routed and whether departments may have it.
    """

    initial: S
    decide: Callable[[C, S], Sequence[Any]]
    evolve: Callable[[S, Any], S]
    types: EventTypes
    labels: Callable[[S, Any], Labels] = field(default=lambda state, event: SYSTEM)

    def fold(self, events: Sequence[Any], state: S | None = None) -> S:
        """The state after `events`, starting from `state` or from nothing."""
        current = self.initial if state is None else state
        for event in events:
            current = self.evolve(current, event)
        return current
