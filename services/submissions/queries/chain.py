"""The log as a chain and as a Merkle tree: recomputed, compared with what was signed, proved entry by entry. Mends nothing."""

import asyncio
import base64
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc.jwk import OKPKey

from kernel.decider import EventTypes, Labels
from kernel.errors import NotFound, UnknownEvent
from kernel.event_store import Publish, Recorded
from kernel.message import canonical_message
from kernel.sequencer import GENESIS

from ..calculation.merkle import TILE, ProofStep, hash_of_entry, leaf, path_to, root_of

WINDOW = 2000
AHEAD = 2
_ENTRIES = """
SELECT l.seq, l.hash, uuid_send(l.event_id), e.stream_id, e.stream_version, e.type, sha256(e.canonical),
    CASE WHEN e.type = 'checkpoint_signed' THEN convert_from(e.canonical, 'UTF8') END
FROM ledger l LEFT JOIN event e USING (event_id) WHERE l.seq > $1 AND l.seq <= $2 ORDER BY l.seq
"""
_CONTENTS = """
SELECT l.seq, e.event_id, e.stream_id, e.stream_version, e.type, e.schema_version, e.occurred_at, e.actor, e.correlation_id, e.causation_id,
    e.sector, e.province, e.unit, e.subject, e.released, e.payload, e.canonical
FROM ledger l JOIN event e USING (event_id) WHERE l.seq > $1 AND l.seq <= $2 ORDER BY l.seq
"""
_UNPLACED = """
SELECT count(*) FROM event e WHERE NOT EXISTS (SELECT FROM ledger l WHERE l.event_id = e.event_id)
    AND NOT EXISTS (SELECT FROM unsequenced u WHERE u.event_id = e.event_id)
"""
# One statement: the log goes on while it is verified.
_REACHED = """
SELECT (SELECT coalesce(max(seq), 0) FROM ledger) AS head, (SELECT published_seq FROM relay_cursor WHERE name = 'bus') AS published
"""
_LAST_CHECKPOINT = """
SELECT (e.payload ->> 'seq')::bigint AS seq, e.payload ->> 'head' AS head, e.payload ->> 'root' AS root,
    e.payload ->> 'key_id' AS key_id, e.payload ->> 'signature' AS signature
FROM event e WHERE e.type = 'checkpoint_signed' AND (e.payload ->> 'seq')::bigint >= $1 ORDER BY 1 DESC LIMIT 1
"""


class Checkpoint(msgspec.Struct, frozen=True):
    seq: int
    head: str
    root: str
    key_id: str
    signature: str


def signed_words(seq: int, head: str, root: str) -> bytes:
    """The bytes under a checkpoint's signature."""
    return f"ktxh-checkpoint/1\n{seq}\n{head}\n{root}".encode()


def raw_key(key: OKPKey) -> bytes:
    """The 32 bytes of a public key."""
    x = str(key.as_dict(private=False)["x"])
    return base64.urlsafe_b64decode(x + "=" * (-len(x) % 4))


def is_signed_by(key: OKPKey, checkpoint: Checkpoint) -> bool:
    words = signed_words(checkpoint.seq, checkpoint.head, checkpoint.root)
    try:
        Ed25519PublicKey.from_public_bytes(raw_key(key)).verify(bytes.fromhex(checkpoint.signature), words)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True)
class Contents:
    """How a stored event becomes the bytes that were hashed: what the service folds must be what it has published."""

    service: str
    types: EventTypes
    publish: Publish

    async def differing(self, pool: Any, after: int, until: int) -> list[dict[str, Any]]:
        """Entries whose stored columns or payload say something else than their canonical bytes."""
        found = []
        for row in await pool.fetch(_CONTENTS, after, until):
            try:
                is_same = self._canonical(row) == bytes(row["canonical"])
            except (UnknownEvent, msgspec.MsgspecError, KeyError, ValueError):
                is_same = False
            if not is_same:
                found.append({"seq": row["seq"], "rule": "content-differs", "detail": "nội dung lưu khác với nội dung đã băm"})
        return found

    def _canonical(self, row: Any) -> bytes:
        labels = Labels(row["sector"], row["province"], row["unit"], row["released"], row["subject"])
        event = self.types.decode(row["type"], row["schema_version"], row["payload"])
        told = {name: row[name] for name in ("event_id", "stream_id", "occurred_at", "actor", "correlation_id", "causation_id")}
        recorded = Recorded(version=row["stream_version"], labels=labels, event=event, **told)
        type_, payload = self.publish(recorded)
        return canonical_message(
            publisher=self.service, type=type_, stream_version=row["stream_version"], labels=labels, payload=payload, **told
        )


@dataclass
class Verification:
    """What has been verified so far. `problems` name the seq and what is wrong there."""

    key: OKPKey
    seq: int = 0
    head: bytes = GENESIS
    problems: list[dict[str, Any]] = field(default_factory=list)
    checkpoints: int = 0
    tiles: list[bytes] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)

    def take(self, row: Any) -> None:
        """The next row of the ledger: in its place, of an event that is there, and hashed as it says."""
        seq, stored, event_id, stream_id, version, type_, digest, checkpoint = row
        if seq != self.seq + 1:
            self._wrong(seq, "gap", f"sau {self.seq} là {seq}")
        if stream_id is None:
            self._wrong(seq, "event-missing", "sự kiện không còn")
        elif hash_of_entry(self.head, seq, event_id, stream_id, version, type_, digest) != stored:
            self._wrong(seq, "hash-differs", "nội dung hoặc thứ tự đã bị đổi")
        if checkpoint is not None:
            self.check(msgspec.convert(msgspec.json.decode(checkpoint)["data"], Checkpoint), seq)
        self.seq, self.head = seq, stored or b""
        self._add_leaf(leaf(self.head))

    def check(self, checkpoint: Checkpoint, at: int) -> None:
        """A checkpoint against what was recomputed; it always stands behind what it signs."""
        self.checkpoints += 1
        if not is_signed_by(self.key, checkpoint):
            self._wrong(at, "bad-signature", "chữ ký của điểm kiểm không đúng")
        if checkpoint.seq > self.seq:
            self._wrong(at, "ahead", f"điểm kiểm nói tới {checkpoint.seq}, nhật ký mới tới {self.seq}")
        elif checkpoint.root != self._root_at(checkpoint.seq).hex():
            self._wrong(at, "root-differs", f"gốc Merkle tới {checkpoint.seq} không khớp")

    def _add_leaf(self, hashed: bytes) -> None:
        self.leaves.append(hashed)
        if len(self.leaves) % TILE == 0:
            self.tiles.append(root_of(self.leaves[-TILE:]))

    def _root_at(self, seq: int) -> bytes:
        whole = seq // TILE
        rest = self.leaves[whole * TILE : seq]
        return root_of([*self.tiles[:whole], *([root_of(rest)] if rest else [])])

    def root(self) -> bytes:
        return self._root_at(self.seq)

    def _wrong(self, seq: int, rule: str, detail: str) -> None:
        self.problems.append({"seq": seq, "rule": rule, "detail": detail})


async def verified(
    pool: Any, key: OKPKey, kept_outside: Checkpoint | None = None, contents: Contents | None = None
) -> AsyncIterator[tuple[Verification, bool]]:
    """Recomputes the whole chain, window by window; yields how far it has come, and at last whether that was the end.

    `kept_outside` is a checkpoint that the caller has kept apart from the database: it tells a chain that was rewritten as a whole,
    or cut off at its end. With `contents` every stored payload is held against the bytes that were hashed.
    """
    so_far = Verification(key)
    async for rows in _windows(pool):
        before = so_far.seq
        for row in rows:
            so_far.take(row)
        if contents is not None:
            so_far.problems += await contents.differing(pool, before, so_far.seq)
        yield so_far, False
    await _check_the_end(pool, so_far, kept_outside)
    yield so_far, True


async def _windows(pool: Any) -> AsyncIterator[list[Any]]:
    """The ledger in windows, until what has been added meanwhile is through too; some are on their way while one is looked at."""
    after = 0
    while (head := await pool.fetchval("SELECT coalesce(max(seq), 0) FROM ledger")) > after:
        starts = iter(range(after, head, WINDOW))
        coming = deque(_window(pool, start, head) for start in islice(starts, AHEAD))
        try:
            while coming:
                rows = await coming.popleft()
                coming.extend(_window(pool, start, head) for start in islice(starts, 1))
                yield rows
        finally:
            for one in coming:
                one.cancel()
        after = head


def _window(pool: Any, after: int, head: int) -> "asyncio.Task[list[Any]]":
    return asyncio.create_task(pool.fetch(_ENTRIES, after, min(after + WINDOW, head)))


async def _check_the_end(pool: Any, so_far: Verification, kept_outside: Checkpoint | None) -> None:
    unplaced = await pool.fetchval(_UNPLACED)
    if unplaced:
        so_far.problems.append({"seq": so_far.seq, "rule": "events-without-place", "detail": f"{unplaced} sự kiện không có trong chuỗi"})
    row = await pool.fetchrow(_REACHED)
    if row["published"] > row["head"]:
        so_far.problems.append({"seq": row["head"], "rule": "tail-missing", "detail": f"đã phát đi tới {row['published']}"})
    if kept_outside is not None:
        so_far.check(kept_outside, so_far.seq)


@dataclass(frozen=True)
class Proof:
    """That the entry at `seq` is in the log that the checkpoint signs."""

    seq: int
    event_id: Any
    entry_hash: str
    path: list[ProofStep]
    checkpoint: Checkpoint


async def prove(pool: Any, seq: int) -> Proof:
    """Against the newest checkpoint at or behind `seq`. Raises NotFound for an entry that is not there or not yet signed."""
    entry = await pool.fetchrow("SELECT event_id, hash FROM ledger WHERE seq = $1", seq)
    signed = await pool.fetchrow(_LAST_CHECKPOINT, seq)
    if entry is None or signed is None:
        raise NotFound("Chưa có điểm kiểm nào sau vị trí này" if entry else "Nhật ký không có vị trí này")
    checkpoint = Checkpoint(**dict(signed))
    place, at = divmod(seq - 1, TILE)
    tiles = await tile_roots(pool, checkpoint.seq)
    first, last = place * TILE, min((place + 1) * TILE, checkpoint.seq)
    inside = [leaf(bytes(row["hash"])) for row in await _hashes(pool, first, last)]
    path = path_to(inside, at) + path_to(tiles, place)
    return Proof(seq, entry["event_id"], bytes(entry["hash"]).hex(), path, checkpoint)


async def tile_roots(pool: Any, seq: int) -> list[bytes]:
    """The roots of the tree's runs of 1024 up to `seq`, the last one perhaps shorter; whole ones are kept once computed."""
    whole = seq // TILE
    kept = {row["place"]: bytes(row["root"]) for row in await pool.fetch("SELECT place, root FROM merkle_tile WHERE place < $1", whole)}
    roots = []
    for place in range(whole):
        if place not in kept:
            kept[place] = root_of([leaf(bytes(row["hash"])) for row in await _hashes(pool, place * TILE, (place + 1) * TILE)])
            await pool.execute("INSERT INTO merkle_tile VALUES ($1, $2) ON CONFLICT DO NOTHING", place, kept[place])
        roots.append(kept[place])
    rest = [leaf(bytes(row["hash"])) for row in await _hashes(pool, whole * TILE, seq)]
    return [*roots, root_of(rest)] if rest else roots


async def _hashes(pool: Any, after: int, until: int) -> list[Any]:
    rows: list[Any] = await pool.fetch("SELECT hash FROM ledger WHERE seq > $1 AND seq <= $2 ORDER BY seq", after, until)
    return rows
