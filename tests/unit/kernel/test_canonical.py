"""The bytes that are hashed: RFC 8785, as its official package writes them."""

import math
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from kernel.canonical import LARGEST_INTEGER, canonical_json

KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
DATA = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=30)


@given(DATA)
@example({"b": "Bá Vành Ê Đ \u2028 \U0001f600", "a": {"z": 1, "Z": [None, True]}})
@example([0.0, -0.0, 1e21, 1e20, 1e-6, 1e-7, 123456789.125, 5e-324, 1.7976931348623157e308, 13.977, -108.5, 1e23])
@example({"\x7f": '\x00\x1f\x7f"\\/\b\f\n\r\t'})
def test_it_writes_what_the_official_package_writes(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_reads_back_as_itself(value: float) -> None:
    assert float(canonical_json(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        {"ngày": 1},
        {"a": {"Đ": 1}},
        {1: "a"},
        LARGEST_INTEGER + 1,
        [-LARGEST_INTEGER - 1],
        math.nan,
        math.inf,
        {"a": [-math.inf]},
        {"a": object()},
        "\ud800",
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)
