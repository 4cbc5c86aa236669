"""What comes in from one publisher: each message once, in the publisher's order, in a transaction with all that it causes.

Trusts no broker: duplicates fall to the publisher's seq, gaps are pulled from its log, and what can't be handled is parked
with all that follows about the same subject, so that the rest goes on.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import structlog

from .errors import AwaitsPrerequisite
from .event_store import Context, UnitOfWork, ids_by_cause, the_same_id
from .message import Envelope, read_envelope
from .postgres import PostgresStore

log = structlog.get_logger()

BATCH = 200
TRIES = 3

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
    """One publisher's messages into one service. `receive` is called by one task at a time."""

    def __init__(self, store: PostgresStore, consumption: Consumption, feed: Feed) -> None:
        self._store, self._consumption, self._feed = store, consumption, feed
        self._one_at_a_time = asyncio.Lock()
        self.publisher = consumption.publisher

    async def last_seq(self) -> int:
        found = await self._store.pool.fetchval("SELECT last_seq FROM inbox WHERE publisher = $1", self.publisher)
        return int(found or 0)

    async def receive(self, bodies: Sequence[bytes]) -> None:
        """Handles or parks every message; returns when that is committed."""
        async with self._one_at_a_time:
            last = await self.last_seq()
            news = {e.seq: e for e in _readable(bodies, self.publisher) if e.seq > last}
            if not news:
                return
            for batch in _batches(await self._without_gaps(last, news)):
                await self._apply(batch)

    async def catch_up(self) -> int:
        """Pulls and handles everything that the publisher's log has beyond this inbox; returns the seq reached."""
        async with self._one_at_a_time:
            last = await self.last_seq()
            while bodies := await self._feed.fetch(last, BATCH):
                await self._apply([_Arrived(read_envelope(body), body) for body in bodies])
                last = read_envelope(bodies[-1]).ledgerseq
            return last

    async def _without_gaps(self, last: int, news: dict[int, "_Arrived"]) -> list["_Arrived"]:
        highest = max(news)
        missing_after = last
        while missing_after < highest:
            if missing_after + 1 in news:
                missing_after += 1
                continue
            bodies = await self._feed.fetch(missing_after, BATCH)
            if not bodies:
                raise ConnectionError(f"the log of {self.publisher} does not have seq {missing_after + 1}")
            for arrived in (_Arrived(read_envelope(body), body) for body in bodies):
                if arrived.seq <= highest:
                    news[arrived.seq] = arrived
            log.info("gap healed", publisher=self.publisher, after=missing_after, count=len(bodies))
        return [news[seq] for seq in sorted(news)]

    async def _apply(self, batch: list["_Arrived"]) -> None:
        """A batch in one transaction; if that fails, its halves, so that one poisonous message fails alone."""
        try:
            await self._transact(batch)
        except Exception as failure:
            if len(batch) == 1:
                await self._try_again_or_park(batch[0], failure)
                return
            middle = len(batch) // 2
            await self._apply(batch[:middle])
            await self._apply(batch[middle:])

    async def _transact(self, batch: list["_Arrived"]) -> None:
        async with self._store.begin() as work:
            blocked = await self._blocked_subjects(work, batch)
            wanted = [one for one in batch if one.envelope.type in self._consumption.payloads]
            for one in wanted:
                if one.envelope.subject in blocked:
                    await self._park(work, one, f"behind an earlier message about {one.envelope.subject}", "behind", None, 0)
            free = [one for one in wanted if one.envelope.subject not in blocked]
            await self._handle(work, free)
            await self._move_to(work, batch[-1].seq)
        await self._release_those_waiting_for({one.envelope.subject for one in free})

    async def _handle(self, work: UnitOfWork, arrived: Sequence["_Arrived"]) -> None:
        if not arrived:
            return
        if self._consumption.locks_subjects:
            await work.lock([one.envelope.subject for one in arrived])
        payloads = self._consumption.payloads
        decoded: list[tuple[Envelope, Any]] = [
            (one.envelope, msgspec.json.decode(one.envelope.data, type=payloads[one.envelope.type])) for one in arrived
        ]
        await self._consumption.handle(work, decoded)

    async def _blocked_subjects(self, work: UnitOfWork, batch: list["_Arrived"]) -> set[str]:
        rows = await work.connection.fetch(
            "SELECT DISTINCT subject FROM parked WHERE ended_at IS NULL AND subject = ANY($1)", [one.envelope.subject for one in batch]
        )
        return {row["subject"] for row in rows}

    async def _move_to(self, work: UnitOfWork, seq: int) -> None:
        await work.connection.execute(
            "INSERT INTO inbox AS i VALUES ($1, $2) ON CONFLICT (publisher) DO UPDATE SET last_seq = excluded.last_seq"
            " WHERE i.last_seq < excluded.last_seq",
            self.publisher,
            seq,
        )

    async def _try_again_or_park(self, arrived: "_Arrived", failure: Exception) -> None:
        for attempt in range(2, TRIES + 1):
            if isinstance(failure, AwaitsPrerequisite):
                break
            if _is_of_the_connection(failure):
                raise failure
            await asyncio.sleep(random.uniform(0.01, 0.05) * attempt)
            try:
                await self._transact([arrived])
                return
            except Exception as again:
                failure = again
        waits_for = failure.subject if isinstance(failure, AwaitsPrerequisite) else None
        async with self._store.begin() as work:
            await self._park(work, arrived, repr(failure), fingerprint(failure), waits_for, TRIES)
            await self._move_to(work, arrived.seq)
        level = log.info if waits_for else log.error
        level("message parked", publisher=self.publisher, seq=arrived.seq, type=arrived.envelope.type, why=repr(failure))

    async def _park(self, work: UnitOfWork, arrived: "_Arrived", why: str, print_: str, waits_for: str | None, tries: int) -> None:
        envelope = arrived.envelope
        await work.connection.execute(
            "INSERT INTO parked (publisher, seq, event_id, type, subject, body, waits_for, reason, fingerprint, tries)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
            *(self.publisher, arrived.seq, envelope.id, envelope.type, envelope.subject, arrived.body, waits_for, why, print_, tries),
        )

    async def _release_those_waiting_for(self, subjects: Iterable[str]) -> None:
        rows = await self._store.pool.fetch(
            "SELECT DISTINCT subject FROM parked WHERE ended_at IS NULL AND publisher = $1 AND waits_for = ANY($2)",
            self.publisher,
            list(subjects),
        )
        for row in rows:
            await self.retry(row["subject"], by=self._store.service, why="what it waited for has come")

    async def release_ready(self, publisher_subjects: Iterable[str]) -> None:
        """Another inbox of this service has handled messages about these subjects: what waits here for one of them goes on."""
        async with self._one_at_a_time:
            await self._release_those_waiting_for(publisher_subjects)

    async def retry(self, subject: str, *, by: str, why: str) -> int:
        """Handles the parked messages about `subject` in their order, until one fails again; returns how many are done."""
        done = 0
        rows = await self._store.pool.fetch(
            "SELECT seq, body FROM parked WHERE ended_at IS NULL AND publisher = $1 AND subject = $2 ORDER BY seq", self.publisher, subject
        )
        for row in rows:
            try:
                await self._retry_one(row["seq"], row["body"], by, why)
            except Exception as failure:
                await self._note_failure(row["seq"], failure)
                break
            done += 1
        return done

    async def _retry_one(self, seq: int, body: bytes, by: str, why: str) -> None:
        async with self._store.begin() as work:
            still_open = await work.connection.fetchval(
                "UPDATE parked SET ended_at = clock_timestamp(), ended_how = 'handled', ended_by = $3, ended_why = $4"
                " WHERE publisher = $1 AND seq = $2 AND ended_at IS NULL RETURNING seq",
                *(self.publisher, seq, by, why),
            )
            if still_open is not None:
                await self._handle(work, [_Arrived(read_envelope(body), body)])

    async def _note_failure(self, seq: int, failure: Exception) -> None:
        waits_for = failure.subject if isinstance(failure, AwaitsPrerequisite) else None
        await self._store.pool.execute(
            "UPDATE parked SET tries = tries + 1, reason = $3, fingerprint = $4, waits_for = $5"
            " WHERE publisher = $1 AND seq = $2 AND ended_at IS NULL",
            *(self.publisher, seq, repr(failure), fingerprint(failure), waits_for),
        )

    async def drop(self, seq: int, *, by: str, why: str) -> bool:
        """Gives up one parked message, for a reason; False if it was not parked. What was behind it can then be retried."""
        dropped = await self._store.pool.fetchval(
            "UPDATE parked SET ended_at = clock_timestamp(), ended_how = 'dropped', ended_by = $3, ended_why = $4"
            " WHERE publisher = $1 AND seq = $2 AND ended_at IS NULL RETURNING seq",
            *(self.publisher, seq, by, why),
        )
        return dropped is not None


@dataclass(frozen=True)
class _Arrived:
    envelope: Envelope
    body: bytes

    @property
    def seq(self) -> int:
        return self.envelope.ledgerseq


def fingerprint(failure: BaseException) -> str:
    """Exception type and the innermost frame of our own: what failures have in common."""
    place = ""
    trace = failure.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "site-packages" not in code.co_filename:
            place = f"{code.co_qualname}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(failure).__name__} in {place}"


def _is_of_the_connection(failure: Exception) -> bool:
    """The database or a peer is away: not the message's fault, so the whole window is tried again later."""
    import asyncpg

    away = (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, asyncpg.AdminShutdownError)
    return isinstance(failure, away)


def _readable(bodies: Sequence[bytes], publisher: str) -> list[_Arrived]:
    """What can be read as messages. Anything else leaves a gap, which the publisher's log heals."""
    arrived = []
    for body in bodies:
        try:
            arrived.append(_Arrived(read_envelope(body), body))
        except msgspec.MsgspecError as failure:
            log.error("unreadable message", publisher=publisher, why=str(failure), beginning=body[:80].decode(errors="replace"))
    return arrived


def _batches(arrived: list[_Arrived]) -> Iterable[list[_Arrived]]:
    for start in range(0, len(arrived), BATCH):
        yield arrived[start : start + BATCH]


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
