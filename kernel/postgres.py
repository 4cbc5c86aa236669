"""The event store on PostgreSQL: one SQL function appends, per-stream locks order writers, projections share the transaction."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg

from .decider import EventTypes, Labels
from .event_store import MAX_PAYLOAD_BYTES, AlreadyAppended, Conflict, Context, EventIsTooLarge, Interrupted, Publish, Recorded, to_record
from .message import canonical_message, routing_key

_COLUMNS = (
    "event_id, stream_id, stream_version, type, schema_version, occurred_at, actor, correlation_id, causation_id,"
    " sector, province, unit, subject, released, payload, request_hash"
)
_LOAD = f"SELECT {_COLUMNS} FROM event WHERE stream_id = $1 AND stream_version > $2 ORDER BY stream_version"
_FIND = f"SELECT {_COLUMNS} FROM event WHERE event_id = $1"
_APPEND = (
    "SELECT outcome, at_version FROM append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
)

STATES_REMEMBERED = 256

AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # of a connection that the server ends at this very moment
)


def is_away(failure: BaseException) -> bool:
    """The database or a peer doesn't answer now: the fault of no command and of no message."""
    if isinstance(failure, asyncpg.InterfaceError):
        return "clos" in str(failure)  # of a connection or pool; its other messages tell of wrong calls
    return isinstance(failure, AWAY)


class PostgresStore:
    """`publish` maps a stored event to its contract; `appended` is called after each commit that appended something."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", service: str, publish: Publish, types: EventTypes) -> None:
        self.pool, self.service, self.publish, self.types = pool, service, publish, types
        self._states: OrderedDict[str, tuple[int, Any]] = OrderedDict()
        self._listeners: list[Any] = []

    def on_append(self, wake: Any) -> None:
        """Calls `wake()` after every commit that appended."""
        self._listeners.append(wake)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator["PostgresWork"]:
        try:
            async with self.pool.acquire() as connection, connection.transaction():
                work = PostgresWork(connection, self)
                yield work
        except asyncpg.TransactionRollbackError as failure:
            raise Interrupted(str(failure)) from failure
        self._remember(work.states)
        if work.has_appended:
            for wake in self._listeners:
                wake()

    def remembered(self, stream_id: str) -> tuple[int, Any] | None:
        return self._states.get(stream_id)

    def _remember(self, states: dict[str, tuple[int, Any]]) -> None:
        for stream_id, (version, state) in states.items():
            known = self._states.get(stream_id)
            if known is None or known[0] <= version:
                self._states[stream_id] = (version, state)
                self._states.move_to_end(stream_id)
        while len(self._states) > STATES_REMEMBERED:
            self._states.popitem(last=False)


class PostgresWork:
    """One transaction on one connection."""

    def __init__(self, connection: Any, store: PostgresStore) -> None:
        self.connection = connection
        self._store = store
        self.states: dict[str, tuple[int, Any]] = {}
        self.has_appended = False
        self._locked: set[str] = set()

    async def lock(self, stream_ids: Sequence[str]) -> None:
        wanted = [stream_id for stream_id in stream_ids if stream_id not in self._locked]
        if not wanted:
            return
        self._locked.update(wanted)
        await self.connection.execute(
            "SELECT pg_advisory_xact_lock(key) FROM (SELECT DISTINCT hashtextextended(s, 0) AS key FROM unnest($1::text[]) AS s"
            " ORDER BY key) AS keys",
            wanted,
        )

    def holds(self, stream_id: str) -> bool:
        return stream_id in self._locked

    async def load(self, stream_id: str, types: EventTypes, after: int = 0) -> list[Recorded]:
        return [_recorded(row, types) for row in await self.connection.fetch(_LOAD, stream_id, after)]

    async def find(self, event_id: UUID, types: EventTypes) -> Recorded | None:
        row = await self.connection.fetchrow(_FIND, event_id)
        return None if row is None else _recorded(row, types)

    async def append(self, stream_id: str, expected: int, events: Sequence[tuple[Any, Labels]], context: Context) -> list[Recorded]:
        recorded = to_record(stream_id, expected, events, context)
        arguments = self._arguments(stream_id, expected, recorded, context)
        try:
            row = await self.connection.fetchrow(_APPEND, *arguments)
        except asyncpg.UniqueViolationError as failure:  # the same id in another stream, at the same moment
            raise AlreadyAppended(recorded[0].event_id) from failure
        if row["outcome"] == "repeated":
            raise AlreadyAppended(recorded[0].event_id)
        if row["outcome"] == "conflict":
            raise Conflict(stream_id, expected, row["at_version"])
        self.has_appended = True
        return recorded

    def _arguments(self, stream_id: str, expected: int, recorded: list[Recorded], context: Context) -> list[Any]:
        published = [self._store.publish(one) for one in recorded]
        payloads = [self._store.types.encode(one.event) for one in recorded]
        if any(len(payload) > MAX_PAYLOAD_BYTES for payload in payloads):
            raise EventIsTooLarge()
        labels = [one.labels for one in recorded]
        return [
            stream_id,
            expected,
            [one.event_id for one in recorded],
            [one.event.TYPE for one in recorded],
            [one.event.VERSION for one in recorded],
            context.now,
            context.actor,
            context.correlation_id,
            context.causation_id,
            context.trace,
            [label.sector for label in labels],
            [label.province for label in labels],
            [label.unit for label in labels],
            [label.subject for label in labels],
            [routing_key(type, label) for (type, _), label in zip(published, labels, strict=True)],
            [label.released for label in labels],
            [payload.decode() for payload in payloads],
            [self._canonical(one, type, contract) for one, (type, contract) in zip(recorded, published, strict=True)],
            context.request_hash,
        ]

    def _canonical(self, recorded: Recorded, type: str, contract: Any) -> bytes:
        return canonical_message(
            event_id=recorded.event_id,
            publisher=self._store.service,
            type=type,
            stream_id=recorded.stream_id,
            stream_version=recorded.version,
            occurred_at=recorded.occurred_at,
            labels=recorded.labels,
            actor=recorded.actor,
            correlation_id=recorded.correlation_id,
            causation_id=recorded.causation_id,
            payload=contract,
        )


def _recorded(row: Any, types: EventTypes) -> Recorded:
    return Recorded(
        event_id=row["event_id"],
        stream_id=row["stream_id"],
        version=row["stream_version"],
        occurred_at=row["occurred_at"],
        actor=row["actor"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        labels=Labels(row["sector"], row["province"], row["unit"], row["released"], row["subject"]),
        event=types.decode(row["type"], row["schema_version"], row["payload"]),
        request_hash=row["request_hash"],
    )
