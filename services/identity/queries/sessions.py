"""Sessions, keys, clients and failures as they stand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ..calculation.tokens import STILL_PUBLISHED
from ..domain.session import Attempts, ShownToken


@dataclass(frozen=True)
class FoundToken:
    session_id: UUID
    user_id: UUID
    shown: ShownToken


async def shown_token(connection: Any, digest: bytes) -> FoundToken | None:
    """The token and its session. Under the lock on its account two that show it at once come one after the other."""
    row = await connection.fetchrow(
        "SELECT session.*, used_at FROM refresh_token JOIN session USING (session_id) WHERE digest = $1", digest
    )
    if row is None:
        return None
    shown = ShownToken(row["used_at"], row["created_at"], row["last_used_at"], row["ended_at"] is not None)
    return FoundToken(row["session_id"], row["user_id"], shown)


async def user_of_token(connection: Any, digest: bytes) -> UUID | None:
    found: UUID | None = await connection.fetchval(
        "SELECT user_id FROM refresh_token JOIN session USING (session_id) WHERE digest = $1", digest
    )
    return found


async def session_of(connection: Any, digest: bytes) -> UUID | None:
    found: UUID | None = await connection.fetchval("SELECT session_id FROM refresh_token WHERE digest = $1", digest)
    return found


async def is_session_open(connection: Any, session_id: UUID) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM session WHERE session_id = $1 AND ended_at IS NULL)", session_id))


async def not_before(connection: Any, user_id: UUID) -> datetime | None:
    moment: datetime | None = await connection.fetchval("SELECT not_before FROM token_not_before WHERE user_id = $1", user_id)
    return moment


async def attempts(connection: Any, key: bytes) -> Attempts | None:
    row = await connection.fetchrow("SELECT failures, last_at, blocked_until FROM login_failure WHERE key = $1", key)
    return None if row is None else Attempts(**dict(row))


async def published_keys(connection: Any, now: datetime) -> list[str]:
    """Public keys as JSON: the current one, and retired ones whose tokens may still be about."""
    rows = await connection.fetch(
        "SELECT public_jwk FROM signing_key WHERE retired_at IS NULL OR retired_at > $1 ORDER BY created_at DESC", now - STILL_PUBLISHED
    )
    return [row["public_jwk"] for row in rows]


async def living_keys(connection: Any) -> list[Any]:
    """Not retired, the newest first: the one that signs, and perhaps one that is to sign soon."""
    return list(await connection.fetch("SELECT * FROM signing_key WHERE retired_at IS NULL ORDER BY created_at DESC, signs_from DESC"))


async def client_of(connection: Any, client_id: UUID) -> Any:
    """Not revoked, and not to be revoked before the transaction ends."""
    return await connection.fetchrow("SELECT * FROM client WHERE client_id = $1 AND revoked_at IS NULL FOR SHARE", client_id)


async def list_clients(connection: Any) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        "SELECT client_id AS id, name, unit_id, sectors, created_at, revoked_at FROM client ORDER BY name, client_id"
    )
    return [dict(row) for row in rows]
