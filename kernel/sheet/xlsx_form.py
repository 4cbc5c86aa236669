"""Makes a sheet of an Excel form in use, and says where it was not sure. Publishes nothing: a person corrects the proposal."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from .model import Carried, Cell, Column, Layout, Role, Row, Sheet
from .xlsx_form_formulas import Folded, Sum, Where, fold, formulas_of, nested_sums
from .xlsx_form_header import FoundColumn, Header, find_header
from .xlsx_form_rows import FoundRow, find_rows
from .xlsx_form_words import key_of, unique_keys
from .xlsx_raw import FileLimits, RawSheet, a1

FORM_LIMITS = FileLimits(rows=3_000, columns=200, cells=60_000, characters=2_000_000)
"""For reading the file: taking formulas apart costs far more than reading figures."""


class Doubt(msgspec.Struct, frozen=True):
    """What a person should look at, at the place of the uploaded form ("" for the whole of it)."""

    a1: str
    slug: str
    message: str
    parameters: dict[str, str] = {}


class Proposal(NamedTuple):
    """`sheet` is None where not even a header was found; then the one doubt says so."""

    sheet: Sheet | None
    doubts: tuple[Doubt, ...]


class _Form(NamedTuple):
    raw: RawSheet
    header: Header
    rows: Sequence[FoundRow]
    figures: Sequence[FoundColumn]
    headings: frozenset[int]  # rows
    blocked: frozenset[Where]

    @property
    def subjects(self) -> list[FoundRow]:
        return [row for row in self.rows if row.at not in self.headings]


_COMPUTED_MEASURES = ("comparison",)
_ODDITIES = {
    "formula-unreadable": "Không hiểu công thức",
    "formula-outside-sheet": "Công thức lấy số liệu ngoài biểu này, nên ô được để nhập tay",
    "unknown-name": "Công thức dùng tên không có trong biểu, nên ô được để nhập tay",
    "constant-formula": "Công thức không tham chiếu ô nào, nên ô được để nhập tay",
}


def propose_sheet(raw: RawSheet) -> Proposal:
    """Header, rows, columns and formulas of an uploaded worksheet. Every row that holds figures gets its key (or its code) as subject."""
    header = find_header(raw)
    if header is None:
        message = "Không tìm thấy dòng tiêu đề có cột tên chỉ tiêu (hoặc nội dung) cùng cột số thứ tự hoặc đơn vị tính"
        return Proposal(None, (Doubt("", "header-not-found", message),))
    form = _form(raw, header)
    if not form.figures or not form.subjects:
        return Proposal(None, (Doubt(a1(header.top, 1), "no-figures", "Không tìm thấy cột hoặc dòng nào để nhập số liệu"),))
    places = [(row.at, column.at) for row in form.subjects for column in form.figures if (row.at, column.at) not in form.blocked]
    formulas, odd = formulas_of(raw, places)
    guessed = _columns(form)
    inputs = [column.at for column in guessed if column.role == "input"]
    folded = fold(formulas, [row.at for row in form.subjects], [column.at for column in guessed], inputs)
    columns = [_with_formula(column, folded) for column in guessed]
    sums = list(nested_sums(raw, form.subjects, _added_up(columns), {row for row, _ in formulas}))
    sheet = _sheet(form, columns, folded, [one for one in sums if one.is_shown])
    doubts = [
        *(Doubt(a1(*where), slug, f"{_ODDITIES[slug]}: {formula}", {"formula": formula}) for where, slug, formula in odd),
        *(doubt for column in columns for doubt in _column_doubts(form, column, formulas)),
        *_row_doubts(form),
        *_sum_doubts(sums, header),
        *_sheet_doubts(form),
    ]
    return Proposal(sheet, tuple(doubts))


def _form(raw: RawSheet, header: Header) -> _Form:
    rows = find_rows(raw, header)
    figures = [column for column in header.columns if column.place == "figure"]
    blocked = {(row.at, column.at) for row in rows for column in figures if raw.text(row.at, column.at).strip().lower() == "x"}
    has_units = bool(header.column("unit"))
    headings = {row.at for row in rows if _is_heading(row, has_units=has_units)}
    return _Form(raw, header, rows, figures, frozenset(headings), frozenset(blocked))


def _is_heading(row: FoundRow, *, has_units: bool) -> bool:
    """Words that others stand under, with nothing measured of its own."""
    return not row.has_figures and row.has_children and has_units and not row.unit_of_measure


def _columns(form: _Form) -> list[Column]:
    keys = _column_keys(form.figures)
    columns = []
    for found, key in zip(form.figures, keys, strict=True):
        role, carried = _role(form, found, keys)
        columns.append(
            Column(
                key=key,
                at=found.at,
                header=found.path,
                role=role,
                measure=found.measure,
                carried=carried,
                decimals=_column_decimals(form, found) if found.measure in _COMPUTED_MEASURES else None,
                width=form.raw.widths.get(found.at) or 12.0,
                unit_of_measure="%" if "%" in " ".join(found.path) else "",
            )
        )
    return columns


def _column_keys(figures: Sequence[FoundColumn]) -> list[str]:
    lowest = [key_of(column.path[-1]) for column in figures]
    often = Counter(lowest)
    return unique_keys([key if often[key] == 1 else key_of(" ".join(column.path)) for key, column in zip(lowest, figures, strict=True)])


def _role(form: _Form, found: FoundColumn, keys: Sequence[str]) -> tuple[Role, Carried | None]:
    source = _source(form.figures, found, keys)
    if source and found.measure == "same_period_last_year":
        return "carried", Carried(column=source, offset="same-last-year")
    if source and found.measure == "previous":
        return "carried", Carried(column=source, offset="previous")
    return "input", None


def _source(figures: Sequence[FoundColumn], found: FoundColumn, keys: Sequence[str]) -> str | None:
    """The column that this one was a period ago: the nearest actual one, else the nearest estimate."""
    for measure in ("actual", "estimate"):
        candidates = [(abs(column.at - found.at), key) for column, key in zip(figures, keys, strict=True) if column.measure == measure]
        if candidates:
            return min(candidates)[1]
    return None


def _column_decimals(form: _Form, found: FoundColumn) -> int | None:
    cells = [form.raw.at.get((row.at, found.at)) for row in form.subjects]
    decimals = Counter(cell.decimals for cell in cells if cell and cell.decimals is not None).most_common(1)
    return decimals[0][0] if decimals else None


def _added_up(columns: Sequence[Column]) -> list[int]:
    return [column.at for column in columns if column.role == "input" and column.measure not in _COMPUTED_MEASURES]


def _with_formula(column: Column, folded: Folded) -> Column:
    formula = folded.columns.get(column.at)
    return msgspec.structs.replace(column, role="formula", formula=formula, carried=None) if formula else column


def _sheet(form: _Form, columns: Sequence[Column], folded: Folded, sums: Sequence[Sum]) -> Sheet:
    keys = unique_keys([key_of(row.label) for row in form.rows])
    rows = tuple(_row(row, key, form, folded.rows.get(row.at)) for row, key in zip(form.rows, keys, strict=True))
    row_keys, column_keys = {row.at: row.key for row in rows}, {column.at: column.key for column in columns}

    def name(where: Where) -> str:
        return f"{row_keys[where[0]]}.{column_keys[where[1]]}"

    cells = {name(where): Cell(formula=formula) for where, formula in folded.cells.items()}
    cells |= {name((one.row, at)): Cell(formula=formula) for one in sums for at, formula in one.formulas.items()}
    cells |= {name(where): Cell(role="input") for where in folded.inputs}
    cells |= {name(where): Cell(blocked=True) for where in form.blocked if where[0] not in form.headings}
    header = form.header
    layout = Layout(
        header_top=header.top,
        header_bottom=header.bottom,
        number_column=header.column("number"),
        label_column=header.column("label"),
        unit_column=header.column("unit"),
        title_row=header.title_row,
    )
    return Sheet(title=header.title, rows=rows, columns=tuple(columns), cells=cells, layout=layout)


def _row(found: FoundRow, key: str, form: _Form, formula: str | None) -> Row:
    return Row(
        key=key,
        at=found.at,
        label=found.label,
        number=found.number,
        indent=found.depth,
        unit_of_measure=found.unit_of_measure,
        subject=None if found.at in form.headings else found.code or key,
        formula=formula,
        decimals=found.decimals,
    )


def _column_doubts(form: _Form, column: Column, formulas: dict[Where, str]) -> Iterator[Doubt]:
    place, name = a1(form.header.bottom, column.at), " / ".join(column.header)
    if column.measure == "":
        yield Doubt(place, "measure-unknown", f"Không rõ cột “{name}” là kế hoạch, thực hiện, lũy kế hay so sánh")
    if column.measure in _COMPUTED_MEASURES and column.role != "formula":
        yield Doubt(place, "comparison-without-formula", f"Cột “{name}” có vẻ là cột tính nhưng không có công thức chung")
    if column.role == "carried":
        yield Doubt(place, "carried-guessed", f"Cột “{name}” được đề xuất lấy tự động từ kỳ trước; hãy kiểm tra cột nguồn")
    if column.measure in ("plan", "year_to_date") and column.role == "input":
        yield Doubt(place, "source-unknown", f"Cột “{name}” được để nhập tay; nếu lấy từ biểu khác hoặc kỳ khác thì hãy chọn nguồn")
    cells = [form.raw.at.get((row.at, column.at)) for row in form.subjects]
    if any(cell and cell.is_percent for cell in cells):
        yield Doubt(place, "percent-format", f"Cột “{name}” hiển thị dạng phần trăm: hãy nhân công thức với 100 nếu muốn số liệu là %")


def _row_doubts(form: _Form) -> Iterator[Doubt]:
    label_at = form.header.column("label")
    for row in form.rows:
        place = a1(row.at, label_at)
        if row.at in form.headings:
            yield Doubt(place, "heading-guessed", f"Dòng “{row.label}” được coi là tiêu đề, không có số liệu")
        elif not row.unit_of_measure and form.header.column("unit"):
            yield Doubt(place, "unit-missing", f"Dòng “{row.label}” không có đơn vị tính")


def _sum_doubts(sums: Sequence[Sum], header: Header) -> Iterator[Doubt]:
    for row, formulas, is_shown in sums:
        formula = next(iter(formulas.values()))
        slug = "sum-guessed" if is_shown else "sum-possible"
        said = "được đề xuất là tổng của các dòng con" if is_shown else "có thể là tổng của các dòng con; biểu không có công thức"
        yield Doubt(a1(row, header.column("label")), slug, f"Dòng này {said}: {formula}", {"formula": formula})


def _sheet_doubts(form: _Form) -> Iterator[Doubt]:
    header = form.header
    if header.body > header.bottom + 1:
        yield Doubt(a1(header.bottom + 1, 1), "index-row-left-out", "Dòng đánh số cột (A, B, 1, 2…) không được giữ lại")
    for column in header.columns:
        if column.place == "note":
            name = " / ".join(column.path)
            yield Doubt(a1(header.top, column.at), "note-column-left-out", f"Cột “{name}” không chứa số liệu nên không được giữ lại")
    if not header.column("unit"):
        yield Doubt(a1(header.top, 1), "no-unit-column", "Biểu không có cột đơn vị tính")
    if form.raw.outside:
        yield Doubt("", "cells-outside", "Có ô có nội dung nằm quá xa nên không được đọc", {"count": str(form.raw.outside)})
