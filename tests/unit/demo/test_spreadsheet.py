"""The oracle's own reading of formulas, held against figures worked out by hand and against the system's engine."""

from decimal import Decimal

import ironcalc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktxh.demo.spreadsheet import NotComputable, UnknownFormula, moved, read, rounded

CELLS = {(1, 1): Decimal("2.5"), (2, 1): Decimal(4), (3, 1): Decimal(0), (1, 2): Decimal(-3)}


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("=A1+A2*2", "10.5"),
        ("=(A1+A2)*2", "13"),
        ("=-A1+A2", "1.5"),
        ("=10-4-3", "3"),
        ("=8/4/2", "1"),
        ("=SUM(A1:A3)", "6.5"),
        ("=SUM(A1:A3,B1,2)", "5.5"),
        ("=SUM(A1+A2,1)", "7.5"),
        ("=IF(A3=0,1,A1/A3)", "1"),
        ("=IFERROR(A1/A3,7)", "7"),
        ("=ROUND(A1,0)", "3"),
        ("=ROUND(-A1,0)", "-3"),
        ("=ABS(B1)", "3"),
        ("=IF(OR(A1>3,A2>=4),1,2)", "1"),
        ("=IF(AND(A1>3,A2>=4),1,2)", "2"),
    ],
)
def test_a_formula_gives_what_one_works_out_by_hand(formula: str, result: str) -> None:
    assert read(formula).compute(CELLS) == Decimal(result)


def test_a_division_by_zero_cannot_be_computed() -> None:
    with pytest.raises(NotComputable):
        read("=A1/A3").compute(CELLS)


@pytest.mark.parametrize("formula", ["=NOW()", "=A1+", "=A1 A2", "=A1&A2", "=SUM(A1", "=A1:A3"])
def test_what_is_not_read_here_is_refused_and_never_guessed(formula: str) -> None:
    with pytest.raises(UnknownFormula):
        read(formula)


@pytest.mark.parametrize(
    ("formula", "is_sum"), [("=A1+A2", True), ("=SUM(A1:A3)+(A1)", True), ("=A1-A2", False), ("=A1+2", False), ("=A1*A2", False)]
)
def test_a_pure_sum_is_cells_and_plus_alone(formula: str, is_sum: bool) -> None:
    assert read(formula).is_sum is is_sum


def test_a_copied_formula_moves_with_its_place() -> None:
    assert moved("=ROUND(F9-I9,6)/I9*100", 3, 1) == "=ROUND(G12-J12,6)/J12*100"


def test_half_goes_away_from_zero() -> None:
    assert rounded(Decimal("2.345"), 2) == Decimal("2.35")
    assert rounded(Decimal("-2.345"), 2) == Decimal("-2.35")
    assert str(rounded(Decimal("-0.001"), 2)) == "0.00"


figures_of_one_decimal = st.decimals(min_value=Decimal("0.1"), max_value=Decimal(99_999), places=1)
formulas = st.sampled_from(["=A1/B1*100", "=ROUND(A1-B1,6)/B1*100", "=A1+B1+A1", "=SUM(A1:B1)", "=(A1+B1)/2", "=IF(A1>=B1,A1,B1)*10"])


@given(a=figures_of_one_decimal, b=figures_of_one_decimal, formula=formulas)
def test_the_systems_engine_agrees_to_two_decimals(a: Decimal, b: Decimal, formula: str) -> None:
    engine = ironcalc.create("held against", "en", "UTC", "en")
    engine.update_cell_with_number(0, 1, 1, float(a))
    engine.update_cell_with_number(0, 1, 2, float(b))
    engine.update_cell_with_formula(0, 2, 1, formula)
    engine.evaluate()
    theirs = engine.get_cell_value(0, 2, 1)
    assert isinstance(theirs, float)
    ours = Decimal(read(formula).compute({(1, 1): a, (1, 2): b}))
    assert rounded(ours, 2) == rounded(Decimal(format(theirs, ".15g")), 2)
