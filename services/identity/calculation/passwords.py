"""Passwords: the rule for choosing one, first passwords, Argon2id. Keeps none and logs none."""

import re
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kernel.errors import Malformed
from kernel.vietnamese import fold, slug_of_name

LONGEST = 200  # characters; hashing more would only be work for nothing
CLASS_WORDS = ("chữ thường", "chữ hoa", "chữ số", "ký tự khác (dấu cách, dấu câu)")

# OWASP's smallest for Argon2id; 25 ms of a core.
_ARGON = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
NOBODY = _ARGON.hash(secrets.token_urlsafe())
"""Of no password at all: what is compared with where there is no such account, so that it takes the same time."""

_FIRST_LETTERS, _FIRST_CAPITALS, _FIRST_DIGITS = "abcdefghkmnpqrstuvwxyz", "ABCDEFGHKLMNPQRSTUVWXYZ", "23456789"

# Passwords that everybody tries first are these words with digits and signs around them.
_COMMON = (
    "password",
    "passw",
    "matkhau",
    "matma",
    "admin",
    "administrator",
    "quantri",
    "root",
    "user",
    "guest",
    "test",
    "demo",
    "welcome",
    "login",
    "hello",
    "letmein",
    "secret",
    "changeme",
    "default",
    "qwerty",
    "qwertyuiop",
    "asdfgh",
    "asdfghjkl",
    "zxcvbn",
    "zxcvbnm",
    "qaz",
    "wsx",
    "edc",
    "abc",
    "abcd",
    "abcdef",
    "abcxyz",
    "xyz",
    "iloveyou",
    "anhyeuem",
    "emyeuanh",
    "yeuem",
    "toiyeuvietnam",
    "vietnam",
    "saigon",
    "hanoi",
    "danang",
    "gialai",
    "dongnai",
    "binhdinh",
    "binhphuoc",
    "quynhon",
    "pleiku",
    "ktxh",
    "kinhtexahoi",
    "ubnd",
    "tinh",
    "xa",
    "phuong",
    "so",
    "nhaplieu",
    "lanhdao",
    "thamdinh",
    "tonghop",
    "canbo",
    "khongbiet",
    "khongco",
    "thongtin",
    "congty",
    "monkey",
    "dragon",
    "football",
    "master",
    "sunshine",
    "princess",
    "superman",
    "batman",
    "google",
    "facebook",
    "zalo",
    "samsung",
    "iphone",
    "microsoft",
    "windows",
)
_LOOKS_LIKE = str.maketrans({"@": "a", "4": "a", "3": "e", "1": "i", "!": "i", "0": "o", "5": "s", "$": "s", "7": "t"})
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_RUNS = re.compile(r"(.)\1{2,}")


class PasswordIsTooWeak(Malformed):
    title = "Mật khẩu chưa đủ mạnh"


class PasswordIsCommon(Malformed):
    title = "Mật khẩu này quá phổ biến, ai cũng đoán được. Hãy ghép vài từ không liên quan, ví dụ một câu ngắn có dấu cách, chữ hoa và số"


class PasswordHoldsUsername(Malformed):
    title = "Mật khẩu không được chứa tên đăng nhập"


class PasswordIsTheOldOne(Malformed):
    title = "Mật khẩu mới phải khác mật khẩu hiện tại"


def check_choice(password: str, username: str, minimum: int, classes: int) -> None:
    """Raises what the password breaks. Letters with diacritics count; blanks inside are welcome."""
    text = unicodedata.normalize("NFC", password)
    if not minimum <= len(text) <= LONGEST or _classes_in(text) < classes:
        raise PasswordIsTooWeak(rule_in_words(minimum, classes), minimum=minimum, classes=classes)
    name = slug_of_name(username.split(".", 1)[0])
    if len(name) >= 3 and name in slug_of_name(text):
        raise PasswordHoldsUsername()
    if _is_common(text):
        raise PasswordIsCommon()


def rule_in_words(minimum: int, classes: int) -> str:
    kinds = ", ".join(CLASS_WORDS)
    how_many = "đủ" if classes == len(CLASS_WORDS) else f"ít nhất {classes} trong"
    return f"Mật khẩu cần từ {minimum} ký tự trở lên (nhiều nhất {LONGEST}), gồm {how_many} {len(CLASS_WORDS)} loại: {kinds}"


def _classes_in(text: str) -> int:
    kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    return sum(any(kind(c) for c in text) for kind in kinds)


def _is_common(text: str) -> bool:
    """Whether nothing but well-known words is left when digits, signs and repetitions are taken away."""
    if len(set(text.casefold())) < 6:
        return True
    plain = "".join(c for c in fold(text) if c.isalpha())
    undisguised = "".join(c for c in fold(_AROUND.sub("", text).casefold().translate(_LOOKS_LIKE)) if c.isalpha())
    return any(_only_common_words(_RUNS.sub(r"\1", candidate)) for candidate in (plain, undisguised))


def _only_common_words(letters: str) -> bool:
    """By dynamic programming: can `letters` be cut into common words, with at most three letters left over?"""
    left_over = [0] + [len(letters)] * len(letters)
    for end in range(1, len(letters) + 1):
        left_over[end] = left_over[end - 1] + 1
        for word in _COMMON:
            if len(word) > 2 and letters.endswith(word, 0, end):
                left_over[end] = min(left_over[end], left_over[end - len(word)])
    return left_over[-1] <= 3


def first_password() -> str:
    """Four groups that read well on paper and keep any rule: `hK4m-Xr7t-…`; 83 bits."""
    groups = ["".join(secrets.choice(kind) for kind in _group()) for _ in range(4)]
    return "-".join(groups)


def _group() -> list[str]:
    kinds = [_FIRST_LETTERS, _FIRST_CAPITALS, _FIRST_DIGITS, _FIRST_LETTERS + _FIRST_DIGITS]
    secrets.SystemRandom().shuffle(kinds)
    return kinds


def hashed(password: str) -> str:
    """Argon2id, m = 19 MiB, t = 2, p = 1. Blocks for 25 ms: call in a thread."""
    return _ARGON.hash(unicodedata.normalize("NFC", password))


def matches(password_hash: str, password: str) -> bool:
    """The same cost for any hash and any password. Blocks: call in a thread."""
    try:
        return _ARGON.verify(password_hash, unicodedata.normalize("NFC", password[:LONGEST]))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _ARGON.check_needs_rehash(password_hash)
