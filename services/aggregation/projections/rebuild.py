"""A new generation of all figures from the log, beside the live one: read, add up, compute, catch up, compare, swap. Emits no event."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import msgspec
import structlog

from kernel.event_store import uuid7
from kernel.message import read_envelope

from . import batch, comparison, formulas, generation, rollups
from .fold import Message
from .memory import Memory
from .messages import BY_TYPE

log = structlog.get_logger()

CATCH_UP_BATCH = 200
COMPARE_TRIES = 20
SWAP_TRIES = 10
_HEAD = "SELECT coalesce((SELECT last_seq FROM public.inbox WHERE publisher = 'submissions'), 0)"
_NOT_APPLIED = (
    "SELECT seq, subject, ended_how FROM public.parked WHERE publisher = 'submissions' AND (ended_at IS NULL OR ended_how = 'dropped')"
)


class Feed(Protocol):
    async def fetch(self, after: int, limit: int) -> list[bytes]: ...


class Ended(Exception):
    """Somebody wants this rebuild to end."""


async def begin(connection: Any, *, only_verify: bool, asked_by: str, now: datetime) -> UUID:
    """A run row with its target, and an empty generation; in the caller's transaction. Raises UniqueViolationError while another runs."""
    id_ = uuid7()
    number = await generation.create(connection, indexed=False)
    await connection.execute(
        "INSERT INTO public.rebuild (id, only_verify, state, step, generation, target_seq, asked_by, started_at, beat_at)"
        f" VALUES ($1, $2, 'running', 'reading', $3, ({_HEAD}), $4, $5, $5)",
        *(id_, only_verify, number, asked_by, now),
    )
    return id_


class Rebuild:
    """One run. Every step can be broken off and taken up again: what has been done is in the run's row, with the work itself."""

    def __init__(self, pool: Any, memory: Memory, feed: Feed, clock: Callable[[], datetime], row: Any, chunk: int) -> None:
        self._pool, self._memory, self._feed, self._clock, self._chunk = pool, memory, feed, clock, chunk
        self._id, self._number = row["id"], row["generation"]
        self._target, self._only_verify = row["target_seq"], row["only_verify"]
        self._result: dict[str, Any] = msgspec.json.decode(row["result"])

    async def run(self, step: str) -> None:
        """From `step` on to the end. Raises Ended."""
        steps = {
            "reading": self._read,
            "numbers": self._add_up,
            "formulas": self._compute,
            "comparing": self._compare,
            "swapping": self._swap,
        }
        names = list(steps)
        for name in names[names.index(step) :]:
            if name == "swapping" and self._only_verify:
                break
            await self._beat(step=name)
            log.info("rebuild", id=str(self._id), step=name)
            await steps[name]()
        await self._end()

    async def _read(self) -> None:
        """Everything up to the target, a transaction per chunk with its checkpoint."""
        began, reached = time.monotonic(), await self._reached()
        while reached < self._target:
            await self._stop_if_wanted()
            bodies = await self._feed.fetch(reached, min(self._chunk, self._target - reached))
            if not bodies:
                raise ConnectionError(f"the log has nothing after {reached}")
            async with self._pool.acquire() as connection, connection.transaction():
                messages = await self._messages(connection, bodies)
                await generation.enter(connection, self._number)
                if messages:
                    await batch.take_in(connection, self._memory, self._number, messages)
                reached = read_envelope(bodies[-1]).ledgerseq
                await connection.execute(
                    "UPDATE public.rebuild SET reached_seq = $2, beat_at = $3 WHERE id = $1", self._id, reached, self._clock()
                )
        await self._note(read_seconds=round(time.monotonic() - began, 3))

    async def _add_up(self) -> None:
        """The numeric pass in one statement, then keys and what needs them; all of it or nothing."""
        async with self._pool.acquire() as connection, connection.transaction():
            await generation.enter(connection, self._number)
            await connection.execute("ANALYZE figure, report, report_place, revision, place")
            figures = await connection.fetchval(
                "SELECT count(*) FROM report r JOIN report_place p ON p.report_id = r.id JOIN figure f ON f.revision = r.approved"
            )
            began = time.monotonic()
            await connection.execute(rollups.SUM_ALL, None)
            seconds = time.monotonic() - began
            await connection.execute("SELECT public.index_generation($1)", self._number)
            await rollups.finish_sums(connection)
            await connection.execute("ANALYZE rollup, figure")
            await connection.execute("UPDATE public.rebuild SET step = 'formulas' WHERE id = $1", self._id)
        rate = round(figures / seconds) if seconds else None
        await self._note(figures_added=figures, numeric_seconds=round(seconds, 3), figures_per_second=rate)

    async def _compute(self) -> None:
        """The formula pass, oldest period first, a transaction per period's last day; then what reads other forms until nothing moves."""
        began, count = time.monotonic(), 0
        for places in await self._places_by_day():
            await self._stop_if_wanted()
            async with self._pool.acquire() as connection, connection.transaction():
                await generation.enter(connection, self._number)
                count += (await formulas.evaluate(connection, self._memory, self._number, places, spreads=False))[0]
            await self._beat()
        async with self._pool.acquire() as connection, connection.transaction():
            await generation.enter(connection, self._number)
            carriers = await self._memory.carriers(connection)
            readers = sorted({code for source, many in carriers.items() for code, _ in many if code != source})
            rows = await connection.fetch("SELECT no FROM place WHERE template = ANY($1)", readers)
            count += (await formulas.evaluate(connection, self._memory, self._number, [row["no"] for row in rows]))[0]
        await self._note(node_forms=count, formula_seconds=round(time.monotonic() - began, 3))

    async def _places_by_day(self) -> list[list[int]]:
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await generation.enter(connection, self._number)
            rows = await connection.fetch(
                "SELECT array_agg(p.no ORDER BY p.no) AS places FROM place p JOIN form f USING (template, period) JOIN"
                " (SELECT DISTINCT code, kind FROM template) AS t ON t.code = p.template"
                " GROUP BY t.kind, f.last_day ORDER BY t.kind = 'report', f.last_day"
            )
        return [row["places"] for row in rows]

    async def _compare(self) -> None:
        """Both generations at the same seq, in one snapshot; writers are held up only where they never leave a gap."""
        for attempt in range(COMPARE_TRIES):
            await self._stop_if_wanted()
            await self.catch_up(self._number)
            async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
                live = await connection.fetchval("SELECT generation FROM public.live")
                if await self._stand_alike(connection, live):
                    found = await comparison.compare(connection, live, self._number)
                    await self._note(comparison=found, compared_after=attempt + 1)
                    return
        await self._compare_while_held()

    async def _compare_while_held(self) -> None:
        """Under steady traffic: the consumer waits while the snapshot is taken, not while it is read."""
        async with self._pool.acquire() as holder, self._pool.acquire() as reader:
            hold = holder.transaction()
            await hold.start()
            live = await holder.fetchval("SELECT generation FROM public.live FOR UPDATE")
            await self.catch_up_in(holder, self._number, await holder.fetchval(_HEAD))
            await hold.commit()
            async with reader.transaction(isolation="repeatable_read", readonly=True):
                await reader.fetchval("SELECT 1")
                found = await comparison.compare(reader, live, self._number)
            await self._note(comparison=found, compared_after=COMPARE_TRIES + 1)

    async def _stand_alike(self, connection: Any, live: int) -> bool:
        seqs = [await connection.fetchval(f"SELECT seq FROM g{int(number)}.reach") for number in (live, self._number)]
        return bool(seqs[0] == seqs[1])

    async def _swap(self) -> None:
        await swap(self._pool, self._number, self.catch_up_in)

    async def catch_up(self, number: int) -> None:
        """What the live generation has beyond this one, batch by batch."""
        while True:
            async with self._pool.acquire() as connection, connection.transaction():
                head = int(await connection.fetchval(_HEAD))
                if not await self.catch_up_in(connection, number, head, most=1):
                    return

    async def catch_up_in(self, connection: Any, number: int, head: int, most: int | None = None) -> bool:
        """Applies up to `most` batches in this transaction; whether there may be more."""
        await generation.enter(connection, number)
        reached = int(await connection.fetchval("SELECT passed FROM reach"))
        done = 0
        while reached < head and (most is None or done < most):
            bodies = await self._feed.fetch(reached, min(CATCH_UP_BATCH, head - reached))
            if not bodies:
                raise ConnectionError(f"the log has nothing after {reached}")
            messages = await self._messages(connection, bodies)
            if messages:
                await batch.apply(connection, self._memory, number, messages)
            reached = read_envelope(bodies[-1]).ledgerseq
            await connection.execute("UPDATE reach SET passed = $1", reached)
            done += 1
        return reached < head

    async def _messages(self, connection: Any, bodies: Sequence[bytes]) -> list[Message]:
        """The messages that figures depend on, without those that were parked or given up, and what waits behind them."""
        skipped, blocked = set[int](), dict[str, int]()
        for row in await connection.fetch(_NOT_APPLIED):
            skipped.add(row["seq"])
            if row["ended_how"] is None:
                blocked[row["subject"]] = min(row["seq"], blocked.get(row["subject"], row["seq"]))
        found: list[Message] = []
        for body in bodies:
            envelope = read_envelope(body)
            payload = BY_TYPE.get(envelope.type)
            is_behind = envelope.ledgerseq >= blocked.get(envelope.subject, envelope.ledgerseq + 1)
            if payload is not None and envelope.ledgerseq not in skipped and not is_behind:
                found.append((envelope, msgspec.json.decode(envelope.data, type=payload)))
        return found

    async def _reached(self) -> int:
        return int(await self._pool.fetchval("SELECT reached_seq FROM rebuild WHERE id = $1", self._id))

    async def _stop_if_wanted(self) -> None:
        if await self._pool.fetchval("SELECT wants_end FROM rebuild WHERE id = $1", self._id):
            raise Ended

    async def _beat(self, step: str | None = None) -> None:
        await self._pool.execute("UPDATE rebuild SET beat_at = $2, step = coalesce($3, step) WHERE id = $1", self._id, self._clock(), step)

    async def _note(self, **found: Any) -> None:
        self._result |= found
        result = msgspec.json.encode(self._result).decode()
        await self._pool.execute("UPDATE rebuild SET result = $2, beat_at = $3 WHERE id = $1", self._id, result, self._clock())

    async def _end(self) -> None:
        is_equal = self._result.get("comparison", {}).get("equal", False)
        state = "done" if is_equal or not self._only_verify else "differs"
        await finish(self._pool, self._id, state, self._clock())
        if self._only_verify:
            await discard(self._pool, self._number)


async def swap(pool: Any, number: int, catch_up: Callable[[Any, int, int], Any]) -> None:
    """Makes the generation live in one short transaction; the one before is kept, the one before that goes."""
    for attempt in range(SWAP_TRIES):
        try:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '2s'")
                row = await connection.fetchrow("SELECT generation, former FROM public.live FOR UPDATE")
                if row["generation"] == number:
                    return
                await catch_up(connection, number, int(await connection.fetchval(_HEAD)))
                await connection.execute("UPDATE public.live SET generation = $1, former = $2", number, row["generation"])
            break
        except asyncpg.LockNotAvailableError:
            if attempt == SWAP_TRIES - 1:
                raise
    if row["former"] is not None and row["former"] != number:
        await discard(pool, row["former"])


async def discard(pool: Any, number: int) -> None:
    """Drops a generation that nobody reads. Where a reader still does, it stays until the next time."""
    try:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '2s'")
            await generation.drop(connection, number)
    except asyncpg.LockNotAvailableError:
        log.warning("generation still in use", generation=number)


async def finish(pool: Any, id_: UUID, state: str, now: datetime, why: str = "") -> None:
    await pool.execute("UPDATE rebuild SET state = $2, ended_at = $3, why = $4 WHERE id = $1", id_, state, now, why)
