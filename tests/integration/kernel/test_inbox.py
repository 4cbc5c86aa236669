"""What comes in: each message once, in its publisher's order, whatever the bus does to it."""

import asyncio
import random
from typing import Any

import pytest

from kernel.event_store import UnitOfWork
from kernel.handler import handle_in
from kernel.inbox import Consumption, Inbox, caused_by
from kernel.message import Envelope
from kernel.postgres import PostgresStore
from kernel.testing import Publisher, eventually
from tests.integration.kernel.hearing import COUNTED, UNHEARD, Poison, heard, inbox_of, open_letters, says
from tests.integration.kernel.toy import TALLY, ClosedV1, Count, CountedV1, note

# ------------------------------------------------------------------ once and in order


async def test_messages_are_handled_in_order_and_the_position_moves_with_them(postgres_store: PostgresStore, peer: Publisher) -> None:
    inbox = inbox_of(postgres_store, peer)
    await inbox.receive([says(peer) for _ in range(450)])
    assert await heard(postgres_store) == list(range(1, 451))
    assert await inbox.last_seq() == 450


async def test_types_that_nobody_listens_to_pass_by(postgres_store: PostgresStore, peer: Publisher) -> None:
    inbox = inbox_of(postgres_store, peer)
    await inbox.receive([peer.says(UNHEARD, "tally/1", ClosedV1()), says(peer), peer.says(UNHEARD, "tally/1", ClosedV1())])
    assert await heard(postgres_store) == [2]
    assert await inbox.last_seq() == 3


async def test_a_storm_of_duplicates_is_handled_once(postgres_store: PostgresStore, peer: Publisher) -> None:
    inbox, chance = inbox_of(postgres_store, peer), random.Random(1)
    stormy = [body for body in [says(peer, f"tally/{n % 7}") for n in range(500)] for _ in range(chance.randint(1, 5))]
    for start in range(0, len(stormy), 150):
        await inbox.receive(stormy[start : start + 150])
        await inbox.receive(stormy[max(0, start - 100) : start + 50])
    assert await heard(postgres_store) == list(range(1, 501))


async def test_what_was_shuffled_within_a_window_is_put_in_order(postgres_store: PostgresStore, peer: Publisher) -> None:
    bodies = [says(peer) for _ in range(500)]
    random.Random(2).shuffle(bodies)
    await inbox_of(postgres_store, peer).receive(bodies)
    assert await heard(postgres_store) == list(range(1, 501))


async def test_what_is_missing_in_the_middle_is_healed_from_the_log(postgres_store: PostgresStore, peer: Publisher) -> None:
    inbox = inbox_of(postgres_store, peer)
    bodies = [says(peer) for _ in range(30)]
    await inbox.receive(bodies[:5])
    await inbox.receive(bodies[9:12] + bodies[20:25])
    assert await heard(postgres_store) == list(range(1, 31))  # the log gives what it has, also beyond the gap
    await inbox.receive(bodies)
    assert await heard(postgres_store) == list(range(1, 31))


async def test_a_gap_larger_than_a_window_is_healed_window_by_window(postgres_store: PostgresStore, peer: Publisher) -> None:
    last = [says(peer) for _ in range(701)][-1]
    await inbox_of(postgres_store, peer).receive([last])
    assert await heard(postgres_store) == list(range(1, 702))


async def test_a_gap_that_the_log_can_not_fill_is_nobodys_fault_and_waits(postgres_store: PostgresStore, peer: Publisher) -> None:
    inbox = inbox_of(postgres_store, peer)
    first, _, third = (says(peer) for _ in range(3))
    whole, peer.bodies = peer.bodies, []
    with pytest.raises(ConnectionError, match="does not have seq 1"):
        await inbox.receive([third])
    await inbox.receive([first])
    peer.bodies = whole
    await inbox.receive([third])
    assert await heard(postgres_store) == [1, 2, 3]
    assert await open_letters(postgres_store) == []


async def test_an_unreadable_body_is_healed_from_the_log_even_as_the_last(postgres_store: PostgresStore, peer: Publisher) -> None:
    inbox = inbox_of(postgres_store, peer)
    bodies = [says(peer) for _ in range(3)]
    await inbox.receive([bodies[0], bodies[1][:40], b"\xff\xfe", b"{}", b""])
    assert await heard(postgres_store) == [1, 2, 3]


async def test_what_the_bus_lost_at_the_end_is_found_by_looking(postgres_store: PostgresStore, peer: Publisher) -> None:
    inbox = inbox_of(postgres_store, peer)
    first = says(peer)
    await inbox.receive([first])
    assert not await inbox.is_behind()
    says(peer)
    assert await inbox.is_behind()
    assert await inbox.catch_up() == 2
    assert await heard(postgres_store) == [1, 2]


async def test_a_crash_between_commit_and_acknowledgement_applies_once(postgres_store: PostgresStore, peer: Publisher) -> None:
    """The broker sends it all again to whoever comes next."""
    bodies = [says(peer) for _ in range(10)]

    async def count(work: UnitOfWork, envelope: Envelope, payload: CountedV1) -> None:
        await handle_in(work, postgres_store, TALLY, envelope.subject, Count(payload.by), caused_by(envelope, "count"))

    await inbox_of(postgres_store, peer, count).receive(bodies)
    await inbox_of(postgres_store, peer, count).receive(bodies)
    assert await postgres_store.pool.fetchval("SELECT count(*) FROM event") == 10


async def test_two_processes_that_hear_the_same_apply_it_once(postgres_store: PostgresStore, peer: Publisher) -> None:
    """One takes over from the other while that still works, or catches up from the log beside it."""
    bodies = [says(peer, f"tally/{n % 5}") for n in range(600)]
    inboxes = [inbox_of(postgres_store, peer) for _ in range(3)]
    await asyncio.gather(inboxes[0].receive(bodies), inboxes[1].receive(bodies[::2]), inboxes[2].catch_up())
    assert await heard(postgres_store) == list(range(1, 601))
    assert await open_letters(postgres_store) == []


# ------------------------------------------------------------------ poison


async def test_poison_parks_with_what_follows_about_its_subject_while_others_go_on(postgres_store: PostgresStore, peer: Publisher) -> None:
    poison = Poison(3)
    inbox = inbox_of(postgres_store, peer, poison)
    await inbox.receive([says(peer, f"tally/{n % 2}") for n in range(10)])
    assert await heard(postgres_store) == [1, 2, 4, 6, 8, 10]
    assert await open_letters(postgres_store) == [3, 5, 7, 9]
    assert await inbox.last_seq() == 10
    await inbox.receive([says(peer, "tally/0"), says(peer, "tally/1")])
    assert await open_letters(postgres_store) == [3, 5, 7, 9, 11]
    assert poison.tries.count(11) == 0


async def test_a_parked_message_says_why_and_how_often_it_was_tried(postgres_store: PostgresStore, peer: Publisher) -> None:
    await inbox_of(postgres_store, peer, Poison(1)).receive([says(peer), says(peer)])
    first, second = await postgres_store.pool.fetch("SELECT * FROM parked ORDER BY seq")
    assert (first["tries"], first["reason"]) == (3, "ZeroDivisionError('poisoned by 1')")
    assert first["fingerprint"].startswith("ZeroDivisionError in Poison.__call__:")
    assert bytes(first["body"]) == peer.bodies[0]
    assert (second["tries"], second["fingerprint"]) == (0, "behind")


async def test_retrying_a_subject_keeps_its_order(postgres_store: PostgresStore, peer: Publisher) -> None:
    poison = Poison(1, 3)
    inbox = inbox_of(postgres_store, peer, poison)
    await inbox.receive([says(peer) for _ in range(5)])
    assert await open_letters(postgres_store) == [1, 2, 3, 4, 5]
    poison.seqs = {3}
    assert await inbox.retry("tally/1", by="an", why="mended") == 2
    assert (await heard(postgres_store), await open_letters(postgres_store)) == ([1, 2], [3, 4, 5])
    assert await postgres_store.pool.fetchval("SELECT tries FROM parked WHERE seq = 3") == 1
    poison.seqs = set()
    assert await inbox.retry("tally/1", by="an", why="mended") == 3
    assert await heard(postgres_store) == [1, 2, 3, 4, 5]
    assert await inbox.retry("tally/1", by="an", why="again") == 0
    ended = await postgres_store.pool.fetch("SELECT DISTINCT ended_how, ended_by, ended_why FROM parked")
    assert [tuple(row) for row in ended] == [("handled", "an", "mended")]


async def test_dropping_gives_up_one_message_and_frees_those_behind_it(postgres_store: PostgresStore, peer: Publisher) -> None:
    inbox = inbox_of(postgres_store, peer, Poison(1))
    await inbox.receive([says(peer) for _ in range(3)])
    assert await inbox.drop(1, by="an", why="never to be")
    assert not await inbox.drop(1, by="an", why="twice")
    assert await inbox.retry("tally/1", by="an", why="never to be") == 2
    assert await heard(postgres_store) == [2, 3]
    assert await postgres_store.pool.fetchval("SELECT ended_how FROM parked WHERE seq = 1") == "dropped"


async def test_what_arrives_during_a_retry_is_neither_lost_nor_early(postgres_store: PostgresStore, peer: Publisher) -> None:
    """It waits until the retry has committed, or lies parked in time to be taken along: never left behind something that is done."""
    is_mended, is_at_it, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(work: UnitOfWork, envelope: Envelope, payload: Any) -> None:
        if envelope.ledgerseq == 1:
            if not is_mended.is_set():
                raise ZeroDivisionError
            is_at_it.set()
            await go_on.wait()
        await note(work, envelope)

    inbox = inbox_of(postgres_store, peer, slow)
    await inbox.receive([says(peer), says(peer)])
    is_mended.set()
    retry = asyncio.create_task(inbox.retry("tally/1", by="an", why="mended"))
    await is_at_it.wait()
    arrival = asyncio.create_task(inbox.receive([says(peer)]))

    async def somebody_waits_for_the_position() -> Any:
        return await postgres_store.pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )

    await eventually(somebody_waits_for_the_position)
    go_on.set()
    await asyncio.gather(retry, arrival)
    assert await heard(postgres_store) == [1, 2, 3]
    assert await open_letters(postgres_store) == []


@pytest.mark.parametrize(
    ("type_", "payload"),
    [
        (COUNTED, {"by": "many"}),
        (COUNTED, {}),
        ("vn.ktxh.peer.counted.v2", {"by": 1}),
    ],
    ids=["a field of another type", "a field missing", "a version of the future"],
)
async def test_what_can_not_be_understood_parks(postgres_store: PostgresStore, peer: Publisher, type_: str, payload: Any) -> None:
    bodies = [peer.says(type_, "tally/1", payload), says(peer, "tally/2"), says(peer, "tally/1")]
    await inbox_of(postgres_store, peer).receive(bodies)
    assert await heard(postgres_store) == [2]
    assert await open_letters(postgres_store) == [1, 3]


async def test_a_megabyte_of_poison_parks_like_any_other(postgres_store: PostgresStore, peer: Publisher) -> None:
    large = peer.says(COUNTED, "tally/1", {"by": "x" * 1_000_000})
    await inbox_of(postgres_store, peer).receive([large, says(peer, "tally/2")])
    assert await heard(postgres_store) == [2]
    assert bytes(await postgres_store.pool.fetchval("SELECT body FROM parked")) == large


async def test_a_reaction_that_calls_the_database_wrongly_is_poison_too(postgres_store: PostgresStore, peer: Publisher) -> None:
    """asyncpg calls this an InterfaceError, as it does a closed connection; it must not hold up all that follows."""

    async def wrong(work: UnitOfWork, envelope: Envelope, payload: CountedV1) -> None:
        if payload.by == 13:
            await work.connection.execute("SELECT $1::int, $2::int", 1)
        await note(work, envelope)

    await inbox_of(postgres_store, peer, wrong).receive([says(peer, "tally/1", 13), says(peer, "tally/2")])
    assert (await heard(postgres_store), await open_letters(postgres_store)) == ([2], [1])


async def test_a_poisonous_batch_fails_alone_for_those_who_take_whole_batches(postgres_store: PostgresStore, peer: Publisher) -> None:
    sizes: list[int] = []

    async def whole(work: UnitOfWork, messages: Any) -> None:
        sizes.append(len(messages))
        for envelope, payload in messages:
            await note(work, envelope)
            if payload.by == 13:
                raise ZeroDivisionError

    inbox = Inbox(postgres_store, Consumption("peer", {COUNTED: CountedV1}, whole, locks_subjects=False), peer)
    await inbox.receive([says(peer, f"tally/{n}", 13 if n == 77 else 1) for n in range(200)])
    assert await heard(postgres_store) == [seq for seq in range(1, 201) if seq != 78]
    assert await open_letters(postgres_store) == [78]
    assert sizes[0] == 200
    assert len(sizes) < 25
