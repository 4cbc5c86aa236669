"""Reads the ledger: the messages in their order, as they are published and as `/log` serves them. Writes nothing."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from .message import sequenced

WINDOW_BYTES = 4_000_000

# The lengths add up before a body is read: a window of large ones costs no more than it may hold.
_READ = """
SELECT * FROM (
    SELECT *, sum(length(canonical)) OVER (ORDER BY seq) - length(canonical) AS bytes_before FROM (
        SELECT l.seq, l.sector_seq, l.hash, e.canonical, e.trace, e.routing_key, e.event_id
        FROM ledger l JOIN event e USING (event_id)
        WHERE l.seq > $1 {only} ORDER BY l.seq LIMIT $2
    ) AS window_by_count
) AS window_by_size WHERE bytes_before < {bytes} ORDER BY seq
"""
_READ_ALL = _READ.format(only="", bytes=WINDOW_BYTES)
_READ_SECTORS = _READ.format(only="AND l.sector = ANY($3)", bytes=WINDOW_BYTES)


@dataclass(frozen=True)
class Entry:
    """One message in its publisher's order, ready to be sent."""

    seq: int
    routing_key: str
    event_id: str
    body: bytes


class Ledger:
    """The ledger of one service, read through its pool."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def head(self) -> int:
        found = await self._pool.fetchval("SELECT max(seq) FROM ledger")
        return int(found or 0)

    async def read(self, after: int, limit: int = 200, sectors: Sequence[str] | None = None) -> list[Entry]:
        """Up to `limit` entries after seq `after`, fewer where they fill WINDOW_BYTES, none only where there are none.

        With `sectors`: released ones of those sectors only.
        """
        if sectors is None:
            rows = await self._pool.fetch(_READ_ALL, after, limit)
        else:
            rows = await self._pool.fetch(_READ_SECTORS, after, limit, list(sectors))
        return [_entry(row) for row in rows]

    async def read_all(self, after: int = 0, until: int | None = None, window: int = 1000) -> AsyncIterator[Entry]:
        """Every entry after `after`, up to and including `until`, in windows."""
        while True:
            entries = await self.read(after, window)
            for entry in entries:
                if until is not None and entry.seq > until:
                    return
                yield entry
            if not entries:
                return
            after = entries[-1].seq


def _entry(row: Any) -> Entry:
    body = sequenced(row["canonical"], seq=row["seq"], sector_seq=row["sector_seq"], event_hash=row["hash"], trace=row["trace"])
    return Entry(row["seq"], row["routing_key"], str(row["event_id"]), body)
