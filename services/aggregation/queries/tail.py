"""The newest happenings of the log, read once for everybody who listens. Keeps no figure."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from ..projections import generation

KEPT = 5_000
LOOKS, BETWEEN_LOOKS = 10, 0.02  # who wakes it has not committed yet
_NEWS = """
SELECT h.seq, h.name, h.report_id, r.template, r.period, r.unit_id, t.sector, t.owner_id FROM happening h
    JOIN report r ON r.id = h.report_id JOIN template t ON t.code = r.template AND t.version = r.version
WHERE h.seq > $1 ORDER BY h.seq LIMIT $2
"""
_LAST = "SELECT coalesce(max(seq), 0) FROM happening"


class News(NamedTuple):
    """Something happened to a report: enough to know whether to look again."""

    seq: int
    name: str
    report_id: UUID
    template: str
    period: str
    unit_id: UUID
    sector: str
    owner_id: UUID


class Tail:
    """`run` reads on whenever it is woken, or after a pause; listeners wait with `newer`."""

    def __init__(self, pool: Callable[[], Any], woken: asyncio.Event, pause: float) -> None:
        self._pool, self._woken, self._pause = pool, woken, pause
        self._kept: deque[News] = deque(maxlen=KEPT)
        self._from = self._last = -1
        self._moved = asyncio.Event()

    async def run(self) -> None:
        while True:
            woken = self._woken.is_set()
            self._woken.clear()
            for _ in range(LOOKS if woken else 1):
                if await self._read_on():
                    break
                await asyncio.sleep(BETWEEN_LOOKS if woken else 0)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._pause)

    async def _read_on(self) -> bool:
        async with self._pool().acquire() as connection, connection.transaction(readonly=True):
            await generation.enter_live(connection)
            if self._last < 0:
                self._from = self._last = int(await connection.fetchval(_LAST))
            rows = await connection.fetch(_NEWS, self._last, KEPT)
        if rows:
            if len(self._kept) + len(rows) > KEPT:
                self._from = self._kept[min(len(rows), len(self._kept)) - 1].seq if self._kept else rows[0]["seq"] - 1
            self._kept.extend(News(*row) for row in rows)
            self._last = rows[-1]["seq"]
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()
        return bool(rows)

    @property
    def last(self) -> int:
        return max(self._last, 0)

    async def after(self, seq: int) -> list[News]:
        """What has happened since, oldest first: from memory, or from the table for who was away longer."""
        if seq >= self._from:
            return [news for news in self._kept if news.seq > seq]
        async with self._pool().acquire() as connection, connection.transaction(readonly=True):
            await generation.enter_live(connection)
            return [News(*row) for row in await connection.fetch(_NEWS, seq, KEPT)]

    async def newer(self, seconds: float) -> None:
        """Returns when there is news, or after so many seconds."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._moved.wait(), seconds)
