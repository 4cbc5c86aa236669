"""approvals at work, in a province that it knows. One database serves all tests here, emptied before each."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator

import asyncpg
import httpx
import pytest

from kernel.in_process import InProcessBus
from kernel.migrate import drop, role_of
from kernel.runtime import Wiring
from kernel.settings import Settings
from kernel.testing import FakeClock, Publisher
from services.approvals.main import NAME, create_app
from tests.integration.harness import ServiceUnderTest, _Feeds

from .month import Month

# As the owner, with the triggers off that keep the log from being emptied.
_EMPTY = """
SET session_replication_role = replica;
DO $$ BEGIN EXECUTE (
    SELECT 'TRUNCATE ' || string_agg(format('%I', tablename), ', ') FROM pg_tables
    WHERE schemaname = 'public' AND tablename NOT IN ('_pogo_migration', '_pogo_version', 'leadership', 'relay_cursor')
); END $$;
UPDATE relay_cursor SET published_seq = 0;
"""


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[Settings]:
    """Settings of a service whose database is this module's own; it is made by the first that starts on it."""
    settings = Settings(database_url=postgres_url, namespace=f"t{uuid.uuid4().hex[:10]}", captcha="never")
    yield settings
    asyncio.run(drop(settings, NAME))


@pytest.fixture
async def month(database: Settings) -> AsyncIterator[Month]:
    await _empty(database)
    clock = FakeClock()
    publishers: dict[str, Publisher] = {}
    app = create_app(database, Wiring(InProcessBus({}), _Feeds(database, publishers).peer), clock)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client,
    ):
        known = Month(ServiceUnderTest(app, client, database, clock, publishers))
        await known.knows_units()
        await known.knows_the_form()
        yield known


async def _empty(settings: Settings) -> None:
    parts = settings.database_url.rsplit("/", 1)[0]
    try:
        connection = await asyncpg.connect(f"{parts}/{role_of(settings, NAME)}")
    except asyncpg.InvalidCatalogNameError:
        return  # nobody has started on it yet
    try:
        await connection.execute(_EMPTY)
    finally:
        await connection.close()
