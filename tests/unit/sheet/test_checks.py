"""Publishing checks: each names its cell and its cause."""

from decimal import Decimal

import msgspec
import pytest

from kernel.sheet.checks import VOLATILE, Problem, check
from kernel.sheet.model import Carried, Cell, Column, Limits, Row, Rule, Sheet

from .forms import health, key_of, sheet_of_places


def fit() -> Sheet:
    form = health()
    before = msgspec.structs.replace(form.columns[0], carried=Carried(column="actual"))
    return msgspec.structs.replace(form, columns=(before, *form.columns[1:]))


def found(sheet: Sheet, units: dict[str, str] | None = None) -> list[tuple[str, str]]:
    return [(problem.slug, problem.cell) for problem in check(sheet, units)]


def with_formula(formula: str) -> Sheet:
    return sheet_of_places({"D9": formula}, {"D7": None, "D8": None, "E7": None})


def problem_of(formula: str) -> Problem:
    problems = check(with_formula(formula))
    assert len(problems) == 1, problems
    return problems[0]


def test_a_form_without_fault_has_no_problems() -> None:
    assert check(fit(), {"visits": "lượt"}) == []
    assert check(with_formula("=IF(D8=0,0,ROUND(SUM(D7:D8)/D8*100,1))")) == []


@pytest.mark.parametrize(
    ("formula", "slug", "what"),
    [
        ("=D7+", "syntax", ""),
        ("=(D7", "syntax", ""),
        ("=D7 D8", "syntax", ""),
        ("=D7;D8", "syntax", ""),
        ("=ROUND(D7,1,2,3)", "syntax", None),
        ("=SUM()", "syntax", None),
        ("=FOO(D7)", "unknown-function", "FOO"),
        ("=D7+total", "unknown-name", "total"),
        ("=Sheet2!A1+D7", "outside", "Sheet2!A1"),
        ("=[1]Book!A1+D7", "outside", "[1]Book!A1"),
        ("='Biểu 2'!D7", "outside", "'Biểu 2'!D7"),
        ("=D7+D10", "outside", "D10"),
        ("=D7+SUM(F1:G2)", "outside", "F1:G2"),
        ("=D7+#REF!", "outside", "#REF!"),
        ("=SUM(D:D)", "unbounded", "D:D"),
        ("=SUM(7:8)", "unbounded", "7:8"),
        ("=SUM(D7:XFD8)", "unbounded", "D7:XFD8"),
        ("=D7:D8*2", "spill", None),
    ],
)
def test_each_fault_of_a_formula_is_named_with_its_cell(formula: str, slug: str, what: str | None) -> None:
    problem = problem_of(formula)
    assert (problem.slug, problem.cell) == (slug, key_of("D9"))
    assert problem.detail.startswith("Ô D9: ")
    assert problem.parameters.get("what") == what


@pytest.mark.parametrize("function", sorted(VOLATILE))
def test_functions_that_change_by_themselves_are_refused(function: str) -> None:
    problem = problem_of(f"=D7+{function.lower()}(D8)")
    assert (problem.slug, problem.parameters["what"]) == ("volatile", function)


def test_a_cycle_is_told_once_with_its_way() -> None:
    sheet = sheet_of_places({"D7": "=D9*1", "D8": "=D7", "D9": "=D8", "E7": "=D7"}, {"E8": None})
    (problem,) = check(sheet)
    assert (problem.slug, problem.cell) == ("cycle", key_of("D7"))
    assert "D7 → D9 → D8 → D7" in problem.detail


def test_two_cycles_are_two_problems() -> None:
    sheet = sheet_of_places({"D7": "=D7", "E7": "=F7", "F7": "=E7"}, {})
    assert found(sheet) == [("cycle", key_of("D7")), ("cycle", key_of("E7"))]


def test_a_chain_too_heavy_for_the_engine_is_told_once() -> None:
    sheet = sheet_of_places({f"A{row}": f"=A{row + 1}+1" for row in range(7, 1000)}, {"A1000": None})
    sheet = msgspec.structs.replace(sheet, layout=msgspec.structs.replace(sheet.layout, number_column=0))
    assert [slug for slug, _ in found(sheet)] == ["too-deep"]


def test_a_sum_over_a_row_of_text_is_fine_but_reading_its_cell_is_not() -> None:
    def with_beds(formula: str) -> Sheet:
        return msgspec.structs.replace(fit(), cells={**fit().cells, "beds.actual": Cell(formula=formula)})

    assert found(with_beds("=SUM(F9:F10,E12:F12)")) == []
    assert found(with_beds("=SUM(F9:F10)+F12")) == [("reads-text", "beds.actual")]


def test_keys_are_ascii_and_used_once() -> None:
    form = fit()
    rows = (Row(key="Lượt", at=20, label="", subject="x"), Row(key="beds", at=21, label="", subject="x"))
    assert found(msgspec.structs.replace(form, rows=form.rows + rows)) == [("duplicate-key", "beds"), ("bad-key", "Lượt")]


def test_places_are_used_once_and_lie_below_the_header_beside_the_labels() -> None:
    form = fit()
    rows = (Row(key="a", at=11, label="", subject="x"), Row(key="b", at=6, label="", subject="x"))
    columns = (Column(key="c", at=2, header=()), Column(key="d", at=6, header=()))
    wrong = msgspec.structs.replace(form, rows=form.rows + rows, columns=form.columns + columns)
    assert found(wrong) == [("duplicate-place", "A11"), ("bad-place", "A6"), ("duplicate-place", "F5"), ("bad-place", "")]


def test_settings_of_a_cell_that_is_not_there() -> None:
    sheet = msgspec.structs.replace(fit(), cells={"beds.share": Cell(blocked=True), "beds.gone": Cell(required=True)})
    assert found(sheet) == [("unknown-cell", "beds.gone")]


def test_an_input_row_needs_a_subject() -> None:
    form = fit()
    rows = (Row(key="a", at=20, label="Xe cứu thương", unit_of_measure="Chiếc"), Row(key="b", at=21, label="II. Dược"))
    (problem,) = check(msgspec.structs.replace(form, rows=form.rows + rows))
    assert (problem.slug, problem.cell, problem.parameters) == ("no-subject", "A20", {"row": "a"})


def test_a_formula_column_needs_a_formula_and_only_it_may_have_one() -> None:
    form = fit()
    columns = (Column(key="a", at=8, header=("A",), role="formula"), Column(key="b", at=9, header=("B",), formula="=E8"))
    assert found(msgspec.structs.replace(form, columns=form.columns + columns)) == [("no-formula", "H5"), ("unused-formula", "I5")]


def test_a_carried_column_needs_a_source() -> None:
    assert found(health()) == [("no-source", "D5")]


def test_a_formula_cell_needs_a_formula_and_an_input_has_none() -> None:
    cells = {"beds.share": Cell(blocked=True), "beds.plan": Cell(role="formula"), "beds.actual": Cell(role="input", formula="=E11")}
    assert found(msgspec.structs.replace(fit(), cells=cells)) == [("unused-formula", "beds.actual"), ("no-formula", "beds.plan")]


def test_units_of_measure_must_agree_with_the_subjects() -> None:
    (problem,) = check(fit(), {"visits": "Lượt người", "beds": " giường "})
    assert (problem.slug, problem.cell) == ("unit-of-measure", "A8")
    assert problem.parameters == {"row": "visits", "here": "Lượt", "expected": "Lượt người"}


def test_limits_must_make_sense() -> None:
    sheet = msgspec.structs.replace(fit(), limits={"beds": Limits(minimum=Decimal(5), maximum=Decimal(1))})
    assert found(sheet) == [("bad-limits", "beds.before"), ("bad-limits", "beds.plan"), ("bad-limits", "beds.actual")]


@pytest.mark.parametrize(
    ("formula", "cause"),
    [
        ("=F8<=", "syntax"),
        ("=F8<=FOO(1)", "unknown-function"),
        ("=F8<=Z99", "outside"),
        ("=F8+E8", "not-a-condition"),
        ("=F8<=TODAY()", "volatile"),
        ("=ROUND(F8)>1", "not-a-condition"),
    ],
)
def test_a_rule_must_be_a_condition_on_the_sheet(formula: str, cause: str) -> None:
    (problem,) = check(msgspec.structs.replace(fit(), rules=(Rule(key="r", formula=formula, message=""),)))
    assert (problem.slug, problem.parameters["rule"], problem.parameters["cause"]) == ("bad-rule", "r", cause)


def test_a_rule_that_divides_by_a_difference_is_a_condition() -> None:
    assert (
        check(msgspec.structs.replace(fit(), rules=(Rule(key="r", formula="=F8/(E8-F8)>=0", message="", cells=("visits.actual",)),))) == []
    )


def test_a_rule_speaks_of_cells_of_the_sheet() -> None:
    (problem,) = check(msgspec.structs.replace(fit(), rules=(Rule(key="r", formula="=F8<=E8", message="", cells=("gone.actual",)),)))
    assert problem.parameters == {"rule": "r", "cause": "unknown-cell", "what": "gone.actual"}
