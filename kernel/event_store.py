"""What an event store offers: load a stream, append to it in a transaction. Two stores do this alike: memory and PostgreSQL."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid5

import uuid_utils.compat as uuid_utils

from .decider import EventTypes, Labels
from .errors import Rejected

NAMESPACE = UUID("8f2b6a44-6d6b-5d8e-9d7c-0f4b1c6f52a1")
"""Of every name-based id in the system."""

MAX_PAYLOAD_BYTES = 2_000_000


class Conflict(Exception):
    """Somebody else appended first: the stream is at `current`, not at the version that was decided on."""

    def __init__(self, stream_id: str, expected: int, current: int) -> None:
        super().__init__(f"{stream_id} is at version {current}, not {expected}")
        self.stream_id, self.expected, self.current = stream_id, expected, current


class AlreadyAppended(Exception):
    """An event with this id is in the store: the same request again."""

    def __init__(self, event_id: UUID) -> None:
        super().__init__(str(event_id))
        self.event_id = event_id


class Interrupted(Exception):
    """The database undid the transaction for the sake of another (deadlock, serialisation): the same again may well succeed."""


class EventIsTooLarge(Rejected):
    status = 413
    title = "Dữ liệu của một lần ghi vượt quá 2 MB"


def uuid7() -> UUID:
    return uuid_utils.uuid7()


def _fresh(stream_id: str, n: int) -> UUID:
    return uuid7()


@dataclass(frozen=True)
class Context:
    """Who asks, when, and how the event ids come about. `now` is aware. `actor` is an opaque user id or a service's name."""

    actor: str
    now: datetime
    correlation_id: str
    causation_id: str = ""
    trace: str = ""
    event_id: Callable[[str, int], UUID] = field(default=_fresh, compare=False)
    request_hash: bytes | None = None  # SHA-256 of the request; set together with ids that a retry can meet
    is_repeatable: bool = False


def ids_by_key(caller: str, key: str) -> Callable[[str, int], UUID]:
    """Ids under which a retry with the same Idempotency-Key finds what the first attempt did."""
    return lambda stream_id, n: uuid5(NAMESPACE, f"{caller}/{key}/{n}")


def ids_by_cause(consumed: UUID, reaction: str) -> Callable[[str, int], UUID]:
    """Ids of what a reaction to the message `consumed` does, the same at every redelivery."""
    return lambda stream_id, n: uuid5(consumed, f"{reaction}/{stream_id}" + (f"/{n}" if n else ""))


def the_same_id(consumed: UUID) -> Callable[[str, int], UUID]:
    """A logged copy keeps the id of what it copies."""
    return lambda stream_id, n: consumed if n == 0 else uuid5(consumed, f"log/{stream_id}/{n}")


@dataclass(frozen=True)
class Recorded:
    """An event in its stream, with all that is known beside it."""

    event_id: UUID
    stream_id: str
    version: int
    occurred_at: datetime
    actor: str
    correlation_id: str
    causation_id: str
    labels: Labels
    event: Any
    request_hash: bytes | None = None


def to_record(stream_id: str, version: int, events: Sequence[tuple[Any, Labels]], context: Context) -> list[Recorded]:
    """The events as they come after `version`; the subject of a message is the stream, where its labels don't say another."""
    return [
        Recorded(
            event_id=context.event_id(stream_id, n),
            stream_id=stream_id,
            version=version + n + 1,
            occurred_at=context.now,
            actor=context.actor,
            correlation_id=context.correlation_id,
            causation_id=context.causation_id,
            labels=replace(labels, subject=labels.subject or stream_id),
            event=event,
            request_hash=context.request_hash,
        )
        for n, (event, labels) in enumerate(events)
    ]


Publish = Callable[[Recorded], tuple[str, Any]]
"""A stored event as its contract: (CloudEvents type, payload). Total: a stored type without a contract fails the tests."""


class UnitOfWork(Protocol):
    """One transaction: all of it is kept, or nothing."""

    async def lock(self, stream_ids: Sequence[str]) -> None:
        """Takes the streams' locks in one order for all, until the transaction ends."""

    def holds(self, stream_id: str) -> bool:
        """Whether this transaction has the stream's lock: nobody else appends to it until the end."""

    async def load(self, stream_id: str, types: EventTypes, after: int = 0) -> list[Recorded]:
        """The stream's events after version `after`, in order."""

    async def find(self, event_id: UUID, types: EventTypes) -> Recorded | None: ...

    async def append(self, stream_id: str, expected: int, events: Sequence[tuple[Any, Labels]], context: Context) -> list[Recorded]:
        """Appends at exactly version `expected`. Raises Conflict, AlreadyAppended, EventIsTooLarge."""

    @property
    def connection(self) -> Any:
        """Where projections write; None in memory."""

    states: dict[str, tuple[int, Any]]
    """(version, state) of the streams that this transaction has folded; kept by the store when it commits."""


class EventStore(Protocol):
    def begin(self) -> AbstractAsyncContextManager[UnitOfWork]: ...

    def remembered(self, stream_id: str) -> tuple[int, Any] | None:
        """The last state seen of the stream, which may be behind."""
