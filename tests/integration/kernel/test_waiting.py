"""What an inbox does where it can't go on at once: it waits for another's word, and for its database, and parks neither's fault."""

import asyncio
from typing import Any

import asyncpg
import pytest

from kernel.errors import AwaitsPrerequisite
from kernel.event_store import UnitOfWork
from kernel.inbox import Inbox, one_by_one
from kernel.message import Envelope
from kernel.postgres import PostgresStore
from kernel.testing import Publisher
from tests.integration.kernel.hearing import COUNTED, Reaction, heard, inbox_of, open_letters, says
from tests.integration.kernel.toy import CountedV1, note

# ------------------------------------------------------------------ waiting for another's word


@pytest.fixture
def known() -> Reaction:
    """A reaction whose messages need the tally `tally/known`, which another publisher announces."""

    async def needs(work: UnitOfWork, envelope: Envelope, payload: CountedV1) -> None:
        if not await work.connection.fetchval("SELECT true FROM tally WHERE name = 'tally/known'"):
            raise AwaitsPrerequisite("tally/known")
        await note(work, envelope)

    return needs


async def announce(work: UnitOfWork, envelope: Envelope, payload: Any) -> None:
    await work.connection.execute("INSERT INTO tally VALUES ($1, 0) ON CONFLICT DO NOTHING", envelope.subject)


async def test_what_waits_for_another_publisher_goes_on_when_that_has_spoken(
    postgres_store: PostgresStore, peer: Publisher, known: Reaction
) -> None:
    other = Publisher("other")
    waiting = inbox_of(postgres_store, peer, known)
    announced = Inbox(postgres_store, one_by_one("other", {COUNTED: (CountedV1, announce)}), other)
    await waiting.receive([says(peer, "tally/1"), says(peer, "tally/2"), says(peer, "tally/1")])
    assert await open_letters(postgres_store) == [1, 2, 3]
    await announced.receive([says(other, "tally/unrelated")])
    await waiting.release_ready(announced.take_heard())
    assert await open_letters(postgres_store) == [1, 2, 3]
    await announced.receive([says(other, "tally/known")])
    await waiting.release_ready(announced.take_heard())
    assert await open_letters(postgres_store) == []
    assert await heard(postgres_store, "tally/1") == [1, 3]
    assert await heard(postgres_store, "tally/2") == [2]


async def test_what_waits_is_tried_once_and_not_counted_as_poison(postgres_store: PostgresStore, peer: Publisher, known: Reaction) -> None:
    await inbox_of(postgres_store, peer, known).receive([says(peer)])
    row = await postgres_store.pool.fetchrow("SELECT tries, waits_for FROM parked")
    assert row is not None
    assert tuple(row) == (1, "tally/known")


async def test_two_publishers_talk_of_one_subject_without_holding_each_other_up(
    postgres_store: PostgresStore, peer: Publisher, known: Reaction
) -> None:
    """What one says of a subject may be what the other's message about it waits for."""
    other = Publisher("other")
    waiting = inbox_of(postgres_store, peer, known)
    announced = Inbox(postgres_store, one_by_one("other", {COUNTED: (CountedV1, announce)}), other)
    await waiting.receive([says(peer, "tally/known")])
    await announced.receive([says(other, "tally/known")])
    await waiting.release_ready(announced.take_heard())
    assert await open_letters(postgres_store) == []
    assert await heard(postgres_store) == [1]


async def test_what_waits_for_the_same_publisher_goes_on_by_itself(postgres_store: PostgresStore, peer: Publisher, known: Reaction) -> None:
    async def either(work: UnitOfWork, envelope: Envelope, payload: CountedV1) -> None:
        await (announce if envelope.subject == "tally/known" else known)(work, envelope, payload)

    inbox = inbox_of(postgres_store, peer, either)
    await inbox.receive([says(peer, "tally/1"), says(peer, "tally/known"), says(peer, "tally/2")])
    assert await open_letters(postgres_store) == []
    assert sorted(await heard(postgres_store)) == [1, 3]


# ------------------------------------------------------------------ the database's own reasons


async def test_a_deadlock_is_tried_again_and_nothing_is_parked(postgres_store: PostgresStore, peer: Publisher) -> None:
    pool = postgres_store.pool
    await pool.execute("INSERT INTO tally VALUES ('a', 0), ('b', 0)")
    other = Publisher("other")
    barrier = asyncio.Barrier(2)
    tries: list[str] = []

    def touching(first: str, second: str) -> Reaction:
        async def touch(work: UnitOfWork, envelope: Envelope, payload: Any) -> None:
            tries.append(first)
            await work.connection.execute("UPDATE tally SET total = total + 1 WHERE name = $1", first)
            if len(tries) <= 2:
                await barrier.wait()
            await work.connection.execute("UPDATE tally SET total = total + 1 WHERE name = $1", second)

        return touch

    one = inbox_of(postgres_store, peer, touching("a", "b"))
    two = Inbox(postgres_store, one_by_one("other", {COUNTED: (CountedV1, touching("b", "a"))}), other)
    await asyncio.gather(one.receive([says(peer, "tally/1")]), two.receive([says(other, "tally/2")]))
    assert len(tries) == 3
    assert await open_letters(postgres_store) == []
    assert [row["total"] for row in await pool.fetch("SELECT total FROM tally")] == [2, 2]


async def test_a_connection_killed_in_the_middle_parks_nothing_and_applies_once(
    postgres_store: PostgresStore, peer: Publisher, owner: Any
) -> None:
    killed = False

    async def react(work: UnitOfWork, envelope: Envelope, payload: Any) -> None:
        nonlocal killed
        await note(work, envelope)
        if envelope.ledgerseq == 3 and not killed:
            killed = True
            await owner.execute("SELECT pg_terminate_backend($1)", work.connection.get_server_pid())
            await work.connection.execute("SELECT 1")

    inbox = inbox_of(postgres_store, peer, react)
    bodies = [says(peer) for _ in range(5)]
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await inbox.receive(bodies)
    assert await open_letters(postgres_store) == []
    await inbox.receive(bodies)
    assert await heard(postgres_store) == [1, 2, 3, 4, 5]


async def test_when_the_release_after_a_commit_fails_the_batch_is_not_applied_again(
    postgres_store: PostgresStore, peer: Publisher, known: Reaction
) -> None:
    inbox = inbox_of(postgres_store, peer)

    async def cut_off(subjects: Any) -> list[str]:
        raise ConnectionError("cut off")

    parking, inbox._parking.waiting_for = inbox._parking.waiting_for, cut_off  # type: ignore[method-assign]
    bodies = [says(peer) for _ in range(3)]
    with pytest.raises(ConnectionError):
        await inbox.receive(bodies)
    inbox._parking.waiting_for = parking  # type: ignore[method-assign]
    await inbox.receive(bodies)
    assert await heard(postgres_store) == [1, 2, 3]
