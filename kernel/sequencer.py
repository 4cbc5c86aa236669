"""Gives committed events their gapless place in the ledger, after commit and by one leader, and chains their hashes where asked."""

import hashlib
import struct
from dataclasses import dataclass
from typing import Any

BATCH = 1000
CHAIN_FORMAT = 1
LEADER_LOCK = 0x6B747868  # of the session advisory lock; one database per service, so one number does

_TAKE = """
SELECT u.place, u.event_id, e.stream_id, e.stream_version, e.type, e.sector, e.released, e.digest
FROM (SELECT place, event_id FROM unsequenced ORDER BY place LIMIT $1) u
CROSS JOIN LATERAL (
    SELECT stream_id, stream_version, type, sector, released, sha256(canonical) AS digest FROM event WHERE event_id = u.event_id
    OFFSET 0 -- looks each up by its key: a planner that takes a bloated queue for a long one would scan the log
) e ORDER BY u.place
"""
_HEAD = "SELECT seq, hash, sequenced_at FROM ledger ORDER BY seq DESC LIMIT 1"
_WRITE = """
INSERT INTO ledger (seq, event_id, sequenced_at, epoch, sector, sector_seq, hash)
SELECT seq, event_id, greatest($1, statement_timestamp()), $2, sector, sector_seq, hash
FROM unnest($3::bigint[], $4::uuid[], $5::text[], $6::bigint[], $7::bytea[]) AS t(seq, event_id, sector, sector_seq, hash)
"""


class NoLongerLeader(Exception):
    """Another process has taken the lead; this one must stop writing."""


@dataclass(frozen=True)
class Drained:
    """What one drain did: how many events got their place."""

    count: int


def entry_hash(previous: bytes, seq: int, event_id: bytes, stream_id: str, version: int, type: str, digest: bytes) -> bytes:
    """SHA-256 over length-prefixed fields: format version, previous hash, seq, event id, stream, version, type, SHA-256(canonical)."""
    fields = (
        bytes([CHAIN_FORMAT]),
        previous,
        str(seq).encode(),
        event_id,
        stream_id.encode(),
        str(version).encode(),
        type.encode(),
        digest,
    )
    return hashlib.sha256(b"".join(struct.pack(">I", len(field)) + field for field in fields)).digest()


GENESIS = bytes(32)


class Sequencer:
    """Runs on one connection that holds the leader's session lock. `chained`: the ledger is tamper-evident."""

    def __init__(self, connection: Any, *, chained: bool) -> None:
        self._connection, self._chained = connection, chained
        self.epoch = 0

    async def take_lead(self) -> bool:
        """True if this process leads from now on. The lock ends with the session, however that ends."""
        if not await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
            return False
        self.epoch = await self._connection.fetchval("UPDATE leadership SET epoch = epoch + 1 WHERE name = 'ledger' RETURNING epoch")
        return True

    async def drain(self) -> Drained:
        """Sequences up to BATCH events in one transaction. Raises NoLongerLeader where a later leader has begun."""
        if not await self._connection.fetchval("SELECT place FROM unsequenced ORDER BY place LIMIT 1"):
            return Drained(0)
        async with self._connection.transaction():
            await self._check_epoch()
            head = await self._connection.fetchrow(_HEAD)
            rows = await self._connection.fetch(_TAKE, BATCH)
            seq = head["seq"] if head else 0
            await self._write(rows, seq, head)
            await self._connection.execute("DELETE FROM unsequenced WHERE place = ANY($1)", [row["place"] for row in rows])
            return Drained(len(rows))

    async def _check_epoch(self) -> None:
        # FOR SHARE: a new leader's UPDATE waits until this transaction has ended, so two can't write side by side.
        epoch = await self._connection.fetchval("SELECT epoch FROM leadership WHERE name = 'ledger' FOR SHARE")
        if epoch != self.epoch:
            raise NoLongerLeader(f"epoch {epoch} has begun, this was {self.epoch}")

    async def _write(self, rows: list[Any], seq: int, head: Any) -> None:
        seqs = list(range(seq + 1, seq + len(rows) + 1))
        sector_seqs = await self._sector_seqs(rows)
        hashes = self._hashes(rows, seq, head["hash"] if head else None)
        await self._connection.execute(
            _WRITE,
            head["sequenced_at"] if head else None,
            self.epoch,
            seqs,
            [row["event_id"] for row in rows],
            [row["sector"] if row["released"] else None for row in rows],
            sector_seqs,
            hashes,
        )

    async def _sector_seqs(self, rows: list[Any]) -> list[int | None]:
        sectors = sorted({row["sector"] for row in rows if row["released"]})
        if not sectors:
            return [None] * len(rows)
        found = await self._connection.fetch(
            "SELECT s AS sector, (SELECT coalesce(max(sector_seq), 0) FROM ledger WHERE sector = s) AS last FROM unnest($1::text[]) AS s",
            sectors,
        )
        last = {row["sector"]: row["last"] for row in found}
        result: list[int | None] = []
        for row in rows:
            if row["released"]:
                last[row["sector"]] += 1
            result.append(last[row["sector"]] if row["released"] else None)
        return result

    def _hashes(self, rows: list[Any], seq: int, previous: bytes | None) -> list[bytes | None]:
        if not self._chained:
            return [None] * len(rows)
        hashes: list[bytes | None] = []
        current = previous or GENESIS
        for n, row in enumerate(rows, start=seq + 1):
            current = entry_hash(
                current, n, row["event_id"].bytes, row["stream_id"], row["stream_version"], row["type"], bytes(row["digest"])
            )
            hashes.append(current)
        return hashes
