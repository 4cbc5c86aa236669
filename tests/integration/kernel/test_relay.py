"""Publishing the ledger: nothing left out, duplicates only after a failure, and a cursor that never runs ahead or back."""

from collections.abc import Sequence
from typing import Any

import pytest

from kernel.bus import PublishFailed
from kernel.handler import handle
from kernel.ledger import Entry, Ledger
from kernel.postgres import PostgresStore
from kernel.relay import Relay
from kernel.sequencer import Sequencer
from kernel.testing import context
from tests.integration.kernel.toy import TALLY, Count


class RecordingBus:
    """Takes windows; fails where it is told, after so many confirmed entries."""

    def __init__(self, *failures: int) -> None:
        self.failures = list(failures)
        self.taken: list[int] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def subscribe(self, consumer: str, publisher: str, receive: Any) -> None: ...

    async def publish(self, publisher: str, window: Sequence[Entry]) -> None:
        if self.failures:
            confirmed = self.failures.pop(0)
            self.taken += [entry.seq for entry in window[:confirmed]]
            raise PublishFailed(confirmed, "told to")
        self.taken += [entry.seq for entry in window]


class DiesBeforeItsCursor:
    """A pool through which the process doesn't get its cursor written any more."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.fetchval = pool.fetchval

    async def execute(self, *_: Any) -> None:
        raise ConnectionError("killed")


@pytest.fixture
async def logged(postgres_store: PostgresStore, sequencer: Sequencer) -> PostgresStore:
    """450 entries in the ledger."""
    for n in range(9):
        await handle(postgres_store, TALLY, f"tally/{n}", Count(1, times=50), context())
    while (await sequencer.drain()).count:
        pass
    return postgres_store


async def cursor(store: PostgresStore) -> int:
    return int(await store.pool.fetchval("SELECT published_seq FROM relay_cursor"))


async def drain(relay: Relay) -> None:
    while await relay.drain():
        pass


async def test_everything_is_published_once_in_windows(logged: PostgresStore, ledger: Ledger) -> None:
    bus = RecordingBus()
    relay = Relay(logged.pool, ledger, bus, "toy")
    assert [await relay.drain() for _ in range(4)] == [200, 200, 50, 0]
    assert bus.taken == list(range(1, 451))
    assert await cursor(logged) == relay.published_seq == 450


async def test_after_a_failure_it_goes_on_behind_the_last_contiguous_confirmed_entry(logged: PostgresStore, ledger: Ledger) -> None:
    bus = RecordingBus(0, 37, 199)
    relay = Relay(logged.pool, ledger, bus, "toy")
    positions = []
    for _ in range(3):
        with pytest.raises(PublishFailed):
            await relay.drain()
        positions.append(await cursor(logged))
    assert positions == [0, 37, 236]
    await drain(relay)
    assert bus.taken == list(range(1, 451))


async def test_a_crash_between_confirmation_and_cursor_makes_duplicates_and_nothing_worse(logged: PostgresStore, ledger: Ledger) -> None:
    bus = RecordingBus()
    with pytest.raises(ConnectionError):
        await Relay(DiesBeforeItsCursor(logged.pool), ledger, bus, "toy").drain()
    assert await cursor(logged) == 0
    await drain(Relay(logged.pool, ledger, bus, "toy"))
    assert bus.taken == [*range(1, 201), *range(1, 451)]


async def test_a_former_leader_with_a_window_in_hand_does_not_move_the_cursor_back(logged: PostgresStore, ledger: Ledger) -> None:
    bus = RecordingBus()
    former, leader = Relay(logged.pool, ledger, bus, "toy"), Relay(logged.pool, ledger, bus, "toy")
    await former.drain()
    await drain(leader)
    await former.drain()
    assert await cursor(logged) == 450


async def test_a_relay_that_starts_anew_goes_on_where_the_last_one_stopped(logged: PostgresStore, ledger: Ledger) -> None:
    bus = RecordingBus()
    await Relay(logged.pool, ledger, bus, "toy").drain()
    await drain(Relay(logged.pool, ledger, bus, "toy"))
    assert bus.taken == list(range(1, 451))
