"""The provincial rollup of a form on the terminal, as on paper: Vietnamese numbers, coverage, what stands behind it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from kernel.calendar import parse_period
from kernel.vietnamese import format_number

from .forms import Form


def print_rollup(console: Console, form: Form, period: str, unit_name: str, rollup: Mapping[str, Any]) -> None:
    coverage = rollup["coverage"]
    title = f"{form.name} · {parse_period(period).title} · {unit_name}"
    table = Table(title=title, title_justify="left", title_style="bold", show_lines=False, pad_edge=False)
    table.add_column("TT", no_wrap=True)
    table.add_column("Chỉ tiêu")
    table.add_column("Đơn vị tính", no_wrap=True)
    for column in form.sheet.columns:
        table.add_column("\n".join(column.header), justify="right", no_wrap=True)
    for row in form.sheet.rows:
        cells = [_figure(form, f"{row.key}.{column.key}", rollup["cells"]) for column in form.sheet.columns]
        table.add_row(row.number, "  " * row.indent + row.label, row.unit_of_measure, *cells)
    console.print(table)
    console.print(
        f"{coverage['reported']}/{coverage['expected']} xã, phường đã có số liệu được duyệt · số liệu đã duyệt · "
        f"nhật ký đến số {format_number(Decimal(rollup['seq']))}"
    )


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
        return "…" if value.get("missing") or not value.get("text") else str(value["text"])
    number = Decimal(value["number"])
    return format_number(number, ref.decimals) + ("*" if cell.get("given", 0) < cell.get("expected", 0) else "")
