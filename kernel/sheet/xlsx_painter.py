"""Colours and annotates cells of a workbook, within the child process. Changes no figure and no formula."""

import io
from collections.abc import Sequence
from copy import copy
from typing import Any

from openpyxl import load_workbook
from openpyxl.comments import Comment  # type: ignore[import-not-found]  # the stubs lack it
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook import Workbook

LIST_SHEET = "Danh sách lỗi"
Mark = Sequence[str]
"""Worksheet, A1 place or area ("" for the whole of it), message."""

_FILL = PatternFill("solid", fgColor="FFFFC7CE")
_COLOUR = "FF9C0006"
_MOST_NOTES = 2_000  # each is a drawing of its own
_WIDTHS = {"A": 24, "B": 12, "C": 110}


def marked_workbook(data: bytes, marks: Sequence[Mark]) -> bytes:
    workbook = load_workbook(io.BytesIO(data))
    notes: dict[tuple[str, str], list[str]] = {}
    for worksheet, place, message in marks:
        if place and worksheet in workbook.sheetnames:
            notes.setdefault((worksheet, place), []).append(message)
    for count, ((worksheet, place), messages) in enumerate(notes.items()):
        _mark(workbook[worksheet], place, messages if count < _MOST_NOTES else [])
    _list(workbook, marks)
    output = io.BytesIO()
    workbook.save(output)
    return output.getvalue()


def _mark(worksheet: Any, place: str, messages: Sequence[str]) -> None:
    cell = worksheet[place.partition(":")[0]]
    font = copy(cell.font)
    cell.fill = _FILL
    cell.font = Font(name=font.name, size=font.size, bold=font.bold, italic=font.italic, color=_COLOUR)
    if messages:
        before = [cell.comment.text] if cell.comment else []
        cell.comment = Comment("\n".join([*before, *messages]), "", height=120, width=320)


def _list(workbook: Workbook, marks: Sequence[Mark]) -> None:
    """On the first worksheet's left, so that it is seen; its name is known to nobody who reads the file back."""
    if LIST_SHEET in workbook.sheetnames:
        workbook.remove(workbook[LIST_SHEET])
    listing: Any = workbook.create_sheet(LIST_SHEET, 0)
    for row, texts in enumerate([("Trang tính", "Ô", "Lỗi"), *marks], start=1):
        for column, text in enumerate(texts, start=1):
            cell = listing.cell(row, column, text)
            cell.data_type = "s"  # a message may begin with =
    for letter, width in _WIDTHS.items():
        listing.column_dimensions[letter].width = width
    listing.freeze_panes = "A2"
    workbook.active = listing
