"""The rules of coming in and staying in: how failures slow down, what a shown refresh token gets. Pure; touches no clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from kernel.errors import Malformed, NotReady, NotSignedIn, Rejected

SHOWN_AGAIN = timedelta(seconds=10)
"""Two tabs, or an answer lost on the way: within it the same successor is given again."""

FREE_FAILURES = 5
FIRST_WAIT = timedelta(seconds=60)
LONGEST_WAIT = timedelta(minutes=15)
FAILURES_FORGOTTEN = timedelta(hours=1)

# Many communes share one address: only what no office does by mistake is slowed, and only a little.
FREE_FAILURES_OF_AN_ADDRESS = 100
WAIT_OF_AN_ADDRESS = timedelta(seconds=5)

CAPTCHA_AFTER = 2


class WrongCredentials(NotSignedIn):
    title = "Tên đăng nhập hoặc mật khẩu không đúng, hoặc tài khoản đang bị khóa"


class TooManyFailures(Rejected):
    status = 429
    title = "Đăng nhập sai nhiều lần; xin chờ rồi thử lại"

    def __init__(self, wait: timedelta) -> None:
        self.retry_after = max(1, -(-wait // timedelta(seconds=1)))
        super().__init__(f"Đăng nhập sai nhiều lần; xin thử lại sau {self.retry_after} giây", retry_after=self.retry_after)


class SignInIsBusy(NotReady):
    title = "Hệ thống đang có quá nhiều người đăng nhập cùng lúc, xin thử lại sau ít giây"


class CaptchaIsRequired(Rejected):
    title = "Cần nhập mã kiểm tra"


class WrongCaptcha(Rejected):
    title = "Mã kiểm tra không đúng hoặc đã hết hạn; xin nhập mã mới"


class SessionHasEnded(NotSignedIn):
    title = "Phiên đăng nhập đã kết thúc, xin đăng nhập lại"


class WrongPassword(Malformed):
    title = "Mật khẩu hiện tại không đúng"


class OnlyYourOfficers(Rejected):
    status = 403
    title = "Lãnh đạo đơn vị chỉ đặt lại mật khẩu cho cán bộ của đơn vị mình"


@dataclass(frozen=True)
class Attempts:
    """Failures in a row, of one account name or address."""

    failures: int
    last_at: datetime
    blocked_until: datetime


def wait_after(failures: int) -> timedelta:
    """How long an account waits after so many failures in a row: nothing, then 1, 2, 4, 8 minutes, at most a quarter of an hour."""
    beyond = failures - FREE_FAILURES
    if beyond < 0:
        return timedelta(0)
    doublings = min(beyond, 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def wait_of_address(failures: int) -> timedelta:
    return WAIT_OF_AN_ADDRESS if failures >= FREE_FAILURES_OF_AN_ADDRESS else timedelta(0)


def attempted(known: Attempts | None, now: datetime) -> Attempts:
    """With one more attempt, which counts as failed until it has succeeded. Raises TooManyFailures while the wait lasts."""
    refuse_while_waiting(known, now)
    failures = recent_failures(known, now) + 1
    return Attempts(failures, now, now + wait_after(failures))


def refuse_while_waiting(known: Attempts | None, now: datetime) -> None:
    """Raises TooManyFailures. A wait longer than any that is given comes of a clock that was set back, and doesn't count."""
    if known is not None and timedelta(0) < known.blocked_until - now <= LONGEST_WAIT:
        raise TooManyFailures(known.blocked_until - now)


def recent_failures(known: Attempts | None, now: datetime) -> int:
    return 0 if known is None or now - known.last_at > FAILURES_FORGOTTEN else known.failures


def asks_captcha(policy: Literal["always", "after-failures", "never"], failures: int) -> bool:
    return policy == "always" or (policy == "after-failures" and failures >= CAPTCHA_AFTER)


@dataclass(frozen=True)
class Lifespan:
    """How long a session lives: without being used, and at all."""

    idle: timedelta
    at_most: timedelta


@dataclass(frozen=True)
class ShownToken:
    """A refresh token as it was found, and the session that it belongs to."""

    used_at: datetime | None
    created_at: datetime
    last_used_at: datetime
    has_ended: bool


Verdict = Literal["rotate", "same-successor", "revoke", "ended"]


def judge(shown: ShownToken, now: datetime, lifespan: Lifespan) -> Verdict:
    """A token gets one successor; shown later than that allows, somebody has stolen it and the whole family ends."""
    if shown.has_ended:
        return "ended"
    if shown.used_at is not None:
        return "same-successor" if now - shown.used_at <= SHOWN_AGAIN else "revoke"
    if now - shown.last_used_at > lifespan.idle or now - shown.created_at > lifespan.at_most:
        return "ended"
    return "rotate"
