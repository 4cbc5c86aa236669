"""What comes in from one publisher: each message once, in the publisher's order, in a transaction with all that it causes.

Trusts no broker: duplicates fall to the publisher's seq, gaps are pulled from its log, and what can't be handled is parked
with all that follows about the same subject, so that the rest goes on.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any, Protocol

import msgspec
import structlog

from .errors import AwaitsPrerequisite, UnknownEvent
from .event_store import Conflict, Context, Interrupted, UnitOfWork, ids_by_cause, the_same_id
from .message import Envelope, read_envelope
from .parking import Arrived, Parking, fingerprint
from .postgres import PostgresStore, is_away

log = structlog.get_logger()

BATCH = 200
TRIES = 3
PATIENCE = 10  # times that a batch is begun again because the database preferred another

HandleBatch = Callable[[UnitOfWork, Sequence[tuple[Envelope, Any]]], Awaitable[None]]
"""Does everything that these messages cause, in the given transaction; payloads are decoded."""

React = Callable[[UnitOfWork, Envelope, Any], Awaitable[None]]


@dataclass(frozen=True)
class Consumption:
    """What a service takes from one publisher: payload types by CloudEvents type, and what it does with a batch of them."""

    publisher: str
    payloads: Mapping[str, type]
    handle: HandleBatch
    locks_subjects: bool = True


def one_by_one(publisher: str, reactions: Mapping[str, tuple[type, React]]) -> Consumption:
    """A consumption as a table: CloudEvents type → (payload, reaction)."""

    async def handle(work: UnitOfWork, messages: Sequence[tuple[Envelope, Any]]) -> None:
        for envelope, payload in messages:
            await reactions[envelope.type][1](work, envelope, payload)

    return Consumption(publisher, {name: payload for name, (payload, _) in reactions.items()}, handle)


class Feed(Protocol):
    """A publisher's own log: what heals a gap."""

    async def fetch(self, after: int, limit: int) -> list[bytes]:
        """Up to `limit` message bodies after seq `after`, in order."""


class Inbox:
    """One publisher's messages into one service.

    Several processes may have an inbox for the same publisher: the row of its position is locked first in every
    transaction, so what one of them has committed is a duplicate to the others.
    """

    def __init__(self, store: PostgresStore, consumption: Consumption, feed: Feed) -> None:
        self._store, self._consumption, self._feed = store, consumption, feed
        self._one_at_a_time = asyncio.Lock()
        self._heard: set[str] = set()
        self.publisher = consumption.publisher
        self._parking = Parking(store.pool, self.publisher)
        self._known = {_without_version(name) for name in consumption.payloads}

    async def last_seq(self) -> int:
        found = await self._store.pool.fetchval("SELECT last_seq FROM inbox WHERE publisher = $1", self.publisher)
        return int(found or 0)

    async def receive(self, bodies: Sequence[bytes]) -> None:
        """Handles or parks every message; returns when that is committed."""
        async with self._one_at_a_time:
            arrived = _readable(bodies, self.publisher)
            await self._take({one.seq: one for one in arrived})
            if len(arrived) < len(bodies):
                await self._pull()  # what could not be read may have been the last, which leaves no gap to see
            await self._release_those_waiting_for(self._heard)

    async def catch_up(self) -> int:
        """Pulls and handles everything that the publisher's log has beyond this inbox; returns the seq reached."""
        async with self._one_at_a_time:
            reached = await self._pull()
            await self._release_those_waiting_for(self._heard)
            return reached

    async def is_behind(self) -> bool:
        """Whether the publisher's log has more than has been handled here."""
        return bool(await self._feed.fetch(await self.last_seq(), 1))

    def take_heard(self) -> set[str]:
        """Subjects that were handled since this was asked last."""
        heard, self._heard = self._heard, set()
        return heard

    async def _pull(self) -> int:
        last = await self.last_seq()
        while bodies := await self._feed.fetch(last, BATCH):
            last = await self._take({one.seq: one for one in _logged(bodies)})
        return last

    async def _take(self, news: dict[int, Arrived]) -> int:
        """Handles these in their order; what is missing between them comes from the log. Returns the seq reached."""
        last = await self.last_seq()
        while news := {seq: one for seq, one in news.items() if seq > last}:
            if last + 1 not in news:
                news |= await self._missing(last)
            batch = [news[seq] for seq in takewhile(news.__contains__, range(last + 1, last + 1 + BATCH))]
            await self._apply(batch)
            last = batch[-1].seq
        return last

    async def _missing(self, last: int) -> dict[int, Arrived]:
        found = {one.seq: one for one in _logged(await self._feed.fetch(last, BATCH))}
        if last + 1 not in found:
            raise ConnectionError(f"the log of {self.publisher} does not have seq {last + 1}")
        log.info("gap healed", publisher=self.publisher, after=last, count=len(found))
        return found

    async def _apply(self, batch: list[Arrived]) -> None:
        """A batch in one transaction; if that fails, its halves, so that one poisonous message fails alone."""
        try:
            await _patiently(partial(self._transact, batch))
        except Exception as failure:
            if is_away(failure):
                raise
            if len(batch) == 1:
                await self._try_again_or_park(batch[0], failure)
                return
            middle = len(batch) // 2
            await self._apply(batch[:middle])
            await self._apply(batch[middle:])

    async def _transact(self, batch: list[Arrived]) -> None:
        async with self._store.begin() as work:
            news = await self._still_new(work, batch)
            wanted = [one for one in news if self._is_wanted(one)]
            blocked = await self._parking.blocked(work.connection, wanted) if wanted else set()
            for one in wanted:
                if one.subject in blocked:
                    await self._parking.put_behind(work.connection, one)
            free = [one for one in wanted if one.subject not in blocked]
            await self._handle(work, free)
            await self._move_to_the_end_of(work, news)
        self._heard.update(one.subject for one in free)

    async def _still_new(self, work: UnitOfWork, batch: list[Arrived]) -> list[Arrived]:
        """What of the batch no committed transaction has had, here or in another process. Locks the position until the end."""
        last = await self._position(work)
        news = [one for one in batch if one.seq > last]
        if news and news[0].seq != last + 1:
            raise ConnectionError(f"the position in {self.publisher} was moved back to {last}")
        return news

    async def _position(self, work: UnitOfWork) -> int:
        ask = "SELECT last_seq FROM inbox WHERE publisher = $1 FOR UPDATE"
        found = await work.connection.fetchval(ask, self.publisher)
        if found is None:
            await work.connection.execute("INSERT INTO inbox VALUES ($1, 0) ON CONFLICT DO NOTHING", self.publisher)
            found = await work.connection.fetchval(ask, self.publisher)
        return int(found)

    async def _move_to_the_end_of(self, work: UnitOfWork, news: list[Arrived]) -> None:
        if news:
            await work.connection.execute("UPDATE inbox SET last_seq = $2 WHERE publisher = $1", self.publisher, news[-1].seq)

    def _is_wanted(self, arrived: Arrived) -> bool:
        """Types that the service doesn't listen to pass by; another version of one that it does is not to be missed."""
        return _without_version(arrived.envelope.type) in self._known

    async def _handle(self, work: UnitOfWork, arrived: Sequence[Arrived]) -> None:
        if not arrived:
            return
        decoded = [(one.envelope, self._payload(one.envelope)) for one in arrived]
        if self._consumption.locks_subjects:
            await work.lock([one.subject for one in arrived])
        await self._consumption.handle(work, decoded)

    def _payload(self, envelope: Envelope) -> Any:
        expected = self._consumption.payloads.get(envelope.type)
        if expected is None:
            raise UnknownEvent(f"{envelope.type} is a version that this service doesn't know")
        return msgspec.json.decode(envelope.data, type=expected)

    async def _try_again_or_park(self, arrived: Arrived, failure: Exception) -> None:
        tries = 1
        while tries < TRIES and not isinstance(failure, AwaitsPrerequisite):
            await asyncio.sleep(random.uniform(0.01, 0.05) * tries)
            tries += 1
            try:
                await _patiently(partial(self._transact, [arrived]))
                return
            except Exception as again:
                failure = again
            if is_away(failure):
                raise failure
        if isinstance(failure, Interrupted):
            raise failure
        await self._park(arrived, failure, tries)

    async def _park(self, arrived: Arrived, failure: Exception, tries: int) -> None:
        async with self._store.begin() as work:
            news = await self._still_new(work, [arrived])
            for one in news:
                await self._parking.put(work.connection, one, failure, tries)
            await self._move_to_the_end_of(work, news)
        level = log.info if isinstance(failure, AwaitsPrerequisite) else log.error
        level("message parked", publisher=self.publisher, seq=arrived.seq, type=arrived.envelope.type, why=repr(failure))

    async def _release_those_waiting_for(self, subjects: Iterable[str]) -> None:
        wanted = list(subjects)
        for subject in await self._parking.waiting_for(wanted) if wanted else ():
            await self.retry(subject, by=self._store.service, why="what it waited for has come")

    async def release_ready(self, publisher_subjects: Iterable[str]) -> None:
        """Another inbox of this service has handled messages about these subjects: what waits here for one of them goes on."""
        await self._release_those_waiting_for(publisher_subjects)

    async def retry(self, subject: str, *, by: str, why: str) -> int:
        """Handles the parked messages about `subject` in their order, until one fails again; returns how many are done."""
        done = 0
        while (parked := await self._parking.first_about(subject)) is not None:
            arrived = Arrived(read_envelope(parked.body), parked.body)
            try:
                done += await _patiently(partial(self._retry_one, arrived, by, why))
            except Exception as failure:
                if is_away(failure):
                    raise
                await self._parking.note_failure(arrived.seq, failure)
                break
        return done

    async def _retry_one(self, arrived: Arrived, by: str, why: str) -> bool:
        async with self._store.begin() as work:
            await self._position(work)  # so that nothing new about the subject is parked behind it just now
            was_open = await self._parking.end(work.connection, arrived.seq, "handled", by, why)
            if was_open:
                await self._handle(work, [arrived])
        self._heard.add(arrived.subject)
        return was_open

    async def drop(self, seq: int, *, by: str, why: str) -> bool:
        """Gives up one parked message, for a reason; False if it was not parked. What was behind it can then be retried."""
        async with self._store.begin() as work:
            await self._position(work)
            return await self._parking.end(work.connection, seq, "dropped", by, why)


async def _patiently(transact: Callable[[], Awaitable[Any]]) -> Any:
    """Begins again where the database undid it, or somebody else appended first: no fault of the message's."""
    for attempt in range(1, PATIENCE):
        try:
            return await transact()
        except (Interrupted, Conflict):
            await asyncio.sleep(random.uniform(0.001, 0.01) * attempt)
    return await transact()


def _without_version(type_: str) -> str:
    return type_.rpartition(".v")[0] or type_


def _readable(bodies: Sequence[bytes], publisher: str) -> list[Arrived]:
    """What can be read as messages. The publisher's log heals the rest."""
    arrived = []
    for body in bodies:
        try:
            arrived.append(Arrived(read_envelope(body), body))
        except msgspec.MsgspecError as failure:
            log.error("unreadable message", publisher=publisher, why=str(failure), beginning=body[:80].decode(errors="replace"))
    return arrived


def _logged(bodies: Sequence[bytes]) -> list[Arrived]:
    return [Arrived(read_envelope(body), body) for body in bodies]


def caused_by(envelope: Envelope, reaction: str, *, keeps_id: bool = False) -> Context:
    """The context of what a message causes: its actor, moment and correlation, and ids that a redelivery meets again.

    `keeps_id`: the event is a logged copy under the message's own id.
    """
    return Context(
        actor=envelope.actor,
        now=envelope.time,
        correlation_id=envelope.correlationid,
        causation_id=str(envelope.id),
        trace=envelope.traceparent,
        event_id=the_same_id(envelope.id) if keeps_id else ids_by_cause(envelope.id, reaction),
    )


__all__ = ["BATCH", "Consumption", "Feed", "HandleBatch", "Inbox", "React", "caused_by", "fingerprint", "one_by_one"]
