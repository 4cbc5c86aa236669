"""Makes sheets from lines and columns named by code: every A1 address is computed here, so that none can drift from its row."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from openpyxl.utils import get_column_letter

from contracts.templates import IndicatorDefinedV1
from kernel.sheet.model import Carried, Cell, Column, Layout, Limits, Role, Row, Rule, Sheet

from ..indicators import TEXT_UNIT, known, row_key

Nature = Literal["flow", "stock", "mean", "ratio", "index", "text"]
"""What a line's figures are, which says in which columns they make sense."""

HEADER_TOP = 5
FIRST_COLUMN = 4
_NAMED = re.compile(r"\{([^{}@]*)(?:@([a-z0-9_]+))?\}")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the form; without `code` a heading. `formula` names other lines by code in braces: `{A}/{B}*100`."""

    code: str = ""
    number: str = ""
    label: str = ""
    indent: int = 0
    formula: str = ""
    to_date: bool = False  # a ratio that is also meaningful of the year to date
    planned: bool = False
    optional: bool = False
    as_input: bool = False  # typed although it is a total elsewhere, as in a plan

    @property
    def indicator(self) -> IndicatorDefinedV1:
        return known()[self.code].indicator

    @property
    def parts(self) -> tuple[str, ...]:
        return () if self.as_input else known()[self.code].nature.parts

    @property
    def nature(self) -> Nature:
        indicator = self.indicator
        if indicator.unit_of_measure == TEXT_UNIT:
            return "text"
        if indicator.adding_up.over_units == "weighted_mean":
            return "mean"
        if indicator.adding_up.over_units == "none":
            return "ratio" if self.formula else "index"
        return "stock" if indicator.adding_up.over_time == "last" else "flow"


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """A column of the form. `formula` names other columns of the same row in braces; `holds` says which lines have a cell in it."""

    key: str
    header: tuple[str, ...]
    role: Role = "input"
    measure: str = "actual"
    formula: str = ""
    carried: Carried | None = None
    holds: frozenset[Nature] = frozenset({"flow", "stock", "mean", "ratio", "index"})
    planned_only: bool = False
    of_ratios: bool = False  # ratios that say so are computed anew in this column
    decimals: int | None = None
    unit_of_measure: str = ""
    width: float = 13.0


@dataclass(frozen=True, slots=True)
class Check:
    """A validation rule; the formula names cells as `{CODE@column}`."""

    key: str
    formula: str
    message: str
    is_warning: bool = False


def heading(number: str, label: str) -> Line:
    return Line(number=number, label=label)


@dataclass(frozen=True, slots=True)
class _Places:
    rows: Mapping[str, int]
    columns: Mapping[str, int]

    def in_a1(self, formula: str, row: int, column: int) -> str:
        """The formula with every name in braces replaced by its address; a part that isn't named is that of the place itself."""

        def address(found: re.Match[str]) -> str:
            code, column_key = found[1], found[2]
            at_row = self.rows.get(code, row)
            at_column = self.columns[column_key or code] if column_key or code not in self.rows else column
            return f"{get_column_letter(at_column)}{at_row}"

        return "=" + _NAMED.sub(address, formula)


def sheet(title: str, lines: Sequence[Line], columns: Sequence[ColumnPlan], checks: Iterable[Check] = ()) -> Sheet:
    """The sheet of a form: title on top, a header as deep as its longest path, and the lines below it in order."""
    depth = max(len(column.header) for column in columns)
    top = HEADER_TOP + depth
    places = _Places(
        rows={line.code: top + index for index, line in enumerate(lines) if line.code},
        columns={column.key: FIRST_COLUMN + index for index, column in enumerate(columns)},
    )
    first_input = next(places.columns[column.key] for column in columns if column.role == "input")
    first_row = next(places.rows[line.code] for line in lines if line.code)
    return Sheet(
        title=title,
        rows=tuple(_row(line, top + index, places, first_input) for index, line in enumerate(lines)),
        columns=tuple(_column(column, places, first_row) for column in columns),
        cells=_cells(lines, columns, places),
        rules=tuple(_rule(check, places) for check in (*_parts_within_wholes(lines, columns), *checks)),
        limits={line.code: limits_of(line.indicator) for line in lines if line.code},
        layout=Layout(header_top=HEADER_TOP, header_bottom=top - 1),
    )


def limits_of(indicator: IndicatorDefinedV1) -> Limits:
    return Limits(
        minimum=_number(indicator.minimum),
        maximum=_number(indicator.maximum),
        decimals=indicator.decimals,
        jump=_number(indicator.jump),
    )


def indicators_of(lines: Iterable[Line]) -> dict[str, IndicatorDefinedV1]:
    return {line.code: line.indicator for line in lines if line.code}


def sum_of(codes: Sequence[str], rows: Mapping[str, int]) -> str:
    """The sum of lines: one range where they stand together, else each named."""
    places = [rows[code] for code in codes]
    if len(places) > 1 and places == list(range(places[0], places[0] + len(places))):
        return f"SUM({{{codes[0]}}}:{{{codes[-1]}}})"
    return "+".join(f"{{{code}}}" for code in codes)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _row(line: Line, at: int, places: _Places, first_input: int) -> Row:
    if not line.code:
        return Row(key=f"muc_{at}", at=at, label=line.label, number=line.number)
    indicator = line.indicator
    is_text = line.nature == "text"
    formula = line.formula or (sum_of(line.parts, places.rows) if line.parts else "")
    return Row(
        key=row_key(line.code),
        at=at,
        label=line.label or indicator.name,
        number=line.number,
        indent=line.indent,
        unit_of_measure=indicator.unit_of_measure,
        subject=line.code,
        formula=places.in_a1(formula, at, first_input) if formula else None,
        kind="text" if is_text else "number",
    )


def _column(column: ColumnPlan, places: _Places, first_row: int) -> Column:
    at = places.columns[column.key]
    return Column(
        key=column.key,
        at=at,
        header=column.header,
        role=column.role,
        measure=column.measure,
        formula=places.in_a1(column.formula, first_row, at) if column.formula else None,
        carried=column.carried,
        decimals=column.decimals,
        width=column.width,
        unit_of_measure=column.unit_of_measure,
    )


def _cells(lines: Sequence[Line], columns: Sequence[ColumnPlan], places: _Places) -> dict[str, Cell]:
    """What single cells have of their own: crossed out, optional, or the ratio of the year to date instead of a sum of ratios."""
    cells = {}
    for line in lines:
        for column in columns:
            cell = _cell(line, column, places) if line.code else None
            if cell is not None:
                cells[f"{row_key(line.code)}.{column.key}"] = cell
    return cells


def _cell(line: Line, column: ColumnPlan, places: _Places) -> Cell | None:
    if line.nature == "ratio" and column.of_ratios and line.to_date:
        return Cell(formula=places.in_a1(line.formula, places.rows[line.code], places.columns[column.key]))
    if line.nature not in column.holds or (column.planned_only and not line.planned):
        return Cell(blocked=True)
    is_typed = column.role == "input" and not line.formula and not line.parts
    return Cell(required=False) if is_typed and line.optional else None


def _rule(check: Check, places: _Places) -> Rule:
    cells = dict.fromkeys(f"{row_key(code)}.{column}" for code, column in _NAMED.findall(check.formula))
    return Rule(
        key=check.key,
        formula=places.in_a1(check.formula, 0, 0),
        message=check.message,
        severity="warning" if check.is_warning else "error",
        cells=tuple(cells),
    )


def _parts_within_wholes(lines: Sequence[Line], columns: Sequence[ColumnPlan]) -> list[Check]:
    """A line *trong đó* must not exceed what it is part of, in every typed column that has both."""
    on_form = {line.code for line in lines if line.code}
    return [
        _part_within_whole(line, column.key)
        for line in lines
        if line.code and _is_part(line, on_form)
        for column in columns
        if column.role == "input" and line.nature in column.holds
    ]


def _is_part(line: Line, on_form: set[str]) -> bool:
    nature = known()[line.code].nature
    return bool(nature.whole) and nature.high <= 1 and not nature.by and on_form.issuperset(nature.whole)


def _part_within_whole(line: Line, column: str) -> Check:
    whole = known()[line.code].nature.whole
    names = " và ".join(f"“{known()[code].indicator.name}”" for code in whole)
    return Check(
        key=f"trong_do_{row_key(line.code)}_{column}",
        formula=f"{{{line.code}@{column}}}<={'+'.join(f'{{{code}@{column}}}' for code in whole)}",
        message=f"“{line.label or line.indicator.name}” không được lớn hơn {names}. Kiểm tra lại các dòng này.",
    )
