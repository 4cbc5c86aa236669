"""Generated figures keep the forms' rules, are the same for the same seed, and follow one another from period to period."""

from decimal import Decimal

import pytest

from kernel.sheet.evaluation import calculator_for
from kernel.sheet.model import Value
from kernel.sheet.validation import check_entry, empty_required, validate
from ktxh.demo.figures import figures, people
from ktxh.demo.forms import Form, all_forms
from ktxh.demo.history import book_of_history
from ktxh.demo.oracle import Book, Oracle
from ktxh.demo.periods import previous

UNITS = tuple(f"235{number:02}" for number in range(12))
PERIODS = {"month": "2026-03", "quarter": "2026-Q1", "half": "2025-H2", "year": "2026"}
SEED = 7

each_form = pytest.mark.parametrize("form", all_forms(), ids=lambda form: form.code)


def whole_report(form: Form, period: str, unit: str) -> dict[str, Value]:
    """Every cell of a unit's report: typed, carried from its history, and computed by the system's own engine."""
    book = book_of_history([form], [unit], period, SEED)
    book[form.code, period] = {unit: figures(form, period, unit, SEED)}
    shown = Oracle(Book(book)).report(form.code, period, unit)
    carried = {key: Value(number=shown[key].number) for key, ref in form.sheet.refs.items() if ref.role == "carried"}
    values = figures(form, period, unit, SEED) | carried
    return values | calculator_for(form.sheet, form.code).evaluate(values)


@each_form
def test_a_generated_report_is_valid_complete_and_needs_no_explanation(form: Form) -> None:
    period = PERIODS[form.period_type]
    for unit in UNITS[: 2 if form.audience == "some-communes" else 12]:
        values = whole_report(form, period, unit)
        assert validate(form.sheet, values, figures(form, previous(period), unit, SEED)) == []
        assert empty_required(form.sheet, values) == []
        assert [key for key in form.inputs if check_entry(form.sheet, key, values[key])] == []


@each_form
def test_a_computed_figure_is_missing_only_for_a_gap_or_a_zero_below_the_line(form: Form) -> None:
    values = whole_report(form, PERIODS[form.period_type], UNITS[0])
    for key, value in values.items():
        ref = form.sheet.refs[key]
        if ref.formula and value.number is None:
            read = [values[cell] for cell in form.sheet.graph.precedents[key]]
            has_gap = any(one.as_number is None for one in read)
            has_zero = any(one.as_number == 0 for one in read)
            assert (value.missing == "missing-precedent" and has_gap) or (value.missing == "not-computable" and has_zero), key


@each_form
def test_the_same_seed_gives_the_same_figures_and_another_others(form: Form) -> None:
    period = PERIODS[form.period_type]
    assert figures(form, period, UNITS[0], SEED) == figures(form, period, UNITS[0], SEED)
    assert figures(form, period, UNITS[0], SEED) != figures(form, period, UNITS[0], SEED + 1)
    assert figures(form, period, UNITS[0], SEED) != figures(form, period, UNITS[1], SEED)


def test_communes_differ_in_size_around_the_average() -> None:
    sizes = [people(SEED, f"{number:05}") for number in range(135)]
    assert 24_000 < sum(sizes) / len(sizes) < 31_000
    assert max(sizes) > 3 * min(sizes)


def test_optional_cells_have_gaps_and_sparse_ones_are_nil() -> None:
    typed = [value for form in all_forms() for unit in UNITS for value in figures(form, PERIODS[form.period_type], unit, SEED).values()]
    assert any(value.is_blank for value in typed)
    assert any(value.nil for value in typed)
    assert any(value.missing == "not-collected" for value in typed)


def test_targets_are_values_ranges_and_bounds() -> None:
    plan = next(form for form in all_forms() if form.code == "KH-GIAO")
    targets = [value for unit in UNITS for key, value in figures(plan, "2026", unit, SEED).items() if key.endswith(".kh_nam")]
    assert {"=", ">=", "<=", "range"} <= {value.comparator for value in targets}
    assert all(value.maximum is not None and value.maximum > (value.number or 0) for value in targets if value.comparator == "range")


def test_a_part_is_never_larger_than_its_whole() -> None:
    form = next(form for form in all_forms() if form.code == "DS-THANG")
    for unit in UNITS:
        values = figures(form, "2026-03", unit, SEED)
        births = sum((values[f"ds_sinh_{sex}.th_thang"].as_number or Decimal(0) for sex in ("nam", "nu")), Decimal(0))
        assert (values["ds_sinh_con3.th_thang"].as_number or Decimal(0)) <= births
