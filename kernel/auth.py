"""Who calls: checks tokens and says what they grant. Issues no user tokens and knows no names."""

import asyncio
import base64
import time
import warnings
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import httpx
from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet, OKPKey

from .clock import Clock, utc_now
from .errors import NotReady, NotSignedIn, Rejected, RoleMayNot
from .settings import SERVICES, Settings

ALGORITHM = "EdDSA"  # RFC 9864's `Ed25519` is refused by widespread libraries, so one name is pinned
warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)
SERVICE_TOKEN_SECONDS = 240
TOKENS_REMEMBERED = 4096
LEEWAY_SECONDS = 5
SERVICE_KEY = "service/"  # begins the key ids of services
LONGEST_SERVICE_TOKEN = 300
KEYS_KEPT_SECONDS = 300
KEYS_ASKED_AGAIN_SECONDS = 0.2  # so that unknown key ids don't become requests to identity

Kind = Literal["user", "service", "subscriber"]


class PasswordChangeIsDue(Rejected):
    status = 403
    title = "Cần đổi mật khẩu trước khi sử dụng hệ thống"


@dataclass(frozen=True)
class GrantClaim:
    """A role in units: the person's unit first, then the ended units that it succeeds. No sectors: those of the unit."""

    role: str
    unit_ids: tuple[UUID, ...]
    sectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Principal:
    """Who calls, for the length of one request."""

    id: str
    kind: Kind
    grants: tuple[GrantClaim, ...] = ()
    issued_at: float = 0.0
    expires_at: float = 0.0
    session: str = ""
    must_change_password: bool = False
    sectors: tuple[str, ...] = ()  # of a subscriber

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(grant.role for grant in self.grants)

    def units_of(self, *roles: str) -> frozenset[UUID]:
        """Every unit in which the caller holds one of these roles, ended units that it succeeds included."""
        return frozenset(unit for grant in self.grants if grant.role in roles for unit in grant.unit_ids)

    def holds(self, role: str, unit_id: UUID, sector: str | None = None) -> bool:
        """Whether a grant names this role and unit and, where the grant has sectors, this sector."""
        return any(
            grant.role == role and unit_id in grant.unit_ids and (not grant.sectors or sector is None or sector in grant.sectors)
            for grant in self.grants
        )


class NotBefore:
    """Tokens that ended early, by user: filled from the service's table at start and by what identity says since."""

    def __init__(self) -> None:
        self._moments: dict[str, float] = {}

    async def load(self, pool: Any) -> None:
        for row in await pool.fetch("SELECT user_id, not_before FROM token_not_before"):
            self._moments[str(row["user_id"])] = row["not_before"].timestamp()

    async def note(self, connection: Any, user_id: UUID, not_before: datetime) -> None:
        """Keeps it in the caller's transaction, and honours it at once."""
        await connection.execute(
            "INSERT INTO token_not_before AS t VALUES ($1, $2) ON CONFLICT (user_id)"
            " DO UPDATE SET not_before = greatest(t.not_before, excluded.not_before)",
            user_id,
            not_before,
        )
        self._moments[str(user_id)] = max(not_before.timestamp(), self._moments.get(str(user_id), 0.0))

    def has_ended(self, principal: Principal) -> bool:
        return principal.issued_at < self._moments.get(principal.id, 0.0)


def private_key(settings: Settings, service: str) -> OKPKey:
    """The service's own signing key: as given, or derived from the system's secret."""
    given = settings.service_private_key
    seed = _from_base64url(given.get_secret_value()) if given else settings.derived(f"service-key/{service}")
    return _okp(seed)


def public_keys(settings: Settings) -> dict[str, OKPKey]:
    """Every service's public key by name."""
    given = settings.service_public_keys
    return {
        name: OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": given[name]})
        if name in given
        else _okp(settings.derived(f"service-key/{name}"))
        for name in SERVICES
    }


def _okp(seed: bytes) -> OKPKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _base64url(public), "d": _base64url(seed)})


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def service_token(key: OKPKey, service: str, now: float) -> str:
    """A token of a service, good for four minutes from `now` (seconds since 1970)."""
    issued = int(now)
    claims = {"iss": service, "sub": service, "kind": "service", "iat": issued, "exp": issued + SERVICE_TOKEN_SECONDS}
    return jwt.encode({"alg": ALGORITHM, "kid": SERVICE_KEY + service}, claims, key, algorithms=[ALGORITHM])


FetchKeys = Callable[[], Awaitable[dict[str, Any]]]
"""Gets identity's published key set (a JWKS as JSON)."""


class Tokens:
    """Checks tokens of users and subscribers by identity's published keys, of services by those in the settings."""

    def __init__(self, settings: Settings, fetch_keys: FetchKeys, not_before: NotBefore, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._service_keys = public_keys(settings)
        self._fetch_keys, self._not_before = fetch_keys, not_before
        self._user_keys: dict[str, OKPKey] = {}
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()
        self._checked: OrderedDict[str, Principal] = OrderedDict()

    async def principal(self, token: str) -> Principal:
        """Who the token speaks for. Raises NotSignedIn for anything that isn't a token in force, NotReady without identity's keys."""
        now = self._clock().timestamp()
        principal = self._checked.get(token)
        if principal is None or not principal.issued_at - LEEWAY_SECONDS <= now < principal.expires_at:
            principal = await self._check(token, now)
        if self._not_before.has_ended(principal):
            raise NotSignedIn("Phiên đăng nhập đã kết thúc")
        return principal

    async def _check(self, token: str, now: float) -> Principal:
        """Checks signature and claims, and remembers the token: a signature costs more than most requests."""
        try:
            key_id = _key_id(token)
            claims = jwt.decode(token, await self._key_named(key_id), algorithms=[ALGORITHM]).claims
            jwt.JWTClaimsRegistry(now=int(now), leeway=LEEWAY_SECONDS).validate(claims)
            _refuse_a_foreign_kind(key_id, claims)
            principal = _principal(claims)
        except (JoseError, ValueError, KeyError, TypeError) as failure:
            raise NotSignedIn("Phiên đăng nhập không hợp lệ hoặc đã hết hạn") from failure
        self._checked[token] = principal
        while len(self._checked) > TOKENS_REMEMBERED:
            self._checked.popitem(last=False)
        return principal

    async def _key_named(self, key_id: str) -> OKPKey:
        if key_id.startswith(SERVICE_KEY):
            return self._service_keys[key_id.removeprefix(SERVICE_KEY)]
        if self._should_ask(key_id):
            async with self._asking:
                if self._should_ask(key_id):
                    await self._ask_identity()
        return self._user_keys[key_id]

    def _should_ask(self, key_id: str) -> bool:
        age = time.monotonic() - self._asked_at
        return age > (KEYS_KEPT_SECONDS if key_id in self._user_keys else KEYS_ASKED_AGAIN_SECONDS)

    async def _ask_identity(self) -> None:
        """Without identity the keys that are known go on serving; without any, nobody can be told apart."""
        try:
            published = KeySet.import_key_set(await self._fetch_keys())  # type: ignore[arg-type]
        except (httpx.HTTPError, OSError) as failure:
            if not self._user_keys:
                raise NotReady() from failure
        else:
            self._user_keys = {str(key.kid): key for key in published.keys if isinstance(key, OKPKey)}
        self._asked_at = time.monotonic()


def _refuse_a_foreign_kind(key_id: str, claims: dict[str, Any]) -> None:
    """A service's key speaks for that service alone, shortly; identity's keys for users and subscribers alone."""
    is_service = claims.get("kind") == "service"
    if key_id.startswith(SERVICE_KEY) != is_service:
        raise ValueError("signed by a key of another kind")
    if is_service and (claims["sub"] != key_id.removeprefix(SERVICE_KEY) or claims["exp"] - claims["iat"] > LONGEST_SERVICE_TOKEN):
        raise ValueError("not what a service says of itself")


def _key_id(token: str) -> str:
    import json

    header = json.loads(_from_base64url(token.split(".", 1)[0]))
    return str(header["kid"])


def _principal(claims: dict[str, Any]) -> Principal:
    kind: Kind = claims.get("kind", "user")
    return Principal(
        id=claims["sub"],
        kind=kind,
        grants=tuple(
            GrantClaim(grant["role"], tuple(UUID(unit) for unit in grant["units"]), tuple(grant.get("sectors", ())))
            for grant in claims.get("grants", ())
        ),
        issued_at=float(claims.get("iat_ms", claims["iat"] * 1000)) / 1000,
        expires_at=float(claims["exp"]),
        session=claims.get("sid", ""),
        must_change_password=bool(claims.get("must_change", False)),
        sectors=tuple(claims.get("sectors", ())),
    )


class Allow:
    """A route's permission, as a dependency: who may ever call it. Which unit or report is the query's or the rule's to say.

    Every route has exactly one; the permission table is read off them, so a route without one fails the tests.
    """

    def __init__(
        self,
        *roles: str,
        anyone: bool = False,
        any_user: bool = False,
        services: bool = False,
        subscribers: bool = False,
        before_password_change: bool = False,
    ) -> None:
        self.roles = frozenset(roles)
        self.anyone, self.any_user, self.services, self.subscribers = anyone, any_user, services, subscribers
        self._before_password_change = before_password_change

    async def __call__(self, request: Request) -> Principal:
        principal = await self._who(request)
        request.state.principal = principal
        if self.anyone or self._admits(principal):
            return principal
        raise RoleMayNot()

    async def _who(self, request: Request) -> Principal:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            if self.anyone:
                return ANYBODY
            raise NotSignedIn()
        tokens: Tokens | None = getattr(request.app.state, "tokens", None)
        if tokens is None:
            raise NotReady()  # asked while it starts
        try:
            principal = await tokens.principal(token.strip())
        except NotSignedIn:
            if self.anyone:  # a browser may still send a token that has ended: to sign out, to refresh, to read what is public
                return ANYBODY
            raise
        if principal.must_change_password and not (self.anyone or self._before_password_change):
            raise PasswordChangeIsDue()
        return principal

    def _admits(self, principal: Principal) -> bool:
        if principal.kind == "service":
            return self.services
        if principal.kind == "subscriber":
            return self.subscribers
        return self.any_user or bool(self.roles & principal.roles)


ANYBODY = Principal(id="", kind="user")


def utc(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def as_claims(grants: Iterable[GrantClaim]) -> list[dict[str, Any]]:
    """Grants as a token carries them."""
    return [{"role": grant.role, "units": [str(unit) for unit in grant.unit_ids], "sectors": list(grant.sectors)} for grant in grants]
