"""The uploaded file comes back with its bad cells marked, and can be mended and uploaded again."""

import io
from typing import Any

import pytest
from openpyxl import load_workbook

from kernel.sheet.xlsx_mark import mark_errors
from kernel.sheet.xlsx_raw import FileLimits
from kernel.sheet.xlsx_refusals import FileRefused
from tests.unit.xlsx.forms import VALUES, edited, filled, package, read, workbook


def spoilt() -> bytes:
    return edited(workbook(filled(VALUES, name="Sản xuất")), lambda sheet: [sheet.__setitem__("D8", "nhiều"), sheet.__setitem__("E9", -1)])


async def test_bad_cells_are_coloured_and_explained_and_all_errors_listed() -> None:
    reading = read(spoilt())

    book = load_workbook(io.BytesIO(await mark_errors(spoilt(), reading.errors)))
    sheet, listing = book["Sản xuất"], book["Danh sách lỗi"]

    assert sheet["D8"].fill.fgColor.rgb == "FFFFC7CE"
    assert "nhiều" in sheet["D8"].comment.text
    assert sheet["E8"].comment is None
    assert [[cell.value for cell in row][:2] for row in listing.iter_rows(min_row=2)] == [["Sản xuất", "D8"], ["Sản xuất", "E9"]]
    assert book["_ktxh"].sheet_state == "veryHidden"


async def test_the_marked_file_mended_is_taken() -> None:
    def mend(sheet: Any) -> None:
        form = sheet.parent["Sản xuất"]
        form["D8"], form["E9"] = 5, 6

    marked = await mark_errors(spoilt(), read(spoilt()).errors)
    reading = read(edited(marked, mend))

    assert reading.errors == ()
    assert reading.ignored == ("Danh sách lỗi",)


async def test_an_error_of_a_whole_sheet_is_listed_only() -> None:
    reading = read(package())

    book = load_workbook(io.BytesIO(await mark_errors(workbook(), reading.errors)))

    assert book["Danh sách lỗi"]["C2"].value.startswith("Tệp không phải là tệp mẫu")


async def test_a_file_that_is_not_to_be_read_is_not_marked_either() -> None:
    with pytest.raises(FileRefused) as damaged:
        await mark_errors(package("<sheetData>"), ())
    with pytest.raises(FileRefused) as late:
        await mark_errors(workbook(), (), limits=FileLimits(wall_seconds=0.001))

    assert (damaged.value.rule(), late.value.rule()) == ("file-is-damaged", "takes-too-much")
