"""What a person, a printer and a spreadsheet program see of a written workbook."""

import io
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from kernel.sheet.model import Value
from kernel.sheet.xlsx_inputs import input_areas
from kernel.sheet.xlsx_layout import header_blocks
from kernel.sheet.xlsx_page import live
from kernel.sheet.xlsx_write import FilledSheet, write_workbook
from tests.unit.xlsx.forms import CROPS, SECRET, VALUES, filled, workbook


def sheet_of(data: bytes, *, data_only: bool = False) -> Any:
    return load_workbook(io.BytesIO(data), data_only=data_only).worksheets[0]


def test_the_form_looks_as_on_paper() -> None:
    page = write_workbook(
        [FilledSheet(CROPS, VALUES, "A", headings=("Xã Ia O", "Tháng 3/2026", "a", "b"), footer=("Số liệu tạm tính",))], secret=None
    )
    sheet = sheet_of(page)

    assert [sheet.cell(row, 1).value for row in range(1, 5)] == ["BIỂU SẢN XUẤT", "Xã Ia O", "Tháng 3/2026", "a · b"]
    assert [sheet.cell(5, column).value for column in range(1, 8)] == [
        "STT",
        "Nội dung",
        "Đơn vị tính",
        "Kế hoạch năm",
        "Thực hiện",
        None,
        "So sánh (%)",
    ]
    assert [sheet.cell(6, column).value for column in range(4, 8)] == [None, "Trong tháng", "Cùng kỳ", None]
    assert {"E5:F5", "D5:D6", "G5:G6", "A5:A6"} <= {str(area) for area in sheet.merged_cells.ranges}
    assert [sheet.cell(8, column).value for column in range(1, 6)] == ["1", "Lúa", "ha", 1234.5, 100.25]
    assert sheet["B8"].alignment.indent == 1
    assert sheet["B13"].value == "Số liệu tạm tính"


def test_neighbours_under_one_header_share_it() -> None:
    blocks = {block.text: block[:4] for block in header_blocks(CROPS)}

    assert blocks == {
        "Kế hoạch năm": (5, 4, 6, 4),
        "Thực hiện": (5, 5, 5, 6),
        "Trong tháng": (6, 5, 6, 5),
        "Cùng kỳ": (6, 6, 6, 6),
        "So sánh (%)": (5, 7, 6, 7),
    }


def test_formulas_are_live_and_their_results_are_there_without_recalculation() -> None:
    data = workbook()

    assert sheet_of(data)["E10"].value == "=N(E8)+N(E9)"
    assert sheet_of(data, data_only=True)["E10"].value == 100.25
    assert sheet_of(data, data_only=True)["G8"].value == 8.1


def test_figures_alone_can_be_had() -> None:
    sheet = sheet_of(write_workbook([FilledSheet(CROPS, VALUES, "A")], secret=None, formulas=False))

    assert sheet["E10"].value == 100.25


@pytest.mark.parametrize(
    ("formula", "written"),
    [
        ("=D8+D9", "=N(D8)+N(D9)"),
        ("=SUM(D8:D9)", "=SUM(D8:D9)"),
        ("=ROUND(E8/D8*100,1)", "=ROUND(N(E8)/N(D8)*100,1)"),
        ("=IF(D8=0,0,E8/$D$8)", "=IF(D8=0,0,N(E8)/N($D$8))"),
        ("=-D8", "=-N(D8)"),
        ("=D8%", "=N(D8)%"),
        ('=D8&"+"&D9', '=D8&"+"&D9'),
        ("=SUM(D8,D9)", "=SUM(D8,D9)"),
    ],
)
def test_a_dash_in_a_cell_does_not_break_arithmetic(formula: str, written: str) -> None:
    assert live(formula) == written


def test_nil_missing_and_blank_are_seen_apart_and_reasons_are_noted() -> None:
    values = {
        "rice.plan": Value(missing="not-due"),
        "rice.month": Value(nil=True),
        "rice.rate": Value(missing="missing-precedent", needs="rice.plan"),
        "area.month": Value(number=Decimal(5), given=1, of=2),
    }

    sheet = sheet_of(write_workbook([FilledSheet(CROPS, values, "A")], secret=None, formulas=False))

    assert (sheet["D8"].value, sheet["E8"].value, sheet["E9"].value) == ("…", "-", None)
    assert sheet["D8"].comment.text == "Chưa đến kỳ"
    assert sheet["G8"].comment.text == "Thiếu số liệu để tính: ô D8"
    assert sheet["E10"].comment.text == "Cộng từ 1/2 số liệu"


def test_only_inputs_are_open_for_typing() -> None:
    data = write_workbook([FilledSheet(CROPS, VALUES, "A", identity=filled().identity, typable=frozenset({"rice.before"}))], secret=SECRET)
    sheet = sheet_of(data)

    open_cells = {cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked}

    assert sheet.protection.sheet
    assert open_cells == {"D8", "E8", "F8", "E9", "D11", "E11", "G11"}


def test_a_file_for_reading_only_is_locked_everywhere() -> None:
    sheet = sheet_of(write_workbook([FilledSheet(CROPS, VALUES, "A")], secret=None))

    assert sheet.protection.sheet
    assert all(cell.protection.locked for row in sheet.iter_rows() for cell in row)


def test_nothing_is_protected_where_it_is_not_wanted() -> None:
    assert not sheet_of(write_workbook([filled()], secret=SECRET, locked=False)).protection.sheet


def test_the_program_checks_range_and_decimals_while_typing() -> None:
    rules = {str(rule.sqref): rule for rule in sheet_of(workbook()).data_validations.dataValidation}

    assert set(rules) == {"D8:E8", "E9"}
    assert "ROUND(D8,2)=D8,D8>=0,D8<=5000" in rules["D8:E8"].formula1
    assert "không lớn hơn 5.000" in rules["D8:E8"].error


def test_equal_neighbours_share_one_rule() -> None:
    inputs = [ref for ref in CROPS.refs.values() if ref.role == "input"]

    assert [area[:4] for area in input_areas(inputs)] == [(8, 4, 8, 5), (9, 5, 9, 5)]


def test_numbers_show_the_decimals_of_their_cell_and_targets_their_sign() -> None:
    values = {
        "rice.plan": Value(number=Decimal(5), comparator=">="),
        "maize.month": Value(number=Decimal("1.5"), maximum=Decimal("2.5"), comparator="range"),
    }

    sheet = sheet_of(workbook(filled(values)))

    assert sheet["E8"].number_format == "#,##0.00"
    assert sheet["E9"].number_format == '#,##0.0" – 2,5"'
    assert sheet["D8"].number_format == '"≥ "#,##0.00'


def test_it_prints_on_one_width_with_its_header_on_every_page() -> None:
    sheet = sheet_of(workbook())

    assert sheet.page_setup.orientation == "landscape"
    assert sheet.page_setup.paperSize == 9
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) in ((None, 0), (1, 0))
    assert sheet.print_title_rows == "$5:$6"
    assert sheet.freeze_panes == "D7"


def test_the_hidden_sheet_can_not_be_shown_from_the_menu_and_notes_come_last() -> None:
    book = load_workbook(io.BytesIO(write_workbook([filled()], secret=SECRET, notes=("Cách nhập",))))

    assert [(sheet.title, sheet.sheet_state) for sheet in book.worksheets] == [
        ("Sản xuất", "visible"),
        ("Hướng dẫn", "visible"),
        ("_ktxh", "veryHidden"),
    ]
    assert book["Hướng dẫn"]["A1"].value == "Cách nhập"
