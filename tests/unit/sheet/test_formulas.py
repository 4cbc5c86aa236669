"""Which formula is in force where, what it reads, and what depends on what."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.formula.translate import Translator  # type: ignore[import-not-found]  # the stubs leave this package out

from kernel.sheet.formulas import HEAVIEST_CHAIN, crossings, dependents, formula_of, is_pure_sum, precedents
from kernel.sheet.model import Cell, Column, Limits, Row, Sheet
from kernel.sheet.references import Place, parse

from .forms import health, key_of, sheet_of_places


def in_force(sheet: Sheet, row: str, column: str, cell: Cell | None = None) -> str | None:
    found_row = next(r for r in sheet.rows if r.key == row)
    found_column = next(c for c in sheet.columns if c.key == column)
    return formula_of(sheet, found_row, found_column, cell or sheet.cells.get(f"{row}.{column}", Cell()))


def test_a_column_formula_is_written_for_the_first_row_with_a_subject() -> None:
    assert in_force(health(), "visits", "share") == "=F8/E8*100"
    assert in_force(health(), "private", "share") == "=F10/E10*100"


def test_a_row_formula_is_written_for_the_first_input_column() -> None:
    assert in_force(health(), "visits", "plan") == "=E9+E10"
    assert in_force(health(), "visits", "actual") == "=F9+F10"


def test_where_a_row_and_a_column_formula_meet_the_column_wins() -> None:
    assert in_force(health(), "visits", "share") == "=F8/E8*100"
    assert [(c.cell, c.column_formula, c.row_formula, c.winner) for c in crossings(health())] == [
        ("visits.share", "=F8/E8*100", "=G9+G10", "column")
    ]


def test_a_cells_own_formula_beats_both() -> None:
    own = msgspec.structs.replace(health(), cells={"visits.share": Cell(formula="F8/E8")})
    assert own.refs["visits.share"].formula == "=F8/E8"
    assert crossings(own)[0].winner == "cell"


def test_a_carried_cell_takes_no_row_formula() -> None:
    assert in_force(health(), "visits", "before") is None
    assert health().refs["visits.before"].role == "carried"


def test_a_cell_that_is_an_input_by_itself_takes_no_formula() -> None:
    assert in_force(health(), "visits", "actual", Cell(role="input")) is None
    assert in_force(health(), "visits", "share", Cell(role="input")) is None


def test_a_formula_cell_in_a_carried_column_takes_the_rows_formula() -> None:
    assert in_force(health(), "visits", "before", Cell(role="formula")) == "=D9+D10"


def test_headings_crossed_out_cells_and_text_rows_have_no_formula() -> None:
    assert in_force(health(), "heading", "share") is None
    assert in_force(health(), "beds", "share") is None
    assert in_force(health(), "note", "share") is None
    assert health().refs["note.share"].role == "input"


def test_a_formula_may_be_kept_with_or_without_its_equals_sign() -> None:
    assert parse(" D7+D8 ").moved(0, 0) == parse("=D7+D8").moved(0, 0) == "=D7+D8"


def test_fixed_parts_of_a_reference_stay() -> None:
    assert parse("=$D$7+D$7+$D7+D7").moved(2, 1) == "=$D$7+E$7+$D9+E9"


def test_texts_functions_and_numbers_are_not_taken_for_references() -> None:
    assert parse('=LOG10(D7)&"D7"&1E5').moved(1, 0) == '=LOG10(D8)&"D7"&1E5'


def test_a_reference_moved_off_the_sheet_is_an_error() -> None:
    assert parse("=A1+B2").moved(-1, 0) == "=#REF!+B1"


REFERENCES = st.builds(Place, st.integers(5, 90), st.integers(5, 40), st.booleans(), st.booleans()).map(str)
OPERANDS = st.one_of(
    REFERENCES,
    st.builds("{}:{}".format, REFERENCES, REFERENCES),
    st.sampled_from(["1", "2.5", "1E3", '"D7"', '"it""s;("', "TRUE"]),
)
FORMULAS = st.recursive(
    OPERANDS,
    lambda inner: st.one_of(
        st.builds("{}{}{}".format, inner, st.sampled_from(["+", "-", "*", "/", "^", "&", "<=", "<>", " + "]), inner),
        st.builds("{}({},{})".format, st.sampled_from(["SUM", "IF", "ROUND", "MAX"]), inner, inner),
        st.builds("({})".format, inner),
        st.builds("-{}".format, inner),
        st.builds("{}%".format, inner),
    ),
    max_leaves=8,
)


@given(FORMULAS, st.integers(-4, 9), st.integers(-4, 9))
def test_formulas_move_as_openpyxl_moves_them(formula: str, rows: int, columns: int) -> None:
    there = Translator(f"={formula}", origin=str(Place(20, 10))).translate_formula(str(Place(20 + rows, 10 + columns)))
    assert parse(formula).is_sound
    assert parse(formula).moved(rows, columns) == there


@given(st.text("=A1:$()+-*/,;\"'!#[]{}%@ \\.&<>SUM", max_size=30))
def test_no_text_makes_the_reader_of_formulas_fail(text: str) -> None:
    parsed = parse(text)
    assert parsed.moved(0, 0).startswith("=")
    assert parsed.is_sound or not parsed.is_closed


def test_pure_sums() -> None:
    pure = [
        "=D7+D8",
        "=+D7",
        "=D7",
        "=SUM(D7:D9)",
        "=SUM(D7:D9,D11)+D12",
        "=sum( D7 , D8 )",
        "=(D7+D8)+SUM((D9),D10)",
        "=SUM(D7+D8)",
        "=SUM(SUM(D7:D8))",
    ]
    assert [formula for formula in pure if not is_pure_sum(formula)] == []


def test_what_is_no_pure_sum() -> None:
    others = [
        "=D7-D8",
        "=D7+1",
        "=SUM(D7*2)",
        "=-D7",
        "=D7:D8",
        "=AVERAGE(D7:D8)",
        "=SUM(D7:D8)/2",
        "=SUM(D7:D8+E7:E8)",
        "=SUM(D7",
        "=SUM()",
        "=SUM(D7,1)",
    ]
    assert [formula for formula in others if is_pure_sum(formula)] == []


def test_formulas_that_the_engine_would_take_though_they_are_wrong() -> None:
    wrong = [
        "=A1)",
        "=(A1",
        "=A1;A2",
        "=A1 B1",
        "=A1+",
        "=A1+*2",
        "=",
        "={1,2}",
        "=@A1",
        "=SUM(A1;A2)",
        "=A1,B1",
        '="a',
        "=" + "(" * 65 + "A1" + ")" * 65,
    ]
    assert [formula for formula in wrong if parse(formula).is_sound] == []


def test_ranges_cover_figures_only() -> None:
    sheet = sheet_of_places({"A9": "=SUM(A1:A8)", "B9": "=A9+$A$1"}, {"A1": None, "A3": None})
    assert precedents(sheet) == {"r9.c1": ("r1.c1", "r3.c1"), "r9.c2": ("r9.c1", "r1.c1")}


def test_a_range_may_be_written_from_its_end() -> None:
    sheet = sheet_of_places({"A9": "=SUM(A3:A1)"}, {"A1": None, "A3": None})
    assert precedents(sheet)["r9.c1"] == ("r1.c1", "r3.c1")


def test_dependents_come_after_what_they_read() -> None:
    sheet = sheet_of_places({"A1": "=A2*2", "A2": "=A3+A4", "A3": "=A5", "B1": "=B2"}, {"A4": None, "A5": None, "B2": None})
    assert dependents(sheet, {key_of("A5")}) == [key_of("A3"), key_of("A2"), key_of("A1")]
    assert dependents(sheet, {key_of("A4")}) == [key_of("A2"), key_of("A1")]
    assert dependents(sheet, ()) == []


def test_cells_on_a_cycle_and_behind_it_are_in_no_order() -> None:
    sheet = sheet_of_places({"A1": "=A2", "A2": "=A1", "A3": "=A2", "A4": "=A5"}, {"A5": None})
    assert sheet.graph.circular == {key_of(a1) for a1 in ("A1", "A2", "A3")}
    assert sheet.graph.order == (key_of("A4"),)


def test_a_chain_too_long_for_the_engine_ends_where_it_grows_too_long() -> None:
    last = HEAVIEST_CHAIN
    sheet = sheet_of_places({f"A{row}": f"=A{row + 1}+1" for row in range(1, last)}, {f"A{last}": None})
    assert len(sheet.graph.order) == HEAVIEST_CHAIN // 2
    assert key_of("A1") in sheet.graph.too_deep


@st.composite
def acyclic(draw: st.DrawFn) -> Sheet:
    """Ten cells, each formula reading cells before it."""
    formulas = {}
    for at in range(4, 11):
        cells = draw(st.lists(st.integers(1, at - 1), min_size=1, max_size=3))
        formulas[f"A{at}"] = "=" + "+".join(f"A{cell}" for cell in cells)
    return sheet_of_places(formulas, {"A1": None, "A2": None, "A3": None})


@given(acyclic(), st.sets(st.sampled_from([f"r{at}.c1" for at in range(1, 11)])))
def test_dependents_are_the_transitive_closure_in_order(sheet: Sheet, changed: set[str]) -> None:
    reads = precedents(sheet)
    closure: set[str] = set()
    for _ in range(10):
        closure |= {key for key, cells in reads.items() if not (closure | changed).isdisjoint(cells)}
    found = dependents(sheet, changed)
    assert set(found) == closure
    assert len(found) == len(closure)
    assert all(found.index(cell) < at for at, key in enumerate(found) for cell in reads[key] if cell in found)


def test_a_limit_in_people_does_not_hold_for_a_percentage() -> None:
    sheet = Sheet(
        title="",
        rows=(Row(key="a", at=7, label="", subject="x", unit_of_measure="Người"),),
        columns=(Column(key="n", at=4, header=()), Column(key="p", at=5, header=(), unit_of_measure="%")),
        limits={"x": Limits(minimum=Decimal(0), jump=Decimal(2), decimals=1)},
    )
    assert sheet.refs["a.n"].limits.minimum == 0
    assert sheet.refs["a.p"].limits.minimum is None
    assert sheet.refs["a.p"].decimals == 1
