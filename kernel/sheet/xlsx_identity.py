"""What a worksheet says about itself on the workbook's hidden sheet, signed; whoever changes a word of it is found out."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from .model import Value
from .xlsx_raw import RawSheet

HIDDEN_SHEET = "_ktxh"
FORMAT = "ktxh-xlsx/1"
_LONGEST_PIECE = 30_000  # a cell holds 32,767 characters
_FIRST_ROW = 2


class SheetIdentity(msgspec.Struct, frozen=True):
    """`key` is unique in its workbook; `labels` say what the sheet is of, in words of the caller's."""

    key: str
    labels: dict[str, str] = {}


class Sealed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is signed. `remembered` holds what a cell can't show: other reasons than not-collected, and targets as they were written."""

    format: str
    key: str
    labels: dict[str, str]
    layout: str
    remembered: dict[str, Value] = {}


class Found(NamedTuple):
    """A worksheet that says what it is; `is_genuine` is false where the signature doesn't fit."""

    worksheet: RawSheet | None
    sealed: Sealed
    is_genuine: bool


def anchor_name(place: int) -> str:
    """The workbook's name for the form at that place: Excel, LibreOffice and WPS keep it when the worksheet is renamed or moved."""
    return f"_ktxh_{place}"


def seal(identity: SheetIdentity, layout: str, values: Mapping[str, Value]) -> Sealed:
    remembered = {key: value for key, value in values.items() if needs_memory(value)}
    return Sealed(FORMAT, identity.key, dict(sorted(identity.labels.items())), layout, remembered)


def needs_memory(value: Value) -> bool:
    return value.missing not in (None, "not-collected") or value.comparator is not None


def hidden_row(anchor: str, worksheet: str, sealed: Sealed, secret: bytes) -> list[str]:
    """Anchor, worksheet, signature, then the sealed words in pieces that a cell can hold."""
    words = _words(sealed)
    pieces = [words[start : start + _LONGEST_PIECE] for start in range(0, len(words), _LONGEST_PIECE)]
    return [anchor, worksheet, _signature(words, secret), *pieces]


def identities(sheets: Sequence[RawSheet], secret: bytes) -> list[Found]:
    """What the hidden sheet says, in its order; empty without one. Rows that make no sense are left out: their worksheets are unknown."""
    hidden = next((sheet for sheet in sheets if sheet.name == HIDDEN_SHEET), None)
    if hidden is None or hidden.text(1, 1) != FORMAT:
        return []
    rows: dict[int, list[str]] = {}
    for cell in sorted(hidden.cells, key=lambda cell: (cell.row, cell.column)):
        rows.setdefault(cell.row, []).append(cell.value)
    told = (_found(texts, sheets, secret) for row, texts in rows.items() if row >= _FIRST_ROW)
    return [one for one in told if one]


def _found(texts: list[str], sheets: Sequence[RawSheet], secret: bytes) -> Found | None:
    if len(texts) < 4:
        return None
    anchor, worksheet, signature, *pieces = texts
    words = "".join(pieces)
    try:
        sealed = msgspec.json.decode(words, type=Sealed)
    except msgspec.MsgspecError:
        return None
    is_genuine = hmac.compare_digest(_signature(words, secret).encode(), signature.encode())
    return Found(_worksheet(anchor, worksheet, sheets), sealed, is_genuine)


def _worksheet(anchor: str, name: str, sheets: Sequence[RawSheet]) -> RawSheet | None:
    anchored = [sheet for sheet in sheets if anchor in sheet.anchors and sheet.name != HIDDEN_SHEET]
    named = [sheet for sheet in sheets if sheet.name == name and sheet.name != HIDDEN_SHEET]
    return next(iter(anchored or named), None)


def _words(sealed: Sealed) -> str:
    # Spreadsheet programs keep ASCII letter for letter; of other characters some change the form.
    return json.dumps(msgspec.to_builtins(sealed), separators=(",", ":"), sort_keys=True)


def _signature(words: str, secret: bytes) -> str:
    return hmac.new(secret, words.encode(), hashlib.sha256).hexdigest()
