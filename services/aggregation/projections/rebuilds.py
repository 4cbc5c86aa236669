"""Runs the rebuild that was asked for, in one process at a time, and takes up one that was broken off. Starts none by itself."""

import asyncio
import contextlib
from typing import Any

import structlog

from kernel.feed import HttpFeed
from kernel.runtime import Runtime

from . import rebuild
from .memory import Memory

log = structlog.get_logger()

LOOK_AGAIN_SECONDS = 1.0
_MINE = "SELECT pg_try_advisory_lock(hashtext('rebuild'))"
_NOT_MINE = "SELECT pg_advisory_unlock(hashtext('rebuild'))"
# Generations that a process left behind when it died, or that were still being read when they should have gone.
_ORPHANS = """
SELECT number FROM generation, live WHERE dropped_at IS NULL AND number NOT IN (generation, coalesce(former, 0), $1::integer)
"""


class Rebuilds:
    """`wanted` is set by who asks for one; a rebuild of a process that died is found by looking."""

    def __init__(self, runtime: Runtime, memory: Memory, wanted: asyncio.Event, chunk: int) -> None:
        self._runtime, self._memory, self._wanted, self._chunk = runtime, memory, wanted, chunk

    async def run(self) -> None:
        while True:
            self._wanted.clear()
            async with self._runtime.pool.acquire() as leader:
                if await leader.fetchval(_MINE):
                    try:
                        await self._run_one()
                    finally:
                        await leader.execute(_NOT_MINE)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), LOOK_AGAIN_SECONDS)

    async def go_back(self, row: Any) -> None:
        """Makes the generation before this rebuild live again, after it has caught up. The row is of `rebuild` with `former`."""
        run = self._of(row)
        await run.catch_up(row["former"])
        await rebuild.swap(self._runtime.pool, row["former"], run.catch_up_in)

    async def _run_one(self) -> None:
        pool = self._runtime.pool
        row = await pool.fetchrow("SELECT * FROM rebuild WHERE state = 'running'")
        if row is None:
            return
        for orphan in await pool.fetch(_ORPHANS, row["generation"]):
            await rebuild.discard(pool, orphan["number"])
        try:
            await self._of(row).run(row["step"])
        except rebuild.Ended:
            await rebuild.discard(pool, row["generation"])
            await rebuild.finish(pool, row["id"], "cancelled", self._runtime.clock())
        except OSError:
            raise  # the log is away: nobody's fault, it goes on when that is back
        except Exception as failure:
            log.error("rebuild failed", exc_info=failure)
            await rebuild.discard(pool, row["generation"])
            await rebuild.finish(pool, row["id"], "failed", self._runtime.clock(), repr(failure))

    def _of(self, row: Any) -> rebuild.Rebuild:
        feed = HttpFeed(lambda: self._runtime.wiring.peer("submissions"), self._runtime.identity)
        return rebuild.Rebuild(self._runtime.pool, self._memory, feed, self._runtime.clock, row, self._chunk)
