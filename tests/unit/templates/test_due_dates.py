"""When reports are due, when periods close, and when schedules open them."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kernel.calendar import Period, WorkingDays, parse_period
from services.templates.calculation.due_dates import MOST_OPENINGS_AT_ONCE, closing, deadline, openings, stated_day
from services.templates.events import Cutoff

PLAIN = WorkingDays()
MARCH = parse_period("2026-03")

months = st.builds(lambda year, month: Period("month", year, month), st.integers(2000, 2100), st.integers(1, 12))
cutoffs = st.builds(Cutoff, st.sampled_from(["statistical", "calendar"]), st.integers(0, 60), st.one_of(st.none(), st.integers(0, 60)))
holidays = st.builds(
    lambda off, makeup: WorkingDays(dict.fromkeys(off, "nghỉ"), frozenset(makeup) - off),
    st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=30),
    st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=10),
)


def test_the_march_report_is_due_two_working_days_after_the_fourteenth() -> None:
    assert deadline(MARCH, Cutoff(), PLAIN) == (date(2026, 3, 17), None)


def test_a_given_due_date_is_taken_as_it_is_and_the_closing_follows_it() -> None:
    assert deadline(MARCH, Cutoff(close_after_working_days=5), PLAIN, due_on=date(2026, 3, 20)) == (date(2026, 3, 20), date(2026, 3, 27))


def test_a_plan_is_due_after_the_day_on_which_it_is_asked_for() -> None:
    year = parse_period("2026")
    assert deadline(year, Cutoff(due_working_days=10), PLAIN, plan_given_on=date(2026, 1, 5)).due_on == date(2026, 1, 19)


def test_a_due_date_on_a_day_off_is_closed_no_earlier() -> None:
    saturday = date(2026, 3, 21)
    assert closing(saturday, Cutoff(close_after_working_days=0), PLAIN) == date(2026, 3, 23)


@given(months, cutoffs, holidays)
def test_a_report_is_due_on_a_working_day_after_its_period_and_closes_no_earlier(period: Period, cutoff: Cutoff, days: WorkingDays) -> None:
    due_on, closes_on = deadline(period, cutoff, days)
    last = period.days("calendar" if cutoff.regime == "calendar" else "statistical")[1]
    assert due_on >= last
    assert days.is_working(due_on)
    on_a_day_off = 1 if cutoff.due_working_days == 0 and due_on > last else 0
    assert days.count(last + timedelta(days=1), due_on) == cutoff.due_working_days + on_a_day_off
    assert (closes_on is None) == (cutoff.close_after_working_days is None)
    assert closes_on is None or closes_on >= due_on


@given(months, cutoffs, st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20))
def test_a_further_holiday_never_makes_a_report_due_earlier(period: Period, cutoff: Cutoff, off: frozenset[date]) -> None:
    with_holidays = WorkingDays(dict.fromkeys(off, "nghỉ"))
    assert deadline(period, cutoff, with_holidays).due_on >= deadline(period, cutoff, PLAIN).due_on


def test_a_stated_day_counts_from_either_end_of_the_period() -> None:
    assert stated_day(MARCH, "statistical", "start", 0) == date(2026, 2, 15)
    assert stated_day(MARCH, "statistical", "end", -4) == date(2026, 3, 10)
    assert stated_day(MARCH, "calendar", "end", 1) == date(2026, 4, 1)


def test_periods_are_opened_in_turn_until_the_day() -> None:
    due = openings(MARCH, None, "statistical", "end", -4, date(2026, 5, 10))
    assert [(one.period.id, one.stated_day) for one in due] == [
        ("2026-03", date(2026, 3, 10)),
        ("2026-04", date(2026, 4, 10)),
        ("2026-05", date(2026, 5, 10)),
    ]


def test_nothing_is_opened_after_the_last_period() -> None:
    due = openings(MARCH, parse_period("2026-04"), "statistical", "end", -4, date(2030, 1, 1))
    assert [one.period.id for one in due] == ["2026-03", "2026-04"]


@given(months, st.integers(-40, 40), st.dates(date(1999, 1, 1), date(2110, 1, 1)))
def test_every_opening_has_come_and_the_next_has_not(first: Period, days: int, until: date) -> None:
    due = list(openings(first, None, "statistical", "end", days, until))
    assert all(one.stated_day <= until for one in due)
    following = due[-1].period.next() if due else first
    assert len(due) == MOST_OPENINGS_AT_ONCE or stated_day(following, "statistical", "end", days) > until
