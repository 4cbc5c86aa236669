"""Sessions, refresh tokens, failures, captchas, keys and clients as rows. Keeps digests of secrets, never secrets."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ..domain.session import Attempts

CAPTCHA_LIVES = timedelta(minutes=5)
ENDED_SESSIONS_KEPT = timedelta(days=90)


async def begin(connection: Any, session_id: UUID, user_id: UUID, digest: bytes, now: datetime) -> None:
    await connection.execute("INSERT INTO session VALUES ($1, $2, $3, $3)", session_id, user_id, now)
    await connection.execute("INSERT INTO refresh_token VALUES ($1, $2, $3)", digest, session_id, now)
    await connection.execute("UPDATE account SET last_login_at = $2 WHERE user_id = $1", user_id, now)


async def rotate(connection: Any, session_id: UUID, digest: bytes, successor: bytes, now: datetime) -> None:
    await connection.execute("UPDATE refresh_token SET used_at = $2 WHERE digest = $1", digest, now)
    await connection.execute("INSERT INTO refresh_token VALUES ($1, $2, $3)", successor, session_id, now)
    await connection.execute("UPDATE session SET last_used_at = $2 WHERE session_id = $1", session_id, now)


async def end(connection: Any, session_id: UUID, now: datetime, why: str) -> None:
    await connection.execute(
        "UPDATE session SET ended_at = $2, ended_why = $3 WHERE session_id = $1 AND ended_at IS NULL", session_id, now, why
    )


async def end_all(connection: Any, user_id: UUID, now: datetime, why: str, but: UUID | None = None) -> None:
    """Of one user, all or all but one."""
    await connection.execute(
        "UPDATE session SET ended_at = $2, ended_why = $3 WHERE user_id = $1 AND ended_at IS NULL AND session_id IS DISTINCT FROM $4",
        *(user_id, now, why, but),
    )


async def lock_attempts(connection: Any, key: bytes, now: datetime) -> Attempts:
    """The row of this key, made if there was none, locked until the transaction ends."""
    await connection.execute("INSERT INTO login_failure VALUES ($1, 0, $2, $2) ON CONFLICT DO NOTHING", key, now)
    row = await connection.fetchrow("SELECT failures, last_at, blocked_until FROM login_failure WHERE key = $1 FOR UPDATE", key)
    return Attempts(**dict(row))


async def keep_attempts(connection: Any, key: bytes, attempts: Attempts) -> None:
    await connection.execute(
        "UPDATE login_failure SET failures = $2, last_at = $3, blocked_until = $4 WHERE key = $1",
        *(key, attempts.failures, attempts.last_at, attempts.blocked_until),
    )


async def forget_attempts(connection: Any, key: bytes) -> None:
    await connection.execute("DELETE FROM login_failure WHERE key = $1", key)


async def add_captcha(connection: Any, captcha_id: UUID, digest: bytes, now: datetime) -> None:
    await connection.execute("INSERT INTO captcha VALUES ($1, $2, $3)", captcha_id, digest, now)


async def take_captcha(connection: Any, captcha_id: UUID, now: datetime) -> bytes | None:
    """Its digest, once: whoever has tried has used it up."""
    digest: bytes | None = await connection.fetchval(
        "DELETE FROM captcha WHERE captcha_id = $1 AND created_at > $2 RETURNING digest", captcha_id, now - CAPTCHA_LIVES
    )
    return digest


async def is_captcha_open(connection: Any, captcha_id: UUID, now: datetime) -> bool:
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM captcha WHERE captcha_id = $1 AND created_at > $2)", captcha_id, now - CAPTCHA_LIVES
        )
    )


async def add_key(connection: Any, key_id: str, public_jwk: str, sealed: bytes, now: datetime, signs_from: datetime) -> None:
    """Those before retire when it begins to sign."""
    await connection.execute("UPDATE signing_key SET retired_at = $1 WHERE retired_at IS NULL", signs_from)
    await connection.execute("INSERT INTO signing_key VALUES ($1, $2, $3, $4, $5)", key_id, public_jwk, sealed, now, signs_from)


async def keep_first_passwords(connection: Any, digest: bytes, sealed: bytes, now: datetime) -> None:
    await connection.execute("INSERT INTO first_passwords VALUES ($1, $2, $3)", digest, sealed, now)


async def take_first_passwords(connection: Any, digest: bytes, not_older_than: datetime) -> bytes | None:
    """The sealed list, once."""
    sealed: bytes | None = await connection.fetchval(
        "DELETE FROM first_passwords WHERE digest = $1 AND created_at > $2 RETURNING sealed", digest, not_older_than
    )
    return sealed


async def add_client(
    connection: Any, client_id: UUID, name: str, secret_digest: bytes, unit_id: UUID, sectors: Sequence[str], now: datetime
) -> None:
    await connection.execute(
        "INSERT INTO client VALUES ($1, $2, $3, $4, $5, $6)", client_id, name, secret_digest, unit_id, list(sectors), now
    )


async def revoke_client(connection: Any, client_id: UUID, now: datetime) -> None:
    await connection.execute("UPDATE client SET revoked_at = $2 WHERE client_id = $1 AND revoked_at IS NULL", client_id, now)


async def tidy_up(connection: Any, now: datetime, first_passwords_live: timedelta, sessions_live: timedelta) -> None:
    """Removes what has run out: captchas, failures, unfetched lists, old sessions, keys that nobody needs."""
    await connection.execute("DELETE FROM captcha WHERE created_at <= $1", now - CAPTCHA_LIVES)
    await connection.execute("DELETE FROM login_failure WHERE last_at < $1 AND blocked_until < $2", now - timedelta(days=1), now)
    await connection.execute("DELETE FROM first_passwords WHERE created_at <= $1", now - first_passwords_live)
    await connection.execute("DELETE FROM refresh_token WHERE issued_at < $1", now - sessions_live - timedelta(days=1))
    await connection.execute("DELETE FROM session WHERE created_at < $1", now - ENDED_SESSIONS_KEPT)
    await connection.execute("DELETE FROM signing_key WHERE retired_at < $1", now - timedelta(days=1))
