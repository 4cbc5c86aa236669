"""The log as a chain and as a Merkle tree: recomputed, compared with what was signed, proved entry by entry. Mends nothing."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc.jwk import OKPKey

from kernel.errors import NotFound
from kernel.sequencer import GENESIS, entry_hash

from ..calculation.merkle import TILE, ProofStep, leaf, path_to, root_of

WINDOW = 5000
_ENTRIES = """
SELECT l.seq, l.hash, l.event_id, e.stream_id, e.stream_version, e.type, sha256(e.canonical) AS digest,
    CASE WHEN e.type = 'checkpoint_signed' THEN convert_from(e.canonical, 'UTF8') END AS checkpoint
FROM ledger l LEFT JOIN event e USING (event_id) WHERE l.seq > $1 ORDER BY l.seq LIMIT $2
"""
_UNPLACED = """
SELECT count(*) FROM event e WHERE NOT EXISTS (SELECT FROM ledger l WHERE l.event_id = e.event_id)
    AND NOT EXISTS (SELECT FROM unsequenced u WHERE u.event_id = e.event_id)
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
    heads_at: dict[int, str] = field(default_factory=dict)

    def take(self, row: Any) -> None:
        """The next row of the ledger: in its place, of an event that is there, and hashed as it says."""
        if row["seq"] != self.seq + 1:
            self._wrong(row["seq"], "gap", f"sau {self.seq} là {row['seq']}")
        if row["stream_id"] is None:
            self._wrong(row["seq"], "event-missing", "sự kiện không còn")
        else:
            self._check_hash(row)
        self.seq, self.head = row["seq"], bytes(row["hash"] or b"")
        self._add_leaf(leaf(self.head))

    def _check_hash(self, row: Any) -> None:
        computed = entry_hash(
            self.head, row["seq"], row["event_id"].bytes, row["stream_id"], row["stream_version"], row["type"], bytes(row["digest"])
        )
        if computed != row["hash"]:
            self._wrong(row["seq"], "hash-differs", "nội dung hoặc thứ tự đã bị đổi")
        if row["checkpoint"] is not None:
            self.check(msgspec.convert(msgspec.json.decode(row["checkpoint"])["data"], Checkpoint), row["seq"])

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


async def verified(pool: Any, key: OKPKey, kept_outside: Checkpoint | None = None) -> AsyncIterator[tuple[Verification, bool]]:
    """Recomputes the whole chain, window by window; yields how far it has come, and at last whether that was the end.

    `kept_outside` is a checkpoint that the caller has kept apart from the database: it tells a chain that was rewritten as a whole,
    or cut off at its end.
    """
    so_far = Verification(key)
    while True:
        rows = await pool.fetch(_ENTRIES, so_far.seq, WINDOW)
        for row in rows:
            so_far.take(row)
        if len(rows) < WINDOW:
            break
        yield so_far, False
    await _check_the_end(pool, so_far, kept_outside)
    yield so_far, True


async def _check_the_end(pool: Any, so_far: Verification, kept_outside: Checkpoint | None) -> None:
    unplaced = await pool.fetchval(_UNPLACED)
    if unplaced:
        so_far.problems.append({"seq": so_far.seq, "rule": "events-without-place", "detail": f"{unplaced} sự kiện không có trong chuỗi"})
    published = await pool.fetchval("SELECT published_seq FROM relay_cursor WHERE name = 'bus'")
    if published > so_far.seq:
        so_far.problems.append({"seq": so_far.seq, "rule": "tail-missing", "detail": f"đã phát đi tới {published}"})
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
