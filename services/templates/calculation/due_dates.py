"""When a period's reports are due, when it closes, and when a schedule opens it; knows holidays only as they are given."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import takewhile
from typing import Literal, NamedTuple

from kernel.calendar import Period, Regime, WorkingDays, due_date

from ..events import Cutoff

Anchor = Literal["start", "end"]
MOST_OPENINGS_AT_ONCE = 120


class Deadline(NamedTuple):
    due_on: date
    closes_on: date | None


def regime_of(cutoff: Cutoff) -> Regime:
    return "calendar" if cutoff.regime == "calendar" else "statistical"


def deadline(
    period: Period, cutoff: Cutoff, working_days: WorkingDays, *, plan_given_on: date | None = None, due_on: date | None = None
) -> Deadline:
    """The due date as given, else by the template's cut-off; the closing so many working days after it.

    A plan is due so many working days after the day on which it is asked for: it looks ahead, and its period ends too late.
    """
    if due_on is None and plan_given_on is not None:
        due_on = working_days.add(plan_given_on, cutoff.due_working_days)
    if due_on is None:
        due_on = due_date(period, regime_of(cutoff), cutoff.due_working_days, working_days)
    return Deadline(due_on, closing(due_on, cutoff, working_days))


def closing(due_on: date, cutoff: Cutoff, working_days: WorkingDays) -> date | None:
    """The last day on which a late report is taken; None where only people close. It closes when that day has ended."""
    if cutoff.close_after_working_days is None:
        return None
    return max(due_on, working_days.add(due_on, cutoff.close_after_working_days))


def stated_day(period: Period, regime: Regime, anchor: Anchor, days: int) -> date:
    """The day on which a schedule opens a period: `days` after (or before) its first or last day."""
    first, last = period.days(regime)
    return (first if anchor == "start" else last) + timedelta(days=days)


class Opening(NamedTuple):
    period: Period
    stated_day: date


def openings(first: Period, last: Period | None, regime: Regime, anchor: Anchor, days: int, until: date) -> Iterator[Opening]:
    """Every period of a schedule whose day has come by `until`, from the first on; at most 120 at once."""

    def all_of_them() -> Iterator[Opening]:
        period = first
        for _ in range(MOST_OPENINGS_AT_ONCE):
            yield Opening(period, stated_day(period, regime, anchor, days))
            if period == last:
                return
            period = period.next()

    return takewhile(lambda opening: opening.stated_day <= until, all_of_them())
