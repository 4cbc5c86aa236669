"""Whether an uploaded worksheet still has its form's rows and columns where they belong. Looks at no figures."""

from collections import defaultdict
from typing import NamedTuple

from .model import Column, Row, Sheet
from .xlsx_layout import header_path, last_printed_row, same_words
from .xlsx_raw import RawSheet, a1, column_letters
from .xlsx_values import Problem

_LOOKED_BELOW = 200  # rows that somebody inserted push the others down
_LOOKED_AT = 1_000  # characters of a label


class Misplaced(NamedTuple):
    """What is not as it should be: the problems by place, and the rows and columns that are not there: no figure of theirs is read."""

    problems: list[tuple[str, Problem]]
    rows: frozenset[int]
    columns: frozenset[int]


def compare(raw: RawSheet, sheet: Sheet) -> Misplaced:
    columns, rows = _columns(raw, sheet), _rows(raw, sheet)
    return Misplaced([*columns.values(), *rows.values()], _absent(rows), _absent(columns))


def _absent(problems: dict[int, tuple[str, Problem]]) -> frozenset[int]:
    """What only has other words is in its place, and what is wrong with its figures is told too."""
    return frozenset(at for at, (_, problem) in problems.items() if not problem.slug.endswith("-changed"))


def _columns(raw: RawSheet, sheet: Sheet) -> dict[int, tuple[str, Problem]]:
    found = {column: _found_path(raw, sheet, column) for column in _filled_header_columns(raw, sheet)}
    expected = {column.at: _path(header_path(sheet, column)) for column in sheet.columns}
    places = defaultdict[tuple[str, ...], list[int]](list)
    for at, path in found.items():
        if expected.get(at) != path:
            places[path].append(at)
    wrong = {}
    for column in sheet.columns:
        path = expected[column.at]
        if found.get(column.at, ("",)) != path:
            place = a1(sheet.layout.header_bottom, column.at)
            wrong[column.at] = place, _column_problem(column, places.get(path, []), found.get(column.at, ()), set(expected.values()))
    return wrong


def _filled_header_columns(raw: RawSheet, sheet: Sheet) -> set[int]:
    header = range(sheet.layout.header_top, sheet.layout.header_bottom + 1)
    merged = {column for area in raw.merges if area.top in header for column in range(area.left, area.right + 1)}
    return merged | {cell.column for cell in raw.cells if cell.row in header}


def _found_path(raw: RawSheet, sheet: Sheet, column: int) -> tuple[str, ...]:
    origins = dict.fromkeys(raw.origin(row, column) for row in range(sheet.layout.header_top, sheet.layout.header_bottom + 1))
    return _path(tuple(raw.at[place].value[:_LOOKED_AT] for place in origins if place in raw.at))


def _path(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(words for words in map(same_words, texts) if words) or ("",)


def _column_problem(column: Column, elsewhere: list[int], found: tuple[str, ...], expected: set[tuple[str, ...]]) -> Problem:
    name = " / ".join(column.header)
    if elsewhere:
        place = column_letters(elsewhere[0])
        return Problem(
            "column-moved",
            f"Cột “{name}” phải ở cột {column_letters(column.at)} nhưng đang ở cột {place}",
            {"column": column.key, "found": place},
        )
    if any(found) and found not in expected:
        shown = " / ".join(found)
        return Problem(
            "header-changed", f"Tiêu đề cột đã bị sửa: phải là “{name}”, đang là “{shown}”", {"column": column.key, "found": shown}
        )
    return Problem("column-missing", f"Thiếu cột “{name}” (phải ở cột {column_letters(column.at)})", {"column": column.key})


def _rows(raw: RawSheet, sheet: Sheet) -> dict[int, tuple[str, Problem]]:
    at = sheet.layout.label_column
    if not at:
        return {}
    rows = range(sheet.layout.header_bottom + 1, last_printed_row(sheet) + _LOOKED_BELOW)
    found = {cell.row: same_words(cell.value[:_LOOKED_AT]) for cell in raw.cells if cell.column == at and cell.row in rows}
    expected = {row.at: same_words(row.label[:_LOOKED_AT]) for row in sheet.rows}
    places = defaultdict[str, list[int]](list)
    for place, words in sorted(found.items()):
        if expected.get(place) != words:
            places[words].append(place)
    wrong = {}
    for row in sheet.rows:
        problem = _row_problem(raw, sheet, row, found.get(row.at, ""), places, set(expected.values()))
        if problem:
            wrong[row.at] = a1(row.at, at), problem
    return wrong


def _row_problem(raw: RawSheet, sheet: Sheet, row: Row, found: str, places: dict[str, list[int]], expected: set[str]) -> Problem | None:
    if found == same_words(row.label[:_LOOKED_AT]):
        return _unit_problem(raw, sheet, row)
    elsewhere = places.get(same_words(row.label[:_LOOKED_AT]))
    if elsewhere and row.label.strip():
        return Problem(
            "row-moved",
            f"Dòng “{row.label}” phải ở dòng {row.at} nhưng đang ở dòng {elsewhere[0]}",
            {"row": row.key, "found": str(elsewhere[0])},
        )
    if found and found not in expected:
        shown = raw.text(row.at, sheet.layout.label_column).strip()
        return Problem("label-changed", f"Tên dòng đã bị sửa: phải là “{row.label}”, đang là “{shown}”", {"row": row.key, "found": shown})
    return Problem("row-missing", f"Thiếu dòng “{row.label}” (phải ở dòng {row.at})", {"row": row.key})


def _unit_problem(raw: RawSheet, sheet: Sheet, row: Row) -> Problem | None:
    column = sheet.layout.unit_column
    if not column or same_words(raw.text(row.at, column)) == same_words(row.unit_of_measure):
        return None
    shown = raw.text(row.at, column).strip()
    return Problem(
        "unit-changed",
        f"Đơn vị tính của “{row.label}” phải là “{row.unit_of_measure}”, đang là “{shown}”",
        {"row": row.key, "found": shown},
    )
