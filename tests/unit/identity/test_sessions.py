"""Coming in and staying in: waits, captcha, refresh tokens, what an access token says."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt

from kernel.auth import ALGORITHM, GrantClaim, NotBefore, Principal, _principal
from services.identity.api.desk import MOST_WAITING, Hashing
from services.identity.calculation import tokens
from services.identity.calculation.sealing import SealIsBroken, sealed, unsealed
from services.identity.domain.session import (
    FAILURES_FORGOTTEN,
    FREE_FAILURES,
    LONGEST_WAIT,
    SHOWN_AGAIN,
    Attempts,
    Lifespan,
    ShownToken,
    SignInIsBusy,
    TooManyFailures,
    asks_captcha,
    attempted,
    judge,
    wait_after,
)

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # the one name that all libraries accept

NOW = datetime(2026, 4, 10, 1, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LIFESPAN = Lifespan(idle=timedelta(minutes=15), at_most=timedelta(hours=12))


def test_the_first_four_failures_cost_no_wait() -> None:
    assert [wait_after(n) for n in range(FREE_FAILURES)] == [timedelta(0)] * FREE_FAILURES


def test_waits_grow_and_have_an_end() -> None:
    waits = [wait_after(n) for n in range(FREE_FAILURES, 40)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(minutes=1)
    assert waits[1] == timedelta(minutes=2)
    assert waits[-1] == LONGEST_WAIT


def test_an_attempt_during_the_wait_is_refused_and_told_how_long() -> None:
    blocked = Attempts(5, NOW, NOW + 60 * SECOND)
    with pytest.raises(TooManyFailures) as refusal:
        attempted(blocked, NOW + 20.5 * SECOND)
    assert refusal.value.retry_after == 40
    assert refusal.value.parameters == {"retry_after": 40}


def test_an_attempt_after_the_wait_counts_on() -> None:
    blocked = Attempts(5, NOW, NOW + 60 * SECOND)
    assert attempted(blocked, NOW + 60 * SECOND).failures == 6


def test_a_clock_that_was_set_back_shuts_nobody_out() -> None:
    months_ahead = Attempts(5, NOW + timedelta(days=200), NOW + timedelta(days=200, minutes=1))
    assert attempted(months_ahead, NOW).failures == 6


def test_failures_are_forgotten_after_an_hour() -> None:
    old = Attempts(9, NOW, NOW + LONGEST_WAIT)
    assert attempted(old, NOW + FAILURES_FORGOTTEN + SECOND).failures == 1


def test_no_five_wrong_guesses_fit_into_a_minute() -> None:
    known, guesses, now = None, 0, NOW
    while now < NOW + timedelta(minutes=1):
        try:
            known = attempted(known, now)
            guesses += 1
        except TooManyFailures:
            pass
        now += timedelta(milliseconds=100)
    assert guesses == FREE_FAILURES


@pytest.mark.parametrize(
    ("policy", "failures", "asked"), [("always", 0, True), ("after-failures", 1, False), ("after-failures", 2, True), ("never", 9, False)]
)
def test_the_captcha_is_asked_by_policy(policy: str, failures: int, asked: bool) -> None:
    assert asks_captcha(policy, failures) is asked  # type: ignore[arg-type]


def shown(*, used: float | None = None, idle: float = 60, age: float = 60, ended: bool = False) -> ShownToken:
    """`used`, `idle` and `age` are seconds before now."""
    return ShownToken(None if used is None else NOW - used * SECOND, NOW - age * SECOND, NOW - idle * SECOND, ended)


@pytest.mark.parametrize(
    ("token", "verdict"),
    [
        (shown(), "rotate"),
        (shown(used=0), "same-successor"),
        (shown(used=10), "same-successor"),
        (shown(used=10.001), "revoke"),
        (shown(idle=15 * 60 + 1), "ended"),
        (shown(age=12 * 3600 + 1), "ended"),
        (shown(ended=True), "ended"),
        (shown(used=5, ended=True), "ended"),
    ],
)
def test_a_refresh_token_gets_what_its_past_allows(token: ShownToken, verdict: str) -> None:
    assert judge(token, NOW, LIFESPAN) == verdict


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 60)), max_size=30))
def test_a_family_lives_exactly_until_an_old_token_is_shown(steps: list[tuple[int, float]]) -> None:
    """Any token of a family is shown again after any pause; a table of dictionaries plays the database."""
    used: list[datetime | None] = [None]
    now, last_used, has_ended = NOW, NOW, False
    for which, pause in steps:
        now += pause * SECOND
        place = min(which, len(used) - 1)
        was_used = used[place]
        verdict = judge(ShownToken(was_used, NOW, last_used, has_ended), now, LIFESPAN)
        if has_ended:
            assert verdict == "ended"
        elif was_used is None:
            assert verdict == "rotate"
            used[place], last_used = now, now
            used.append(None)
        else:
            assert verdict == ("same-successor" if now - was_used <= SHOWN_AGAIN else "revoke")
            has_ended = verdict == "revoke"


async def test_beyond_some_hundreds_who_wait_the_door_says_busy() -> None:
    hashing = Hashing(slots=1)
    answers = await asyncio.gather(*(hashing._run(str.upper, "a") for _ in range(MOST_WAITING + 3)), return_exceptions=True)
    assert sum(isinstance(answer, SignInIsBusy) for answer in answers) == 3
    assert answers.count("A") == MOST_WAITING


def test_the_same_token_has_one_successor_and_nobody_without_the_key_can_tell_it() -> None:
    token = tokens.new_refresh_token()
    assert tokens.successor_of(token, b"k" * 32) == tokens.successor_of(token, b"k" * 32)
    assert tokens.successor_of(token, b"k" * 32) != tokens.successor_of(token, b"other" * 8)


def read(token: str, key: tokens.SigningKey) -> Principal:
    return _principal(jwt.decode(token, key.private, algorithms=[ALGORITHM]).claims)


def test_an_access_token_says_what_the_services_read() -> None:
    key, user, session = tokens.new_signing_key(), uuid4(), uuid4()
    grants = (GrantClaim("verifier", (UUID(int=1), UUID(int=2)), ("health",)), GrantClaim("leader", (UUID(int=3),)))
    principal = read(tokens.user_token(key, user, session, grants, True, NOW), key)
    assert (principal.id, principal.kind, principal.grants) == (str(user), "user", grants)
    assert (principal.session, principal.must_change_password) == (str(session), True)
    assert principal.expires_at - int(principal.issued_at) == tokens.ACCESS_SECONDS


def test_a_subscriber_token_says_its_sectors_and_no_grant() -> None:
    key = tokens.new_signing_key()
    principal = read(tokens.subscriber_token(key, UUID(int=7), ["health"], NOW), key)
    assert (principal.kind, principal.sectors, principal.grants) == ("subscriber", ("health",), ())


class Nowhere:
    async def execute(self, *_: object) -> None:
        """Takes the row and keeps it nowhere."""


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
async def test_a_not_before_ends_every_token_until_then_and_none_after(moment: datetime) -> None:
    key, ends = tokens.new_signing_key(), tokens.end_of(moment)
    not_before = NotBefore()
    await not_before.note(Nowhere(), UUID(int=1), ends)
    before = read(tokens.user_token(key, UUID(int=1), uuid4(), (), False, moment), key)
    after = read(tokens.user_token(key, UUID(int=1), uuid4(), (), False, ends), key)
    assert not_before.has_ended(before)
    assert not not_before.has_ended(after)


def test_a_key_survives_its_table() -> None:
    key = tokens.new_signing_key()
    again = tokens.read_signing_key(key.key_id, key.private_bytes())
    assert read(tokens.subscriber_token(again, UUID(int=7), [], NOW), key).id == str(UUID(int=7))
    assert "d" not in key.public_jwk()


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_only_with_its_key_and_for_its_purpose(plain: bytes) -> None:
    box = sealed(b"k" * 32, plain, "one")
    assert unsealed(b"k" * 32, box, "one") == plain
    for key, purpose, bytes_ in ((b"x" * 32, "one", box), (b"k" * 32, "two", box), (b"k" * 32, "one", box[:-1] + bytes([box[-1] ^ 1]))):
        with pytest.raises(SealIsBroken):
            unsealed(key, bytes_, purpose)
