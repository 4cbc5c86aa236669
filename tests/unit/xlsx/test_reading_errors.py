"""Everything wrong with a filled file is told at once, by worksheet and cell, and nothing is guessed."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from kernel.sheet.model import Cell, Column, Row, Sheet, Value
from kernel.sheet.xlsx_raw import Area, RawCell, RawKind, RawSheet
from kernel.sheet.xlsx_read import Expected, Reading, read_back
from tests.unit.xlsx.forms import CROPS, LABELS, SECRET, edited, filled, parse_here, read, slugs, workbook

BLANK_FORM = workbook(filled({}))


def with_cell(place: tuple[int, int], kind: RawKind, value: str, formula: str | None = None) -> list[RawSheet]:
    """The blank form with one cell as a spreadsheet program would have saved it."""
    form, *others = parse_here(BLANK_FORM)
    cells = [cell for cell in form.cells if (cell.row, cell.column) != place]
    return [msgspec.structs.replace(form, cells=(*cells, RawCell(*place, kind, value, formula))), *others]


def only(reading: Reading) -> tuple[str, str, str | None]:
    (error,) = reading.errors
    return error.a1, error.slug, error.cell_key


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-", Value(nil=True)),
        (" – ", Value(nil=True)),
        ("…", Value(missing="not-collected")),
        ("...", Value(missing="not-collected")),
        ("\u00a0 \n", Value()),
        ("1.234,5", Value(number=Decimal("1234.5"))),
        ("1,234.5", Value(number=Decimal("1234.5"))),
        ("\u00a01 234,25 ", Value(number=Decimal("1234.25"))),
        ("12,5", Value(number=Decimal("12.5"))),
    ],
)
def test_text_that_can_only_mean_one_thing_is_taken(text: str, value: Value) -> None:
    reading = read(with_cell((8, 4), "text", text))

    assert reading.errors == ()
    assert reading.sheets[0].values["rice.plan"] == value


def test_a_text_number_that_can_be_two_numbers_is_asked_back() -> None:
    reading = read(with_cell((8, 4), "text", "1,234"))

    assert only(reading) == ("D8", "ambiguous-number", "rice.plan")
    assert reading.errors[0].parameters == {"found": "1,234", "vi": "1.234", "en": "1234"}
    assert "1.234" in reading.errors[0].message
    assert "rice.plan" not in reading.sheets[0].values


def test_the_chosen_number_format_settles_it() -> None:
    raw = with_cell((8, 4), "text", "1.234")
    expected = {"k1": Expected(CROPS, LABELS)}

    vietnamese = read_back(raw, expected, SECRET, number_format="vi")
    english = read_back(with_cell((8, 4), "text", "1,234"), expected, SECRET, number_format="en")

    assert vietnamese.sheets[0].values["rice.plan"] == Value(number=Decimal(1234))
    assert english.sheets[0].values["rice.plan"] == Value(number=Decimal(1234))


@pytest.mark.parametrize(
    ("kind", "value", "formula", "slug"),
    [
        ("text", "khoảng 12 tấn", None, "text-in-number-cell"),
        ("text", "50%", None, "text-in-number-cell"),
        ("error", "#DIV/0!", "A1/0", "error-in-cell"),
        ("error", "#N/A", None, "error-in-cell"),
        ("date", "46113", None, "date-in-number-cell"),
        ("boolean", "1", None, "boolean-in-number-cell"),
        ("percent", "0.5", None, "percent-format"),
        ("empty", "", "12+30", "formula-without-value"),
        ("number", "1.005", None, "too-many-decimals"),
        ("number", "1234567890123456", None, "too-many-digits"),
        ("number", "-1", None, "out-of-range"),
        ("number", "5000.01", None, "out-of-range"),
        ("number", "1e999", None, "error-in-cell"),
        ("number", "5", "[1]Sheet1!A1", "external-formula"),
        ("number", "5", "'C:\\[x.xlsx]S'!A1", "external-formula"),
        ("number", "5", "cmd|'/C calc'!A0", "dangerous-formula"),
        ("text", "x", 'WEBSERVICE("http://example.com")', "dangerous-formula"),
    ],
)
def test_what_is_no_figure_is_an_error_of_its_cell(kind: RawKind, value: str, formula: str | None, slug: str) -> None:
    reading = read(with_cell((8, 4), kind, value, formula))

    assert only(reading) == ("D8", slug, "rice.plan")
    assert "rice.plan" not in reading.sheets[0].values


def test_a_calculation_typed_into_an_input_counts_as_its_result() -> None:
    reading = read(with_cell((8, 4), "number", "42.000000000000007", "12+30"))

    assert reading.errors == ()
    assert reading.sheets[0].values["rice.plan"] == Value(number=Decimal(42))


def test_a_pipe_within_quotes_is_no_command() -> None:
    assert read(with_cell((8, 4), "number", "1", 'IF(A1="a|b",1,2)')).errors == ()


def test_a_command_is_refused_wherever_it_stands() -> None:
    reading = read(with_cell((30, 9), "number", "5", "cmd|'/C calc'!A0"))

    assert only(reading) == ("I30", "dangerous-formula", None)


def test_a_command_typed_in_and_saved_by_another_program_is_refused() -> None:
    data = edited(workbook(), lambda sheet: sheet.__setitem__("D8", "=cmd|' /C calc'!A0"))

    assert slugs(read(data)) == {"D8": "dangerous-formula"}


def test_text_that_looks_like_a_formula_stays_text_in_a_row_of_text() -> None:
    values = {"remark.month": Value(text="=cmd|' /C calc'!A0"), "remark.plan": Value(text="+84 905"), "remark.rate": Value(text="@SUM(A1)")}

    raw = parse_here(workbook(filled(values)))
    reading = read(raw)

    assert reading.errors == ()
    assert values.items() <= reading.sheets[0].values.items()
    assert {cell.formula for cell in raw[0].cells if cell.row == 11} == {None}


def test_a_number_in_a_row_of_text_is_its_words() -> None:
    assert read(with_cell((11, 5), "number", "1234.5")).sheets[0].values["remark.month"] == Value(text="1.234,5")


def test_a_target_written_by_hand_is_welcome_only_where_one_may_stand() -> None:
    raw = with_cell((8, 4), "text", "8,2 - 8,6")
    target = read(raw, k1=Expected(CROPS, LABELS, allows_targets=True))
    at_least = read(with_cell((8, 4), "text", "≥ 8,5"), k1=Expected(CROPS, LABELS, allows_targets=True))
    upside_down = read(with_cell((8, 4), "text", "8,6 - 8,2"), k1=Expected(CROPS, LABELS, allows_targets=True))

    assert only(read(raw))[1] == "text-in-number-cell"
    assert target.sheets[0].values["rice.plan"] == Value(number=Decimal("8.2"), maximum=Decimal("8.6"), comparator="range")
    assert at_least.sheets[0].values["rice.plan"] == Value(number=Decimal("8.5"), comparator=">=")
    assert only(upside_down)[1] == "range-upside-down"


def test_all_errors_are_told_at_once() -> None:
    def spoil(sheet: Any) -> None:
        sheet["D8"], sheet["E8"], sheet["E9"], sheet["D11"] = "nhiều", "1,234", 1.23, True
        sheet["B8"], sheet["C9"] = "Lúa nước", "tấn"
        sheet.merge_cells("D11:E11")

    assert slugs(read(edited(workbook(), spoil))) == {
        "B8": "label-changed",
        "B9": "unit-changed",
        "D8": "text-in-number-cell",
        "E8": "ambiguous-number",
        "E9": "too-many-decimals",
        "D11:E11": "merged-cells",
    }


def test_merged_cells_where_inputs_should_be_are_one_error() -> None:
    form, *others = parse_here(workbook())
    merged = msgspec.structs.replace(form, merges=(*form.merges, Area(8, 4, 9, 5)))

    reading = read([merged, *others])

    assert [(error.a1, error.slug) for error in reading.errors] == [("D8:E9", "merged-cells")]
    assert "rice.plan" not in reading.sheets[0].values


def test_a_column_that_was_deleted_is_missing_and_those_after_it_have_moved() -> None:
    form, *others = parse_here(workbook())
    cells = [msgspec.structs.replace(cell, column=cell.column - (cell.column > 4)) for cell in form.cells if cell.column != 4]
    merges = [Area(a.top, a.left - (a.left > 4), a.bottom, a.right - (a.right >= 4)) for a in form.merges if (a.left, a.right) != (4, 4)]

    reading = read([msgspec.structs.replace(form, cells=tuple(cells), merges=tuple(merges)), *others])

    assert slugs(reading) == {"D6": "column-missing", "E6": "column-moved", "F6": "column-moved", "G6": "column-moved"}
    assert reading.sheets[0].values == {}


def test_columns_that_changed_places_are_told_so() -> None:
    def swap(sheet: Any) -> None:
        sheet["E6"], sheet["F6"] = sheet["F6"].value, sheet["E6"].value

    assert slugs(read(edited(workbook(), swap))) == {"E6": "column-moved", "F6": "column-moved"}


@pytest.mark.parametrize(
    ("change", "place", "slug"),
    [
        (lambda sheet: sheet.__setitem__("E6", "Cả năm"), "E6", "header-changed"),
        (lambda sheet: sheet.__setitem__("B9", "Sắn"), "B9", "label-changed"),
        (lambda sheet: sheet.__setitem__("C9", "tấn"), "B9", "unit-changed"),
        (lambda sheet: sheet.__setitem__("B9", None), "B9", "row-missing"),
    ],
)
def test_words_of_the_form_that_were_changed_are_told(change: Callable[[Any], object], place: str, slug: str) -> None:
    assert slugs(read(edited(workbook(), change))) == {place: slug}


def test_a_deleted_row_is_missing_and_those_below_have_moved() -> None:
    reading = read(edited(workbook(), lambda sheet: sheet.delete_rows(8)))

    assert slugs(reading) == {"B8": "row-missing", "B9": "row-moved", "B10": "row-moved", "B11": "row-moved"}


def test_spelling_alone_is_no_change() -> None:
    assert read(edited(workbook(), lambda sheet: sheet.__setitem__("B8", " LÚA\u00a0 "))).errors == ()


@pytest.mark.parametrize("label", ["unit", "period", "version"])
def test_a_file_of_another_unit_period_or_version_is_refused(label: str) -> None:
    expected = Expected(CROPS, LABELS | {label: "other"}, label_titles={label: "nơi khác"}, label_words={"other": "Xã Ia O"})

    reading = read(workbook(), k1=expected)

    assert [error.slug for error in reading.errors] == [f"other-{label}"]
    assert "nơi khác" in reading.errors[0].message
    assert "Xã Ia O" in reading.errors[0].message
    assert reading.sheets[0].values == {}


def test_a_form_whose_layout_has_changed_since_is_refused() -> None:
    changed = msgspec.structs.replace(CROPS, columns=(*CROPS.columns, Column(key="more", at=8, header=("Thêm",))))

    reading = read(workbook(), k1=Expected(changed, LABELS))

    assert [error.slug for error in reading.errors] == ["other-layout"]


def test_a_file_without_its_hidden_sheet_is_not_the_form() -> None:
    raw = [sheet for sheet in parse_here(workbook()) if sheet.name != "_ktxh"]

    assert [error.slug for error in read(raw).errors] == ["identity-missing"]


def test_a_hidden_sheet_that_somebody_changed_is_found_out() -> None:
    form, hidden = parse_here(workbook())
    cells = [msgspec.structs.replace(cell, value=cell.value.replace("2026-03", "2026-04")) for cell in hidden.cells]
    other_secret = read_back([form, hidden], {"k1": Expected(CROPS)}, b"another secret")

    changed = read([form, msgspec.structs.replace(hidden, cells=tuple(cells))])

    assert [error.slug for error in changed.errors] == ["identity-altered"]
    assert [error.slug for error in other_secret.errors] == ["identity-altered"]
    assert changed.sheets == ()


def test_a_worksheet_nobody_expects_and_one_that_is_not_there_are_both_told() -> None:
    reading = read(workbook(filled(key="a"), filled(key="b")), a=Expected(CROPS), c=Expected(CROPS))

    assert [(error.slug, error.parameters["key"]) for error in reading.errors] == [
        ("unexpected-worksheet", "b"),
        ("worksheet-missing", "c"),
    ]


def test_a_form_of_one_column_and_one_row_is_compared_too() -> None:
    small = Sheet(
        title="T",
        rows=(Row(key="r", at=7, label="", subject="S"),),
        columns=(Column(key="c", at=4, header=()),),
        cells={"r.c": Cell(decimals=1)},
    )

    reading = read(workbook(filled({"r.c": Value(number=Decimal("1.5"))}, sheet=small)), k1=Expected(small))

    assert reading.errors == ()
    assert reading.sheets[0].values == {"r.c": Value(number=Decimal("1.5"))}
