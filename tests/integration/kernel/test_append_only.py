"""The log can't be changed: not by the application's role, which lacks the right, and not by the owner, whom a trigger refuses."""

from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from kernel.handler import handle
from kernel.migrate import drop, migrate, role_of, url_of
from kernel.postgres import PostgresStore
from kernel.sequencer import Sequencer
from kernel.settings import Settings
from kernel.testing import context
from tests.integration.kernel import toy
from tests.integration.kernel.conftest import Connect
from tests.integration.kernel.toy import TALLY, Count
from tests.servers import unique_name

CHANGES = [
    "UPDATE event SET actor = 'somebody else'",
    "DELETE FROM event",
    "TRUNCATE event",
    "UPDATE ledger SET seq = seq + 1",
    "DELETE FROM ledger",
    "TRUNCATE ledger",
]


@pytest.fixture
async def one_entry(postgres_store: PostgresStore, sequencer: Sequencer) -> None:
    await handle(postgres_store, TALLY, "tally/1", Count(1), context())
    await sequencer.drain()


@pytest.mark.usefixtures("one_entry")
@pytest.mark.parametrize("change", CHANGES)
async def test_the_applications_role_may_not_change_the_log(connect: Connect, change: str) -> None:
    async with connect() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await connection.execute(change)


@pytest.mark.usefixtures("one_entry")
@pytest.mark.parametrize("change", CHANGES)
async def test_even_the_owner_is_refused(owner: Any, change: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await owner.execute(change)
    assert await owner.fetchval("SELECT count(*) FROM event JOIN ledger USING (event_id)") == 1


@pytest.mark.usefixtures("one_entry")
@pytest.mark.parametrize(
    "attempt",
    [
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "DROP TRIGGER event_is_append_only ON event",
        "ALTER TABLE event OWNER TO current_user",
        "DROP TABLE ledger",
        "SET session_replication_role = replica",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
async def test_the_applications_role_may_not_take_the_guards_away(connect: Connect, attempt: str) -> None:
    async with connect() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(attempt)


async def test_one_services_role_does_not_reach_anothers_database(settings: Settings) -> None:
    other = settings.model_copy(update={"namespace": unique_name()})
    await migrate(other, toy.NAME, toy.MIGRATIONS)
    try:
        trespass = urlsplit(url_of(settings, toy.NAME))._replace(path=f"/{role_of(other, toy.NAME)}").geturl()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(trespass)
    finally:
        await drop(other, toy.NAME)


async def test_migrating_again_changes_nothing(settings: Settings, connect: Connect) -> None:
    async with connect() as connection:
        before = await connection.fetch("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
        await migrate(settings, toy.NAME, toy.MIGRATIONS)
        after = await connection.fetch("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
    assert {tuple(row) for row in before} == {tuple(row) for row in after}
