"""Makes access tokens and refresh tokens. Checking access tokens is the kernel's, for all services alike."""

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OKPKey

from kernel.auth import ALGORITHM, GrantClaim, as_claims

from .sealing import keyed_digest

ACCESS_SECONDS = 300
STILL_PUBLISHED = timedelta(seconds=2 * ACCESS_SECONDS)
"""A retired key's last tokens have ended by then, also where another replica signed with it a little longer."""


@dataclass(frozen=True)
class SigningKey:
    key_id: str
    private: OKPKey

    def public_jwk(self) -> dict[str, Any]:
        return {**self.private.as_dict(private=False), "kid": self.key_id, "use": "sig", "alg": ALGORITHM}

    def private_bytes(self) -> bytes:
        return json.dumps(self.private.as_dict(private=True)).encode()


def new_signing_key() -> SigningKey:
    return SigningKey(secrets.token_hex(8), OKPKey.generate_key("Ed25519", private=True))


def read_signing_key(key_id: str, private: bytes) -> SigningKey:
    return SigningKey(key_id, OKPKey.import_key(json.loads(private)))


def user_token(
    key: SigningKey, user_id: UUID, session_id: UUID, grants: Sequence[GrantClaim], must_change: bool, issued_at: datetime
) -> str:
    """A signed-in person's token. `issued_at` to the millisecond decides whether it precedes a not-before."""
    claims = {"kind": "user", "sid": str(session_id), "grants": as_claims(grants), "must_change": must_change}
    return _signed(key, user_id, issued_at, claims)


def subscriber_token(key: SigningKey, client_id: UUID, sectors: Sequence[str], issued_at: datetime) -> str:
    return _signed(key, client_id, issued_at, {"kind": "subscriber", "sectors": list(sectors)})


def _signed(key: SigningKey, subject: UUID, issued_at: datetime, more: dict[str, Any]) -> str:
    milliseconds = milliseconds_of(issued_at)
    issued = milliseconds // 1000
    claims = {"iss": "identity", "sub": str(subject), "iat": issued, "iat_ms": milliseconds, "exp": issued + ACCESS_SECONDS, **more}
    return jwt.encode({"alg": ALGORITHM, "kid": key.key_id}, claims, key.private, algorithms=[ALGORITHM])


def milliseconds_of(moment: datetime) -> int:
    """Since 1970, rounded down; exact, which a float is not."""
    return (moment - datetime.fromtimestamp(0, moment.tzinfo)) // timedelta(milliseconds=1)


def end_of(moment: datetime) -> datetime:
    """The not-before that ends every token issued until `moment`: the next whole millisecond."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000) + timedelta(milliseconds=1)


def new_refresh_token() -> str:
    return secrets.token_urlsafe(32)


def successor_of(token: str, key: bytes) -> str:
    """The one token that may follow: computed from the shown one, so that only digests need to be kept."""
    return base64.urlsafe_b64encode(keyed_digest(key, "refresh", token)).rstrip(b"=").decode()


def new_client_secret() -> str:
    return secrets.token_urlsafe(32)
