"""Plausible figures for every form, period and unit, the same for the same seed; they keep the forms' rules and are nobody's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import lru_cache
from hashlib import blake2b

from contracts.templates import IndicatorDefinedV1
from kernel.sheet.model import BLANK, NIL, CellRef, Comparator, Value

from .forms import Form, all_forms
from .indicators import Nature, known, row_key
from .periods import all_of_year, earlier_in_year, place_in_year, year_of

Figures = Mapping[str, Value]
"""The cells that somebody has filled in, by key."""

AVERAGE_PEOPLE = 26_500
"""People of an average commune of Gia Lai: 3.58 million in 135 communes. Sizes of indicators are for such a one."""

FIRST_YEAR = 2025
_ONE = Decimal(1)
_MILLION = Decimal(1_000_000)

# How a month stands to the average month of its year; what is sown in winter is not sown in May.
SEASONS: Mapping[str, tuple[str, ...]] = {
    "flat": ("0.98", "0.94", "1.01", "1.00", "1.00", "1.01", "1.00", "1.00", "1.01", "1.01", "1.02", "1.02"),
    "step": ("1",) * 12,
    "tet": ("1.30", "1.22", "0.92", "0.92", "0.92", "0.92", "0.92", "0.92", "0.95", "0.96", "1.00", "1.05"),
    "after_tet": ("0.70", "1.10", "1.45", "1.25", "1.00", "0.95", "0.95", "0.95", "1.00", "0.95", "0.90", "0.80"),
    "summer": ("0.95", "1.05", "0.92", "0.95", "1.05", "1.25", "1.30", "1.15", "0.92", "0.84", "0.80", "0.82"),
    "rain": ("0.50", "0.40", "0.45", "0.60", "0.90", "1.40", "1.70", "1.70", "1.60", "1.30", "0.90", "0.55"),
    "sow": ("0.55", "0.65", "0.80", "1.30", "1.90", "1.70", "1.10", "0.90", "0.90", "0.80", "0.75", "0.65"),
    "sow_dx": ("3.40", "1.30", "0.25", "0.10", "0.10", "0.10", "0.10", "0.10", "0.10", "0.45", "2.10", "3.90"),
    "reap_dx": ("0.15", "0.60", "3.60", "4.90", "1.70", "0.40", "0.10", "0.10", "0.10", "0.10", "0.10", "0.15"),
}

REMARKS = (
    "Không có biến động lớn so với kỳ trước.",
    "Tình hình ổn định; số liệu tăng do rà soát, cập nhật lại danh sách.",
    "Giảm nhẹ so với kỳ trước do thời tiết mưa kéo dài.",
    "Tăng so với cùng kỳ do nhu cầu sau Tết tăng cao.",
    "Địa phương tiếp tục theo dõi, chưa phát sinh khó khăn, vướng mắc.",
)


@dataclass(frozen=True, slots=True)
class Source:
    """Whose figures: one unit's, of one seed."""

    seed: int
    unit: str

    def chance(self, *words: str) -> Decimal:
        """A number from 0 up to 1, the same for the same words."""
        digest = blake2b("|".join((str(self.seed), self.unit, *words)).encode(), digest_size=8).digest()
        return Decimal(int.from_bytes(digest) % 1_000_000) / _MILLION

    def between(self, low: str, high: str, *words: str) -> Decimal:
        return Decimal(low) + (Decimal(high) - Decimal(low)) * self.chance(*words)


def people(seed: int, unit: str) -> int:
    """How many people a commune might have: most near the average, some three times as many."""
    chance = Source(seed, unit).chance("people")
    return int(AVERAGE_PEOPLE * (Decimal("0.35") + chance + chance**4))


def figures(form: Form, period: str, unit: str, seed: int) -> dict[str, Value]:
    """What an officer of `unit` fills into the form: a value for every input cell, valid against its rules.

    Optional cells may be blank or not collected, sparse ones nil. Numbers have at most their cell's decimals.
    """
    return dict(_figures(form.code, period, unit, seed))


@lru_cache(maxsize=4096)
def _figures(code: str, period: str, unit: str, seed: int) -> dict[str, Value]:
    form, source = form_named(code), Source(seed, unit)
    refs = form.sheet.refs
    return {key: _value(form, refs[key], period, source) for key in form.inputs}


@lru_cache(maxsize=64)
def form_named(code: str) -> Form:
    """The form of that code. Raises StopIteration where there is none."""
    return next(form for form in all_forms() if form.code == code)


def _value(form: Form, ref: CellRef, period: str, source: Source) -> Value:
    if ref.row.kind == "text":
        return _remark(ref, period, source)
    gap = _gap(ref, period, source) if not ref.required else None
    if gap is not None:
        return gap
    kind = form.kinds.get(ref.column.key, "now")
    return _KINDS[kind](ref, period, source)


def _remark(ref: CellRef, period: str, source: Source) -> Value:
    chance = source.chance(ref.key, period, "remark")
    if not ref.required and chance < Decimal("0.3"):
        return BLANK
    return Value(text=REMARKS[int(chance * 1000) % len(REMARKS)])


def _gap(ref: CellRef, period: str, source: Source) -> Value | None:
    """An optional cell that is left blank, or whose figure couldn't be collected."""
    chance = source.chance(ref.key, period, "gap")
    if chance < Decimal("0.04"):
        return BLANK
    return Value(missing="not-collected") if chance < Decimal("0.07") else None


def _now(ref: CellRef, period: str, source: Source) -> Value:
    number = amount(_code(ref), period, source)
    return Value(number=number) if number else NIL


def _money(ref: CellRef, period: str, source: Source) -> Value:
    """Million dong: half a million a head, or a little more."""
    heads = amount(_code(ref), period, source)
    spent = _rounded(heads * source.between("0.48", "0.86", ref.key, "rate"), ref.decimals)
    return Value(number=spent) if spent else NIL


def _last_year(ref: CellRef, period: str, source: Source) -> Value:
    return Value(number=_rounded(whole_year(_code(ref), str(int(year_of(period)) - 1), source), ref.decimals))


def _constant_price(ref: CellRef, period: str, source: Source) -> Value:
    if "đồng" not in ref.row.unit_of_measure:
        return BLANK
    return Value(number=_rounded(amount(_code(ref), period, source) / Decimal("1.42"), ref.decimals))


def _to_date(ref: CellRef, period: str, source: Source) -> Value:
    code = _code(ref)
    if known()[code].indicator.adding_up.over_time != "sum":
        return _now(ref, period, source)
    return Value(number=sum((amount(code, one, source) for one in (*earlier_in_year(period), period)), Decimal(0)))


def _plan(ref: CellRef, period: str, source: Source) -> Value:
    """The year's target: of a rate its usual one with how it is meant, of an amount somewhat more than last year's, in round numbers."""
    code = _code(ref)
    indicator = known()[code].indicator
    if indicator.adding_up.over_units == "none":
        return _target_of_rate(ref, code, source)
    last = whole_year(code, str(int(year_of(period)) - 1), source)
    number = _round_number(last * source.between("1.03", "1.10", code, "ambition"), ref.decimals)
    return Value(number=number, comparator=">=" if source.chance(code, "comparator") < Decimal("0.3") else "=")


def _target_of_rate(ref: CellRef, code: str, source: Source) -> Value:
    usual = known()[code].nature.plan or _level(code, Nature(), source)
    indicator = known()[code].indicator
    number = _within(indicator, _rounded(usual * source.between("0.94", "1.04", code, "target"), ref.decimals))
    comparator: Comparator = _COMPARATORS.get(code, ">=")
    if comparator == "range":
        return Value(number=number, maximum=_within(indicator, number + Decimal("0.60")), comparator="range")
    return Value(number=number, comparator=comparator)


_COMPARATORS: Mapping[str, Comparator] = {
    "KT.GTSX.TOCDO": "range",
    "XH.TYLEHONGHEO": "<=",
    "DS.TANGTN": "<=",
    "MS.TNBQ": "=",
    "XH.GIAMNGHEO.DTTS": ">",
}

_KINDS: Mapping[str, Callable[[CellRef, str, Source], Value]] = {
    "now": _now,
    "money": _money,
    "plan": _plan,
    "last_year": _last_year,
    "constant_price": _constant_price,
    "to_date": _to_date,
}


def whole_year(code: str, year: str, source: Source) -> Decimal:
    """What the unit reported of an indicator over a year: flows together, anything else as it stood at the end."""
    periods = all_of_year(year, _usual_periods().get(code, f"{year}-01"))
    if known()[code].indicator.adding_up.over_time != "sum":
        return amount(code, periods[-1], source)
    return sum((amount(code, period, source) for period in periods), Decimal(0))


@lru_cache(maxsize=1)
def _usual_periods() -> Mapping[str, str]:
    """Code → some period of the kind in which the indicator is reported; forms of record only."""
    example = {"month": "2025-01", "quarter": "2025-Q1", "half": "2025-H1", "year": "2025"}
    of_record = [form for form in all_forms() if form.kind == "report" and form.source_of_record]
    return {code: example[form.period_type] for form in of_record for code in form.indicators}


@lru_cache(maxsize=50_000)
def amount(code: str, period: str, source: Source) -> Decimal:
    """The unit's figure of an indicator, exact to its decimals; never negative but for rates that may be."""
    one = known()[code]
    nature, decimals = one.nature, one.indicator.decimals
    if nature.parts:
        return sum((amount(part, period, source) for part in nature.parts), Decimal(0))
    if nature.whole:
        return _part(code, nature, decimals, period, source)
    if nature.is_level or nature.size is None:
        return _rounded(_within(one.indicator, _level(code, nature, source) * _trend(nature, period, "1")), decimals)
    expected = nature.size * people(source.seed, source.unit) / AVERAGE_PEOPLE
    is_stock = one.indicator.adding_up.over_time == "last"
    expected *= source.between("0.7", "1.3", code, "own") * _trend(nature, period, "1" if is_stock else _season(nature, period))
    if is_stock:
        return _rounded(expected * source.between("0.998", "1.002", code, period), decimals)
    wavering = expected * source.between("0.93", "1.07", code, period)
    return _counted(wavering, source.chance(code, period, "count")) if decimals == 0 else _rounded(wavering, decimals)


def _part(code: str, nature: Nature, decimals: int, period: str, source: Source) -> Decimal:
    whole = sum((amount(other, period, source) for other in nature.whole), Decimal(0))
    share = nature.low + (nature.high - nature.low) * (source.chance(code, "share") * 9 + source.chance(code, period, "share")) / 10
    factor = amount(nature.by, period, source) if nature.by else _ONE
    number = _rounded(whole * share * factor, decimals)
    return min(number, whole) if nature.high <= 1 and not nature.by else number


def _level(code: str, nature: Nature, source: Source) -> Decimal:
    usual = nature.size or nature.plan or Decimal(60)
    return usual * source.between("0.85", "1.12", code, "own")


def _trend(nature: Nature, period: str, season: str) -> Decimal:
    number, per_year = place_in_year(period)
    years = int(year_of(period)) - FIRST_YEAR + Decimal(number) / per_year
    return (_ONE + nature.growth / 100 * years) * Decimal(season)


def _season(nature: Nature, period: str) -> str:
    number, per_year = place_in_year(period)
    return SEASONS[nature.season][number - 1] if per_year == 12 else "1"


def _counted(expected: Decimal, chance: Decimal) -> Decimal:
    """A whole number whose mean is `expected`: so that a rare thing is mostly none, and now and then one."""
    return (expected + chance).to_integral_value(ROUND_FLOOR)


def _rounded(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(_ONE.scaleb(-decimals), ROUND_HALF_UP)


def _round_number(number: Decimal, decimals: int) -> Decimal:
    """Two leading digits, as targets are given; never finer than the cell."""
    if not number:
        return Decimal(0)
    place = max(number.adjusted() - 1, -decimals)
    return number.quantize(_ONE.scaleb(place), ROUND_HALF_UP).quantize(_ONE.scaleb(min(place, 0)))


def _within(indicator: IndicatorDefinedV1, number: Decimal) -> Decimal:
    """The number, or the end of the indicator's range that it lies beyond."""
    low, high = indicator.minimum, indicator.maximum
    number = number if low is None else max(Decimal(low), number)
    return number if high is None else min(Decimal(high), number)


def _code(ref: CellRef) -> str:
    assert ref.row.subject is not None, f"{ref.key} is a heading"
    return ref.row.subject


def cell_of(code: str, column: str) -> str:
    """The key of an indicator's cell in a column."""
    return f"{row_key(code)}.{column}"
