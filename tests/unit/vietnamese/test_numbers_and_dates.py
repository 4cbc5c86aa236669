from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.vietnamese import (
    Ambiguous,
    NotADate,
    NotANumber,
    format_date,
    format_date_time,
    format_number,
    parse_date,
    parse_number,
)

numbers = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**14), max_value=10**14) | st.integers(
    -(10**18), 10**18
).map(Decimal)


def test_typed_1_point_234_is_1234_in_vietnamese() -> None:
    assert parse_number("1.234", "vi") == Decimal(1234)
    assert parse_number("1.234", "en") == Decimal("1.234")


@pytest.mark.parametrize(
    ("typed", "vi", "en"),
    [("1.234", "1234", "1.234"), ("1,234", "1.234", "1234"), ("5,142", "5.142", "5142"), ("-12.345", "-12345", "-12.345")],
)
def test_what_can_be_two_numbers_is_asked_back(typed: str, vi: str, en: str) -> None:
    assert parse_number(typed) == Ambiguous(Decimal(vi), Decimal(en))


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("1234", "1234"),
        ("1.234.567,8", "1234567.8"),
        ("1,234,567.8", "1234567.8"),
        ("1.234.567", "1234567"),
        ("12,5", "12.5"),
        ("12.50", "12.5"),
        ("0,123", "0.123"),
        ("0.123", "0.123"),
        ("1.234,567", "1234.567"),
        ("1234,567", "1234.567"),
        (",5", "0.5"),
        ("1 234 567", "1234567"),
        ("1\u00a0234,5", "1234.5"),
        ("  -7 ", "-7"),
        ("−5,25", "-5.25"),
        ("+3", "3"),
    ],
)
def test_what_can_be_one_number_only_is_clear(typed: str, number: str) -> None:
    assert parse_number(typed) == Decimal(number)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "-",
        ".",
        ",",
        "1.2.3",
        "1.2345.678",
        "1.23,4,5",
        "1e5",
        "12%",
        "abc",
        "１２",
        "٣",
        "1 23",
        "12 5",
        "--1",
        "1,",
        "NaN",
        "0x1F",
        "1_000",
    ],
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    for form in ("vi", "en", None):
        with pytest.raises(NotANumber):
            parse_number(typed, form)


@pytest.mark.parametrize("typed", ["1.5", "12.50", "1.2345", "1,234.5", "0.123"])
def test_a_point_that_groups_nothing_is_refused_in_vietnamese(typed: str) -> None:
    with pytest.raises(NotANumber, match="không phải là số"):
        parse_number(typed, "vi")


def test_there_is_no_negative_zero() -> None:
    assert str(parse_number("-0", "vi")) == "0"
    assert format_number(Decimal("-0.001"), 2) == "0,00"


@given(numbers)
def test_what_is_shown_reads_back_as_the_same_number(number: Decimal) -> None:
    assert parse_number(format_number(number), "vi") == number


@given(st.text("0123456789.,- ", max_size=12))
def test_an_unclear_number_is_never_guessed(typed: str) -> None:
    readings = set()
    for form in ("vi", "en"):
        try:
            readings.add(parse_number(typed, form))
        except NotANumber:
            continue
    if not readings:
        with pytest.raises(NotANumber):
            parse_number(typed)
    else:
        assert isinstance(parse_number(typed), Ambiguous) is (len(readings) == 2)


@pytest.mark.parametrize(
    ("number", "decimals", "shown"),
    [
        ("1234567.89", None, "1.234.567,89"),
        ("1234567.890", None, "1.234.567,89"),
        ("1234567", 2, "1.234.567,00"),
        ("1E+6", None, "1.000.000"),
        ("8.345", 2, "8,35"),
        ("-8.345", 2, "-8,35"),
        ("0.5", 0, "1"),
        ("54894.49", 1, "54.894,5"),
        ("999.95", 1, "1.000,0"),
        ("-1234.5", None, "-1.234,5"),
        ("12345678901234567890123456789012.345", 2, "12.345.678.901.234.567.890.123.456.789.012,35"),
    ],
)
def test_a_number_is_shown_the_vietnamese_way(number: str, decimals: int | None, shown: str) -> None:
    assert format_number(Decimal(number), decimals) == shown


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_what_is_not_finite_is_no_figure(number: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        format_number(Decimal(number))


def test_a_day_is_shown_with_two_digits() -> None:
    assert format_date(date(2025, 7, 1)) == "01/07/2025"


def test_a_moment_is_shown_on_vietnams_clock() -> None:
    assert format_date_time(datetime(2026, 3, 31, 17, 5, tzinfo=UTC)) == "01/04/2026 00:05"
    with pytest.raises(ValueError, match="time zone"):
        format_date_time(datetime(2026, 3, 31, 17, 5))


@pytest.mark.parametrize("typed", ["1/7/2025", "01/07/2025", " 01-07-2025 ", "01.07.2025"])
def test_a_typed_day_is_day_first(typed: str) -> None:
    assert parse_date(typed) == date(2025, 7, 1)


@pytest.mark.parametrize("typed", ["31/02/2026", "2025-07-01", "7/2025", "1/7/25", "1/7-2025", "", "13/13/2026"])
def test_what_is_no_day_is_refused(typed: str) -> None:
    with pytest.raises(NotADate, match="dd/MM/yyyy"):
        parse_date(typed)


@given(st.dates())
def test_a_shown_day_reads_back_as_the_same_day(day: date) -> None:
    assert parse_date(format_date(day)) == day
