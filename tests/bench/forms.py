"""Forms of any size to measure with, and figures for them: rows in groups under their sum, typed columns and columns of percentages."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from openpyxl.utils import get_column_letter

from contracts.templates import AddingUp, IndicatorDefinedV1, Step
from kernel.sheet.model import Column, Layout, Row, Sheet, Value
from ktxh.demo.forms.form import TWO_STEPS, Form

FIRST_ROW, FIRST_COLUMN, GROUP = 7, 4, 10
"""Ten rows are a group: a sum and its nine parts."""


def form(code: str, rows: int, typed: int, computed: int, route: Sequence[Step] = TWO_STEPS) -> Form:
    """A monthly form of the health sector. Each computed column is a percentage of two typed ones; `typed` ≥ 2 where there are any."""
    lines = [_row(code, n, rows) for n in range(rows)]
    columns = [*(_typed(n) for n in range(typed)), *(_computed(n, typed) for n in range(computed))]
    return Form(
        code=code,
        name=f"Biểu đo {code}",
        sector="health",
        owner_sector="health",
        period_type="month",
        sheet=Sheet(f"BIỂU ĐO {code}", tuple(lines), tuple(columns), layout=Layout(header_top=5, header_bottom=6)),
        indicators={line.subject or "": _indicator(line) for line in lines},
        route=tuple(route),
    )


def _row(code: str, n: int, rows: int) -> Row:
    at, place = FIRST_ROW + n, n % GROUP
    last = FIRST_ROW + min(n + GROUP, rows) - 1
    is_sum = place == 0 and last > at
    letter = get_column_letter(FIRST_COLUMN)
    formula = f"=SUM({letter}{at + 1}:{letter}{last})" if is_sum else None
    label = f"Nhóm {n // GROUP + 1}" if place == 0 else f"Chỉ tiêu {n}"
    return Row(
        f"r{n}", at, label, number=str(n + 1), indent=int(place > 0), unit_of_measure="người", subject=f"DO.{code}.{n}", formula=formula
    )


def _typed(n: int) -> Column:
    return Column(f"c{n}", FIRST_COLUMN + n, (f"Cột {n + 1}",), measure="actual")


def _computed(n: int, typed: int) -> Column:
    above, below = FIRST_COLUMN + n % typed, FIRST_COLUMN + (n + 1) % typed
    formula = f"={get_column_letter(above)}{FIRST_ROW}/{get_column_letter(below)}{FIRST_ROW}*100"
    return Column(f"p{n}", FIRST_COLUMN + typed + n, (f"Tỷ lệ {n + 1} (%)",), "formula", "share", formula, decimals=1, unit_of_measure="%")


def _indicator(line: Row) -> IndicatorDefinedV1:
    return IndicatorDefinedV1(line.subject or "", line.label, "người", "health", AddingUp("sum", "sum"), minimum="0")


def typed_values(sheet: Sheet, seed: int = 0) -> dict[str, Value]:
    """A whole number for every input, another one for another seed."""
    inputs = (key for key, ref in sheet.refs.items() if ref.role == "input" and ref.row.kind == "number")
    return {key: Value(number=Decimal(1000 + (n * 37 + seed * 101) % 9000)) for n, key in enumerate(inputs)}


def as_texts(values: Mapping[str, Value]) -> dict[str, str]:
    """As the API takes plain numbers."""
    return {key: f"{value.number:f}" for key, value in values.items()}


def size_of(sheet: Sheet) -> str:
    """`500 × 24: 12000 cells, 7200 typed, 4800 computed`."""
    roles = [ref.role for ref in sheet.refs.values()]
    rows = sum(row.subject is not None for row in sheet.rows)
    words = [f"{rows} × {len(sheet.columns)}: {len(roles)} cells", f"{roles.count('input')} typed", f"{roles.count('formula')} computed"]
    carried = roles.count("carried")
    return ", ".join([*words, f"{carried} carried"] if carried else words)
