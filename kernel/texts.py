"""Free text beside the log: kept once, where it was typed, and erasable; the event holds only its salted hash."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Sealed:
    """A text and its salted SHA-256; an empty text has an empty digest."""

    text: str
    salt: bytes
    digest: str


def seal(text: str) -> Sealed:
    text = text.strip()
    salt = secrets.token_bytes(16)
    return Sealed(text, salt, hashlib.sha256(salt + text.encode()).hexdigest() if text else "")


async def keep(connection: Any, event_id: UUID, sealed: Sealed, *, subject: str) -> None:
    """Stores the text in the caller's transaction; nothing for an empty one."""
    if not sealed.text:
        return
    await connection.execute(
        "INSERT INTO text_kept (event_id, digest, salt, text, subject) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        *(event_id, sealed.digest, sealed.salt, sealed.text, subject),
    )


async def read(connection: Any, event_ids: list[UUID]) -> dict[UUID, tuple[str, str | None]]:
    """event id → (subject, text); the text is None where it was erased."""
    rows = await connection.fetch("SELECT event_id, subject, text FROM text_kept WHERE event_id = ANY($1)", event_ids)
    return {row["event_id"]: (row["subject"], row["text"]) for row in rows}
