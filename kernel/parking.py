"""The messages of one publisher that could not be handled, or wait for another's word: rows, in the publisher's order. Handles none."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .errors import AwaitsPrerequisite
from .message import Envelope

BEHIND = "behind"  # fingerprint of what is parked only because something before it about the same subject is
FIRST_PAUSE, LONGEST_PAUSE = "0.5 seconds", "30 seconds"  # between tries of what waits, doubled each time

_DUE = f"""
SELECT publisher, subject FROM parked WHERE ended_at IS NULL AND waits_for IS NOT NULL
AND tried_at < clock_timestamp() - least(interval '{FIRST_PAUSE}' * power(2, least(tries, 10) - 1), interval '{LONGEST_PAUSE}')
ORDER BY parked_at
"""


@dataclass(frozen=True)
class Arrived:
    envelope: Envelope
    body: bytes

    @property
    def seq(self) -> int:
        return self.envelope.ledgerseq

    @property
    def subject(self) -> str:
        return self.envelope.subject


@dataclass(frozen=True)
class Parked:
    """An open row."""

    seq: int
    body: bytes


class Parking:
    """The table `parked`, for one publisher. What writes takes the caller's transaction."""

    def __init__(self, pool: Any, publisher: str) -> None:
        self._pool, self._publisher = pool, publisher

    async def blocked(self, connection: Any, arrived: Iterable[Arrived]) -> set[str]:
        """Those of the messages' subjects of which something is parked."""
        subjects = list({one.subject for one in arrived})
        rows = await connection.fetch(
            "SELECT DISTINCT subject FROM parked WHERE ended_at IS NULL AND publisher = $1 AND subject = ANY($2)", self._publisher, subjects
        )
        return {row["subject"] for row in rows}

    async def put_behind(self, connection: Any, arrived: Arrived) -> None:
        await self._put(connection, arrived, f"behind an earlier message about {arrived.subject}", BEHIND, None, 0)

    async def put(self, connection: Any, arrived: Arrived, failure: Exception, tries: int) -> None:
        await self._put(connection, arrived, repr(failure), fingerprint(failure), _waits_for(failure), tries)

    async def _put(self, connection: Any, arrived: Arrived, why: str, print_: str, waits_for: str | None, tries: int) -> None:
        await connection.execute(
            "INSERT INTO parked (publisher, seq, event_id, type, subject, body, waits_for, reason, fingerprint, tries)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
            *(self._publisher, arrived.seq, arrived.envelope.id, arrived.envelope.type, arrived.subject, arrived.body),
            *(waits_for, why, print_, tries),
        )

    async def first_about(self, subject: str) -> Parked | None:
        row = await self._pool.fetchrow(
            "SELECT seq, body FROM parked WHERE ended_at IS NULL AND publisher = $1 AND subject = $2 ORDER BY seq LIMIT 1",
            *(self._publisher, subject),
        )
        return None if row is None else Parked(row["seq"], bytes(row["body"]))

    async def waiting_for(self, subjects: Iterable[str]) -> list[str]:
        """Subjects of which something waits for one of `subjects`."""
        rows = await self._pool.fetch(
            "SELECT DISTINCT subject FROM parked WHERE ended_at IS NULL AND publisher = $1 AND waits_for = ANY($2)",
            *(self._publisher, list(subjects)),
        )
        return [row["subject"] for row in rows]

    async def end(self, connection: Any, seq: int, how: str, by: str, why: str) -> bool:
        """Closes a row as `handled` or `dropped`; False if it was not open."""
        ended = await connection.fetchval(
            "UPDATE parked SET ended_at = clock_timestamp(), ended_how = $3, ended_by = $4, ended_why = $5"
            " WHERE publisher = $1 AND seq = $2 AND ended_at IS NULL RETURNING seq",
            *(self._publisher, seq, how, by, why),
        )
        return ended is not None

    async def note_failure(self, seq: int, failure: Exception) -> None:
        await self._pool.execute(
            "UPDATE parked SET tries = tries + 1, tried_at = clock_timestamp(), reason = $3, fingerprint = $4, waits_for = $5"
            " WHERE publisher = $1 AND seq = $2 AND ended_at IS NULL",
            *(self._publisher, seq, repr(failure), fingerprint(failure), _waits_for(failure)),
        )


async def due(pool: Any) -> list[tuple[str, str]]:
    """(publisher, subject) of what waits and may be tried again, the longest parked first."""
    return [(row["publisher"], row["subject"]) for row in await pool.fetch(_DUE)]


def _waits_for(failure: Exception) -> str | None:
    return failure.subject if isinstance(failure, AwaitsPrerequisite) else None


def fingerprint(failure: BaseException) -> str:
    """Exception type and the innermost frame of our own: what failures have in common."""
    place = ""
    trace = failure.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "site-packages" not in code.co_filename:
            place = f"{code.co_qualname}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(failure).__name__} in {place}"
