"""The oracle's sums, held against figures worked out by hand and against the system's engine on every form."""

from decimal import Decimal

import pytest

from contracts.templates import AddingUp
from kernel.sheet.evaluation import calculator_for
from kernel.sheet.formulas import cells_read, is_pure_sum
from kernel.sheet.model import NIL, Value
from ktxh.demo.figures import figures
from ktxh.demo.forms import Form, all_forms
from ktxh.demo.history import book_of_history
from ktxh.demo.oracle import PROVINCE, Book, Figure, Oracle, held, layout_of, over_time
from ktxh.demo.periods import earlier_in_year

SEED = 5
UNITS = tuple(f"240{number:02}" for number in range(9))
PERIODS = {"month": "2026-03", "quarter": "2026-Q1", "half": "2025-H2", "year": "2026"}

each_form = pytest.mark.parametrize("form", all_forms(), ids=lambda form: form.code)


def form_named(code: str) -> Form:
    return next(form for form in all_forms() if form.code == code)


def numbers(**cells: str) -> dict[str, Value]:
    return {key.replace("__", "."): Value(number=Decimal(number)) for key, number in cells.items()}


def oracle_of(*reports: tuple[str, str, dict[str, dict[str, Value]]], expected: int = 0) -> Oracle:
    figures_by = {(template, period): by_unit for template, period, by_unit in reports}
    everybody = frozenset(str(number) for number in range(expected))
    return Oracle(Book(figures_by, dict.fromkeys(figures_by, everybody) if expected else {}))


@each_form
def test_it_reads_a_form_as_the_system_does_though_with_other_code(form: Form) -> None:
    spots, refs = layout_of(form.code).spots, form.sheet.refs
    assert spots.keys() == refs.keys()
    for key, ref in refs.items():
        spot = spots[key]
        assert spot.decimals == ref.decimals
        assert (spot.carried is not None) == (ref.role == "carried")
        assert (spot.formula is not None) == (ref.formula is not None)
        if spot.formula and ref.formula:
            assert set(spot.reads) == set(cells_read(form.sheet, ref.formula))
            assert spot.formula.is_sum == is_pure_sum(ref.formula)


@each_form
def test_formulas_of_reports_and_of_the_rollup_come_out_as_the_systems_engine_has_them(form: Form) -> None:
    period = PERIODS[form.period_type]
    book = book_of_history([form], UNITS, period, SEED)
    book[form.code, period] = {unit: figures(form, period, unit, SEED) for unit in UNITS}
    oracle = Oracle(Book(book))
    for unit in (*UNITS[:2], PROVINCE):
        shown = {key: oracle.cell(form.code, period, unit, key) for key in form.sheet.refs}
        not_additive = [key for key, one in shown.items() if one.missing == "not-additive" and not form.sheet.refs[key].formula]
        values = {key: Value(number=one.number) for key, one in shown.items()}
        for key, theirs in calculator_for(form.sheet, form.code).evaluate(values, not_additive=not_additive).items():
            assert (theirs.number, theirs.missing or "") == (shown[key].number, shown[key].missing), (unit, key)


def test_figures_are_summed_and_a_nil_counts_as_given() -> None:
    first, second = numbers(tm_blhh__th_thang="10.5", tm_ltau__th_thang="2"), numbers(tm_blhh__th_thang="4.5")
    rollup = oracle_of(("TM-THANG", "2026-03", {"0": first, "1": second | {"tm_ltau.th_thang": NIL}}), expected=3).rollup(
        "TM-THANG", "2026-03"
    )
    assert rollup["tm_blhh.th_thang"] == (Decimal("15.000"), 2, 3)
    assert rollup["tm_ltau.th_thang"] == (Decimal("2.000"), 2, 3)
    assert rollup["tm_luhanh.th_thang"] == ("", 0, 3)


def test_a_total_of_what_is_there_is_computed_and_a_ratio_is_not() -> None:
    some = numbers(tm_blhh__th_thang="10.5", tm_ltau__th_thang="2")
    rollup = oracle_of(("TM-THANG", "2026-03", {"0": some, "1": some})).rollup("TM-THANG", "2026-03")
    assert rollup["tm_tmbl.th_thang"].figure == Decimal("25.000")
    assert rollup["tm_tmbl.ss_th_thang_sck"].figure == "missing-precedent"


def test_a_yield_of_the_province_is_output_by_area_never_a_sum_of_yields() -> None:
    small = numbers(nn_luadx_dtth__th_thang="10", nn_luadx_sl__th_thang="46")
    large = numbers(nn_luadx_dtth__th_thang="90", nn_luadx_sl__th_thang="504")
    oracle = oracle_of(("NN-THANG", "2026-03", {"0": small, "1": large}))
    assert oracle.cell("NN-THANG", "2026-03", "0", "nn_luadx_ns.th_thang").number == Decimal("46.00")
    assert oracle.rollup("NN-THANG", "2026-03")["nn_luadx_ns.th_thang"].figure == Decimal("55.00")


def test_a_typed_yield_is_weighted_by_its_area() -> None:
    small = numbers(nn_caphe_dtsp__th_quy="10", nn_caphe_ns__th_quy="20")
    large = numbers(nn_caphe_dtsp__th_quy="30", nn_caphe_ns__th_quy="30")
    without_area = numbers(nn_caphe_ns__th_quy="99")
    rollup = oracle_of(("NN-QUY", "2026-Q1", {"0": small, "1": large, "2": without_area})).rollup("NN-QUY", "2026-Q1")
    assert rollup["nn_caphe_ns.th_quy"].figure == Decimal("27.50")
    assert rollup["nn_caphe_ns.th_quy"].given == 3


def test_yields_without_any_area_have_no_mean() -> None:
    units = {"0": numbers(nn_caphe_ns__th_quy="20"), "1": numbers(nn_caphe_ns__th_quy="30")}
    assert oracle_of(("NN-QUY", "2026-Q1", units)).rollup("NN-QUY", "2026-Q1")["nn_caphe_ns.th_quy"].figure == "not-computable"


def test_rates_and_words_of_several_units_are_not_added() -> None:
    some = numbers(kt_gtsx_tocdo__th_thang="8.5") | {"cn_nhanxet.th_thang": Value(text="Ổn định.")}
    rollup = oracle_of(("CN-THANG", "2026-03", {"0": some, "1": some})).rollup("CN-THANG", "2026-03")
    assert rollup["kt_gtsx_tocdo.th_thang"] == ("not-additive", 2, 2)
    assert rollup["cn_nhanxet.th_thang"] == ("not-additive", 2, 2)


def test_the_year_to_date_is_the_earlier_months_and_this_one() -> None:
    months = [
        ("TM-THANG", month, {"0": numbers(tm_blhh__th_thang=number)})
        for month, number in (("2026-01", "7"), ("2026-02", "8"), ("2026-03", "9"))
    ]
    cell = oracle_of(*months).cell("TM-THANG", "2026-03", "0", "tm_blhh.luy_ke")
    assert cell.number == Decimal("24.000")
    assert earlier_in_year("2026-03") == ("2026-01", "2026-02")


def test_before_the_first_period_of_a_year_nothing_has_been_added_up() -> None:
    cell = oracle_of(("TM-THANG", "2026-01", {"0": numbers(tm_blhh__th_thang="7")})).cell("TM-THANG", "2026-01", "0", "tm_blhh.luy_ke")
    assert cell.number == Decimal("7.000")
    assert over_time([], AddingUp("sum", "sum")).number == 0


def test_a_stock_of_a_year_so_far_is_its_last_and_an_older_one_never_stands_in() -> None:
    months = [Figure(Decimal(5)), Figure(missing="not-collected"), Figure(Decimal(7))]
    assert over_time(months, AddingUp("sum", "last")).number == Decimal(7)
    assert over_time(months, AddingUp("sum", "sum")).number == Decimal(12)
    assert over_time(months, AddingUp("sum", "mean")).number == Decimal(6)
    assert over_time(months, AddingUp("sum", "none")).missing == "not-additive"
    assert over_time(months[:2], AddingUp("sum", "last")).number is None


def test_a_provinces_own_plan_comes_before_the_sum_of_its_communes() -> None:
    plans = {"0": numbers(tm_tmbl__kh_nam="100"), "1": numbers(tm_tmbl__kh_nam="150")}
    month = ("TM-THANG", "2026-03", {"0": numbers(tm_blhh__th_thang="50"), "1": numbers(tm_blhh__th_thang="75")})
    added = oracle_of(("KH-GIAO", "2026", plans), month).rollup("TM-THANG", "2026-03")
    own = oracle_of(("KH-GIAO", "2026", plans | {PROVINCE: numbers(tm_tmbl__kh_nam="500")}), month).rollup("TM-THANG", "2026-03")
    assert (added["tm_tmbl.kh_nam"].figure, added["tm_tmbl.ss_luy_ke_skh"].figure) == (Decimal(250), Decimal("50.00"))
    assert (own["tm_tmbl.kh_nam"].figure, own["tm_tmbl.ss_luy_ke_skh"].figure) == (Decimal(500), Decimal("25.00"))


def test_a_carried_figure_typed_by_hand_gives_way_to_its_source() -> None:
    typed = numbers(ds_soho__th_thang="60", ds_soho__th_thang_truoc="55")
    alone = oracle_of(("DS-THANG", "2026-03", {"0": typed}))
    with_source = oracle_of(("DS-THANG", "2026-03", {"0": typed}), ("DS-THANG", "2026-02", {"0": numbers(ds_soho__th_thang="58")}))
    assert alone.cell("DS-THANG", "2026-03", "0", "ds_soho.th_thang_truoc").number == Decimal(55)
    assert with_source.cell("DS-THANG", "2026-03", "0", "ds_soho.th_thang_truoc").number == Decimal(58)


def test_what_too_few_have_reported_is_held_and_what_is_computed_from_it() -> None:
    form = form_named("AS-THANG")
    some = numbers(as_btxh_nct__doi_tuong="10", as_btxh_nct__kinh_phi="5")
    few = oracle_of((form.code, "2026-03", {"0": some, "1": some}), expected=4).rollup(form.code, "2026-03")
    seen = held(few, form)
    assert few["as_btxh.doi_tuong"].figure == Decimal(20)
    assert {seen[key].figure for key in ("as_btxh_nct.doi_tuong", "as_btxh.doi_tuong", "as_tong.doi_tuong", "as_btxh_nct.binh_quan")} == {
        "held"
    }


def test_a_policy_that_only_marks_holds_nothing() -> None:
    form = form_named("TM-THANG")
    rollup = oracle_of((form.code, "2026-03", {"0": numbers(tm_blhh__th_thang="1")}), expected=9).rollup(form.code, "2026-03")
    assert held(rollup, form) == rollup


def test_coverage_counts_reports_of_those_expected() -> None:
    oracle = oracle_of(("TM-THANG", "2026-03", {"0": numbers(tm_blhh__th_thang="1")}), expected=9)
    assert oracle.coverage("TM-THANG", "2026-03") == (1, 9)
