"""Vietnamese text, numbers and dates as people read and type them; guesses at nothing that could be read in two ways."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, localcontext
from itertools import groupby
from typing import Literal, NamedTuple

LOCAL_TIME = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Vietnam has had no other offset since 1975; a fixed one needs no zone data on the machine."""

NumberFormat = Literal["vi", "en"]

# ------------------------------------------------------------------ text

_GRAVE, _HOOK, _TILDE, _ACUTE, _DOT = "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"
_TONES = _GRAVE + _HOOK + _TILDE + _ACUTE + _DOT  # in the order of the dictionary
_SHAPED = "ăâêôơư"
_VOWELS = "aeiouy" + _SHAPED

_SPACES = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
# Old code pages turn Đ into the Icelandic Eth or the African D: same picture, other letter.
_LOOKALIKES = {"\u00d0": "Đ", "\u00f0": "đ", "\u0189": "Đ", "\u0256": "đ"}
_CLEANED = str.maketrans({**dict.fromkeys(_SPACES, " "), **dict.fromkeys(_INVISIBLE, ""), **_LOOKALIKES})

_APOSTROPHES = str.maketrans("", "", "'’‘ʼ`´")
_WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f]+[^\W\d_]*)*")


class _Letter(NamedTuple):
    """A letter with its shape (ă, đ, ơ) but without its tone, and the tone mark or ''."""

    letter: str
    tone: str


def normalise(text: str) -> str:
    """`text` in NFC, without invisible characters, NBSP as a space, and each tone mark where the older spelling puts it.

    Hoà → Hòa, uỷ → ủy, Hòan → Hoàn, qúy → quý. Letter case, spaces and punctuation stay. Idempotent.
    """
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFC", text.translate(_CLEANED))
    return unicodedata.normalize("NFC", _WORD.sub(lambda word: _tones_placed(word.group()), composed))


def fold(text: str) -> str:
    """The search key: lower case ASCII where there is one, no diacritics, no apostrophes, other punctuation as single spaces.

    Both the stored name and what somebody types go through it: `fold("Đăk Đoa") == fold("dak doa")`.
    """
    plain = unicodedata.normalize("NFKD", text.translate(_CLEANED).translate(_APOSTROPHES)).casefold()
    bare = "".join(mark for mark in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(mark)).replace("đ", "d")
    return " ".join("".join(c if c.isalnum() else " " for c in bare).split())


def slug_of_name(text: str) -> str:
    """ASCII letters and digits only, lower case: Phường Quy Nhơn → phuongquynhon."""
    return "".join(c for c in fold(text) if c.isascii() and c.isalnum())


def _letters(text: str) -> list[_Letter]:
    found: list[_Letter] = []
    for mark in unicodedata.normalize("NFD", text):
        if mark in _TONES and found and not found[-1].tone:
            found[-1] = _Letter(found[-1].letter, mark)
        elif unicodedata.combining(mark) and found:
            found[-1] = _Letter(unicodedata.normalize("NFC", found[-1].letter + mark), found[-1].tone)
        else:
            found.append(_Letter(mark, ""))
    return found


def _tones_placed(word: str) -> str:
    letters = _letters(word)
    for start, end in _vowel_runs(letters):
        run = letters[start:end]
        tones = [letter.tone for letter in run if letter.tone]
        place = _tone_place(letters, start, end)
        if len(tones) == 1 and place is not None:
            letters[start:end] = [_Letter(letter.letter, tones[0] if start + i == place else "") for i, letter in enumerate(run)]
    return "".join(letter + tone for letter, tone in letters)


def _vowel_runs(letters: list[_Letter]) -> list[tuple[int, int]]:
    runs = []
    for is_vowel, group in groupby(range(len(letters)), key=lambda i: letters[i].letter.lower() in _VOWELS):
        places = list(group)
        if is_vowel and len(places) > 1:
            runs.append((places[0], places[-1] + 1))
    return runs


def _tone_place(letters: list[_Letter], start: int, end: int) -> int | None:
    """Where the tone of the vowels `start`..`end` belongs, or None where they are no Vietnamese rhyme."""
    before = letters[start - 1].letter.lower() if start else ""
    if before + letters[start].letter.lower() in ("qu", "gi"):
        start += 1  # qu and gi are consonants
    shaped = [i for i in range(start, end) if letters[i].letter.lower() in _SHAPED]
    if shaped:
        return shaped[-1]
    if end - start > 3:
        return None
    is_closed = end < len(letters)
    return start + 1 if end - start == 3 or (end - start == 2 and is_closed) else start


# ------------------------------------------------------------------ order

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANK = {letter: chr(ord("A") + i) for i, letter in enumerate(_ALPHABET)}
_TONE_RANK = {"": "0"} | {tone: str(i) for i, tone in enumerate(_TONES, start=1)}
_LEVEL = "\t"  # sorts before whatever a level may hold


def sort_key(text: str) -> str:
    """A string whose order by code point (C collation) is the order of the Vietnamese alphabet.

    Letters first (a < ă < â, d < đ), then tones (ngang, huyền, hỏi, ngã, sắc, nặng), then case; numbers by their value.
    """
    clean = " ".join(normalise(text).split())
    letters, tones = [], []
    for run in re.split(r"([0-9]+)", clean):
        if run.isascii() and run.isdigit():
            letters.append(_number_rank(run))
            continue
        for letter, tone in _letters(run.lower()):
            letters.append(_letter_rank(letter))
            tones.append(_TONE_RANK[tone])
    return _LEVEL.join(("".join(letters), "".join(tones).rstrip("0"), clean.swapcase()))


def _number_rank(digits: str) -> str:
    value = digits.lstrip("0") or "0"
    return "9" * (len(value) // 9) + str(len(value) % 9) + value  # the length first, so that 2 < 10


def _letter_rank(letter: str) -> str:
    if letter in _RANK:
        return _RANK[letter]
    if letter.isalpha():
        base = unicodedata.normalize("NFD", letter)[0]
        return _RANK.get(base, letter)
    return letter if " " <= letter < "0" else "/"


# ------------------------------------------------------------------ numbers


class NotANumber(ValueError):
    """What was typed is no number in the format asked for."""

    def __init__(self, text: str) -> None:
        super().__init__(f"“{text}” không phải là số")
        self.text = text


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """What was typed is one number in Vietnamese and another in English."""

    vi: Decimal
    en: Decimal


def _number(group: str, mark: str) -> re.Pattern[str]:
    grouped = rf"[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+"
    return re.compile(rf"([+-]?)(?=[0-9{mark}])({grouped}|[1-9][0-9]{{0,2}}(?: [0-9]{{3}})+|[0-9]*)(?:{mark}([0-9]+))?")


_NUMBERS: dict[NumberFormat, re.Pattern[str]] = {"vi": _number(r"\.", ","), "en": _number(",", r"\.")}
_MINUS = str.maketrans("\u2212\u2013", "--")


def parse_number(text: str, format: NumberFormat | None = None) -> Decimal | Ambiguous:
    """The number that `text` is in `format`; with None the one that it can only be, or both where it can be two.

    Groups have three digits and are written with the format's own mark or with spaces. Raises NotANumber.
    """
    if format is not None:
        value = _read(text, format)
        if value is None:
            raise NotANumber(text)
        return value
    vi, en = _read(text, "vi"), _read(text, "en")
    if vi is not None and en is not None and vi != en:
        return Ambiguous(vi, en)
    if vi is not None:
        return vi
    if en is not None:
        return en
    raise NotANumber(text)


def _read(text: str, format: NumberFormat) -> Decimal | None:
    match = _NUMBERS[format].fullmatch(text.translate(_CLEANED).translate(_MINUS).strip())
    if match is None:
        return None
    sign, whole, decimals = match.groups()
    digits = re.sub(r"[., ]", "", whole)
    value = Decimal(f"{digits or '0'}.{decimals}" if decimals else digits)
    return value.copy_negate() if sign == "-" and value else value  # unlike -value never rounds


def format_number(value: Decimal, decimals: int | None = None) -> str:
    """`1.234.567,89`: rounded half away from zero to `decimals` places; with None all its places, without trailing zeros."""
    if not value.is_finite():
        raise ValueError(f"a figure is finite: {value}")
    with localcontext() as context:
        context.prec = max(28, abs(value.adjusted()) + len(value.as_tuple().digits) + (decimals or 0) + 2)
        rounded = value if decimals is None else value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    whole, _, fraction = f"{rounded.copy_abs():f}".partition(".")
    if decimals is None:
        fraction = fraction.rstrip("0")
    sign = "-" if rounded < 0 else ""
    return sign + f"{int(whole):,}".replace(",", ".") + ("," + fraction if fraction else "")


# ------------------------------------------------------------------ dates


class NotADate(ValueError):
    """What was typed is no day written as dd/MM/yyyy."""

    def __init__(self, text: str) -> None:
        super().__init__(f"“{text}” không phải là ngày dạng dd/MM/yyyy")
        self.text = text


def format_date(day: date) -> str:
    """`01/07/2025`."""
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def format_date_time(moment: datetime) -> str:
    """`01/07/2025 17:05` on Vietnam's clock. `moment` is aware."""
    if moment.tzinfo is None:
        raise ValueError("a moment without its time zone")
    local = moment.astimezone(LOCAL_TIME)
    return f"{format_date(local)} {local.hour:02}:{local.minute:02}"


def parse_date(text: str) -> date:
    """The day that `text`, d/M/yyyy with `/`, `-` or `.`, names. Raises NotADate."""
    match = re.fullmatch(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})", text.translate(_CLEANED).strip())
    if match is None:
        raise NotADate(text)
    try:
        return date(int(match[4]), int(match[3]), int(match[1]))
    except ValueError:
        raise NotADate(text) from None
