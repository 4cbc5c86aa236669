"""Takes an uploaded workbook back into values: tells which forms it holds, and every error at once. Keeps nothing and guesses nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from kernel.vietnamese import NumberFormat, format_number

from .model import BLANK, CellRef, Sheet, Value
from .validation import check_entry
from .xlsx_compare import Misplaced, compare
from .xlsx_identity import HIDDEN_SHEET, Found, identities
from .xlsx_layout import layout_hash
from .xlsx_raw import Area, RawCell, RawSheet, a1, place_of
from .xlsx_values import Meaning, Problem, formula_trouble, value_of


class CellError(msgspec.Struct, frozen=True):
    """One thing that is wrong. `worksheet` and `a1` say where for people ("" for the whole file or sheet), `cell_key` for programs."""

    worksheet: str
    a1: str
    cell_key: str | None
    slug: str
    message: str
    parameters: dict[str, str] = {}


class Identified(NamedTuple):
    """A worksheet that says which form it is; `layout` is the hash of the form it was made from."""

    key: str
    worksheet: str
    labels: dict[str, str]
    layout: str


class Identification(NamedTuple):
    """What a file says that it holds, and what is wrong with its saying so. `ignored` are visible worksheets that say nothing."""

    sheets: tuple[Identified, ...]
    errors: tuple[CellError, ...]
    ignored: tuple[str, ...]


class Expected(msgspec.Struct, frozen=True):
    """What the worksheet of a key should be.

    A label that differs is an error `other-<label>`; `label_titles` and `label_words` are how a person reads labels and their values.
    `typable` are carried cells that are read too; `allows_targets` lets `≥ 8,5` and `8,2 - 8,6` stand for a target.
    """

    sheet: Sheet
    labels: Mapping[str, str] = {}
    label_titles: Mapping[str, str] = {}
    label_words: Mapping[str, str] = {}
    typable: frozenset[str] = frozenset()
    allows_targets: bool = False


class SheetReading(NamedTuple):
    """The values of all cells that can be typed into, blank ones too; those in `errors` are left out."""

    key: str
    worksheet: str
    labels: dict[str, str]
    values: dict[str, Value]
    errors: tuple[CellError, ...]


class Reading(NamedTuple):
    """All that was read. `errors` holds every error, those of the sheets too; with any of them nothing should be kept."""

    sheets: tuple[SheetReading, ...]
    errors: tuple[CellError, ...]
    ignored: tuple[str, ...]


def identify(raw: Sequence[RawSheet], secret: bytes) -> Identification:
    """Which forms the file holds, before anybody knows what to expect of them."""
    found = identities(raw, secret)
    sheets = tuple(
        Identified(one.sealed.key, one.worksheet.name, one.sealed.labels, one.sealed.layout)
        for one in found
        if one.worksheet and one.is_genuine
    )
    known = {one.worksheet.name for one in found if one.worksheet}
    ignored = tuple(sheet.name for sheet in raw if not sheet.is_hidden and sheet.name not in known)
    return Identification(sheets, tuple(_identity_errors(raw, found)), ignored)


def _identity_errors(raw: Sequence[RawSheet], found: Sequence[Found]) -> Iterator[CellError]:
    if not found:
        is_there = any(sheet.name == HIDDEN_SHEET for sheet in raw)
        yield _of_file("identity-altered" if is_there else "identity-missing", _NO_IDENTITY)
    for one in found:
        name = one.worksheet.name if one.worksheet else ""
        if not one.is_genuine:
            yield CellError(name, "", None, "identity-altered", _ALTERED)
        elif one.worksheet is None:
            yield _of_file("worksheet-missing", "Một trang tính của tệp mẫu đã bị xóa. Hãy tải lại tệp mẫu", key=one.sealed.key)


_NO_IDENTITY = "Tệp không phải là tệp mẫu tải từ hệ thống, hoặc trang tính ẩn của mẫu đã bị xóa. Hãy tải tệp mẫu rồi chép số liệu vào"
_ALTERED = "Thông tin nhận dạng của tệp mẫu đã bị sửa. Hãy tải lại tệp mẫu rồi chép số liệu vào"


def read_back(
    raw: Sequence[RawSheet],
    expected: Mapping[str, Expected],
    secret: bytes,
    *,
    number_format: NumberFormat | None = None,
) -> Reading:
    """The values of every expected worksheet, by the key of its identity. `number_format` settles what `1,234` as text means."""
    identification = identify(raw, secret)
    errors = list(identification.errors)
    found = {one.sealed.key: one for one in identities(raw, secret) if one.worksheet and one.is_genuine}
    sheets = []
    for key, one in found.items():
        if key in expected:
            sheets.append(_read_sheet(one, expected[key], number_format))
        elif one.worksheet:
            message = "Trang tính này không thuộc nơi đang nhập. Hãy chọn đúng tệp"
            errors.append(CellError(one.worksheet.name, "", None, "unexpected-worksheet", message, {"key": key}))
    told = {error.parameters.get("key") for error in errors}
    if found:
        errors += [
            _of_file("worksheet-missing", "Tệp thiếu trang tính cần nhập. Hãy tải lại tệp mẫu", key=key)
            for key in expected
            if key not in found and key not in told
        ]
    return Reading(tuple(sheets), (*errors, *(error for sheet in sheets for error in sheet.errors)), identification.ignored)


def _of_file(slug: str, message: str, **parameters: str) -> CellError:
    return CellError("", "", None, slug, message, parameters)


def _read_sheet(found: Found, expected: Expected, number_format: NumberFormat | None) -> SheetReading:
    raw, sealed = found.worksheet, found.sealed
    assert raw is not None
    errors = [CellError(raw.name, "", None, *told) for told in _other_labels(sealed.labels, expected)]
    if sealed.layout != layout_hash(expected.sheet):
        message = "Tệp được tạo từ một phiên bản khác của mẫu. Hãy tải tệp mẫu mới rồi chép số liệu vào"
        errors.append(CellError(raw.name, "", None, "other-layout", message))
    if errors:
        return SheetReading(sealed.key, raw.name, sealed.labels, {}, tuple(errors))
    misplaced = compare(raw, expected.sheet)
    reader = _Reader(raw, expected, Meaning(number_format, expected.allows_targets), sealed.remembered, misplaced)
    return SheetReading(sealed.key, raw.name, sealed.labels, *reader.read())


def _other_labels(labels: Mapping[str, str], expected: Expected) -> Iterator[tuple[str, str, dict[str, str]]]:
    for name, wanted in expected.labels.items():
        is_ = labels.get(name, "")
        if is_ != wanted:
            title = expected.label_titles.get(name, name)
            words = expected.label_words
            said = f"Tệp là của {title} “{words.get(is_, is_)}”, không phải “{words.get(wanted, wanted)}”"
            message = f"{said}. Hãy chọn đúng tệp hoặc tải tệp mẫu mới"
            yield f"other-{name}", message, {"found": is_, "expected": wanted}


def _out_of_range(ref: CellRef, value: Value) -> Problem | None:
    low, high, number = ref.limits.minimum, ref.limits.maximum, value.as_number
    most = number if value.maximum is None else value.maximum
    if number is None or most is None or ((low is None or number >= low) and (high is None or most <= high)):
        return None
    bounds = [f"{word} {format_number(bound)}" for word, bound in (("không nhỏ hơn", low), ("không lớn hơn", high)) if bound is not None]
    return Problem(
        "out-of-range",
        f"{format_number(number)} ngoài khoảng cho phép: {', '.join(bounds)}. Hãy kiểm tra lại số liệu và đơn vị tính",
        {"number": str(number), "minimum": "" if low is None else str(low), "maximum": "" if high is None else str(high)},
    )


class _Reader:
    """Reads the cells of one worksheet whose identity is beyond doubt."""

    def __init__(
        self,
        raw: RawSheet,
        expected: Expected,
        meaning: Meaning,
        remembered: Mapping[str, Value],
        misplaced: Misplaced,
    ) -> None:
        self._raw, self._expected, self._meaning = raw, expected, meaning
        self._remembered, self._misplaced = remembered, misplaced

    def read(self) -> tuple[dict[str, Value], tuple[CellError, ...]]:
        sheet = self._expected.sheet
        errors = [self._error(place, sheet, problem) for place, problem in self._misplaced.problems]
        errors += self._dangerous()
        merged = self._merged_inputs()
        errors += [self._merged_error(area) for area in dict.fromkeys(merged.values())]
        values: dict[str, Value] = {}
        for key, ref in sheet.refs.items():
            place = (ref.row.at, ref.column.at)
            if not self._is_read(ref) or place in merged:
                continue
            cell = self._raw.at.get(place)
            read = self._value(cell, ref) if cell else BLANK
            if isinstance(read, Problem):
                errors.append(self._error(a1(*place), sheet, read))
            else:
                values[key] = read
        return values, tuple(errors)

    def _is_read(self, ref: CellRef) -> bool:
        in_place = ref.row.at not in self._misplaced.rows and ref.column.at not in self._misplaced.columns
        return in_place and self._is_input(ref)

    def _is_input(self, ref: CellRef) -> bool:
        return ref.role == "input" or (ref.role == "carried" and ref.key in self._expected.typable)

    def _value(self, cell: RawCell, ref: CellRef) -> Value | Problem:
        value = value_of(cell, ref.row.kind, self._meaning, self._remembered.get(ref.key))
        if isinstance(value, Problem) or value.is_blank:
            return value
        if ref.role == "carried":
            value = msgspec.structs.replace(value, typed=True)
        finding = check_entry(self._expected.sheet, ref.key, value, self._expected.typable)
        if finding is None:
            return _out_of_range(ref, value) or value
        return Problem(finding.rule, finding.message, {name: str(told) for name, told in finding.parameters.items()})

    def _dangerous(self) -> list[CellError]:
        """Formulas that start programs, wherever they stand: of inputs they are told with the other errors of the cell."""
        inputs = {(ref.row.at, ref.column.at) for ref in self._expected.sheet.refs.values() if self._is_read(ref)}
        troubles = (
            (cell, formula_trouble(cell.formula)) for cell in self._raw.cells if cell.formula and (cell.row, cell.column) not in inputs
        )
        return [
            self._error(a1(cell.row, cell.column), self._expected.sheet, trouble)
            for cell, trouble in troubles
            if trouble and trouble.slug == "dangerous-formula"
        ]

    def _merged_inputs(self) -> dict[tuple[int, int], Area]:
        areas = self._raw.area_at
        places = ((ref.row.at, ref.column.at) for ref in self._expected.sheet.refs.values() if self._is_input(ref))
        return {place: areas[place] for place in places if place in areas}

    def _merged_error(self, area: Area) -> CellError:
        message = f"Các ô {area.a1} đã bị gộp trong vùng nhập số liệu. Hãy bỏ gộp ô (Unmerge Cells) rồi nhập lại từng ô"
        return CellError(self._raw.name, area.a1, None, "merged-cells", message, {"area": area.a1})

    def _error(self, place: str, sheet: Sheet, problem: Problem) -> CellError:
        key = sheet.key_at.get(place_of(place))
        return CellError(self._raw.name, place, key, problem.slug, problem.message, problem.parameters)
