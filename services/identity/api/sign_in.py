"""Coming in and staying in: captcha, failures, password, session, tokens. Each step's rule is the domain's."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel.event_store import uuid7

from ..calculation import passwords
from ..calculation.captcha import answer_digest
from ..calculation.sealing import digest, is_same, keyed_digest
from ..calculation.tokens import ACCESS_SECONDS, new_refresh_token, subscriber_token, successor_of, user_token
from ..calculation.usernames import tidy_username
from ..domain import session as rules
from ..projections import sessions as projections
from ..projections import users as user_projections
from ..queries import sessions as queries
from ..queries import users as user_queries
from ..queries.users import Account
from .desk import Desk


@dataclass(frozen=True)
class SignedIn:
    """What a sign-in or refresh gives: the answer's body, and the refresh token for the cookie."""

    body: dict[str, Any]
    refresh_token: str


@dataclass(frozen=True)
class Entry:
    """What somebody typed, and from where."""

    username: str
    password: str
    address: str
    captcha_id: UUID | None = None
    captcha_answer: str = ""
    is_trusted: bool = False  # a service's own token was shown: no captcha for scripted players


async def sign_in(desk: Desk, entry: Entry) -> SignedIn:
    """Raises CaptchaIsRequired, WrongCaptcha, TooManyFailures, WrongCredentials."""
    by_account, by_address = _failure_key(desk, "account", tidy_username(entry.username)), _failure_key(desk, "address", entry.address)
    await _pass_captcha(desk, entry, by_account, by_address)
    lock = desk.sign_ins.setdefault(by_account, asyncio.Lock())
    async with lock:  # so that the same person's sign-ins at once don't count as failures of each other
        account = await _pass_password(desk, entry, by_account, by_address)
    token, session_id = new_refresh_token(), uuid7()
    async with desk.store.begin() as work:
        current = await user_queries.locked_account(work.connection, account.user_id)
        if current is None or current.is_disabled or current.password_hash != account.password_hash:
            raise rules.WrongCredentials()
        await projections.begin(work.connection, session_id, account.user_id, digest(token), desk.clock())
        return SignedIn(await answer(desk, work.connection, current, session_id), token)


def _failure_key(desk: Desk, kind: str, name: str) -> bytes:
    return keyed_digest(desk.settings.derived("identity-failures"), kind, name)


async def _pass_captcha(desk: Desk, entry: Entry, by_account: bytes, by_address: bytes) -> None:
    if entry.is_trusted or not await _asks_captcha(desk, by_account, by_address):
        return
    if entry.captcha_id is None:
        raise rules.CaptchaIsRequired()
    kept = await projections.take_captcha(desk.pool, entry.captcha_id, desk.clock())
    given = answer_digest(desk.settings.derived("identity-captcha"), str(entry.captcha_id), entry.captcha_answer)
    if kept is None or not is_same(kept, given):
        raise rules.WrongCaptcha()


async def _asks_captcha(desk: Desk, by_account: bytes, by_address: bytes) -> bool:
    policy, now = desk.settings.captcha, desk.clock()
    if policy != "after-failures":
        return rules.asks_captcha(policy, 0)
    failures = rules.recent_failures(await queries.attempts(desk.pool, by_account), now)
    of_address = rules.recent_failures(await queries.attempts(desk.pool, by_address), now)
    return rules.asks_captcha(policy, failures) or of_address >= rules.FREE_FAILURES_OF_AN_ADDRESS


async def _pass_password(desk: Desk, entry: Entry, by_account: bytes, by_address: bytes) -> Account:
    """The account whose password this is. The attempt counts as failed until it has succeeded."""
    await _refuse_slowed_address(desk, by_address)
    await _count_attempt(desk, by_account)
    account = await user_queries.account_named(desk.pool, tidy_username(entry.username))
    is_right = await desk.hashing.matches(account.password_hash if account else passwords.NOBODY, entry.password)
    if account is None or not is_right or account.is_disabled:
        await _count_failure_of_address(desk, by_address)
        raise rules.WrongCredentials()
    await projections.forget_attempts(desk.pool, by_account)
    if not passwords.is_outdated(account.password_hash):
        return account
    renewed = await desk.hashing.hashed(entry.password)
    await user_projections.set_password(desk.pool, account.user_id, renewed, must_change=account.must_change)
    return replace(account, password_hash=renewed)


async def _refuse_slowed_address(desk: Desk, key: bytes) -> None:
    rules.refuse_while_waiting(await queries.attempts(desk.pool, key), desk.clock())


async def _count_attempt(desk: Desk, key: bytes) -> None:
    now = desk.clock()
    async with desk.store.begin() as work:
        known = await projections.lock_attempts(work.connection, key, now)
        await projections.keep_attempts(work.connection, key, rules.attempted(known, now))


async def _count_failure_of_address(desk: Desk, key: bytes) -> None:
    now = desk.clock()
    async with desk.store.begin() as work:
        known = await projections.lock_attempts(work.connection, key, now)
        failures = rules.recent_failures(known, now) + 1
        await projections.keep_attempts(work.connection, key, rules.Attempts(failures, now, now + rules.wait_of_address(failures)))


async def check_current_password(desk: Desk, account: Account, password: str) -> None:
    """Raises WrongPassword; guessing here is slowed like guessing at the door."""
    key = _failure_key(desk, "account", account.username)
    await _count_attempt(desk, key)
    if not await desk.hashing.matches(account.password_hash, password):
        raise rules.WrongPassword()
    await projections.forget_attempts(desk.pool, key)


async def refresh(desk: Desk, token: str) -> SignedIn:
    """A new pair of tokens for a refresh token. Raises SessionHasEnded, and ends the session for one shown too late."""
    successor = successor_of(token, desk.settings.derived("identity-refresh"))
    user_id = await queries.user_of_token(desk.pool, digest(token))
    if user_id is None:
        raise rules.SessionHasEnded()
    async with desk.store.begin() as work:
        body = await _refreshed(desk, work.connection, user_id, digest(token), digest(successor))
    if body is None:
        raise rules.SessionHasEnded()
    return SignedIn(body, successor)


async def _refreshed(desk: Desk, connection: Any, user_id: UUID, shown: bytes, successor: bytes) -> dict[str, Any] | None:
    """The answer, or None where the session is over; then what that writes must be kept."""
    now = desk.clock()
    lifespan = rules.Lifespan(timedelta(minutes=desk.settings.session_idle_minutes), desk.sessions_live())
    account = await user_queries.locked_account(connection, user_id)
    found = await queries.shown_token(connection, shown)
    if account is None or account.is_disabled or found is None:
        return None
    verdict = rules.judge(found.shown, now, lifespan)
    if verdict == "revoke":
        await projections.end(connection, found.session_id, now, "refresh token shown again")
    if verdict == "rotate":
        await projections.rotate(connection, found.session_id, shown, successor, now)
    return await answer(desk, connection, account, found.session_id) if verdict in ("rotate", "same-successor") else None


async def sign_out(desk: Desk, session_id: UUID | None, token: str | None) -> None:
    """Ends the session of the cookie and that of the access token, as far as they are there."""
    now = desk.clock()
    by_cookie = await queries.session_of(desk.pool, digest(token)) if token else None
    for one in {session_id, by_cookie} - {None}:
        assert one is not None
        await projections.end(desk.pool, one, now, "signed out")


async def answer(desk: Desk, connection: Any, account: Account, session_id: UUID) -> dict[str, Any]:
    """The body of a sign-in: an access token with today's grants, and who it is. The caller holds the lock on the account."""
    grants = await user_queries.grants_in_force(connection, account.user_id, desk.today())
    issued_at = _not_ended(desk.clock(), await queries.not_before(connection, account.user_id))
    claims = [grant.claim() for grant in grants]
    return {
        "access_token": user_token(desk.keyring.current, account.user_id, session_id, claims, account.must_change, issued_at),
        "expires_in": ACCESS_SECONDS,
        "must_change_password": account.must_change,
        "user": {
            "id": account.user_id,
            "username": account.username,
            "name": account.name,
            "grants": [grant.shown() for grant in grants],
        },
    }


def _not_ended(now: datetime, not_before: datetime | None) -> datetime:
    return now if not_before is None else max(now, not_before)


async def client_sign_in(desk: Desk, client_id: UUID, secret: str, address: str) -> dict[str, Any]:
    """A department's system gets its token. Raises WrongCredentials."""
    by_address = _failure_key(desk, "address", address)
    await _refuse_slowed_address(desk, by_address)
    async with desk.store.begin() as work:
        client = await queries.client_of(work.connection, client_id)
        if client is not None and is_same(client["secret_digest"], digest(secret)):
            issued_at = _not_ended(desk.clock(), await queries.not_before(work.connection, client_id))
            token = subscriber_token(desk.keyring.current, client_id, client["sectors"], issued_at)
            return {"access_token": token, "expires_in": ACCESS_SECONDS, "sectors": client["sectors"]}
    await _count_failure_of_address(desk, by_address)
    raise rules.WrongCredentials()
