"""Fills a downloaded Template Import file as an officer would in Excel: figures into their cells, nothing else touched."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import load_workbook

from kernel.sheet.model import Sheet, Value


def filled(blank: bytes, sheets: Sequence[tuple[Sheet, Mapping[str, Value]]]) -> bytes:
    """The workbook with each sheet's cells filled in; `sheets` in the order of its visible worksheets."""
    book = load_workbook(io.BytesIO(blank))
    visible = [worksheet for worksheet in book.worksheets if worksheet.sheet_state == "visible"]
    for worksheet, (sheet, cells) in zip(visible, sheets, strict=False):  # the last one only explains
        for key, value in cells.items():
            ref = sheet.refs[key]
            worksheet.cell(ref.row.at, ref.column.at).value = _typed(value)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _typed(value: Value) -> Any:
    """As a person types it: a dash for nil, an ellipsis for what could not be collected."""
    if value.nil:
        return "-"
    if value.missing is not None:
        return "…"
    return value.text if value.number is None else value.number
