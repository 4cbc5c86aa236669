"""The toy service's database, empty for each test, and the store in both of its forms."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg
import pytest

from kernel.ledger import Ledger
from kernel.memory import MemoryStore
from kernel.migrate import drop, migrate, role_of, url_of
from kernel.postgres import PostgresStore
from kernel.sequencer import Sequencer
from kernel.settings import Settings
from kernel.testing import Publisher
from tests.integration.kernel import toy
from tests.servers import unique_name

# As the superuser that he is, the owner steps around the triggers; no application may.
EMPTY = """
SET session_replication_role = replica;
DELETE FROM event; DELETE FROM ledger; DELETE FROM unsequenced; DELETE FROM inbox; DELETE FROM parked;
DELETE FROM tally; DELETE FROM heard; DELETE FROM token_not_before; DELETE FROM text_kept;
DELETE FROM tree_node; DELETE FROM tree_succession;
UPDATE leadership SET epoch = 0; UPDATE relay_cursor SET published_seq = 0;
"""

Connect = Callable[[], AbstractAsyncContextManager["asyncpg.Connection[asyncpg.Record]"]]


@pytest.fixture(scope="session")
def toy_settings(postgres_url: str) -> Iterator[Settings]:
    """The toy's database, made once: making one takes longer than most of these tests."""
    configured = Settings(database_url=postgres_url, namespace=unique_name())
    asyncio.run(migrate(configured, toy.NAME, toy.MIGRATIONS))
    try:
        yield configured
    finally:
        asyncio.run(drop(configured, toy.NAME))


@pytest.fixture
async def settings(toy_settings: Settings) -> Settings:
    """The toy's database, empty."""
    connection = await asyncpg.connect(toy_settings.database_url, database=role_of(toy_settings, toy.NAME))
    try:
        await connection.execute(EMPTY)
    finally:
        await connection.close()
    return toy_settings


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    async with asyncpg.create_pool(url_of(settings, toy.NAME), min_size=1, max_size=20) as opened:
        yield opened


@pytest.fixture
def postgres_store(pool: "asyncpg.Pool[asyncpg.Record]") -> PostgresStore:
    return PostgresStore(pool, toy.NAME, toy.publish, toy.TYPES)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Any:
    if request.param == "memory":
        return MemoryStore()
    return request.getfixturevalue("postgres_store")


@pytest.fixture
def ledger(pool: "asyncpg.Pool[asyncpg.Record]") -> Ledger:
    return Ledger(pool)


@pytest.fixture
def connect(settings: Settings) -> Connect:
    """Connections of the application's role, each closed at the end of its block."""

    @asynccontextmanager
    async def connected() -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await asyncpg.connect(url_of(settings, toy.NAME))
        try:
            yield connection
        finally:
            await connection.close()

    return connected


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The owner of the toy's database, whom no permission holds back."""
    connection = await asyncpg.connect(settings.database_url, database=role_of(settings, toy.NAME))
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def sequencer(connect: Connect) -> AsyncIterator[Sequencer]:
    """The leader, chaining hashes."""
    async with connect() as connection:
        leader = Sequencer(connection, chained=True)
        assert await leader.take_lead()
        yield leader


@pytest.fixture
def peer() -> Publisher:
    """Another service, played."""
    return Publisher("peer")
