"""The order of the ledger: gapless, after commit, by one leader, and chained."""

import asyncio
import random
from collections import defaultdict
from typing import Any

import asyncpg
import pytest

from kernel.event_store import Conflict
from kernel.handler import handle, handle_in
from kernel.ledger import Ledger
from kernel.message import read_envelope
from kernel.postgres import PostgresStore
from kernel.sequencer import GENESIS, NoLongerLeader, Sequencer, entry_hash
from kernel.testing import context
from tests.integration.kernel.conftest import Connect
from tests.integration.kernel.toy import TALLY, Count, Tally

Pool = "asyncpg.Pool[asyncpg.Record]"


async def drain(sequencer: Sequencer) -> int:
    total = 0
    while drained := (await sequencer.drain()).count:
        total += drained
    return total


class Conductor:
    """Lets writers go on in a random order, each at the moment that it chooses: delays without a clock."""

    def __init__(self, seed: int) -> None:
        self._waiting: list[asyncio.Event] = []
        self._random = random.Random(seed)

    async def pause(self) -> None:
        go_on = asyncio.Event()
        self._waiting.append(go_on)
        await go_on.wait()

    def let_one_go(self) -> None:
        if self._waiting:
            self._waiting.pop(self._random.randrange(len(self._waiting))).set()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_nothing_ever_appears_behind_a_readers_mark(
    postgres_store: PostgresStore, ledger: Ledger, sequencer: Sequencer, seed: int
) -> None:
    """The gap probe: 12 writers of five-event transactions that commit in any order, one in twenty rolled back."""
    conductor, chance = Conductor(seed), random.Random(seed)
    committed: dict[str, int] = defaultdict(int)
    seen: list[Any] = []

    async def write(writer: int) -> None:
        for n in range(12):
            stream = f"tally/{chance.randrange(4) if n % 3 else writer + 10}"
            try:
                async with postgres_store.begin() as work:
                    await handle_in(work, postgres_store, TALLY, stream, Count(1, times=5), context())
                    await conductor.pause()
                    if chance.random() < 0.05:
                        raise ZeroDivisionError
            except (ZeroDivisionError, Conflict):
                continue
            committed[stream] += 5

    async def read() -> None:
        mark = seen[-1].ledgerseq if seen else 0
        seen.extend(read_envelope(entry.body) for entry in await ledger.read(mark))

    writers = [asyncio.create_task(write(n)) for n in range(12)]
    while not all(writer.done() for writer in writers):
        conductor.let_one_go()
        await sequencer.drain()
        await read()
    await asyncio.gather(*writers)
    await drain(sequencer)
    while len(seen) < await ledger.head():
        await read()

    assert [envelope.ledgerseq for envelope in seen] == list(range(1, sum(committed.values()) + 1))
    versions: dict[str, list[int]] = defaultdict(list)
    for envelope in seen:
        versions[envelope.subject].append(envelope.streamversion)
    assert versions == {stream: list(range(1, count + 1)) for stream, count in committed.items()}
    assert sum(committed.values()) > 300


async def test_who_commits_late_is_simply_next(postgres_store: PostgresStore, ledger: Ledger, sequencer: Sequencer) -> None:
    async with postgres_store.begin() as late:
        await handle_in(late, postgres_store, TALLY, "tally/late", Count(1), context())
        for n in range(3):
            await handle(postgres_store, TALLY, f"tally/{n}", Count(1), context())
        assert await drain(sequencer) == 3
    assert await drain(sequencer) == 1
    subjects = [read_envelope(entry.body).subject for entry in await ledger.read(0)]
    assert subjects == ["tally/0", "tally/1", "tally/2", "tally/late"]


async def test_an_open_transaction_elsewhere_in_the_cluster_stops_nothing(
    postgres_store: PostgresStore, ledger: Ledger, sequencer: Sequencer, postgres_url: str
) -> None:
    elsewhere = await asyncpg.connect(postgres_url)
    try:
        async with elsewhere.transaction():
            await elsewhere.execute("CREATE TEMPORARY TABLE held (n int) ON COMMIT DROP")
            await elsewhere.fetchval("SELECT pg_current_xact_id()::text")
            await handle(postgres_store, TALLY, "tally/1", Count(1), context())
            assert await drain(sequencer) == 1
            assert len(await ledger.read(0)) == 1
    finally:
        await elsewhere.close()


async def test_of_two_leaders_one_waits_and_takes_over_when_the_other_is_gone(
    postgres_store: PostgresStore, connect: Connect, owner: Any
) -> None:
    async with connect() as first, connect() as second:
        leader, waiting = Sequencer(first, chained=False), Sequencer(second, chained=False)
        assert await leader.take_lead()
        assert not await waiting.take_lead()
        await owner.execute("SELECT pg_terminate_backend($1)", first.get_server_pid())
        while not await waiting.take_lead():
            await asyncio.sleep(0)
        assert waiting.epoch == leader.epoch + 1
        await handle(postgres_store, TALLY, "tally/1", Count(1), context())
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await leader.drain()
        assert await drain(waiting) == 1


async def test_a_leader_that_wakes_up_late_is_fenced_by_its_epoch(postgres_store: PostgresStore, ledger: Ledger, connect: Connect) -> None:
    """It has lost the lock without noticing, as after a stop of the whole machine; it may write nothing more."""
    async with connect() as first, connect() as second:
        former, leader = Sequencer(first, chained=True), Sequencer(second, chained=True)
        await former.take_lead()
        await first.execute("SELECT pg_advisory_unlock_all()")
        assert await leader.take_lead()
        await handle(postgres_store, TALLY, "tally/1", Count(1, times=3), context())
        with pytest.raises(NoLongerLeader):
            await former.drain()
        assert await ledger.head() == 0
        assert await drain(leader) == 3
        assert {row["epoch"] for row in await postgres_store.pool.fetch("SELECT epoch FROM ledger")} == {leader.epoch}


async def test_a_new_leader_waits_until_the_former_ones_last_batch_is_decided(
    postgres_store: PostgresStore, ledger: Ledger, connect: Connect
) -> None:
    async with connect() as first, connect() as second:
        former, leader = Sequencer(first, chained=False), Sequencer(second, chained=False)
        await former.take_lead()
        await handle(postgres_store, TALLY, "tally/1", Count(1), context())
        batch = first.transaction()
        await batch.start()
        await former._check_epoch()
        await first.execute("SELECT pg_advisory_unlock_all()")
        taking = asyncio.create_task(leader.take_lead())
        done, _ = await asyncio.wait([taking], timeout=0.2)
        assert not done
        await batch.rollback()
        assert await taking
        assert await drain(leader) == 1


async def test_only_released_events_count_in_their_sector_and_without_a_gap(
    postgres_store: PostgresStore, ledger: Ledger, sequencer: Sequencer
) -> None:
    chance = random.Random(7)
    for n in range(60):
        command = Count(1, colour=chance.choice(["red", "blue", "green"]), released=chance.random() < 0.5)
        await handle(postgres_store, TALLY, f"tally/{n % 5}", command, context())
        if chance.random() < 0.3:
            await drain(sequencer)
    await drain(sequencer)
    seen = [read_envelope(entry.body) async for entry in ledger.read_all()]
    assert all((envelope.sectorseq is not None) == envelope.released for envelope in seen)
    for colour in ("red", "blue", "green"):
        numbers = [envelope.sectorseq for envelope in seen if envelope.sector == colour and envelope.released]
        assert numbers == list(range(1, len(numbers) + 1))
        assert numbers
        entries = await ledger.read(0, sectors=[colour])
        assert [read_envelope(entry.body).sectorseq for entry in entries] == numbers


async def test_every_entry_is_chained_to_the_one_before_by_what_it_says(
    postgres_store: PostgresStore, ledger: Ledger, sequencer: Sequencer
) -> None:
    for n in range(30):
        await handle(postgres_store, TALLY, f"tally/{n % 3}", Count(n + 1, times=2), context())
        if n % 4 == 0:
            await drain(sequencer)
    await drain(sequencer)
    rows = await postgres_store.pool.fetch(
        "SELECT seq, hash, event_id, stream_id, stream_version, type, sha256(canonical) AS digest"
        " FROM ledger JOIN event USING (event_id) ORDER BY seq"
    )
    assert len(rows) == 60
    previous = GENESIS
    for row in rows:
        previous = entry_hash(
            previous, row["seq"], row["event_id"].bytes, row["stream_id"], row["stream_version"], row["type"], bytes(row["digest"])
        )
        assert bytes(row["hash"]) == previous
    bodies = [read_envelope(entry.body) for entry in await ledger.read(0)]
    assert [envelope.eventhash for envelope in bodies] == [bytes(row["hash"]).hex() for row in rows]
    assert [envelope.globalseq for envelope in bodies] == [row["seq"] for row in rows]


def test_what_is_hashed_can_not_be_read_in_two_ways() -> None:
    """Fields carry their lengths: moving a character from one to the next is another entry."""
    one = entry_hash(GENESIS, 1, b"id", "tally/1", 1, "1counted", bytes(32))
    other = entry_hash(GENESIS, 1, b"id", "tally/1", 11, "counted", bytes(32))
    assert one != other


async def test_the_moment_of_an_entry_never_goes_back(postgres_store: PostgresStore, owner: Any, sequencer: Sequencer) -> None:
    """The clock of the database jumps an hour back: the ledger waits for it at the last moment."""
    await handle(postgres_store, TALLY, "tally/1", Count(1), context())
    await drain(sequencer)
    await owner.execute("ALTER TABLE ledger DISABLE TRIGGER ledger_is_append_only")
    await owner.execute("UPDATE ledger SET sequenced_at = clock_timestamp() + interval '1 hour'")
    await owner.execute("ALTER TABLE ledger ENABLE TRIGGER ledger_is_append_only")
    await handle(postgres_store, TALLY, "tally/1", Count(1, times=3), context())
    await drain(sequencer)
    moments = [row["sequenced_at"] for row in await postgres_store.pool.fetch("SELECT sequenced_at FROM ledger ORDER BY seq")]
    assert moments == sorted(moments)
    assert moments[-1] == moments[0]


async def test_an_unchained_ledger_has_order_without_proof(postgres_store: PostgresStore, ledger: Ledger, connect: Connect) -> None:
    async with connect() as connection:
        leader = Sequencer(connection, chained=False)
        await leader.take_lead()
        await handle(postgres_store, TALLY, "tally/1", Count(1), context())
        await drain(leader)
    envelope = read_envelope((await ledger.read(0))[0].body)
    assert (envelope.ledgerseq, envelope.globalseq, envelope.eventhash) == (1, None, "")


async def test_a_window_of_large_messages_is_short_and_none_is_left_out(
    postgres_store: PostgresStore, ledger: Ledger, sequencer: Sequencer
) -> None:
    for n in range(9):
        await handle(postgres_store, TALLY, f"tally/{n}", Count(1, remark="x" * 1_500_000), context())
    await drain(sequencer)
    assert [entry.seq for entry in await ledger.read(0)] == [1, 2, 3]
    assert [entry.seq async for entry in ledger.read_all()] == list(range(1, 10))
    assert [entry.seq async for entry in ledger.read_all(after=2, until=7)] == [3, 4, 5, 6, 7]


async def test_the_state_of_a_tally_is_the_sum_of_what_the_ledger_says(
    postgres_store: PostgresStore, ledger: Ledger, sequencer: Sequencer
) -> None:
    for n in range(20):
        await handle(postgres_store, TALLY, "tally/1", Count(n + 1), context())
    await drain(sequencer)
    outcome = await handle(postgres_store, TALLY, "tally/1", Count(0), context())
    assert outcome.state == Tally(210)
    assert await ledger.head() == 20
