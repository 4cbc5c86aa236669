"""A planned month has everything that happens in life, keeps every rule that blocks a submit, and is the same for the same seed."""

from collections import Counter
from typing import get_args

import pytest

from kernel.sheet.model import Value
from kernel.sheet.validation import check_entry, validate
from ktxh.demo.figures import figures
from ktxh.demo.forms import all_forms, monthly_forms
from ktxh.demo.history import book_of_history
from ktxh.demo.journeys import Act, Journey, Kind
from ktxh.demo.oracle import Oracle
from ktxh.demo.scenario import SHARES, book_of, plan_month, plan_release

SEED = 11
PERIOD = "2026-03"
UNITS = tuple(f"23{number:03}" for number in range(135))
FORMS = {form.code: form for form in all_forms()}


@pytest.fixture(scope="module")
def month() -> list[Journey]:
    return plan_month(SEED, UNITS, monthly_forms(), PERIOD)


def typed_by(acts: tuple[Act, ...]) -> dict[str, Value]:
    """What stands in the form after the acts."""
    cells: dict[str, Value] = {}
    for act in acts:
        cells |= act.cells or {}
    return {key: value for key, value in cells.items() if not value.is_blank}


def test_every_unit_has_a_journey_for_every_form(month: list[Journey]) -> None:
    assert [(one.unit, one.template) for one in month] == [(unit, form.code) for unit in UNITS for form in monthly_forms()]


def test_the_same_seed_plans_the_same_month_and_another_an_other() -> None:
    units = UNITS[:20]
    assert plan_month(SEED, units, monthly_forms()) == plan_month(SEED, units, monthly_forms())
    assert plan_month(SEED, units, monthly_forms()) != plan_month(SEED + 1, units, monthly_forms())


def test_everything_that_can_happen_happens(month: list[Journey]) -> None:
    assert {one.kind for one in month} == set(get_args(Kind))


def test_it_also_does_in_a_small_month() -> None:
    small = plan_month(SEED, UNITS[:10], monthly_forms())
    assert {one.kind for one in small} == set(get_args(Kind))


def test_a_month_that_is_too_small_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        plan_month(SEED, UNITS[:2], monthly_forms()[:2])


def test_proportions_are_as_in_life(month: list[Journey]) -> None:
    counts = Counter(one.kind for one in month)
    for kind, share in SHARES.items():
        assert counts[kind] == max(1, round(len(month) * share / 1000))
    assert counts["extended"] == counts["cancelled"] == counts["corrected_after_approval"] == 1
    assert counts["plain"] > len(month) / 2
    imported = counts["imported"] + counts["several_in_one_workbook"]
    assert 0.12 < imported / len(month) < 0.18


def test_one_workbook_holds_all_reports_of_its_unit(month: list[Journey]) -> None:
    sizes = Counter(one.workbook for one in month if one.workbook)
    assert sizes
    assert set(sizes.values()) == {len(monthly_forms())}


def test_a_report_that_ends_approved_holds_its_final_figures_and_passed_its_whole_route(month: list[Journey]) -> None:
    for one in month:
        if one.outcome != "approved":
            continue
        steps = [step.action for step in FORMS[one.template].route]
        assert [act.kind for act in one.acts][-len(steps) :] == steps
        if one.kind != "nil":
            assert typed_by(one.acts) == {key: value for key, value in one.final.items() if not value.is_blank}


def test_a_report_that_is_not_approved_never_reaches_the_department(month: list[Journey]) -> None:
    others = [one for one in month if one.outcome != "approved"]
    assert {one.outcome for one in others} == {"never_sent", "cancelled"}
    assert not {act.kind for one in others for act in one.acts} & {"send", "verify", "approve"}


def test_whatever_is_typed_may_be_saved(month: list[Journey]) -> None:
    for one in month:
        sheet = FORMS[one.template].sheet
        for act in one.acts:
            assert [key for key, value in (act.cells or {}).items() if check_entry(sheet, key, value)] == []


def test_whatever_is_submitted_keeps_every_error_and_only_the_explained_breaks_a_warning(month: list[Journey]) -> None:
    for one in month:
        form = FORMS[one.template]
        before = figures(form, "2026-02", one.unit, SEED)
        for end, act in enumerate(one.acts):
            if act.kind == "submit" and not act.refused_as:
                found = validate(form.sheet, typed_by(one.acts[:end]), before)
                assert {finding.severity for finding in found} == ({"warning"} if one.kind == "explained" else set()), one


def test_an_explanation_names_what_the_warning_is_about(month: list[Journey]) -> None:
    for one in month:
        if one.kind == "explained":
            form = FORMS[one.template]
            explain = next(act for act in one.acts if act.kind == "explain")
            warned = {cell for finding in validate(form.sheet, one.final) for cell in finding.cells}
            assert set(explain.names) >= warned
            assert warned
            assert explain.reason


def test_totals_left_behind_differ_after_the_mend_so_that_the_submit_is_refused(month: list[Journey]) -> None:
    for one in month:
        if one.kind == "totals_left_behind":
            at = next(place for place, act in enumerate(one.acts) if act.refused_as == "not-normalised")
            form, mended = FORMS[one.template], one.acts[at - 1].cells or {}
            before = typed_by(one.acts[: at - 1])
            assert any(before[key] != value for key, value in mended.items())
            assert all(form.sheet.graph.dependents[key] for key in mended)


def test_who_sends_back_says_why_and_names_cells_that_are_then_mended(month: list[Journey]) -> None:
    for one in month:
        if one.kind in ("rejected", "returned"):
            at, back = next((place, act) for place, act in enumerate(one.acts) if act.kind in ("reject", "return"))
            assert back.reason
            assert set(back.names) == set(one.acts[at + 1].cells or {})
            assert typed_by(one.acts[:at]) != typed_by(one.acts)


def test_a_department_returns_by_its_officer_and_by_its_leader(month: list[Journey]) -> None:
    assert {act.by for one in month for act in one.acts if act.kind == "return"} == {"verifier", "owner_leader"}


def test_the_correction_changes_the_approved_figures(month: list[Journey]) -> None:
    corrected = next(one for one in month if one.kind == "corrected_after_approval")
    kinds = [act.kind for act in corrected.acts]
    reopened = kinds.index("request_reopening")
    assert kinds[reopened : reopened + 2] == ["request_reopening", "grant_reopening"]
    assert kinds.index("approve") < reopened < len(kinds) - 1 - kinds[::-1].index("approve")
    assert typed_by(corrected.acts[:reopened]) != typed_by(corrected.acts)


def test_a_nil_report_is_nil_in_every_number(month: list[Journey]) -> None:
    for one in month:
        if one.kind == "nil":
            assert one.final
            assert all(value.nil for value in one.final.values())


def test_the_book_of_the_month_counts_the_approved_of_those_still_expected(month: list[Journey]) -> None:
    book = book_of(month, book_of_history(monthly_forms(), UNITS, PERIOD, SEED))
    oracle = Oracle(book)
    for form in monthly_forms():
        journeys = [one for one in month if one.template == form.code]
        approved = sum(one.outcome == "approved" for one in journeys)
        assert oracle.coverage(form.code, PERIOD) == (approved, sum(one.outcome != "cancelled" for one in journeys))


def test_the_release_names_columns_that_the_form_has() -> None:
    release = plan_release(monthly_forms(), PERIOD)
    assert set(release.columns) <= {column.key for column in FORMS[release.template].sheet.columns}
    assert "th_thang" in release.columns
