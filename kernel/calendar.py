"""Periods, the days that they cover, and working days; knows no clock and no list of holidays of its own."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, get_args

from .vietnamese import LOCAL_TIME

PeriodType = Literal["month", "quarter", "half", "nine-months", "year", "school-year", "season"]
Regime = Literal["statistical", "calendar"]

PERIOD_TYPES: tuple[PeriodType, ...] = get_args(PeriodType)

_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_ROMAN = ("I", "II", "III", "IV")


@dataclass(frozen=True, slots=True)
class _Season:
    """A named period of every year. Months count from January = 0 of the year in its id: -2 is November before."""

    key: str
    title: str
    first_month: int
    months: int


# The crop seasons, by the months from sowing to harvest; where they overlap, the one harvested first has the day.
SEASONS = (
    _Season("DX", "Vụ Đông Xuân {before}-{year}", -2, 6),
    _Season("HT", "Vụ Hè Thu {year}", 4, 4),
    _Season("M", "Vụ Mùa {year}", 6, 6),
)

_PER_YEAR: dict[PeriodType, int] = {"month": 12, "quarter": 4, "half": 2, "season": len(SEASONS)}
_FINER: dict[PeriodType, PeriodType] = {"quarter": "month", "half": "quarter", "nine-months": "quarter", "year": "quarter"}

_ID = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?:(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4])|H(?P<half>[12])|(?P<nine>9M)|(?P<to>[0-9]{4})|(?P<season>[A-Z]{1,2})))?"
)


class NotAPeriod(ValueError):
    """No period has this id."""

    def __init__(self, text: str) -> None:
        super().__init__(f"“{text}” không phải là kỳ báo cáo")
        self.text = text


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time that is reported on. Made by `parse_period`; `number` counts from 1 within the year.

    `year` is the first year of a school year, and the year of harvest of a season.
    """

    type: PeriodType
    year: int
    number: int = 1

    @property
    def id(self) -> str:
        """`2026-03`, `2026-Q1`, `2026-H1`, `2026-9M`, `2026`, `2025-2026`, `2026-DX`."""
        match self.type:
            case "month":
                return f"{self.year}-{self.number:02}"
            case "quarter":
                return f"{self.year}-Q{self.number}"
            case "half":
                return f"{self.year}-H{self.number}"
            case "nine-months":
                return f"{self.year}-9M"
            case "year":
                return f"{self.year}"
            case "school-year":
                return f"{self.year}-{self.year + 1}"
            case "season":
                return f"{self.year}-{SEASONS[self.number - 1].key}"

    @property
    def title(self) -> str:
        """What people read: `Tháng 3/2026`, `Quý I/2026`, `6 tháng đầu năm 2026`."""
        match self.type:
            case "month":
                return f"Tháng {self.number}/{self.year}"
            case "quarter":
                return f"Quý {_ROMAN[self.number - 1]}/{self.year}"
            case "half":
                return f"6 tháng {('đầu', 'cuối')[self.number - 1]} năm {self.year}"
            case "nine-months":
                return f"9 tháng năm {self.year}"
            case "year":
                return f"Năm {self.year}"
            case "school-year":
                return f"Năm học {self.year}-{self.year + 1}"
            case "season":
                return SEASONS[self.number - 1].title.format(before=self.year - 1, year=self.year)

    def days(self, regime: Regime) -> tuple[date, date]:
        """The first and the last day. Seasons and school years have the same days under every regime.

        `statistical` is Decree 09/2019: from the 15th of the month before to the 14th of the last month.
        """
        first, last = self._span()
        if regime == "statistical" and self.type not in ("school-year", "season"):
            return _day(first - 1, 15), _day(last, 14)
        return _day(first, 1), _day(last + 1, 1) - timedelta(days=1)

    def previous(self) -> "Period":
        """The one before of the same type."""
        return self._shifted(-1)

    def next(self) -> "Period":
        """The one after of the same type."""
        return self._shifted(1)

    def same_last_year(self) -> "Period":
        """What growth is measured against."""
        return Period(self.type, self.year - 1, self.number)

    def months(self) -> "list[Period]":
        """The months that it covers, in order; of a season those of its growing."""
        first, last = self._span()
        return [Period("month", month // 12, month % 12 + 1) for month in range(first, last + 1)]

    def parts(self, type: PeriodType | None = None) -> "list[Period]":
        """The periods of `type` that make it up exactly, in order; empty where none do.

        Without `type` the next finer ones: a quarter's months; the quarters of a half, of nine months, of a year.
        """
        finer = type or _FINER.get(self.type)
        if finer is None:
            return []
        found = {part for month in self.months() if (part := month.within(finer)) is not None}
        parts = sorted((part for part in found if self.contains(part)), key=lambda part: part._span())
        return parts if sum(len(part.months()) for part in parts) == len(self.months()) else []

    def within(self, type: PeriodType) -> "Period | None":
        """The period of `type` that holds all of this one: a month's quarter; None where there is none."""
        first, last = self._span()
        around = (first // 12 - 1, first // 12, first // 12 + 1)
        candidates = (Period(type, year, number + 1) for year in around for number in range(_PER_YEAR.get(type, 1)))
        holding = [period for period in candidates if period._span()[0] <= first and last <= period._span()[1]]
        return min(holding, key=lambda period: period._span()[1], default=None)

    def contains(self, other: "Period") -> bool:
        """Whether every month of `other` lies in this one; a period contains itself."""
        first, last = self._span()
        other_first, other_last = other._span()
        return first <= other_first and other_last <= last

    def _span(self) -> tuple[int, int]:
        """First and last month, counted from January of the year 0."""
        january = self.year * 12
        match self.type:
            case "month" | "quarter" | "half":
                length = 12 // _PER_YEAR[self.type]
                return january + (self.number - 1) * length, january + self.number * length - 1
            case "nine-months":
                return january, january + 8
            case "year":
                return january, january + 11
            case "school-year":
                return january + 8, january + 16  # September to May
            case "season":
                season = SEASONS[self.number - 1]
                return january + season.first_month, january + season.first_month + season.months - 1

    def _shifted(self, by: int) -> "Period":
        per_year = _PER_YEAR.get(self.type, 1)
        place = self.year * per_year + self.number - 1 + by
        return Period(self.type, place // per_year, place % per_year + 1)


@lru_cache(maxsize=4096)
def parse_period(id: str) -> Period:
    """The period named `id`. Raises NotAPeriod."""
    match = _ID.fullmatch(id)
    year = int(match["year"]) if match else 0
    if match is None or not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise NotAPeriod(id)
    if match["to"] and int(match["to"]) != year + 1:
        raise NotAPeriod(id)
    if match["season"]:
        keys = [season.key for season in SEASONS]
        if match["season"] not in keys:
            raise NotAPeriod(id)
        return Period("season", year, keys.index(match["season"]) + 1)
    if match["month"] or match["quarter"] or match["half"]:
        part: PeriodType = "month" if match["month"] else "quarter" if match["quarter"] else "half"
        return Period(part, year, int(match[part]))
    return Period("nine-months" if match["nine"] else "school-year" if match["to"] else "year", year)


def year_to_date(period: Period) -> list[Period]:
    """The periods of its type from the start of its year up to and with `period`."""
    return [Period(period.type, period.year, number) for number in range(1, period.number + 1)]


def period_on(day: date, type: PeriodType, regime: Regime) -> Period | None:
    """The period of `type` that `day` falls in; None where there is none (in the summer holidays).

    A day that lies in two seasons belongs to the one that ends first.
    """
    candidates = (Period(type, year, number + 1) for year in _years_around(day) for number in range(_PER_YEAR.get(type, 1)))
    holding = [period for period in candidates if period.days(regime)[0] <= day <= period.days(regime)[1]]
    return min(holding, key=lambda period: period.days(regime)[1], default=None)


def _years_around(day: date) -> range:
    return range(day.year - 1, day.year + 2)


def _day(month: int, day: int) -> date:
    """The day of the month counted from January of the year 0."""
    return date(month // 12, month % 12 + 1, day)


@dataclass(frozen=True)
class WorkingDays:
    """Monday to Friday, less `holidays` (day → name), plus `makeup` days that are worked in exchange."""

    holidays: Mapping[date, str] = field(default_factory=dict)
    makeup: Collection[date] = ()

    def is_working(self, day: date) -> bool:
        return day in self.makeup or (day.weekday() < 5 and day not in self.holidays)

    def add(self, day: date, n: int) -> date:
        """The `n`-th working day after `day`, or before it where `n` is negative.

        With 0 `day` itself, or the next working day where it is none, as terms that end on a day off do (Civil Code, article 148).
        """
        if n == 0:
            return day if self.is_working(day) else self.add(day, 1)
        step = timedelta(days=1 if n > 0 else -1)
        for _ in range(abs(n)):
            day += step
            while not self.is_working(day):
                day += step
        return day

    def count(self, first: date, last: date) -> int:
        """How many working days lie between `first` and `last`, both included; 0 where `last` is before `first`."""
        return sum(self.is_working(first + timedelta(days=i)) for i in range((last - first).days + 1))


def due_date(period: Period, regime: Regime, due_working_days: int, working_days: WorkingDays) -> date:
    """The day on which a report on `period` is due: `due_working_days` working days after the last day that it covers."""
    return working_days.add(period.days(regime)[1], due_working_days)


def end_of_day(day: date) -> datetime:
    """24:00 of `day` on Vietnam's clock: the first moment that is too late."""
    return datetime.combine(day + timedelta(days=1), time(), LOCAL_TIME)


def today(now: datetime) -> date:
    """The day on Vietnam's clock at `now`, which is aware."""
    if now.tzinfo is None:
        raise ValueError("a moment without its time zone")
    return now.astimezone(LOCAL_TIME).date()
