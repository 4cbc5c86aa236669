from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import WorkingDays, due_date, end_of_day, parse_period, today

ROWS = list(csv.DictReader((Path(__file__).parents[3] / "services/templates/holidays.csv").read_text("utf-8").splitlines()))
OF_KIND = {kind: {date.fromisoformat(row["date"]): row["name"] for row in ROWS if row["kind"] == kind} for kind in ("holiday", "makeup")}
VIETNAM = WorkingDays(OF_KIND["holiday"], frozenset(OF_KIND["makeup"]))

days = st.dates(date(2024, 1, 10), date(2027, 12, 1))


def test_saturday_and_sunday_are_off_and_a_makeup_saturday_is_not() -> None:
    assert not VIETNAM.is_working(date(2026, 8, 15))
    assert VIETNAM.is_working(date(2026, 8, 22))
    assert not VIETNAM.is_working(date(2026, 8, 31))


def test_a_monthly_report_for_march_2026_is_due_on_the_17th() -> None:
    assert due_date(parse_period("2026-03"), "statistical", 2, VIETNAM) == date(2026, 3, 17)


def test_working_days_step_over_tet() -> None:
    assert VIETNAM.add(date(2026, 2, 13), 1) == date(2026, 2, 23)
    assert VIETNAM.add(date(2026, 2, 23), -1) == date(2026, 2, 13)


def test_working_days_count_a_makeup_day() -> None:
    assert VIETNAM.add(date(2026, 8, 21), 1) == date(2026, 8, 22)
    assert VIETNAM.count(date(2026, 8, 17), date(2026, 9, 6)) == 5 + 1 + 5 + 2


def test_a_term_of_no_days_that_ends_on_a_day_off_ends_on_the_next_working_day() -> None:
    assert VIETNAM.add(date(2026, 3, 14), 0) == date(2026, 3, 16)
    assert VIETNAM.add(date(2026, 3, 16), 0) == date(2026, 3, 16)


@given(days, st.integers(1, 30))
def test_counting_and_adding_agree(day: date, n: int) -> None:
    reached = VIETNAM.add(day, n)
    assert VIETNAM.is_working(reached)
    assert VIETNAM.count(day + timedelta(days=1), reached) == n


@given(days, st.integers(1, 20))
def test_going_forth_and_back_from_a_working_day_returns_to_it(day: date, n: int) -> None:
    start = VIETNAM.add(day, 0)
    assert VIETNAM.add(VIETNAM.add(start, n), -n) == start


def test_nothing_is_counted_backwards() -> None:
    assert VIETNAM.count(date(2026, 3, 2), date(2026, 3, 1)) == 0


def test_a_day_ends_at_24_00_on_vietnams_clock() -> None:
    assert end_of_day(date(2026, 3, 17)) == datetime(2026, 3, 17, 17, 0, tzinfo=UTC)


def test_today_is_the_day_on_vietnams_clock() -> None:
    assert today(datetime(2026, 3, 17, 16, 59, tzinfo=UTC)) == date(2026, 3, 17)
    assert today(datetime(2026, 3, 17, 17, 0, tzinfo=UTC)) == date(2026, 3, 18)
    with pytest.raises(ValueError, match="time zone"):
        today(datetime(2026, 3, 17))


@pytest.mark.parametrize("year", [2024, 2025, 2026, 2027])
def test_every_year_has_the_days_off_that_the_labour_code_gives(year: int) -> None:
    names = [name for day, name in OF_KIND["holiday"].items() if day.year == year]
    assert sum("Tết Nguyên đán: " in name for name in names) == 5
    for name in ("Tết Dương lịch", "Giỗ Tổ Hùng Vương (10/3 âm lịch)", "Ngày Chiến thắng", "Ngày Quốc tế lao động", "Quốc khánh"):
        assert names.count(name) == 1
    assert names.count("Quốc khánh: ngày liền kề") == 1


def test_every_holiday_on_a_weekend_is_given_back() -> None:
    """A day off in the list that is a weekend day, 2024's Tết included, has its own day in lieu."""
    for year in (2024, 2025, 2026, 2027):
        on_weekend = [day for day in OF_KIND["holiday"] if day.year == year and day.weekday() >= 5]
        in_lieu = [day for day, name in OF_KIND["holiday"].items() if day.year == year and name.startswith("Nghỉ bù")]
        assert len(on_weekend) == len(in_lieu)


def test_every_makeup_day_is_a_saturday_in_exchange_for_one_day_off() -> None:
    exchanged = [name for name in OF_KIND["holiday"].values() if name.startswith("Nghỉ hoán đổi")]
    assert len(exchanged) == len(OF_KIND["makeup"])
    assert all(day.weekday() == 5 for day in OF_KIND["makeup"])


def test_what_is_not_yet_official_says_so() -> None:
    expected = [row["date"] for row in ROWS if "dự kiến" in row["source"]]
    assert "2027-02-06" in expected
    assert not any(day.startswith(("2024", "2025")) for day in expected)
    assert all(row["source"] for row in ROWS)
