"""The provincial rollup of a form on the terminal, as on paper: Vietnamese numbers, coverage, what stands behind it."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from kernel.calendar import parse_period
from kernel.sheet.model import Column
from kernel.vietnamese import format_number

from .forms import Form

WIDTH_OF_A_FILE = 190
WIDTH_OF_WORDS = 64
"""Numbering, indicator and unit of measure, which stand beside every part of the table."""

WIDTH_OF_A_FIGURE = 17


def print_rollup(console: Console, form: Form, period: str, unit_name: str, rollup: Mapping[str, Any]) -> None:
    """The whole form; where the terminal is narrow, a few columns at a time."""
    wide = console if console.is_terminal else Console(file=console.file, width=WIDTH_OF_A_FILE, highlight=False)
    wide.print(f"\n{form.name} · {parse_period(period).title} · {unit_name}", style="bold")
    for columns in _side_by_side(form.sheet.columns, wide.width):
        wide.print(_table(form, columns, rollup["cells"]))
    coverage = rollup["coverage"]
    wide.print(
        f"{coverage['reported']}/{coverage['expected']} xã, phường đã có số liệu được duyệt · số liệu đã duyệt · "
        f"nhật ký đến số {format_number(Decimal(rollup['seq']))} · * chưa đủ đơn vị"
    )


def _side_by_side(columns: Sequence[Column], width: int) -> Iterator[Sequence[Column]]:
    """As many columns as fit, at least one."""
    fit = max(1, (width - WIDTH_OF_WORDS) // WIDTH_OF_A_FIGURE)
    for start in range(0, len(columns), fit):
        yield columns[start : start + fit]


def _table(form: Form, columns: Sequence[Column], cells: Mapping[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("TT", no_wrap=True)
    table.add_column("Chỉ tiêu", max_width=42)
    table.add_column("Đơn vị tính", max_width=12)
    for column in columns:
        table.add_column("\n".join(column.header), justify="right", min_width=WIDTH_OF_A_FIGURE - 3, max_width=WIDTH_OF_A_FIGURE - 1)
    for row in form.sheet.rows:
        figures = [_figure(form, f"{row.key}.{column.key}", cells) for column in columns]
        table.add_row(row.number, "  " * row.indent + row.label, row.unit_of_measure, *figures)
    return table


def _figure(form: Form, key: str, cells: Mapping[str, Any]) -> str:
    """The number in its decimals; `-` for nil, `…` for what is missing, `*` where not everybody has reported it."""
    ref = form.sheet.refs.get(key)
    if ref is None:
        return ""
    cell = cells.get(key, {})
    value = cell.get("value") or {}
    if value.get("nil"):
        return "-"
    if value.get("number") is None:
        return str(value.get("text") or "…")
    number = Decimal(value["number"])
    return format_number(number, ref.decimals) + ("*" if cell.get("given", 0) < cell.get("expected", 0) else "")
