"""Writes filled sheets as an .xlsx that looks as on paper, computes by itself, and says to the one who reads it back what it is."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import xlsxwriter  # type: ignore[import-untyped]

from .model import Sheet, Value
from .xlsx_identity import FORMAT, HIDDEN_SHEET, SheetIdentity, anchor_name, hidden_row, seal
from .xlsx_layout import layout_hash
from .xlsx_page import Formats, Page

NOTES_SHEET = "Hướng dẫn"
_LONGEST_NAME = 31
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


class ColumnTitles(NamedTuple):
    """What stands above the columns that hold no figures."""

    number: str = "STT"
    label: str = "Nội dung"
    unit_of_measure: str = "Đơn vị tính"


class FilledSheet(msgspec.Struct, frozen=True):
    """One worksheet to write. `headings` are printed in the free rows above the form, `footer` below it.

    `identity` is needed where the file shall be read back; `typable` are the carried cells that may be typed into.
    """

    sheet: Sheet
    values: Mapping[str, Value]
    name: str
    headings: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    identity: SheetIdentity | None = None
    typable: frozenset[str] = frozenset()
    titles: ColumnTitles = ColumnTitles()


def write_workbook(
    sheets: Sequence[FilledSheet],
    *,
    secret: bytes | None,
    locked: bool = True,
    formulas: bool = True,
    notes: Sequence[str] = (),
) -> bytes:
    """The sheets as one workbook, one worksheet each, in their order; `notes` go on a worksheet of their own at the end.

    With a `secret` it can be read back: inputs are open for typing and a hidden sheet holds each worksheet's signed identity.
    Without one it is for reading only: every cell is locked. `locked` False protects nothing. `formulas` False writes figures only.
    Raises ValueError where an identity is missing or a text is longer than a cell can hold.
    """
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"in_memory": True, "use_future_functions": True}) as workbook:
        names = worksheet_names([filled.name for filled in sheets] + [NOTES_SHEET] * bool(notes))
        formats = Formats(workbook)
        for name, filled in zip(names, sheets, strict=False):
            page = Page(formats, workbook.add_worksheet(name), filled.sheet, filled.values, filled.typable, has_formulas=formulas)
            page.write_words(filled.headings, filled.titles, filled.footer)
            page.write_figures(open_for_typing=secret is not None)
            page.set_up(locked=locked)
        if notes:
            _write_notes(workbook, names[-1], notes)
        if secret is not None:
            _write_identities(workbook, names, sheets, secret)
    return output.getvalue()


def _write_notes(workbook: Any, name: str, notes: Sequence[str]) -> None:
    worksheet = workbook.add_worksheet(name)
    worksheet.set_column(0, 0, 110, workbook.add_format({"text_wrap": True, "valign": "top"}))
    for row, note in enumerate(notes):
        worksheet.write_string(row, 0, note)


def _write_identities(workbook: Any, names: Sequence[str], sheets: Sequence[FilledSheet], secret: bytes) -> None:
    hidden = workbook.add_worksheet(HIDDEN_SHEET)
    hidden.very_hidden()
    hidden.protect()
    hidden.write_string(0, 0, FORMAT)
    keys = set[str]()
    for place, (name, filled) in enumerate(zip(names, sheets, strict=False), start=1):
        if filled.identity is None or filled.identity.key in keys:
            raise ValueError(f"worksheet {name} needs an identity of its own to be read back")
        keys.add(filled.identity.key)
        anchor = anchor_name(place)
        workbook.define_name(anchor, f"='{name.replace(chr(39), chr(39) * 2)}'!$A$1")
        texts = hidden_row(anchor, name, seal(filled.identity, layout_hash(filled.sheet), filled.values), secret)
        for column, text in enumerate(texts):
            hidden.write_string(place, column, text)


def worksheet_names(wanted: Sequence[str]) -> list[str]:
    """The wanted names as Excel takes them: no forbidden sign, at most 31 characters, no two alike."""
    taken = {HIDDEN_SHEET, "history"}
    names = []
    for name in wanted:
        plain = " ".join(_NOT_IN_A_NAME.sub(" ", name).split()).strip("' ")[:_LONGEST_NAME].strip("' ") or "Sheet"
        candidate, n = plain, 1
        while candidate.casefold() in taken:
            n += 1
            candidate = f"{plain[: _LONGEST_NAME - len(f' ({n})')]} ({n})"
        taken.add(candidate.casefold())
        names.append(candidate)
    return names
