"""What the event store promises, in memory and on PostgreSQL alike."""

import asyncio
import hashlib
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from kernel.errors import IdempotencyKeyReused, UnknownEvent
from kernel.event_store import MAX_PAYLOAD_BYTES, AlreadyAppended, Conflict, Context, EventIsTooLarge, ids_by_cause, ids_by_key
from kernel.handler import handle, handle_in
from kernel.postgres import PostgresStore
from kernel.testing import context
from tests.integration.kernel.toy import TALLY, TYPES, Close, Closed, Count, Counted, Tally, TallyIsClosed, project

STREAM = "tally/1"


def repeatable(key: str = "key", body: bytes = b"body", caller: str = "tester") -> Context:
    """What a request with an Idempotency-Key becomes."""
    return context(caller, event_id=ids_by_key(caller, key), request_hash=hashlib.sha256(body).digest(), is_repeatable=True)


async def events_of(store: Any, stream: str = STREAM) -> list[Any]:
    async with store.begin() as work:
        return [recorded.event for recorded in await work.load(stream, TYPES)]


async def test_what_was_appended_is_loaded_in_order_with_all_that_is_known_of_it(store: Any) -> None:
    outcome = await handle(store, TALLY, STREAM, Count(3, times=2, colour="red", released=True), context("an", causation_id="why"))
    assert (outcome.state, outcome.version) == (Tally(6), 2)
    async with store.begin() as work:
        loaded = await work.load(STREAM, TYPES)
    assert [recorded.version for recorded in loaded] == [1, 2]
    assert loaded == list(outcome.events)
    assert (loaded[0].actor, loaded[0].causation_id, loaded[0].labels.sector, loaded[0].labels.released) == ("an", "why", "red", True)


async def test_asking_for_what_is_already_so_appends_nothing(store: Any) -> None:
    await handle(store, TALLY, STREAM, Close(), context())
    outcome = await handle(store, TALLY, STREAM, Close(), context())
    assert (outcome.events, outcome.version) == ((), 1)


async def test_only_what_came_after_a_version_is_loaded_when_asked(store: Any) -> None:
    await handle(store, TALLY, STREAM, Count(1, times=5), context())
    async with store.begin() as work:
        assert [recorded.version for recorded in await work.load(STREAM, TYPES, after=3)] == [4, 5]


async def test_an_append_at_another_version_is_a_conflict_that_tells_the_current_one(store: Any) -> None:
    await handle(store, TALLY, STREAM, Count(1, times=2), context())
    with pytest.raises(Conflict) as refused:
        async with store.begin() as work:
            await work.append(STREAM, 1, [(Counted(1), TALLY.labels(Tally(), Counted(1)))], context())
    assert (refused.value.stream_id, refused.value.expected, refused.value.current) == (STREAM, 1, 2)
    assert len(await events_of(store)) == 2


async def test_of_many_clients_with_one_expected_version_exactly_one_wins(store: Any) -> None:
    async def append() -> None:
        async with store.begin() as work:
            await work.append(STREAM, 0, [(Closed(), TALLY.labels(Tally(), Closed()))], context())

    results = await asyncio.gather(*(append() for _ in range(16)), return_exceptions=True)
    assert results.count(None) == 1
    assert [result.current for result in results if isinstance(result, Conflict)] == [1] * 15
    assert await events_of(store) == [Closed()]


async def test_clients_who_only_count_all_get_through(store: Any) -> None:
    async def count() -> None:
        for _ in range(5):
            while True:
                try:
                    await handle(store, TALLY, STREAM, Count(1), context())
                    break
                except Conflict:
                    continue

    await asyncio.gather(*(count() for _ in range(8)))
    assert (await handle(store, TALLY, STREAM, Count(0), context())).state == Tally(40)


class _AlwaysBehind:
    """A store whose transactions load nothing, as if everybody else were quicker; it counts how often it is begun."""

    def __init__(self, store: Any) -> None:
        self._store, self.begun = store, 0

    def remembered(self, stream_id: str) -> None:
        return None

    def begin(self) -> Any:
        self.begun += 1
        return _Behind(self._store.begin())


class _Behind:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aenter__(self) -> Any:
        self._work = await self._inner.__aenter__()
        self.states: dict[str, Any] = {}
        self.connection = None
        return self

    async def __aexit__(self, *failure: Any) -> Any:
        return await self._inner.__aexit__(*failure)

    async def load(self, *_: Any, **__: Any) -> list[Any]:
        return []

    async def append(self, *arguments: Any) -> Any:
        return await self._work.append(*arguments)


async def test_a_conflict_is_decided_again_three_times_and_a_strict_one_once(store: Any) -> None:
    await handle(store, TALLY, STREAM, Count(1), context())
    for strict, times in ((False, 3), (True, 1)):
        behind = _AlwaysBehind(store)
        with pytest.raises(Conflict):
            await handle(behind, TALLY, STREAM, Count(1), context(), strict=strict)
        assert behind.begun == times


async def test_the_same_key_again_answers_what_the_first_time_did(store: Any) -> None:
    first = await handle(store, TALLY, STREAM, Count(1, times=3), repeatable())
    await handle(store, TALLY, STREAM, Count(7), context())
    again = await handle(store, TALLY, STREAM, Count(1, times=3), repeatable())
    assert again.is_repeat
    assert (again.state, again.version, again.events) == (Tally(3), 3, first.events)
    assert len(await events_of(store)) == 4


async def test_the_same_key_again_is_answered_although_the_rule_would_refuse_it_now(store: Any) -> None:
    await handle(store, TALLY, STREAM, Count(1), repeatable())
    await handle(store, TALLY, STREAM, Close(), context())
    assert (await handle(store, TALLY, STREAM, Count(1), repeatable())).is_repeat


async def test_the_same_key_with_another_body_is_refused(store: Any) -> None:
    await handle(store, TALLY, STREAM, Count(1), repeatable(body=b"one"))
    with pytest.raises(IdempotencyKeyReused):
        await handle(store, TALLY, STREAM, Count(2), repeatable(body=b"two"))
    assert await events_of(store) == [Counted(1)]


async def test_the_same_key_for_another_stream_is_refused(store: Any) -> None:
    await handle(store, TALLY, STREAM, Count(1), repeatable())
    with pytest.raises(IdempotencyKeyReused):
        await handle(store, TALLY, "tally/2", Count(1), repeatable())
    assert await events_of(store, "tally/2") == []


async def test_the_same_key_of_another_caller_is_another_request(store: Any) -> None:
    await handle(store, TALLY, STREAM, Count(1), repeatable(caller="an"))
    await handle(store, TALLY, STREAM, Count(1), repeatable(caller="binh"))
    assert len(await events_of(store)) == 2


async def test_one_request_sent_many_times_at_once_happens_once(store: Any) -> None:
    outcomes = await asyncio.gather(*(handle(store, TALLY, STREAM, Count(1, times=2), repeatable()) for _ in range(10)))
    assert [outcome.is_repeat for outcome in outcomes].count(False) == 1
    assert {outcome.events for outcome in outcomes} == {outcomes[0].events}
    assert len(await events_of(store)) == 2


async def test_a_closing_request_sent_many_times_at_once_is_never_refused(store: Any) -> None:
    """The second attempt finds the tally closed by the first, which is its own doing."""
    once = replace(TALLY, decide=_closes_once)
    outcomes = await asyncio.gather(*(handle(store, once, STREAM, Close(), repeatable()) for _ in range(10)))
    assert {outcome.state for outcome in outcomes} == {Tally(is_closed=True)}


def _closes_once(command: Any, state: Tally) -> list[Any]:
    if state.is_closed:
        raise TallyIsClosed()
    return [Closed()]


async def test_one_key_for_two_streams_at_once_is_kept_for_one_of_them(store: Any) -> None:
    results = await asyncio.gather(
        *(handle(store, TALLY, f"tally/{n}", Count(1), repeatable(key="shared")) for n in range(6)), return_exceptions=True
    )
    assert [type(result) for result in results].count(IdempotencyKeyReused) == 5


async def test_what_a_message_causes_is_appended_once_however_often_it_comes(store: Any) -> None:
    consumed = uuid4()
    caused = context(event_id=ids_by_cause(consumed, "reaction"))
    await handle(store, TALLY, STREAM, Count(1, times=2), caused)
    again = await handle(store, TALLY, STREAM, Count(1, times=2), caused)
    assert again.is_repeat
    assert len(await events_of(store)) == 2


async def test_an_event_of_more_than_two_megabytes_is_refused(store: Any) -> None:
    with pytest.raises(EventIsTooLarge):
        await handle(store, TALLY, STREAM, Count(1, remark="x" * MAX_PAYLOAD_BYTES), context())
    assert await events_of(store) == []


async def test_an_event_of_just_under_two_megabytes_is_kept(store: Any) -> None:
    await handle(store, TALLY, STREAM, Count(1, remark="x" * (MAX_PAYLOAD_BYTES - 100)), context())
    assert len(await events_of(store)) == 1


async def test_a_refused_command_changes_nothing(store: Any) -> None:
    await handle(store, TALLY, STREAM, Close(), context())
    with pytest.raises(TallyIsClosed) as refused:
        await handle(store, TALLY, STREAM, Count(1), context())
    assert refused.value.parameters == {"total": 0}
    assert await events_of(store) == [Closed()]


async def test_a_transaction_that_fails_late_leaves_nothing_and_is_not_remembered(store: Any) -> None:
    async def fail_late() -> None:
        async with store.begin() as work:
            await handle_in(work, store, TALLY, STREAM, Count(1, times=3), context())
            await handle_in(work, store, TALLY, "tally/2", Count(1), context())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_late()
    assert await events_of(store) == []
    assert store.remembered(STREAM) is None
    assert (await handle(store, TALLY, STREAM, Count(1), context())).version == 1


async def test_within_a_transaction_the_second_command_sees_what_the_first_did(store: Any) -> None:
    async with store.begin() as work:
        await handle_in(work, store, TALLY, STREAM, Count(2), context())
        outcome = await handle_in(work, store, TALLY, STREAM, Count(3), context())
    assert (outcome.state, outcome.version) == (Tally(5), 2)


async def test_a_remembered_state_is_never_served_when_others_have_appended_since(postgres_store: PostgresStore) -> None:
    """Two processes have a memory each; both see what the other did."""
    other = PostgresStore(postgres_store.pool, "toy", postgres_store.publish, TYPES)
    for n in range(1, 6):
        for store in (postgres_store, other):
            await handle(store, TALLY, STREAM, Count(n), context())
    for store in (postgres_store, other):
        assert store.remembered(STREAM) is not None
        assert (await handle(store, TALLY, STREAM, Count(0), context())).state == Tally(30)


async def test_the_memory_of_states_is_bounded(postgres_store: PostgresStore) -> None:
    for n in range(300):
        postgres_store._remember({f"tally/{n}": (1, Tally(n))})
    assert postgres_store.remembered("tally/0") is None
    assert postgres_store.remembered("tally/299") == (1, Tally(299))


async def test_projections_share_the_transaction(postgres_store: PostgresStore) -> None:
    await handle(postgres_store, TALLY, STREAM, Count(4), context(), project=project)

    async def fails(connection: Any, recorded: Any, state: Any) -> None:
        await project(connection, recorded, state)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await handle(postgres_store, TALLY, STREAM, Count(1), context(), project=fails)
    assert await postgres_store.pool.fetchval("SELECT total FROM tally WHERE name = $1", STREAM) == 4
    assert await events_of(postgres_store) == [Counted(4)]


async def test_a_deadlock_is_decided_again(postgres_store: PostgresStore) -> None:
    """Two commands lock each other's rows; the database undoes one of them, and nobody notices."""
    pool = postgres_store.pool
    await pool.execute("INSERT INTO tally VALUES ('a', 0), ('b', 0)")
    both_hold_one = asyncio.Barrier(2)
    tries: list[str] = []

    def touching(first: str, second: str) -> Any:
        async def touch(connection: Any, recorded: Any, state: Any) -> None:
            tries.append(first)
            await connection.execute("UPDATE tally SET total = total + 1 WHERE name = $1", first)
            if len(tries) <= 2:
                await both_hold_one.wait()
            await connection.execute("UPDATE tally SET total = total + 1 WHERE name = $1", second)

        return touch

    await asyncio.gather(
        handle(postgres_store, TALLY, "tally/1", Count(1), context(), project=touching("a", "b")),
        handle(postgres_store, TALLY, "tally/2", Count(1), context(), project=touching("b", "a")),
    )
    assert len(tries) == 3
    assert {row["total"] for row in await pool.fetch("SELECT total FROM tally")} == {2}


async def test_an_event_that_is_none_of_the_services_own_is_refused(postgres_store: PostgresStore) -> None:
    class Foreign(Closed):
        TYPE = "foreign"

    with pytest.raises((UnknownEvent, AssertionError)):
        async with postgres_store.begin() as work:
            await work.append(STREAM, 0, [(Foreign(), TALLY.labels(Tally(), Closed()))], context())
    assert await events_of(postgres_store) == []


async def test_the_first_of_two_equal_ids_is_named(store: Any) -> None:
    await handle(store, TALLY, STREAM, Count(1), repeatable())
    with pytest.raises(AlreadyAppended) as repeated:
        async with store.begin() as work:
            await work.append(STREAM, 1, [(Counted(1), TALLY.labels(Tally(), Counted(1)))], repeatable())
    assert repeated.value.event_id == ids_by_key("tester", "key")(STREAM, 0)
