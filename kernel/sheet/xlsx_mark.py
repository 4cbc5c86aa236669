"""Gives an uploaded workbook back with its bad cells marked; opens it only in a limited child process."""

import asyncio
import contextlib
import tempfile
from collections.abc import Sequence

from .xlsx_raw import FileLimits
from .xlsx_read import CellError
from .xlsx_untrusted import in_child, sheets_in
from .xlsx_zip import inspect_zip

MARK_LIMITS = FileLimits(memory_bytes=1_500_000_000, cpu_seconds=40, wall_seconds=90.0)
"""Marking builds the whole workbook in memory, which takes several times as much as reading it."""


async def mark_errors(
    data: bytes,
    errors: Sequence[CellError],
    *,
    limits: FileLimits = MARK_LIMITS,
    slots: asyncio.Semaphore | None = None,
) -> bytes:
    """The uploaded file with each bad cell red and with a note, and all errors on a worksheet of their own. Raises FileRefused."""
    inspect_zip(data, limits)
    marks = [(error.worksheet, error.a1, error.message) for error in errors]
    async with slots or contextlib.nullcontext():
        # openpyxl writes worksheets to temporary files first; a folder of ours is emptied even if the child is killed.
        with tempfile.TemporaryDirectory() as folder:
            answer = await in_child("mark", data, limits, {"marks": marks}, folder)
    if answer.startswith(b"{"):  # no workbook: a refusal
        sheets_in(answer)
    return answer
