"""Two toy services in processes of their own, one listening to the other, over real servers: made to be killed."""

import asyncio
import hashlib
import multiprocessing
import os
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aio_pika
import asyncpg
import pytest

from kernel.migrate import drop, migrate, role_of
from kernel.sequencer import CHAIN_FORMAT, GENESIS
from kernel.settings import Settings
from kernel.testing import eventually
from tests.faults import toy_process
from tests.faults.toy_process import LISTENERS, STREAMS
from tests.integration.kernel.test_bus import removed
from tests.integration.kernel.toy import MIGRATIONS
from tests.servers import unique_name

SERVICES = ("identity", "approvals")


# Its children are forked from a process that has imported everything: starting one again takes no time.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.faults.toy_process"])


class ToyProcess:
    """A toy service at work, until it is killed. `acknowledged`: what it has counted, as far as it came to say so."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._hears, says = PROCESSES.Pipe(duplex=False)
        self.process = PROCESSES.Process(target=toy_process.main, args=(given, says), daemon=True)
        self.process.start()
        says.close()
        self.acknowledged: list[int] = []
        self.is_ready = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._hears.fileno(), self._hear)

    def _hear(self) -> None:
        try:
            word = self._hears.recv()
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self._hears.fileno())
            return
        self._take(word)

    def _take(self, word: int | str) -> None:
        if isinstance(word, int):
            self.acknowledged.append(word)
        else:
            self.is_ready.set()

    async def kill(self) -> None:
        self.process.kill()
        await asyncio.to_thread(self.process.join)
        asyncio.get_running_loop().remove_reader(self._hears.fileno())
        while self._hears.poll():
            try:
                self._take(self._hears.recv())
            except EOFError:
                break
        self._hears.close()
        self.process.close()

    def signal(self, number: int) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)


@dataclass
class Toys:
    """`start` and `kill` processes; `check` what must hold after whatever happened to them."""

    settings: Settings
    amqp_url: str
    running: list[ToyProcess] = field(default_factory=list)
    acknowledged: int = 0

    async def start(self, service: str, *, until: int = 0) -> ToyProcess:
        """Counts from what was acknowledged up to `until`."""
        given = {
            "database_url": self.settings.database_url,
            "amqp_url": self.amqp_url,
            "namespace": self.settings.namespace,
            "service": service,
            "from": self.acknowledged,
            "until": until,
        }
        toy = ToyProcess(given)
        self.running.append(toy)
        await asyncio.wait_for(toy.is_ready.wait(), 30)
        return toy

    async def kill(self, toy: ToyProcess) -> None:
        await toy.kill()
        self.running.remove(toy)
        self.acknowledged = max([self.acknowledged, *(n + 1 for n in toy.acknowledged)])

    async def connect(self, service: str) -> Any:
        return await asyncpg.connect(self.settings.database_url, database=role_of(self.settings, service))

    async def settled(self, counts: int, seconds: float = 40) -> None:
        """Everything that identity counted has arrived at approvals, and both ledgers are at rest."""

        async def is_settled() -> bool:
            numbers = []
            for service in SERVICES:
                connection = await self.connect(service)
                try:
                    numbers += await connection.fetchrow(
                        "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM ledger),"
                        " (SELECT published_seq FROM relay_cursor) FROM relay_cursor"
                    )
                finally:
                    await connection.close()
            assert numbers == [counts] * 6
            return True

        await eventually(is_settled, seconds=seconds)

    async def check(self, counts: int) -> None:
        """Nothing lost, nothing twice, gapless, chained, published, nothing parked, and every tally what the log says."""
        events = {service: await self._check_ledger(service) for service in SERVICES}
        assert len(events["identity"]) == len(events["approvals"]) == counts
        assert sorted(events["approvals"]) == sorted(events["identity"])
        per_stream = {f"tally/{n}": 0 for n in range(STREAMS)}
        for stream, _ in events["identity"]:
            per_stream[stream] += 1
        for service in SERVICES:
            connection = await self.connect(service)
            try:
                tallies = {row["name"]: row["total"] for row in await connection.fetch("SELECT * FROM tally")}
                assert tallies == {stream: total for stream, total in per_stream.items() if total}
                assert await connection.fetchval("SELECT count(*) FROM parked") == 0
                assert await connection.fetchval("SELECT count(*) FROM unsequenced") == 0
            finally:
                await connection.close()

    async def _check_ledger(self, service: str) -> list[tuple[str, int]]:
        connection = await self.connect(service)
        try:
            rows = await connection.fetch(
                "SELECT seq, hash, event_id, stream_id, stream_version, type, canonical, sequenced_at, payload"
                " FROM ledger FULL JOIN event USING (event_id) ORDER BY seq"
            )
        finally:
            await connection.close()
        assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
        assert [row["sequenced_at"] for row in rows] == sorted(row["sequenced_at"] for row in rows)
        versions: dict[str, int] = {}
        previous = GENESIS
        for row in rows:
            assert row["stream_version"] == versions.get(row["stream_id"], 0) + 1
            versions[row["stream_id"]] = row["stream_version"]
            previous = recomputed(previous, row)
            assert bytes(row["hash"]) == previous
        return [(row["stream_id"], row["stream_version"]) for row in rows]


def recomputed(previous: bytes, row: Any) -> bytes:
    """The chain as the design says it, written a second time."""
    fields = [
        bytes([CHAIN_FORMAT]),
        previous,
        b"%d" % row["seq"],
        row["event_id"].bytes,
        row["stream_id"].encode(),
        b"%d" % row["stream_version"],
        row["type"].encode(),
        hashlib.sha256(row["canonical"]).digest(),
    ]
    return hashlib.sha256(b"".join(struct.pack(">I", len(one)) + one for one in fields)).digest()


@pytest.fixture
async def toys(postgres_url: str, amqp_url: str) -> AsyncIterator[Toys]:
    settings = Settings(database_url=postgres_url, namespace=unique_name("f"))
    for service in SERVICES:
        await migrate(settings, service, MIGRATIONS)
    playing = Toys(settings, amqp_url)
    try:
        yield playing
    finally:
        for toy in list(playing.running):
            await playing.kill(toy)
        for service in SERVICES:
            await drop(settings, service)
        await removed(amqp_url, settings.namespace, LISTENERS)


@pytest.fixture
async def queues(toys: Toys) -> AsyncIterator[Any]:
    async with await aio_pika.connect(toys.amqp_url) as connection:
        yield connection
