"""Finds the header of a form in use and what its columns are for. Looks at no figures."""

import re
from typing import NamedTuple

from .xlsx_form_words import Place, clean, measure_of, place_of_header, title_likeness
from .xlsx_raw import RawSheet

_LOOKED_AT = 80  # no form has its header further down
_DEEPEST = 12  # nor one of more rows
_INDEX = re.compile(r"\(?[0-9]{1,2}\)?|\(?[A-Za-zĐđ]\)?|\(?[0-9]{1,2}\)?\s*=.*")
_FEWEST_INDICES = 3


class FoundColumn(NamedTuple):
    at: int
    path: tuple[str, ...]
    place: Place
    measure: str


class Header(NamedTuple):
    """Rows `top` to `bottom` hold the words; the form's rows begin at `body` (below the line of column numbers, where there is one)."""

    top: int
    bottom: int
    body: int
    columns: tuple[FoundColumn, ...]
    title: str
    title_row: int

    def column(self, place: Place) -> int:
        """The first column for `place`, 0 for none."""
        return next((column.at for column in self.columns if column.place == place), 0)


def find_header(raw: RawSheet) -> Header | None:
    """None where no row has a word that usually stands above a form's labels."""
    grid = _texts_by_row(raw)
    top = next((row for row in sorted(grid) if row <= _LOOKED_AT and _is_header(grid[row])), None)
    if top is None:
        return None
    bottom = _bottom(raw, top, grid)
    columns = _columns(raw, top, bottom)
    body = bottom + 2 if _is_index_row(grid.get(bottom + 1, {}), columns) else bottom + 1
    title, title_row = _title(grid, top)
    return Header(top, bottom, body, columns, title or clean(raw.name), title_row)


def _texts_by_row(raw: RawSheet) -> dict[int, dict[int, str]]:
    grid: dict[int, dict[int, str]] = {}
    for cell in raw.cells:
        text = clean(cell.value) if cell.row <= _LOOKED_AT + _DEEPEST + 1 else ""
        if text:
            grid.setdefault(cell.row, {})[cell.column] = text
    return grid


def _is_header(texts: dict[int, str]) -> bool:
    """A title may begin with the same words as a column of labels, but stands alone in its row."""
    places = [place_of_header(text) for text in texts.values()]
    return "label" in places and len(texts) > 1 and ("number" in places or "unit" in places or len(texts) > 2)


def _bottom(raw: RawSheet, top: int, grid: dict[int, dict[int, str]]) -> int:
    """Merged cells that begin in the header reach to its end; without them it ends where the columns of words begin to be filled."""
    fixed = {column for column, text in grid[top].items() if place_of_header(text) in ("number", "label", "unit", "code")}
    bottom, before = top, 0
    while bottom != before and bottom < top + _DEEPEST:
        before = bottom
        reached = max([bottom, *(area.bottom for area in raw.merges if top <= area.top <= bottom)])
        bottom = min(reached, top + _DEEPEST)
        below = grid.get(bottom + 1, {})
        spread = any(area.top == bottom and area.left < area.right for area in raw.merges)
        if spread and below and not fixed & below.keys():
            bottom += 1
    return bottom


def _columns(raw: RawSheet, top: int, bottom: int) -> tuple[FoundColumn, ...]:
    header = [cell.column for cell in raw.cells if top <= cell.row <= bottom]
    last = max([*header, *(area.right for area in raw.merges if top <= area.top <= bottom)])
    columns = []
    for at in range(1, last + 1):
        path = _path(raw, top, bottom, at)
        if path:
            place = place_of_header(" ".join(path))
            columns.append(FoundColumn(at, path, place, measure_of(path) if place == "figure" else ""))
    return tuple(_with_number_column(_one_label(columns)))


def _path(raw: RawSheet, top: int, bottom: int, column: int) -> tuple[str, ...]:
    origins = dict.fromkeys(raw.origin(row, column) for row in range(top, bottom + 1))
    return tuple(text for text in (clean(raw.at[place].value) for place in origins if place in raw.at) if text)


def _one_label(columns: list[FoundColumn]) -> list[FoundColumn]:
    """Only the first column of labels is one; later ones with such words hold figures."""
    label = next(column.at for column in columns if column.place == "label")
    return [
        column._replace(place="figure", measure=measure_of(column.path)) if column.place == "label" and column.at != label else column
        for column in columns
    ]


def _with_number_column(columns: list[FoundColumn]) -> list[FoundColumn]:
    """What stands left of the labels numbers them, whatever its header says."""
    label = next(column.at for column in columns if column.place == "label")
    if any(column.place == "number" for column in columns):
        return columns
    return [
        column._replace(place="number", measure="") if column.at == label - 1 and column.place == "figure" else column for column in columns
    ]


def _is_index_row(texts: dict[int, str], columns: tuple[FoundColumn, ...]) -> bool:
    label = next(column.at for column in columns if column.place == "label")
    return len(texts) >= _FEWEST_INDICES and label in texts and all(_INDEX.fullmatch(text) for text in texts.values())


def _title(grid: dict[int, dict[int, str]], top: int) -> tuple[str, int]:
    lines = [(title_likeness(text), text, row) for row, texts in grid.items() if row < top for text in texts.values()]
    best = max(lines, key=lambda line: line[0], default=(0.0, "", 0))
    return (best[1], best[2]) if best[0] > 0 else ("", 0)
