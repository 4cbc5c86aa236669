"""Publishes the ledger, window by window, and remembers the last entry that every listener's queue has confirmed."""

from typing import Any

from .bus import Bus, PublishFailed
from .ledger import Ledger

WINDOW = 200


class Relay:
    """Duplicates are expected after a failure: the cursor never runs ahead of what was confirmed."""

    def __init__(self, pool: Any, ledger: Ledger, bus: Bus, publisher: str) -> None:
        self._pool, self._ledger, self._bus, self._publisher = pool, ledger, bus, publisher
        self._cursor: int | None = None

    @property
    def published_seq(self) -> int:
        return self._cursor or 0

    async def drain(self) -> int:
        """Publishes one window; returns how many entries it had. Raises PublishFailed after keeping what was confirmed."""
        if self._cursor is None:
            self._cursor = int(await self._pool.fetchval("SELECT published_seq FROM relay_cursor WHERE name = 'bus'"))
        window = await self._ledger.read(self._cursor, WINDOW)
        if not window:
            return 0
        try:
            await self._bus.publish(self._publisher, window)
        except PublishFailed as failure:
            await self._move_to(window[failure.confirmed - 1].seq if failure.confirmed else self._cursor)
            raise
        await self._move_to(window[-1].seq)
        return len(window)

    async def _move_to(self, seq: int) -> None:
        if seq == self._cursor:
            return
        # A former leader that still has a window in hand doesn't move it back.
        await self._pool.execute("UPDATE relay_cursor SET published_seq = greatest(published_seq, $1) WHERE name = 'bus'", seq)
        self._cursor = seq
