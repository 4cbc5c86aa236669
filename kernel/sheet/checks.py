"""Finds what forbids publishing a sheet, naming cell and cause; whether figures add up is for others to say."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from .formulas import HEAVIEST_CHAIN, cells_of
from .model import CellRef, Sheet
from .references import LAST_COLUMN, LAST_ROW, Area, Parsed, Place, parse
from .trial import is_condition, is_known_function, refused

KEY = re.compile(r"[a-z0-9_]+", re.ASCII)
VOLATILE = frozenset({"NOW", "TODAY", "RAND", "RANDBETWEEN", "RANDARRAY", "OFFSET", "INDIRECT", "INFO", "CELL"})
"""Functions whose result changes though no figure does, or that read cells which the formula doesn't name."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What forbids publishing. `cell` is a cell's key, else a place such as D7, else empty; `detail` is Vietnamese."""

    slug: str
    cell: str
    detail: str
    parameters: dict[str, str] = {}


def check(sheet: Sheet, units_of_measure: Mapping[str, str] | None = None) -> list[Problem]:
    """Everything that forbids publishing the sheet. `units_of_measure`: subject → its unit of measure, compared where given.

    Slugs: bad-key, duplicate-key, duplicate-place, bad-place, unknown-cell, no-subject, no-formula, unused-formula, no-source,
    bad-limits, unit-of-measure, syntax, unknown-function, unknown-name, volatile, outside, unbounded, reads-text, cycle, too-deep,
    spill, bad-rule. Formulas are looked at once keys and places are right.
    """
    found = [*_keys(sheet), *_places(sheet)]
    if found:
        return found
    found += [*_cells(sheet), *_rows(sheet), *_columns(sheet), *_limits(sheet), *_units_of_measure(sheet, units_of_measure or {})]
    formulas = [problem for ref in sheet.refs.values() if ref.formula for problem in _formula(sheet, ref)]
    found += [*formulas, *_cycles(sheet), *_too_deep(sheet), *_rules(sheet)]
    return found if formulas else [*found, *_refused_by_engine(sheet)]


def _keys(sheet: Sheet) -> Iterator[Problem]:
    for keys in ([row.key for row in sheet.rows], [column.key for column in sheet.columns], [rule.key for rule in sheet.rules]):
        for key, times in Counter(keys).items():
            if not KEY.fullmatch(key):
                yield Problem("bad-key", key, f"Mã “{key}” chỉ được gồm chữ thường không dấu, chữ số và dấu gạch dưới.")
            if times > 1:
                yield Problem("duplicate-key", key, f"Mã “{key}” được dùng {times} lần. Mỗi dòng, mỗi cột phải có mã riêng.")


def _places(sheet: Sheet) -> Iterator[Problem]:
    layout = sheet.layout
    labels = {layout.number_column, layout.label_column, layout.unit_column} - {0}
    for row, times in Counter(row.at for row in sheet.rows).items():
        if times > 1:
            yield Problem("duplicate-place", f"A{row}", f"Có {times} dòng cùng đặt ở dòng {row} của bảng tính.")
        if not layout.header_bottom < row <= LAST_ROW:
            yield Problem("bad-place", f"A{row}", f"Dòng số liệu không đặt được ở dòng {row}: đó là phần tiêu đề hoặc ngoài bảng tính.")
    for column, times in Counter(column.at for column in sheet.columns).items():
        if not 1 <= column < LAST_COLUMN or column in labels:
            yield Problem("bad-place", "", f"Cột số liệu không đặt được ở cột thứ {column} của bảng tính.", {"column": str(column)})
        elif times > 1:
            place = str(Place(max(layout.header_top, 1), column))
            yield Problem("duplicate-place", place, f"Có {times} cột cùng đặt ở cột thứ {column} của bảng tính.")


def _cells(sheet: Sheet) -> Iterator[Problem]:
    known = {f"{row.key}.{column.key}" for row in sheet.rows for column in sheet.columns}
    for key, cell in sheet.cells.items():
        if key not in known:
            yield Problem("unknown-cell", key, f"Ô “{key}” không thuộc dòng và cột nào của biểu mẫu.")
        if cell.formula and (cell.blocked or cell.role in ("input", "carried")):
            yield Problem("unused-formula", key, "Ô có công thức riêng nhưng lại không phải ô công thức.")
    for key, ref in sheet.refs.items():
        if ref.role == "formula" and ref.formula is None:
            yield Problem("no-formula", key, f"Ô {_place(ref)} là ô công thức nhưng không có công thức.")


def _rows(sheet: Sheet) -> Iterator[Problem]:
    own = {key.partition(".")[0] for key, cell in sheet.cells.items() if not cell.blocked}
    for row in sheet.rows:
        if row.subject is None and (row.formula or row.unit_of_measure or row.kind == "text" or row.key in own):
            yield Problem("no-subject", f"A{row.at}", f"Dòng “{row.label}” nhận số liệu nhưng chưa gắn chỉ tiêu.", {"row": row.key})
        if row.formula and sheet.first_input_column is None:
            yield Problem("unused-formula", f"A{row.at}", f"Dòng “{row.label}” có công thức nhưng biểu mẫu không có cột nhập liệu.")


def _columns(sheet: Sheet) -> Iterator[Problem]:
    for column in sheet.columns:
        place, name = str(Place(max(sheet.layout.header_top, 1), column.at)), " – ".join(column.header)
        if column.role == "formula" and not column.formula:
            yield Problem("no-formula", place, f"Cột “{name}” là cột công thức nhưng chưa có công thức.", {"column": column.key})
        if column.role != "formula" and column.formula:
            yield Problem("unused-formula", place, f"Cột “{name}” có công thức nhưng không phải cột công thức.", {"column": column.key})
        if column.role == "carried" and column.carried is None:
            yield Problem("no-source", place, f"Cột “{name}” lấy số liệu từ nơi khác nhưng chưa nói lấy từ đâu.", {"column": column.key})


def _limits(sheet: Sheet) -> Iterator[Problem]:
    for key, ref in sheet.refs.items():
        low, high, jump = ref.limits.minimum, ref.limits.maximum, ref.limits.jump
        if low is not None and high is not None and low > high:
            yield Problem("bad-limits", key, f"Ô {_place(ref)}: mức thấp nhất lớn hơn mức cao nhất.")
        if jump is not None and jump < 1:
            yield Problem("bad-limits", key, f"Ô {_place(ref)}: tỷ lệ thay đổi so với kỳ trước phải từ 1 trở lên.")
        if not 0 <= ref.decimals <= 10:
            yield Problem("bad-limits", key, f"Ô {_place(ref)}: số chữ số thập phân phải từ 0 đến 10.")


def _units_of_measure(sheet: Sheet, units: Mapping[str, str]) -> Iterator[Problem]:
    for row in sheet.rows:
        expected = units.get(row.subject) if row.subject is not None else None
        if expected is None or not row.unit_of_measure or _folded(expected) == _folded(row.unit_of_measure):
            continue
        detail = f"Dòng “{row.label}”: đơn vị tính trên biểu là “{row.unit_of_measure}”, của chỉ tiêu là “{expected}”."
        yield Problem("unit-of-measure", f"A{row.at}", detail, {"row": row.key, "here": row.unit_of_measure, "expected": expected})


def _folded(unit: str) -> str:
    return " ".join(unicodedata.normalize("NFC", unit).casefold().split())


def _formula(sheet: Sheet, ref: CellRef) -> Iterator[Problem]:
    for slug, detail, what in _faults(sheet, parse(ref.formula or "")):
        yield Problem(slug, ref.key, f"Ô {_place(ref)}: {detail}", {"formula": ref.formula or "", "what": what})


def _faults(sheet: Sheet, parsed: Parsed) -> Iterator[tuple[str, str, str]]:
    """(slug, Vietnamese sentence, what it is about) of everything wrong with one formula by itself."""
    if not parsed.is_sound:
        yield "syntax", "công thức viết sai cú pháp, hãy xem lại dấu ngoặc, dấu phẩy và phép tính.", ""
        return
    for function in sorted(parsed.functions):
        if function in VOLATILE:
            yield "volatile", f"hàm {function} tự thay đổi kết quả nên không dùng được trong biểu mẫu.", function
        elif not is_known_function(function):
            yield "unknown-function", f"không có hàm {function}.", function
    for name in parsed.names:
        yield "unknown-name", f"không hiểu “{name}” trong công thức.", name
    for text in parsed.outside:
        yield "outside", f"công thức đọc “{text}” nằm ngoài trang của biểu mẫu.", text
    for text in parsed.unbounded:
        yield "unbounded", f"“{text}” đọc cả cột hoặc cả dòng, hãy ghi rõ từ ô nào đến ô nào.", text
    for area in parsed.areas:
        yield from _area_faults(sheet, area)


def _area_faults(sheet: Sheet, area: Area) -> Iterator[tuple[str, str, str]]:
    _, _, bottom, right = area.box
    cells = list(cells_of(sheet, area))
    if area.last is not None and (bottom == LAST_ROW or right == LAST_COLUMN):
        yield "unbounded", f"vùng {area} kéo đến hết bảng tính, hãy ghi rõ từ ô nào đến ô nào.", str(area)
    elif not cells:
        yield "outside", f"công thức đọc {area} nhưng ở đó không có ô số liệu nào.", str(area)
    elif area.last is None and sheet.refs[cells[0]].row.kind == "text" and not sheet.refs[cells[0]].formula:
        yield "reads-text", f"công thức đọc ô {area} ghi bằng chữ; chữ không đưa vào tính toán.", str(area)


def _cycles(sheet: Sheet) -> Iterator[Problem]:
    circular, seen = sheet.graph.circular, set[str]()
    for start in sheet.refs:
        if start not in circular or start in seen:
            continue
        path = _walk(sheet, start, circular, seen)
        if path:
            names = " → ".join(_place(sheet.refs[key]) for key in [*path, path[0]])
            yield Problem("cycle", path[0], f"Công thức tính vòng: {names}.", {"cells": " ".join(path)})


def _walk(sheet: Sheet, start: str, circular: frozenset[str], seen: set[str]) -> list[str]:
    """Back along what the cells read until one comes again: that is a cycle. Empty where it was walked before."""
    path, here = dict[str, None](), start
    while here not in path:
        if here in seen:
            return []
        seen.add(here)
        path[here] = None
        here = next(cell for cell in sheet.graph.precedents[here] if cell in circular)
    steps = list(path)
    return steps[steps.index(here) :]


def _too_deep(sheet: Sheet) -> Iterator[Problem]:
    for key in sheet.refs:
        if key in sheet.graph.too_deep:
            detail = f"Ô {_place(sheet.refs[key])}: công thức nối nhau quá dài (tối đa {HEAVIEST_CHAIN} bước), hãy dùng SUM hoặc chia nhỏ."
            yield Problem("too-deep", key, detail)
            return


def _rules(sheet: Sheet) -> Iterator[Problem]:
    for rule in sheet.rules:
        parsed = parse(rule.formula)
        faults = list(_faults(sheet, parsed))
        if not faults and parsed.weight > HEAVIEST_CHAIN:
            faults = [("too-deep", "công thức quá dài.", "")]
        if not faults and not is_condition(sheet, parsed.moved(0, 0)):
            faults = [("not-a-condition", "kết quả phải là đúng hoặc sai.", "")]
        for cell in rule.cells:
            if cell not in sheet.refs:
                faults.append(("unknown-cell", f"biểu mẫu không có ô “{cell}”.", cell))
        for slug, detail, what in faults:
            yield Problem("bad-rule", "", f"Quy tắc “{rule.key}”: {detail}", {"rule": rule.key, "cause": slug, "what": what})


def _refused_by_engine(sheet: Sheet) -> Iterator[Problem]:
    for key, answer in refused(sheet):
        place = _place(sheet.refs[key])
        if answer == "#SPILL!":
            yield Problem("spill", key, f"Ô {place}: công thức cho nhiều kết quả, tràn sang ô khác. Mỗi công thức chỉ được cho một số.")
        else:
            yield Problem("syntax", key, f"Ô {place}: công thức thiếu hoặc thừa thành phần trong một hàm.", {"answer": answer})


def _place(ref: CellRef) -> str:
    return str(Place(ref.row.at, ref.column.at))
