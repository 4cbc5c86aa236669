"""Gives an uploaded workbook back with its bad cells coloured and explained. Changes no figure, and opens the file only in a limited child process."""

import asyncio
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell

    from .xlsx_raw import FileLimits
    from .xlsx_read import CellError

LIST_SHEET = "Danh sách lỗi"
_RED, _DARK_RED = "FFFFC7CE", "FF9C0006"
_MOST_NOTES = 2_000
_WIDE = {"A": 24, "B": 12, "C": 100}


async def mark_errors(
    data: bytes,
    errors: Sequence["CellError"],
    *,
    limits: "FileLimits | None" = None,
    slots: asyncio.Semaphore | None = None,
) -> bytes:
    """The uploaded file with each bad cell red and with a note, and a list of all errors as its first worksheet. Raises FileRefused."""
    import contextlib
    import json

    from .xlsx_raw import FileLimits
    from .xlsx_untrusted import in_child, sheets_in
    from .xlsx_zip import inspect_zip

    limits = limits or FileLimits()
    inspect_zip(data, limits)
    marks = [[error.worksheet, error.a1, error.message] for error in errors]
    async with slots or contextlib.nullcontext():
        answer = await in_child("mark", data, limits, {"marks": json.loads(json.dumps(marks))})
    if answer.startswith(b"{"):
        sheets_in(answer)
    return answer
