"""A played publisher and an inbox that hears it: what the tests of inboxes share."""

from collections.abc import Awaitable, Callable
from typing import Any

from kernel.event_store import UnitOfWork
from kernel.inbox import Inbox, one_by_one
from kernel.message import Envelope
from kernel.postgres import PostgresStore
from kernel.testing import Publisher
from tests.integration.kernel.toy import ClosedV1, CountedV1, note

COUNTED, CLOSED, UNHEARD = "vn.ktxh.peer.counted.v1", "vn.ktxh.peer.closed.v1", "vn.ktxh.peer.unheard.v1"

Reaction = Callable[[UnitOfWork, Envelope, Any], Awaitable[None]]


async def just_note(work: UnitOfWork, envelope: Envelope, payload: Any) -> None:
    await note(work, envelope)


def inbox_of(store: PostgresStore, peer: Publisher, react: Reaction = just_note) -> Inbox:
    return Inbox(store, one_by_one(peer.name, {COUNTED: (CountedV1, react), CLOSED: (ClosedV1, react)}), peer)


def says(peer: Publisher, subject: str = "tally/1", by: int = 1) -> bytes:
    return peer.says(COUNTED, subject, CountedV1(by))


async def heard(store: PostgresStore, subject: str | None = None) -> list[int]:
    """Seqs in the order of their handling."""
    rows = await store.pool.fetch("SELECT seq FROM heard WHERE $1::text IS NULL OR subject = $1 ORDER BY place", subject)
    return [row["seq"] for row in rows]


async def open_letters(store: PostgresStore) -> list[int]:
    return [row["seq"] for row in await store.pool.fetch("SELECT seq FROM parked WHERE ended_at IS NULL ORDER BY publisher, seq")]


class Poison:
    """A reaction that fails on the seqs it is told, until it is cured."""

    def __init__(self, *seqs: int) -> None:
        self.seqs = set(seqs)
        self.tries: list[int] = []

    async def __call__(self, work: UnitOfWork, envelope: Envelope, payload: Any) -> None:
        self.tries.append(envelope.ledgerseq)
        await note(work, envelope)
        if envelope.ledgerseq in self.seqs:
            raise ZeroDivisionError(f"poisoned by {envelope.ledgerseq}")
