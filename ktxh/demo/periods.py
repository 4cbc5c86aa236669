"""The few steps between period ids that carried columns take; knows months, quarters, halves and years, and no calendar."""

_PER_YEAR = {"Q": 4, "H": 2}


def _split(period: str) -> tuple[int, str, int, int]:
    """Year, mark (`""`, `Q`, `H`), number within the year, and how many there are in a year; a year itself is one of one."""
    year, _, rest = period.partition("-")
    if not rest:
        return int(year), "", 1, 1
    mark = rest[0] if rest[0] in _PER_YEAR else ""
    return int(year), mark, int(rest.removeprefix(mark)), _PER_YEAR.get(mark, 12)


def _joined(year: int, mark: str, number: int, per_year: int) -> str:
    if per_year == 1:
        return str(year)
    return f"{year}-{mark}{number}" if mark else f"{year}-{number:02}"


def year_of(period: str) -> str:
    """The year that the period lies in: `2026-03` → `2026`."""
    return period.partition("-")[0]


def shifted(period: str, by: int) -> str:
    """The period `by` periods later, or earlier where it is negative."""
    year, mark, number, per_year = _split(period)
    place = year * per_year + number - 1 + by
    return _joined(place // per_year, mark, place % per_year + 1, per_year)


def previous(period: str) -> str:
    return shifted(period, -1)


def same_last_year(period: str) -> str:
    return shifted(period, -_split(period)[3])


def earlier_in_year(period: str) -> tuple[str, ...]:
    """The periods of the same year before this one, in order; empty for the first of a year."""
    return tuple(shifted(period, -back) for back in range(_split(period)[2] - 1, 0, -1))


def all_of_year(year: str, like: str) -> tuple[str, ...]:
    """Every period of `year` of the same kind as `like`."""
    _, mark, _, per_year = _split(like)
    return tuple(_joined(int(year), mark, number, per_year) for number in range(1, per_year + 1))


def place_in_year(period: str) -> tuple[int, int]:
    """The number of the period within its year, and how many there are."""
    _, _, number, per_year = _split(period)
    return number, per_year
