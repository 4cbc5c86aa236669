"""The event store in memory, for tests of rules and reactions. Keeps nothing beyond its own life."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from .decider import EventTypes, Labels
from .event_store import MAX_PAYLOAD_BYTES, AlreadyAppended, Conflict, Context, EventIsTooLarge, Recorded, to_record


class MemoryStore:
    """All streams in a list; a transaction works on a copy that replaces it at commit."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self._states: dict[str, tuple[int, Any]] = {}
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator["_MemoryWork"]:
        async with self._one_at_a_time:
            work = _MemoryWork(list(self.events))
            yield work
            self.events = work.events
            self._states.update(work.states)

    def remembered(self, stream_id: str) -> tuple[int, Any] | None:
        return self._states.get(stream_id)


class _MemoryWork:
    def __init__(self, events: list[Recorded]) -> None:
        self.events = events
        self.states: dict[str, tuple[int, Any]] = {}
        self.connection = None

    async def lock(self, stream_ids: Sequence[str]) -> None:
        pass  # the store lets in one transaction at a time

    def holds(self, stream_id: str) -> bool:
        return True

    async def load(self, stream_id: str, types: EventTypes, after: int = 0) -> list[Recorded]:
        return [recorded for recorded in self.events if recorded.stream_id == stream_id and recorded.version > after]

    async def find(self, event_id: UUID, types: EventTypes) -> Recorded | None:
        return next((recorded for recorded in self.events if recorded.event_id == event_id), None)

    async def append(self, stream_id: str, expected: int, events: Sequence[tuple[Any, Labels]], context: Context) -> list[Recorded]:
        if any(len(EventTypes(type(event)).encode(event)) > MAX_PAYLOAD_BYTES for event, _ in events):
            raise EventIsTooLarge()
        current = len(await self.load(stream_id, EventTypes()))
        first_id = context.event_id(stream_id, 0)
        if any(recorded.event_id == first_id for recorded in self.events):
            raise AlreadyAppended(first_id)
        if current != expected:
            raise Conflict(stream_id, expected, current)
        recorded = to_record(stream_id, current, events, context)
        self.events.extend(recorded)
        return recorded
