from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import PERIOD_TYPES, NotAPeriod, Period, PeriodType, Regime, parse_period, period_on, year_to_date

REGIMES: tuple[Regime, ...] = ("statistical", "calendar")
COUNT = {"month": 12, "quarter": 4, "half": 2, "season": 3}


@st.composite
def periods(draw: st.DrawFn) -> Period:
    type = draw(st.sampled_from(PERIOD_TYPES))
    return Period(type, draw(st.integers(1950, 2100)), draw(st.integers(1, COUNT.get(type, 1))))


@pytest.mark.parametrize(
    ("id", "type", "title"),
    [
        ("2026-03", "month", "Tháng 3/2026"),
        ("2026-12", "month", "Tháng 12/2026"),
        ("2026-Q1", "quarter", "Quý I/2026"),
        ("2026-Q4", "quarter", "Quý IV/2026"),
        ("2026-H1", "half", "6 tháng đầu năm 2026"),
        ("2026-H2", "half", "6 tháng cuối năm 2026"),
        ("2026-9M", "nine-months", "9 tháng năm 2026"),
        ("2026", "year", "Năm 2026"),
        ("2025-2026", "school-year", "Năm học 2025-2026"),
        ("2026-DX", "season", "Vụ Đông Xuân 2025-2026"),
        ("2026-HT", "season", "Vụ Hè Thu 2026"),
        ("2026-M", "season", "Vụ Mùa 2026"),
    ],
)
def test_an_id_names_a_period(id: str, type: PeriodType, title: str) -> None:
    period = parse_period(id)
    assert (period.type, period.id, period.title) == (type, id, title)


@pytest.mark.parametrize(
    "id",
    [
        "",
        "26-03",
        "2026-3",
        "2026-00",
        "2026-13",
        "2026-Q0",
        "2026-Q5",
        "2026-H3",
        "2026-6M",
        "2025-2027",
        "2026-2025",
        "2026-XX",
        "2026-",
        " 2026",
        "1812-01",
        "2026-03\n",
        "２０２６",
    ],
)
def test_what_names_no_period_is_refused(id: str) -> None:
    with pytest.raises(NotAPeriod, match="không phải là kỳ báo cáo"):
        parse_period(id)


@given(periods())
def test_every_period_is_found_by_its_id(period: Period) -> None:
    assert parse_period(period.id) == period


@pytest.mark.parametrize(
    ("id", "statistical", "calendar"),
    [
        ("2026-03", ("2026-02-15", "2026-03-14"), ("2026-03-01", "2026-03-31")),
        ("2026-01", ("2025-12-15", "2026-01-14"), ("2026-01-01", "2026-01-31")),
        ("2024-02", ("2024-01-15", "2024-02-14"), ("2024-02-01", "2024-02-29")),
        ("2026-Q1", ("2025-12-15", "2026-03-14"), ("2026-01-01", "2026-03-31")),
        ("2026-Q4", ("2026-09-15", "2026-12-14"), ("2026-10-01", "2026-12-31")),
        ("2026-H1", ("2025-12-15", "2026-06-14"), ("2026-01-01", "2026-06-30")),
        ("2026-H2", ("2026-06-15", "2026-12-14"), ("2026-07-01", "2026-12-31")),
        ("2026-9M", ("2025-12-15", "2026-09-14"), ("2026-01-01", "2026-09-30")),
        ("2026", ("2025-12-15", "2026-12-14"), ("2026-01-01", "2026-12-31")),
        ("2025-2026", ("2025-09-01", "2026-05-31"), ("2025-09-01", "2026-05-31")),
        ("2026-DX", ("2025-11-01", "2026-04-30"), ("2025-11-01", "2026-04-30")),
        ("2026-HT", ("2026-05-01", "2026-08-31"), ("2026-05-01", "2026-08-31")),
        ("2026-M", ("2026-07-01", "2026-12-31"), ("2026-07-01", "2026-12-31")),
    ],
)
def test_a_regime_says_which_days_a_period_covers(id: str, statistical: tuple[str, str], calendar: tuple[str, str]) -> None:
    period = parse_period(id)
    assert period.days("statistical") == tuple(map(date.fromisoformat, statistical))
    assert period.days("calendar") == tuple(map(date.fromisoformat, calendar))


@pytest.mark.parametrize("regime", REGIMES)
@given(period=periods())
def test_parts_follow_each_other_without_a_gap(regime: Regime, period: Period) -> None:
    parts = period.parts()
    for one, after in pairwise(parts):
        assert one.days(regime)[1] + timedelta(days=1) == after.days(regime)[0]
    if parts:
        assert (parts[0].days(regime)[0], parts[-1].days(regime)[1]) == period.days(regime)


@given(periods())
def test_next_and_previous_undo_each_other(period: Period) -> None:
    assert period.next().previous() == period == period.previous().next()
    assert period.next().days("calendar")[0] > period.days("calendar")[0]


@pytest.mark.parametrize(
    ("id", "next_id"),
    [
        ("2026-12", "2027-01"),
        ("2026-Q4", "2027-Q1"),
        ("2026-H1", "2026-H2"),
        ("2026-9M", "2027-9M"),
        ("2026", "2027"),
        ("2025-2026", "2026-2027"),
        ("2026-DX", "2026-HT"),
        ("2026-M", "2027-DX"),
    ],
)
def test_one_period_follows_another_of_its_type(id: str, next_id: str) -> None:
    assert parse_period(id).next().id == next_id


def test_growth_is_measured_against_the_same_period_last_year() -> None:
    assert [parse_period(id).same_last_year().id for id in ("2026-03", "2026-Q1", "2025-2026", "2026-DX")] == [
        "2025-03",
        "2025-Q1",
        "2024-2025",
        "2025-DX",
    ]


def ids(periods: list[Period]) -> list[str]:
    return [period.id for period in periods]


def test_a_year_is_made_of_quarters_halves_or_months() -> None:
    year = parse_period("2026")
    assert ids(year.parts()) == ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
    assert ids(year.parts("half")) == ["2026-H1", "2026-H2"]
    assert len(year.parts("month")) == 12
    assert ids(year.parts("year")) == ["2026"]
    assert year.parts("nine-months") == []


def test_nine_months_are_three_quarters_and_no_halves() -> None:
    nine = parse_period("2026-9M")
    assert ids(nine.parts()) == ["2026-Q1", "2026-Q2", "2026-Q3"]
    assert nine.parts("half") == []
    assert len(nine.parts("month")) == 9


def test_a_half_is_two_quarters_and_a_quarter_three_months() -> None:
    assert ids(parse_period("2026-H2").parts()) == ["2026-Q3", "2026-Q4"]
    assert ids(parse_period("2026-Q2").parts()) == ["2026-04", "2026-05", "2026-06"]
    assert parse_period("2026-03").parts() == []


def test_a_month_lies_within_its_quarter_half_year_and_school_year() -> None:
    month = parse_period("2026-03")
    found = {type: period.id if (period := month.within(type)) else None for type in PERIOD_TYPES}
    assert found == {
        "month": "2026-03",
        "quarter": "2026-Q1",
        "half": "2026-H1",
        "nine-months": "2026-9M",
        "year": "2026",
        "school-year": "2025-2026",
        "season": "2026-DX",
    }
    assert parse_period("2026-12").within("nine-months") is None
    assert parse_period("2026-07").within("school-year") is None


@given(periods(), periods())
def test_a_period_contains_another_exactly_where_all_its_months_do(one: Period, other: Period) -> None:
    assert one.contains(other) is set(other.months()).issubset(one.months())


def test_a_season_of_two_years_lies_within_neither() -> None:
    assert parse_period("2026-DX").within("year") is None
    assert parse_period("2026-DX").months()[0].id == "2025-11"


def test_year_to_date_counts_from_the_start_of_the_year() -> None:
    assert ids(year_to_date(parse_period("2026-03"))) == ["2026-01", "2026-02", "2026-03"]
    assert ids(year_to_date(parse_period("2026-Q1"))) == ["2026-Q1"]
    assert ids(year_to_date(parse_period("2026-H2"))) == ["2026-H1", "2026-H2"]
    assert ids(year_to_date(parse_period("2026"))) == ["2026"]


@pytest.mark.parametrize(
    ("day", "type", "regime", "id"),
    [
        ("2026-03-14", "month", "statistical", "2026-03"),
        ("2026-03-15", "month", "statistical", "2026-04"),
        ("2026-12-15", "month", "statistical", "2027-01"),
        ("2026-12-15", "year", "statistical", "2027"),
        ("2026-12-15", "year", "calendar", "2026"),
        ("2026-11-20", "season", "calendar", "2026-M"),
        ("2027-01-01", "season", "calendar", "2027-DX"),
        ("2026-02-01", "school-year", "calendar", "2025-2026"),
    ],
)
def test_a_day_falls_in_one_period_of_a_type(day: str, type: PeriodType, regime: Regime, id: str) -> None:
    period = period_on(date.fromisoformat(day), type, regime)
    assert period is not None
    assert period.id == id


def test_the_summer_holidays_belong_to_no_school_year() -> None:
    assert period_on(date(2026, 7, 1), "school-year", "calendar") is None


@pytest.mark.parametrize("regime", REGIMES)
@given(day=st.dates(date(1951, 1, 1), date(2100, 1, 1)), type=st.sampled_from(["month", "quarter", "half", "year"]))
def test_months_quarters_halves_and_years_leave_no_day_out(regime: Regime, day: date, type: PeriodType) -> None:
    period = period_on(day, type, regime)
    assert period is not None
    assert period.days(regime)[0] <= day <= period.days(regime)[1]
    assert not period.next().days(regime)[0] <= day
