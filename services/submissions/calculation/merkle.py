"""The log's proofs: the hash of an entry, and RFC 6962 Merkle trees over them with their inclusion proofs. Pure."""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

TILE = 1024
"""So many leaves are one node that can be kept: an aligned run of them is a whole subtree of every larger tree."""


_LENGTH = [struct.pack(">I", n) for n in range(256)]
_FORMAT = _LENGTH[1] + b"\x01" + _LENGTH[32]


def hash_of_entry(previous: bytes, seq: int, event_id: bytes, stream_id: str, version: int, type_: str, digest: bytes) -> bytes:
    """The entry's place in the chain, as the sequencer computes it: written here a second time, unrolled, since all of them are verified.

    Every field is shorter than 256 bytes, but for stream ids: those are looked at.
    """
    place, stream, at, kind = str(seq).encode(), stream_id.encode(), str(version).encode(), type_.encode()
    prefix = _LENGTH[len(stream)] if len(stream) < 256 else struct.pack(">I", len(stream))
    begins = (_FORMAT, previous, _LENGTH[len(place)], place, _LENGTH[16], event_id, prefix, stream)
    return hashlib.sha256(b"".join((*begins, _LENGTH[len(at)], at, _LENGTH[len(kind)], kind, _LENGTH[32], digest))).digest()


def leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def parent(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(nodes: Sequence[bytes]) -> bytes:
    """The root over nodes of equal height (the last may be lower); of none it is the hash of nothing."""
    if not nodes:
        return hashlib.sha256(b"").digest()
    level = list(nodes)
    while len(level) > 1:
        paired = [parent(level[n], level[n + 1]) for n in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


@dataclass(frozen=True)
class ProofStep:
    """A sibling on the way up, and on which side it stands."""

    side: str  # left | right
    hash: bytes


def path_to(nodes: Sequence[bytes], index: int) -> list[ProofStep]:
    """The siblings of node `index` from below to the root over `nodes`."""
    steps: list[ProofStep] = []
    level, at = list(nodes), index
    while len(level) > 1:
        sibling = at ^ 1
        if sibling < len(level):
            steps.append(ProofStep("left" if sibling < at else "right", level[sibling]))
        paired = [parent(level[n], level[n + 1]) for n in range(0, len(level) - 1, 2)]
        level, at = paired + level[len(paired) * 2 :], at // 2
    return steps


def proves(entry: bytes, steps: Sequence[ProofStep], root: bytes) -> bool:
    """Whether the path leads from the entry to the root."""
    current = leaf(entry)
    for step in steps:
        current = parent(step.hash, current) if step.side == "left" else parent(current, step.hash)
    return current == root
