"""A service's database of its own for one measurement, dropped after it; filled through the kernel's own store."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import msgspec

from kernel.decider import EventTypes, Labels
from kernel.event_store import Context, Recorded, uuid7
from kernel.migrate import KERNEL_MIGRATIONS, drop, migrate, url_of
from kernel.postgres import PostgresStore
from kernel.sequencer import Sequencer
from kernel.settings import Settings
from tests.servers import unique_name

PLAIN = {"jit": "off"}  # of the pool as a service has it
LABELS = Labels("health", "52", "21609", subject="")
MOMENT = datetime(2026, 4, 10, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Entered:
    """An event of usual size: ten figures of a report, some 650 bytes as a message."""

    TYPE: ClassVar[str] = "bench_entered"
    VERSION: ClassVar[int] = 1
    report_id: UUID
    cells: dict[str, str]


class EnteredV1(msgspec.Struct, frozen=True):
    report_id: UUID
    cells: dict[str, str]


def publish(recorded: Recorded) -> tuple[str, EnteredV1]:
    return "vn.ktxh.bench_entered.v1", EnteredV1(recorded.event.report_id, recorded.event.cells)


def entered(n: int) -> Entered:
    return Entered(uuid7(), {f"row_{row}.actual": f"{n * 7 + row}.{row}" for row in range(10)})


def context() -> Context:
    return Context(actor="bench", now=MOMENT, correlation_id="bench")


@dataclass(frozen=True)
class Filled:
    """A database with the kernel's tables."""

    settings: Settings
    service: str
    pool: "asyncpg.Pool[asyncpg.Record]"
    store: PostgresStore

    @property
    def url(self) -> str:
        return url_of(self.settings, self.service)


@asynccontextmanager
async def database(postgres_url: str, *, connections: int = 16, migrations: Path = KERNEL_MIGRATIONS) -> AsyncIterator[Filled]:
    """Created, opened with so many connections, and dropped at the end."""
    settings, service = Settings(database_url=postgres_url, namespace=unique_name("b")), "bench"
    await migrate(settings, service, migrations)
    try:
        url = url_of(settings, service)
        async with asyncpg.create_pool(
            url, min_size=connections, max_size=connections, reset=_leave_as_it_is, server_settings=PLAIN
        ) as pool:
            yield Filled(settings, service, pool, PostgresStore(pool, service, publish, EventTypes(Entered)))
    finally:
        await drop(settings, service)


async def _leave_as_it_is(connection: object) -> None:
    """As a service's pool does: nothing of a session is changed, so there is nothing to reset."""


async def fill(filled: Filled, events: int, per_stream: int = 100) -> None:
    """Appends so many events, a hundred in one go: not measured, only there."""
    for first in range(0, events, per_stream):
        batch = [(entered(first + n), LABELS) for n in range(min(per_stream, events - first))]
        async with filled.store.begin() as work:
            await work.append(f"report/{uuid7()}", 0, batch, context())


@asynccontextmanager
async def leading(filled: Filled, *, chained: bool = False) -> AsyncIterator[Sequencer]:
    """A sequencer that leads, on a connection of its own."""
    connection: Any = await asyncpg.connect(filled.url)
    try:
        sequencer = Sequencer(connection, chained=chained)
        assert await sequencer.take_lead()
        yield sequencer
    finally:
        await connection.close()


async def sequence_all(sequencer: Sequencer, on_progress: Callable[[int], None] = lambda count: None) -> int:
    """Drains until nothing is left; returns how many events got their place."""
    total = 0
    while drained := (await sequencer.drain()).count:
        total += drained
        on_progress(total)
    return total
