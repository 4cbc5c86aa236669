"""The demonstration's forms are such as may be published, and cover what forms must be able to say."""

from typing import get_args
from uuid import UUID

import msgspec
import pytest

from contracts.templates import TemplateV1
from contracts.vocabulary import FigureStatus
from kernel.sheet.checks import check
from ktxh.demo.forms import Form, all_forms, indicators, monthly_forms

NAMED_BY_THE_MANUAL = {"population", "education", "health", "agriculture", "industry", "trade", "labour", "social_security"}
CANONICAL_COLUMNS = [
    *("th_nam_truoc", "kh_nam", "th_thang_truoc", "gc_th_thang_truoc", "th_thang", "gc_th_thang", "luy_ke"),
    *("ck_th_thang", "ck_gc_th_thang", "ck_luy_ke", "ss_th_thang_sck", "ss_th_thang_skh", "ss_luy_ke_sck", "ss_luy_ke_skh"),
]

each_form = pytest.mark.parametrize("form", all_forms(), ids=lambda form: form.code)


def form_named(code: str) -> Form:
    return next(form for form in all_forms() if form.code == code)


@each_form
def test_a_form_may_be_published(form: Form) -> None:
    units = {code: indicator.unit_of_measure for code, indicator in form.indicators.items()}
    assert check(form.sheet, units) == []


@each_form
def test_a_published_form_survives_being_written_and_read(form: Form) -> None:
    template = form.published(UUID(int=1))
    assert msgspec.json.decode(msgspec.json.encode(template), type=TemplateV1) == template


@each_form
def test_every_figure_has_a_rule_of_adding_up(form: Form) -> None:
    template = form.published(UUID(int=1))
    rules = {key: template.adding_up(key) for key in form.sheet.refs}
    weights = [f"{rule.weight}.{key.partition('.')[2]}" for key, rule in rules.items() if rule.over_units == "weighted_mean"]
    assert set(weights) <= form.sheet.refs.keys()


@each_form
def test_a_form_of_one_sector_has_no_indicator_of_another(form: Form) -> None:
    sectors = {indicator.sector for indicator in form.indicators.values()}
    assert form.sector == "general" or sectors == {form.sector}


@each_form
def test_a_carried_column_leads_to_a_figure_that_exists(form: Form) -> None:
    for key, ref in form.sheet.refs.items():
        if ref.role == "carried":
            assert ref.column.carried is not None
            source = form_named(ref.column.carried.source or form.code)
            assert f"{key.partition('.')[0]}.{ref.column.carried.column}" in source.sheet.refs


@each_form
def test_rates_are_never_added_in_a_column_of_the_year_to_date(form: Form) -> None:
    """A column formula beats a row's, so a ratio in a summing column would be a sum of ratios."""
    for key, ref in form.sheet.refs.items():
        if ref.column.measure == "year_to_date" and ref.formula and "%" in ref.row.unit_of_measure:
            assert "/" in ref.formula, key


def test_there_are_at_least_twelve_forms_with_codes_of_their_own() -> None:
    codes = [form.code for form in all_forms()]
    assert len(codes) >= 12
    assert len(set(codes)) == len(codes)


def test_every_sector_that_the_manual_names_has_a_monthly_form_of_its_own() -> None:
    assert {form.sector for form in monthly_forms()} == NAMED_BY_THE_MANUAL
    assert {form.owner_sector for form in monthly_forms()} == NAMED_BY_THE_MANUAL


def test_a_month_of_135_communes_has_at_least_800_reports() -> None:
    assert 135 * len(monthly_forms()) >= 800


def test_what_a_commune_types_every_month_fits_on_a_screen() -> None:
    assert all(10 <= len(form.inputs) <= 45 for form in monthly_forms())


def test_the_large_form_has_500_rows_of_figures_and_the_canonical_14_columns() -> None:
    sheet = form_named("TH-THANG").sheet
    assert [column.key for column in sheet.columns] == CANONICAL_COLUMNS
    assert sum(row.subject is not None for row in sheet.rows) == 500
    assert len(sheet.refs) == 500 * 14


def test_there_are_forms_of_a_month_a_quarter_a_half_and_a_year_and_plans_given_and_own() -> None:
    assert {form.period_type for form in all_forms()} == {"month", "quarter", "half", "year"}
    assert {form.giver for form in all_forms() if form.kind == "plan"} == {"committee", "own"}


def test_every_figure_status_policy_and_length_of_route_is_used() -> None:
    assert {form.figure_status for form in all_forms()} == set(get_args(FigureStatus))
    assert {form.policy.mode for form in all_forms()} == {"show", "mark", "hold"}
    assert {form.steps for form in monthly_forms()} == {2, 3}


def test_every_way_of_adding_up_that_the_design_names_is_used() -> None:
    rules = [indicator.adding_up for indicator in indicators()]
    assert {("sum", "sum"), ("sum", "last"), ("weighted_mean", "none"), ("none", "none")} <= {(r.over_units, r.over_time) for r in rules}


def test_plans_are_carried_from_the_year_and_earlier_figures_from_each_way_back() -> None:
    offsets = {column.carried.offset for form in all_forms() for column in form.sheet.columns if column.carried}
    assert offsets == {"previous", "same-last-year", "year-to-date", "year"}


def test_rules_are_errors_and_warnings_and_cells_required_and_optional() -> None:
    rules = [rule for form in all_forms() for rule in form.sheet.rules]
    typed = [form.sheet.refs[key] for form in monthly_forms() for key in form.inputs]
    assert {rule.severity for rule in rules} == {"error", "warning"}
    assert {ref.required for ref in typed} == {True, False}
    assert {ref.row.kind for ref in typed} == {"number", "text"}


def test_headers_have_up_to_three_levels() -> None:
    depths = {len(column.header) for form in all_forms() for column in form.sheet.columns}
    assert depths == {1, 2, 3}


def test_an_indicator_is_the_same_wherever_it_is_used() -> None:
    for form in all_forms():
        for code, indicator in form.indicators.items():
            assert indicator.code == code
            assert indicator in indicators()


def test_only_one_form_of_record_reports_an_indicator_for_a_kind_of_period() -> None:
    of_record = [form for form in all_forms() if form.source_of_record and form.kind == "report"]
    named = [(code, form.period_type) for form in of_record for code in form.indicators]
    assert len(named) == len(set(named))
