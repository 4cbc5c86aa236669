"""Who calls: tokens that are in force, and nothing that only looks like one."""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import Request
from joserfc import jwt
from joserfc.jwk import OKPKey
from pydantic import SecretStr

from kernel.auth import (
    ALGORITHM,
    Allow,
    GrantClaim,
    NotBefore,
    PasswordChangeIsDue,
    Principal,
    Tokens,
    as_claims,
    private_key,
    service_token,
)
from kernel.errors import NotReady, NotSignedIn, RoleMayNot
from kernel.feed import ServiceIdentity
from kernel.settings import Settings
from kernel.testing import A_MOMENT, FakeClock

SETTINGS = Settings(namespace="test")
USER, UNIT, FORMER_UNIT = uuid4(), uuid4(), uuid4()
NOW = int(A_MOMENT.timestamp())


def key_of_identity(seed: bytes = b"i" * 32, kid: str = "k1") -> OKPKey:
    key = private_key(
        SETTINGS.model_copy(update={"service_private_key": SecretStr(base64.urlsafe_b64encode(seed).decode().rstrip("="))}), "x"
    )
    return OKPKey.import_key({**key.as_dict(private=True), "kid": kid})


IDENTITYS = key_of_identity()


def token(key: OKPKey = IDENTITYS, kid: str = "k1", **claims: Any) -> str:
    whole = {
        "iss": "identity",
        "sub": str(USER),
        "iat": NOW,
        "exp": NOW + 300,
        "grants": as_claims([GrantClaim("leader", (UNIT, FORMER_UNIT), ("health",))]),
    } | claims
    whole = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode({"alg": ALGORITHM, "kid": kid}, whole, key, algorithms=[ALGORITHM])


class Identity:
    """Publishes keys, counts how often it is asked, and may be away."""

    def __init__(self, *keys: OKPKey) -> None:
        self.keys, self.asked, self.is_away = list(keys), 0, False

    async def fetch(self) -> dict[str, Any]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise httpx.ConnectError("away")
        return {"keys": [key.as_dict(private=False) for key in self.keys]}


def tokens(identity: Identity | None = None, clock: FakeClock | None = None, ended: NotBefore | None = None) -> Tokens:
    return Tokens(SETTINGS, (identity or Identity(IDENTITYS)).fetch, ended or NotBefore(), clock or FakeClock())


async def test_a_token_in_force_says_who_calls_and_what_he_may() -> None:
    principal = await tokens().principal(token(sid="s1"))
    assert (principal.id, principal.kind, principal.session, principal.roles) == (str(USER), "user", "s1", frozenset({"leader"}))
    assert principal.units_of("leader", "verifier") == {UNIT, FORMER_UNIT}
    assert principal.units_of("verifier") == frozenset()
    assert principal.holds("leader", UNIT, "health")
    assert not principal.holds("leader", UNIT, "education")
    assert not principal.holds("leader", uuid4())


async def test_a_token_ends_with_its_time() -> None:
    clock = FakeClock()
    checking = tokens(clock=clock)
    old = token(exp=NOW + 10)
    await checking.principal(old)
    clock.now = clock.now.fromtimestamp(NOW + 16, clock.now.tzinfo)
    with pytest.raises(NotSignedIn):
        await checking.principal(old)


BROKEN: dict[str, str] = {
    "of another key": token(key_of_identity(b"x" * 32)),
    "without an end": token(exp=None),
    "without a subject": token(sub=None),
    "not yet begun": token(nbf=NOW + 600),
    "by an unknown key": token(kid="k9"),
    "of a service that is none": token(kid="service/nobody"),
    "a user's, signed by a service": token(private_key(SETTINGS, "approvals"), "service/approvals"),
    "a service's, signed by identity's key for users": token(kind="service", sub="identity"),
    "one service's in the name of another": token(private_key(SETTINGS, "approvals"), "service/approvals", kind="service", sub="identity"),
    "a service's that lasts an hour": token(
        private_key(SETTINGS, "approvals"), "service/approvals", kind="service", sub="approvals", exp=NOW + 3600
    ),
    "nothing": "x",
    "three empty parts": "..",
    "a header that is a list": base64.urlsafe_b64encode(b"[]").decode() + ".e30.e30",
    "a key id that is a number": base64.urlsafe_b64encode(b'{"kid":7}').decode() + ".e30.e30",
    "letters that base64 doesn't have": "đ.e30.e30",
    "unsigned": base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "k1"}).encode()).decode().rstrip("=")
    + "."
    + token().split(".")[1]
    + ".",
    "cut off": token()[:-5],
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_what_is_no_token_in_force_signs_nobody_in(broken: str) -> None:
    with pytest.raises(NotSignedIn):
        await tokens().principal(broken)


async def test_a_token_signed_with_a_shared_secret_is_none() -> None:
    """The published key as an HMAC secret: the classic confusion of algorithms."""
    from joserfc.jwk import OctKey

    forged = jwt.encode(
        {"alg": "HS256", "kid": "k1"},
        {"sub": "x", "iat": NOW, "exp": NOW + 300},
        OctKey.import_key(str(IDENTITYS.as_dict(private=False)["x"]) * 2),
    )
    with pytest.raises(NotSignedIn):
        await tokens().principal(forged)


async def test_tokens_from_before_a_change_of_grants_end_at_once_and_later_ones_do_not() -> None:
    class Connection:
        async def execute(self, *_: Any) -> None: ...

    ended = NotBefore()
    checking = tokens(ended=ended)
    await ended.note(Connection(), USER, A_MOMENT.replace(microsecond=500_000))
    with pytest.raises(NotSignedIn, match="kết thúc"):
        await checking.principal(token(iat_ms=NOW * 1000 + 499))
    await checking.principal(token(iat_ms=NOW * 1000 + 501))
    await checking.principal(token(sub=str(uuid4())))


async def test_an_earlier_not_before_does_not_bring_ended_tokens_back() -> None:
    class Connection:
        async def execute(self, *_: Any) -> None: ...

    ended = NotBefore()
    await ended.note(Connection(), USER, A_MOMENT.replace(second=30))
    await ended.note(Connection(), USER, A_MOMENT.replace(second=10))
    assert ended.has_ended(Principal(str(USER), "user", issued_at=NOW + 20))


async def test_a_new_key_of_identity_is_asked_for_when_a_token_names_it() -> None:
    identity = Identity(IDENTITYS)
    checking = tokens(identity)
    await checking.principal(token())
    identity.keys.append(rotated := key_of_identity(b"r" * 32, "k2"))
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            assert (await checking.principal(token(rotated, "k2"))).id == str(USER)
            break
        except NotSignedIn:
            await asyncio.sleep(0.02)
    assert (await checking.principal(token())).id == str(USER)


async def test_made_up_key_ids_do_not_become_requests_to_identity() -> None:
    identity = Identity(IDENTITYS)
    checking = tokens(identity)
    for n in range(50):
        with pytest.raises(NotSignedIn):
            await checking.principal(token(kid=f"made-up-{n}"))
    assert identity.asked <= 3


async def test_many_first_requests_ask_identity_once_and_all_get_in() -> None:
    identity = Identity(IDENTITYS)
    checking = tokens(identity)
    principals = await asyncio.gather(*(checking.principal(token()) for _ in range(20)))
    assert {principal.id for principal in principals} == {str(USER)}
    assert identity.asked == 1


async def test_without_identity_known_keys_go_on_serving_and_unknown_ones_wait() -> None:
    identity = Identity(IDENTITYS)
    checking = tokens(identity)
    identity.is_away = True
    with pytest.raises(NotReady):
        await checking.principal(token())
    identity.is_away = False
    await checking.principal(token())
    identity.is_away = True
    checking._asked_at -= 10_000
    assert (await checking.principal(token())).id == str(USER)


async def test_a_services_own_token_is_renewed_before_it_ends() -> None:
    clock = FakeClock()
    own = ServiceIdentity(private_key(SETTINGS, "approvals"), "approvals", clock)
    checking = tokens(clock=clock)
    first = own.headers()["Authorization"]
    for _ in range(20):
        clock.now = clock.now.fromtimestamp(clock.now.timestamp() + 60, clock.now.tzinfo)
        principal = await checking.principal(own.headers()["Authorization"].removeprefix("Bearer "))
        assert (principal.id, principal.kind, principal.roles) == ("approvals", "service", frozenset())
    assert own.headers()["Authorization"] != first


# ------------------------------------------------------------------ Allow


class App:
    def __init__(self, checking: Tokens) -> None:
        self.state = type("State", (), {"tokens": checking})()


async def ask(allow: Allow, bearer: str | None) -> Principal:
    headers = [] if bearer is None else [(b"authorization", b"Bearer " + bearer.encode())]
    return await allow(Request({"type": "http", "headers": headers, "app": App(tokens()), "state": {}}))


def service() -> str:
    return service_token(private_key(SETTINGS, "approvals"), "approvals", NOW)


def subscriber() -> str:
    return token(kind="subscriber", sectors=["health"], grants=None)


def administrator() -> str:
    return token(grants=as_claims([GrantClaim("administrator", (UNIT,))]))


ADMITS: list[tuple[str, Allow, Callable[[], str], type[Exception] | None]] = [
    ("a role", Allow("leader"), token, None),
    ("another role", Allow("verifier"), token, RoleMayNot),
    ("any of several roles", Allow("verifier", "leader"), token, None),
    ("any user", Allow(any_user=True), administrator, None),
    ("a service where only users may", Allow(any_user=True), service, RoleMayNot),
    ("a service", Allow("operator", services=True), service, None),
    ("a user where only services may", Allow(services=True), token, RoleMayNot),
    ("a subscriber", Allow(services=True, subscribers=True), subscriber, None),
    ("a subscriber where users may", Allow("leader", any_user=True), subscriber, RoleMayNot),
]


@pytest.mark.parametrize(("allow", "bearer", "refusal"), [case[1:] for case in ADMITS], ids=[case[0] for case in ADMITS])
async def test_a_route_admits_whom_it_names(allow: Allow, bearer: Callable[[], str], refusal: type[Exception] | None) -> None:
    if refusal is None:
        assert (await ask(allow, bearer())).id
        return
    with pytest.raises(refusal):
        await ask(allow, bearer())


async def test_without_a_token_only_what_is_open_to_anyone_is_open() -> None:
    assert (await ask(Allow(anyone=True), None)).id == ""
    for allow in (Allow("leader"), Allow(any_user=True), Allow(services=True)):
        with pytest.raises(NotSignedIn):
            await ask(allow, None)


async def test_a_first_password_opens_nothing_but_its_own_change() -> None:
    due = token(must_change=True)
    with pytest.raises(PasswordChangeIsDue):
        await ask(Allow("leader"), due)
    assert (await ask(Allow(any_user=True, before_password_change=True), due)).must_change_password


async def test_a_service_is_asked_while_it_starts() -> None:
    class Starting:
        state = type("State", (), {})()

    request = Request({"type": "http", "headers": [(b"authorization", b"Bearer x")], "app": Starting(), "state": {}})
    with pytest.raises(NotReady):
        await Allow("leader")(request)
