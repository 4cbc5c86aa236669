"""RFC 6962 Merkle trees over the hashes of log entries: root, inclusion proof, and its check. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

TILE = 1024
"""So many leaves are one node that can be kept: an aligned run of them is a whole subtree of every larger tree."""


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
