"""The figures that a release is made of, and what of releases the office and the public see."""

import csv
import io
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import xlsxwriter  # type: ignore[import-untyped]

from kernel.calendar import parse_period
from kernel.errors import NotFound
from kernel.sheet.model import Value
from kernel.vietnamese import sort_key

from ..calculation.paths import day_in_life
from ..calculation.reports import APPROVED
from ..projections.releases import Snapshot
from .figures import figures_at
from .look import Look
from .scope import province_of

_COLUMNS = (
    "id, template, version, name, sector, period, level, columns, public_from, seq, source, licence, released_at, revision, withdrawn_at"
)
_PUBLIC = "withdrawn_at IS NULL AND public_from <= $1"


async def snapshot(look: Look, code: str, columns: list[str], level: str, period: str, province: UUID, seq: int) -> Snapshot:
    """The columns of the form at every unit of the level, approved figures at `seq`, policy applied."""
    template = await look.form(code, period)
    tree = await look.memory.tree(look.connection, seq)
    day = day_in_life(tree, province, parse_period(period).days(template.cutoff.regime)[1])
    nodes = [node for node in tree.subtree(province, day) if node.level == level]
    units = []
    for node in sorted(nodes, key=lambda node: sort_key(node.name)):
        found = await figures_at(look, code, period, node.id, APPROVED, seq)
        cells = {cell: value for cell, value in found.values.items() if cell.split(".", 1)[1] in columns and not value.is_blank}
        coverage = {"reported": found.reported, "expected": found.expected}
        units.append({"id": node.id, "code": node.code, "name": node.name, "kind": node.kind, "coverage": coverage, "cells": cells})
    rows = [
        {"key": row.key, "number": row.number, "label": row.label, "indent": row.indent, "unit_of_measure": row.unit_of_measure}
        for row in template.sheet.rows
    ]
    wanted = [
        {"key": column.key, "header": list(column.header), "unit_of_measure": column.unit_of_measure}
        for column in template.sheet.columns
        if column.key in columns
    ]
    return Snapshot(template.version, template.name, rows, wanted, units)


def _words(row: Any) -> dict[str, Any]:
    return {**dict(row), "period_title": parse_period(row["period"]).title}


_A_UNIT = "(body::jsonb -> 'units' -> 0 ->> 'id')::uuid AS a_unit"  # a release is of one province: whichever unit it names lies there


async def list_of(look: Look, provinces: Collection[UUID]) -> list[dict[str, Any]]:
    """Releases of these provinces, withdrawn ones and those of a later moment too."""
    rows = await look.connection.fetch(f"SELECT {_COLUMNS}, released_by, {_A_UNIT} FROM public.release ORDER BY released_at DESC, id DESC")
    found = [row for row in rows if _lies_in(look, row["a_unit"], provinces)]
    return [_words({key: value for key, value in row.items() if key != "a_unit"}) for row in found]


async def is_of(look: Look, id_: UUID, province: UUID) -> bool:
    """Whether there is such a release of the province."""
    unit = await look.connection.fetchval(f"SELECT {_A_UNIT} FROM public.release WHERE id = $1", id_)
    return unit is not None and _lies_in(look, unit, {province})


def _lies_in(look: Look, unit: UUID, provinces: Collection[UUID]) -> bool:
    province = province_of(look.tree, unit)
    return province is not None and province.id in provinces


async def list_public(connection: Any, now: datetime, template: str | None, period: str | None) -> list[dict[str, Any]]:
    """What is public now: of each form, period and level all revisions, the newest first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM public.release WHERE {_PUBLIC}"
        " AND ($2::text IS NULL OR template = $2) AND ($3::text IS NULL OR period = $3)"
        " ORDER BY public_from DESC, id DESC",
        *(now, template, period),
    )
    return [_words(row) for row in rows]


async def get_public(connection: Any, id_: UUID, now: datetime) -> tuple[dict[str, Any], Snapshot]:
    """Raises NotFound for what is unknown, withdrawn, or not public yet."""
    row = await connection.fetchrow(f"SELECT {_COLUMNS}, body FROM public.release WHERE {_PUBLIC} AND id = $2", now, id_)
    if row is None:
        raise NotFound("Không có số liệu công bố này")
    words = _words({key: value for key, value in row.items() if key != "body"})
    return words, msgspec.json.decode(row["body"], type=Snapshot)


def table(words: dict[str, Any], snapshot: Snapshot) -> list[list[str]]:
    """A line per unit, row and column, with a header; numbers canonical, nil as 0, what is missing empty with its reason beside it."""
    lines = [["ma_don_vi", "ten_don_vi", "ky", "ma_dong", "chi_tieu", "don_vi_tinh", "cot", "gia_tri", "ghi_chu"]]
    for unit in snapshot.units:
        for row in snapshot.rows:
            for column in snapshot.columns:
                raw = unit["cells"].get(f"{row['key']}.{column['key']}")
                if raw is not None:
                    value = msgspec.convert(raw, Value)
                    measure = column["unit_of_measure"] or row["unit_of_measure"]
                    header = " – ".join(column["header"])
                    lines.append(
                        [unit["code"], unit["name"], words["period"], row["key"], row["label"], measure, header, *_of_value(value)]
                    )
    return lines


def _of_value(value: Value) -> tuple[str, str]:
    if value.nil:
        return "0", "không phát sinh"
    if value.number is not None:
        return str(value.number), "" if value.given is None else f"cộng {value.given}/{value.of}"
    return value.text or "", value.missing or ""


def as_csv(lines: list[list[str]]) -> bytes:
    """UTF-8 with a mark, so that Excel reads it; a text that a spreadsheet would take for a formula is quoted as text."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([_harmless(cell, place) for place, cell in enumerate(line)] for line in lines)
    return out.getvalue().encode("utf-8-sig")


_NUMBER_PLACE = 7


def _harmless(cell: str, place: int) -> str:
    return "'" + cell if place != _NUMBER_PLACE and cell[:1] in ("=", "+", "-", "@", "\t") else cell


def as_xlsx(words: dict[str, Any], lines: list[list[str]]) -> bytes:
    """One worksheet with the table, and above it what, when, from whom and under which licence."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as workbook:
        sheet, bold = workbook.add_worksheet("Số liệu"), workbook.add_format({"bold": True})
        sheet.write_string(0, 0, f"{words['name']} – {words['period_title']}", bold)
        sheet.write_string(
            1, 0, f"Nguồn: {words['source']}. Giấy phép: {words['licence']}. Lần công bố {words['revision']}, nhật ký số {words['seq']}"
        )
        for at, line in enumerate(lines):
            for place, cell in enumerate(line):
                if at and place == _NUMBER_PLACE and cell.replace(".", "", 1).lstrip("-").isdigit():
                    sheet.write_number(at + 3, place, float(cell))
                else:
                    sheet.write_string(at + 3, place, cell, None if at else bold)
    return out.getvalue()
