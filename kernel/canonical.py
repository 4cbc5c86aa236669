"""RFC 8785 (JCS) bytes of the JSON that this system writes: objects with ASCII keys, strings, integers, booleans, null. No floats."""

from typing import Any

import orjson


def canonical_json(value: Any) -> bytes:
    """Canonical bytes of `value`.

    orjson sorts keys by code point, which is JCS's order for ASCII keys. Numbers with a fraction are refused: they travel as strings.
    """
    _refuse_what_jcs_would_write_otherwise(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _refuse_what_jcs_would_write_otherwise(value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise TypeError(f"canonical JSON takes ASCII keys only, not {key!r}")
            if not isinstance(inner, str):
                _refuse_what_jcs_would_write_otherwise(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_what_jcs_would_write_otherwise(inner)
    elif isinstance(value, float):
        raise TypeError("canonical JSON takes no floating-point numbers")
