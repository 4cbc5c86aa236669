"""A form in use is uploaded: its header, rows, columns and formulas are read, and what is doubtful is said."""

import io
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.styles import Alignment

from kernel.sheet.evaluation import Calculator
from kernel.sheet.model import Carried, Sheet, Value
from kernel.sheet.xlsx_form import Doubt, propose_sheet
from kernel.sheet.xlsx_form_rows import Depths
from kernel.sheet.xlsx_form_words import key_of, measure_of, place_of_header
from tests.unit.xlsx.forms import CROPS, VALUES, filled, parse_here, workbook


def saved(sheet: Any) -> bytes:
    output = io.BytesIO()
    sheet.parent.save(output)
    return output.getvalue()


def proposed(sheet: Any) -> tuple[Sheet, dict[str, set[str]]]:
    proposal = propose_sheet(parse_here(saved(sheet))[0])
    assert proposal.sheet is not None
    return proposal.sheet, by_slug(proposal.doubts)


def by_slug(doubts: tuple[Doubt, ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for doubt in doubts:
        found.setdefault(doubt.slug, set()).add(doubt.a1)
    return found


def blank_page() -> Any:
    sheet = Workbook().active
    assert sheet is not None
    return sheet


@pytest.fixture
def monthly() -> Any:
    """Three header rows, a line of column numbers, NBSP, I/1/1.1/a/-, ditto marks, a footer with the signatures."""
    sheet = blank_page()
    sheet["A1"], sheet["E1"] = "ỦY BAN NHÂN DÂN XÃ", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    sheet["A3"] = "BIỂU TỔNG HỢP CHỈ TIÊU KINH TẾ - XÃ HỘI THÁNG 3 NĂM 2026"
    sheet.merge_cells("A3:I3")
    for place, text in {
        "A5": "TT",
        "B5": "Chỉ\u00a0tiêu",
        "C5": "Đơn vị\ntính",
        "D5": "Kế hoạch năm 2026",
        "E5": "Thực hiện",
        "E6": "Năm 2026",
        "E7": "Tháng 3",
        "F7": "Lũy kế",
        "G6": "Cùng kỳ năm trước",
        "H5": "So sánh (%)",
        "H6": "TH/KH",
        "I5": "Ghi chú",
    }.items():
        sheet[place] = text
    for area in ("A5:A7", "B5:B7", "C5:C7", "D5:D7", "E5:G5", "E6:F6", "G6:G7", "H6:H7", "I5:I7"):
        sheet.merge_cells(area)
    for column, text in enumerate(["A", "B", "C", "1", "2", "3", "4", "5=3/1", "6"], start=1):
        sheet.cell(8, column, text)
    rows = [
        ("I", "NÔNG NGHIỆP", None),
        (1, "Diện tích gieo trồng", "ha"),
        ("1.1", "\u00a0Lúa đông xuân ", "ha"),
        ("1.2", "Ngô", '"'),
        ("-", "Trong đó: ngô lai", "ha"),
        (2, "Sản lượng", "tấn"),
        ("a", "Lúa", "tấn"),
        ("b", "Ngô", "nt"),
        ("II", "XÃ HỘI", None),
        (1, "Số hộ nghèo", "hộ"),
    ]
    for at, (number, label, unit) in enumerate(rows, start=9):
        sheet.cell(at, 1, number)
        sheet.cell(at, 2, label)
        sheet.cell(at, 3, unit)
        if unit:
            sheet.cell(at, 8, f"=F{at}/D{at}*100").number_format = "0.0"
    for letter in "DEFG":
        sheet[f"{letter}10"] = f"={letter}11+{letter}12"
        sheet[f"{letter}11"].number_format = "#,##0.00"
        sheet[f"{letter}11"] = 12.5
    sheet["D13"] = "x"
    sheet["E14"] = "='[1]Sheet1'!B4"
    sheet["D15"] = "=12+30"
    sheet["B21"], sheet["F21"] = "Người lập biểu", "Ngày 20 tháng 3 năm 2026"
    return sheet


def test_the_header_of_a_monthly_form_is_understood(monthly: Any) -> None:
    sheet, _ = proposed(monthly)

    assert sheet.title == "BIỂU TỔNG HỢP CHỈ TIÊU KINH TẾ - XÃ HỘI THÁNG 3 NĂM 2026"
    layout = sheet.layout
    assert (layout.header_top, layout.header_bottom, layout.title_row) == (5, 7, 3)
    assert (layout.number_column, layout.label_column, layout.unit_column) == (1, 2, 3)
    assert [(column.at, column.header, column.measure, column.role) for column in sheet.columns] == [
        (4, ("Kế hoạch năm 2026",), "plan", "input"),
        (5, ("Thực hiện", "Năm 2026", "Tháng 3"), "actual", "input"),
        (6, ("Thực hiện", "Năm 2026", "Lũy kế"), "year_to_date", "input"),
        (7, ("Thực hiện", "Cùng kỳ năm trước"), "same_period_last_year", "carried"),
        (8, ("So sánh (%)", "TH/KH"), "comparison", "formula"),
    ]
    assert sheet.columns[3].carried == Carried(column="thang_3", offset="same-last-year")
    assert (sheet.columns[4].decimals, sheet.columns[4].unit_of_measure) == (1, "%")


def test_the_rows_of_a_monthly_form_are_understood(monthly: Any) -> None:
    sheet, _ = proposed(monthly)

    assert [(row.number, row.label, row.indent, row.unit_of_measure) for row in sheet.rows] == [
        ("I", "NÔNG NGHIỆP", 0, ""),
        ("1", "Diện tích gieo trồng", 1, "ha"),
        ("1.1", "Lúa đông xuân", 2, "ha"),
        ("1.2", "Ngô", 2, "ha"),
        ("-", "Trong đó: ngô lai", 3, "ha"),
        ("2", "Sản lượng", 1, "tấn"),
        ("a", "Lúa", 2, "tấn"),
        ("b", "Ngô", 2, "tấn"),
        ("II", "XÃ HỘI", 0, ""),
        ("1", "Số hộ nghèo", 1, "hộ"),
    ]
    assert [row.key for row in sheet.rows if row.subject is None] == ["nong_nghiep", "xa_hoi"]
    assert [row.key for row in sheet.rows][3::4] == ["ngo", "ngo_2"]
    assert sheet.rows[2].decimals == 2


def test_formulas_are_folded_into_columns_and_rows(monthly: Any) -> None:
    sheet, _ = proposed(monthly)

    assert sheet.columns[4].formula == "=F10/D10*100"
    assert sheet.refs["lua.th_kh"].formula == "=F15/D15*100"
    assert sheet.rows[1].formula == "=D11+D12"
    assert sheet.refs["dien_tich_gieo_trong.luy_ke"].formula == "=F11+F12"
    assert sheet.refs["dien_tich_gieo_trong.cung_ky_nam_truoc"].formula == "=G11+G12"
    assert {key for key, cell in sheet.cells.items() if cell.blocked} == {"trong_do_ngo_lai.ke_hoach_nam_2026"}


def test_what_is_doubtful_is_named_with_its_place(monthly: Any) -> None:
    _, doubts = proposed(monthly)

    assert doubts["formula-outside-sheet"] == {"E14"}
    assert doubts["constant-formula"] == {"D15"}
    assert doubts["heading-guessed"] == {"B9", "B17"}
    assert doubts["carried-guessed"] == {"G7"}
    assert doubts["source-unknown"] == {"D7", "F7"}
    assert doubts["index-row-left-out"] == {"A8"}
    assert doubts["note-column-left-out"] == {"I5"}


def test_the_proposal_computes(monthly: Any) -> None:
    sheet, _ = proposed(monthly)
    values = {"lua_dong_xuan.ke_hoach_nam_2026": Value(number=Decimal(200)), "lua_dong_xuan.luy_ke": Value(number=Decimal(50))}

    assert Calculator(sheet).evaluate(values)["lua_dong_xuan.th_kh"].number == Decimal("25.0")


def test_a_form_of_our_own_comes_back_as_it_is() -> None:
    proposal = propose_sheet(parse_here(workbook(filled(VALUES)))[0])

    assert proposal.sheet is not None
    assert [(row.at, row.label, row.number, row.unit_of_measure) for row in proposal.sheet.rows] == [
        (row.at, row.label, row.number, row.unit_of_measure) for row in CROPS.rows
    ]
    assert [(column.at, column.header) for column in proposal.sheet.columns] == [(column.at, column.header) for column in CROPS.columns]
    assert {(ref.row.at, ref.column.at): ref.formula for ref in proposal.sheet.refs.values() if ref.formula} == {
        (ref.row.at, ref.column.at): ref.formula for ref in CROPS.refs.values() if ref.formula
    }


@pytest.fixture
def parents_last() -> Any:
    """Parents printed after their children, indents by format, no numbers, formulas shared as Excel saves them."""
    sheet = blank_page()
    for column, text in enumerate(["Nội dung", "ĐVT", "KH 2026", "TH 2026", "Tỷ lệ %"], start=1):
        sheet.cell(2, column, text)
    rows = [("Phường A", 1), ("Phường B", 1), ("Tổng số", 0), ("Nam", 1), ("Nữ", 1)]
    for at, (label, indent) in enumerate(rows, start=3):
        sheet.cell(at, 1, label).alignment = Alignment(indent=indent)
        sheet.cell(at, 2, "người")
        sheet.cell(at, 3, at * 10)
        sheet.cell(at, 4, at)
        sheet.cell(at, 5, f"=D{at}/C{at}").number_format = "0.0%"
    sheet["C5"], sheet["D5"] = "=SUM(C3:C4)", "=SUM(D3:D4)"
    return sheet


def test_a_parent_may_come_after_its_children(parents_last: Any) -> None:
    sheet, doubts = proposed(parents_last)

    assert [(row.label, row.indent) for row in sheet.rows] == [("Phường A", 1), ("Phường B", 1), ("Tổng số", 0), ("Nam", 1), ("Nữ", 1)]
    assert sheet.rows[2].formula == "=SUM(C3:C4)"
    assert sheet.columns[2].formula == "=D3/C3"
    assert doubts["percent-format"] == {"E2"}


def test_numbered_parents_after_their_children_are_less_deep() -> None:
    depths = Depths()

    assert [depths.of(number, 0, "x") for number in ("1.1", "1.2", "1", "2.1", "2")] == [1, 1, 0, 1, 0]


@pytest.mark.parametrize(
    ("numbers", "depths"),
    [
        (["I", "1", "1.1", "a", "-", "2", "II", "1"], [0, 1, 2, 3, 4, 1, 0, 1]),
        (["A", "I", "1", "B", "I", "C", "D"], [0, 1, 2, 0, 1, 0, 0]),
        (["1", "-", "+", "-", "2"], [0, 1, 2, 1, 0]),
        (["I", "-", "II", "1", "-"], [0, 1, 0, 1, 2]),
        (["a", "b", "c", "d"], [0, 0, 0, 0]),
    ],
)
def test_the_first_way_of_numbering_is_the_outermost(numbers: list[str], depths: list[int]) -> None:
    found = Depths()

    assert [found.of(number, 0, "x") for number in numbers] == depths


def test_a_row_whose_figures_are_the_sum_of_its_children_is_proposed_as_such() -> None:
    sheet = blank_page()
    for at, row in enumerate(
        [
            ("STT", "Nội dung", "ĐVT", "Thực hiện"),
            ("1", "Gia súc", "con", 30),
            ("1.1", "Trâu", "con", 10),
            ("1.2", "Bò", "con", 20),
            ("2", "Gia cầm", "con", 99),
            ("2.1", "Gà", "con", 10),
            ("2.2", "Vịt", "con", 20),
            ("3", "Khác", "con", None),
            ("3.1", "Dê", "con", None),
            ("3.2", "Thỏ", "con", None),
        ],
        start=1,
    ):
        for column, value in enumerate(row, start=1):
            sheet.cell(at, column, value)

    found, doubts = proposed(sheet)

    assert {key: ref.formula for key, ref in found.refs.items() if ref.formula} == {"gia_suc.thuc_hien": "=SUM(D3:D4)"}
    assert doubts["sum-guessed"] == {"B2"}
    assert doubts["sum-possible"] == {"B8"}


def test_a_cell_that_differs_from_its_column_keeps_its_own_formula() -> None:
    sheet = blank_page()
    for column, text in enumerate(["TT", "Chỉ tiêu", "Đơn vị", "KH", "TH", "So sánh"], start=1):
        sheet.cell(1, column, text)
    for at in range(2, 8):
        for column, value in enumerate([at - 1, f"Chỉ tiêu {at}", "tấn", 1, 2, f"=E{at}/D{at}*100"], start=1):
            sheet.cell(at, column, value)
    sheet["F4"] = "=E4-D4"
    sheet["F5"] = None

    found, _ = proposed(sheet)

    assert found.columns[2].formula == "=E2/D2*100"
    assert {key: ref.formula for key, ref in found.refs.items() if ref.column.at == 6} == {
        "chi_tieu_2.so_sanh": "=E2/D2*100",
        "chi_tieu_3.so_sanh": "=E3/D3*100",
        "chi_tieu_4.so_sanh": "=E4-D4",
        "chi_tieu_5.so_sanh": None,
        "chi_tieu_6.so_sanh": "=E6/D6*100",
        "chi_tieu_7.so_sanh": "=E7/D7*100",
    }
    assert found.refs["chi_tieu_5.so_sanh"].role == "input"


def test_columns_of_one_name_under_several_headers_get_keys_of_their_own() -> None:
    sheet = blank_page()
    for place, text in {"A1": "STT", "B1": "Chỉ tiêu", "C1": "ĐVT", "D1": "Xã A", "F1": "Xã B"}.items():
        sheet[place] = text
    for area in ("A1:A2", "B1:B2", "C1:C2", "D1:E1", "F1:G1"):
        sheet.merge_cells(area)
    for column, text in enumerate(["TH 2025", "KH 2026"] * 2, start=4):
        sheet.cell(2, column, text)
    sheet["A3"], sheet["B3"], sheet["C3"] = 1, "Dân số", "người"

    found, _ = proposed(sheet)

    assert [column.key for column in found.columns] == ["xa_a_th_2025", "xa_a_kh_2026", "xa_b_th_2025", "xa_b_kh_2026"]


def test_codes_of_the_form_become_what_its_rows_measure() -> None:
    sheet = blank_page()
    sheet.append(["STT", "Chỉ tiêu", "Mã số", "ĐVT", "Thực hiện"])
    sheet.append([1, "Dân số", "T0101", "người", 5])

    found, _ = proposed(sheet)

    assert [(row.key, row.subject) for row in found.rows] == [("dan_so", "T0101")]


def test_a_worksheet_without_a_header_is_no_form() -> None:
    sheet = blank_page()
    sheet.append(["Kính gửi", "ông"])

    proposal = propose_sheet(parse_here(saved(sheet))[0])

    assert proposal.sheet is None
    assert by_slug(proposal.doubts) == {"header-not-found": {""}}


@pytest.mark.parametrize(
    ("path", "measure"),
    [
        (("Kế hoạch năm",), "plan"),
        (("Ước thực hiện tháng 3",), "estimate"),
        (("Thực hiện cùng kỳ năm trước",), "same_period_last_year"),
        (("So sánh (%)", "Cùng kỳ"), "comparison"),
        (("Thực hiện", "Lũy kế từ đầu năm"), "year_to_date"),
        (("Kế hoạch năm 2026", "Thực hiện"), "actual"),
        (("TH tháng trước",), "previous"),
        (("Phường A",), ""),
    ],
)
def test_header_words_name_the_measure(path: tuple[str, ...], measure: str) -> None:
    assert measure_of(path) == measure


def test_header_words_tell_what_a_column_is_for() -> None:
    assert [place_of_header(words) for words in ("STT", "Chỉ tiêu", "Đơn vị tính", "Mã số", "Ghi chú", "Thực hiện")] == [
        "number",
        "label",
        "unit",
        "code",
        "note",
        "figure",
    ]


def test_keys_are_plain_and_never_empty() -> None:
    assert [key_of(text) for text in ("Lúa đông xuân", "3 tháng", "%", "")] == ["lua_dong_xuan", "k_3_thang", "k", "k"]
