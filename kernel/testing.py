"""For tests only: scenarios over deciders, a clock that is set, a spy on what was appended, and waiting for conditions."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from .decider import Decider
from .errors import Rejected
from .event_store import NAMESPACE, Context
from .message import Envelope, canonical_message, read_envelope, sequenced

A_MOMENT = datetime(2026, 4, 10, 1, 0, tzinfo=UTC)  # 08:00 in Việt Nam


class FakeClock:
    """Says the moment that it was set to."""

    def __init__(self, now: datetime = A_MOMENT) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


def context(actor: str = "tester", now: datetime = A_MOMENT, **more: Any) -> Context:
    return Context(actor=actor, now=now, correlation_id="test", **more)


@dataclass
class Scenario:
    """given(events) → when(command) → then(events) | refused(rule). `then()` with no arguments means that nothing happened."""

    decider: Decider[Any, Any]
    state: Any = None
    happened: Sequence[Any] = ()
    refusal: Rejected | None = None

    def given(self, *events: Any) -> "Scenario":
        return Scenario(self.decider, self.decider.fold(events, self.state))

    def when(self, command: Any) -> "Scenario":
        state = self.decider.initial if self.state is None else self.state
        try:
            happened = list(self.decider.decide(command, state))
        except Rejected as refusal:
            return Scenario(self.decider, state, (), refusal)
        return Scenario(self.decider, self.decider.fold(happened, state), happened)

    def then(self, *events: Any) -> "Scenario":
        assert self.refusal is None, f"refused: {self.refusal!r}"
        assert list(self.happened) == list(events)
        return self

    def refused(self, rule: type[Rejected]) -> Rejected:
        assert self.refusal is not None, f"not refused; happened: {self.happened}"
        assert type(self.refusal) is rule, f"refused by {type(self.refusal).__name__}, not by {rule.__name__}"
        return self.refusal


class EventSpy:
    """The messages of a service's log, for looking at what a call has caused."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger

    async def messages(self, type_: str | None = None) -> list[Envelope]:
        found = [read_envelope(entry.body) async for entry in self._ledger.read_all()]
        return [envelope for envelope in found if type_ is None or envelope.type == type_]


class Publisher:
    """Plays another service: makes its messages, numbered as it would number them."""

    def __init__(self, name: str) -> None:
        self.name, self.seq = name, 0
        self.bodies: list[bytes] = []

    def says(
        self, type_: str, subject: str, payload: Any, *, event_id: UUID | None = None, labels: Any = None, actor: str = "tester"
    ) -> bytes:
        """The next message of this publisher, as it would arrive."""
        from .decider import Labels

        self.seq += 1
        canonical = canonical_message(
            event_id=event_id or uuid5(NAMESPACE, f"{self.name}/{self.seq}"),
            publisher=self.name,
            type=type_,
            stream_id=subject,
            stream_version=1,
            occurred_at=A_MOMENT,
            labels=labels or Labels(),
            actor=actor,
            correlation_id="test",
            causation_id="",
            payload=payload,
        )
        body = sequenced(canonical, seq=self.seq, sector_seq=None, event_hash=None, trace="")
        self.bodies.append(body)
        return body

    async def fetch(self, after: int, limit: int) -> list[bytes]:
        """The publisher's log, as an inbox pulls it."""
        return self.bodies[after : after + limit]


async def eventually(holds: Callable[[], Awaitable[Any]], seconds: float = 10.0) -> Any:
    """What `holds` returns once it is truthy (or raises no AssertionError). Fails with its last word at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        last: BaseException | None = None
        try:
            found = await holds()
            if found:
                return found
        except AssertionError as failure:
            last = failure
        if time.monotonic() > deadline:
            raise AssertionError(f"did not hold within {seconds} s") from last
        await asyncio.sleep(0.01)
