"""RFC 8785 (JCS) bytes of the JSON that this system writes: ASCII keys, no number that a double can't hold. Reads nothing."""

from decimal import Decimal
from math import isfinite
from typing import Any

import orjson

LARGEST_INTEGER = 2**53 - 1


def canonical_json(value: Any) -> bytes:
    """Canonical bytes of `value`. Raises TypeError for what has none (NaN, integers beyond 2^53, keys that aren't ASCII).

    orjson sorts keys by code point, which is JCS's order for ASCII keys. It writes fractions in its own way, so those
    (of coordinates; figures travel as strings) are written here.
    """
    if _has_fractions(value):
        value = _written_out(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _has_fractions(value: Any) -> bool:
    """Whether a float is in it. Raises TypeError for what JCS would refuse or write otherwise."""
    found = False
    if isinstance(value, dict):
        for key, inner in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise TypeError(f"canonical JSON takes ASCII keys only, not {key!r}")
            if not isinstance(inner, str):
                found |= _has_fractions(inner)
        return found
    if isinstance(value, list | tuple):
        for inner in value:
            if not isinstance(inner, str):
                found |= _has_fractions(inner)
        return found
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise TypeError(f"canonical JSON takes no integer as large as {value}")
    return isinstance(value, float)


def _written_out(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _written_out(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_written_out(inner) for inner in value]
    return orjson.Fragment(_number(value)) if isinstance(value, float) else value


def _number(value: float) -> str:
    """As ECMAScript writes it: the shortest digits that read back as the same double, which Python's repr finds too."""
    if not isfinite(value):
        raise TypeError(f"canonical JSON takes no {value}")
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    text, point = "".join(map(str, digits)), len(digits) + exponent
    minus = "-" if sign and value else ""
    if not value:
        return "0"
    if len(text) <= point <= 21:
        return minus + text + "0" * (point - len(text))
    if 0 < point <= 21:
        return f"{minus}{text[:point]}.{text[point:]}"
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    mantissa = text[0] + (f".{text[1:]}" if len(text) > 1 else "")
    return f"{minus}{mantissa}e{point - 1:+d}"
