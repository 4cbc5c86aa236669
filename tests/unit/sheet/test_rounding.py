"""Rounding: half away from zero, from the 15 digits that a double holds."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.sheet.rounding import decimal_places, from_engine, is_exact, round_half_away, significant_digits

EXACT = st.integers(-(10**15) + 1, 10**15 - 1).flatmap(lambda n: st.integers(0, 6).map(lambda places: Decimal(n).scaleb(-places)))


@pytest.mark.parametrize(
    ("value", "decimals", "rounded"),
    [
        ("0.5", 0, "1"),
        ("-0.5", 0, "-1"),
        ("2.5", 0, "3"),
        ("2.675", 2, "2.68"),
        ("-0.4", 0, "0"),
        ("1.5", 2, "1.50"),
        ("1E+20", 1, "100000000000000000000.0"),
    ],
)
def test_half_goes_away_from_zero_and_there_is_no_negative_zero(value: str, decimals: int, rounded: str) -> None:
    assert str(round_half_away(Decimal(value), decimals)) == rounded


@pytest.mark.parametrize(
    ("x", "decimals", "rounded"), [(1.005 * 100, 0, "101"), (0.1 + 0.2, 17, "0.30000000000000000"), (-0.0, 2, "0.00"), (-0.001, 2, "0.00")]
)
def test_what_binary_fractions_add_is_taken_away(x: float, decimals: int, rounded: str) -> None:
    assert str(from_engine(x, decimals)) == rounded


@given(EXACT)
def test_an_exact_figure_comes_back_from_the_engine_as_it_went(value: Decimal) -> None:
    assert is_exact(value)
    assert from_engine(float(value), 6) == value


@given(EXACT, st.integers(0, 6))
def test_rounding_twice_is_rounding_once(value: Decimal, decimals: int) -> None:
    once = round_half_away(value, decimals)
    assert round_half_away(once, decimals) == once == value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("value", "digits"), [("0", 1), ("0.00", 1), ("100", 1), ("1.10", 2), ("-0.0012", 2), ("1000000000000001", 16), ("1E+40", 1)]
)
def test_significant_digits_go_from_the_first_to_the_last_that_is_not_zero(value: str, digits: int) -> None:
    assert significant_digits(Decimal(value)) == digits


@pytest.mark.parametrize(("value", "places"), [("1.50", 1), ("100", 0), ("1E+2", 0), ("0.000", 0), ("-0.125", 3)])
def test_places_that_are_zero_are_not_needed(value: str, places: int) -> None:
    assert decimal_places(Decimal(value)) == places


@pytest.mark.parametrize("value", ["1234567890123456", "0.1234567890123456", "NaN", "Infinity", "1E+300", "1E-300"])
def test_what_the_engine_cannot_hold_is_not_exact(value: str) -> None:
    assert not is_exact(Decimal(value))


@pytest.mark.parametrize("x", [float("inf"), float("nan")])
def test_no_figure_is_made_of_infinity(x: float) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        from_engine(x, 0)
