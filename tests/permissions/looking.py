"""Everything that somebody can read about a month of the own commune, and all that stands in the answers. Judges nothing."""

import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import openpyxl

from .places import BIRTHS_CELL, HEALTH_FORM, OWN, PROVINCE
from .province import Province

LISTS = (
    *("submissions/reports?limit=500", "submissions/reports?unit={own}", "approvals/inbox?limit=500", "approvals/reopenings?limit=500"),
    *("templates/assignments?limit=500", "aggregation/progress", "aggregation/dashboard", "aggregation/notifications?limit=200"),
)


def ways_to_look(report: UUID, period: str, template: str = HEALTH_FORM, cell: str = BIRTHS_CELL) -> list[str]:
    """Addresses of everything that shows, or might show, figures of the report."""
    row, column = cell.split(".")
    of_report = [
        f"submissions/reports/{report}{rest}"
        for rest in ("", "/history", f"/cells/{cell}/history", "/revisions/1", "/workbook.xlsx?kind=figures", "/workbook.xlsx")
    ]
    of_report += [f"approvals/reports/{report}", f"approvals/reports/{report}/decisions"]
    of_report += [f"aggregation/exports/report.xlsx?report={report}&lens={lens}" for lens in ("sent", "approved")]
    of_node: list[str] = []
    for unit in (OWN, PROVINCE):
        for lens in ("sent", "approved"):
            form = f"template={template}&lens={lens}"
            of_node += [
                f"aggregation/rollups/{template}/{period}/{unit}?lens={lens}",
                f"aggregation/rollups/{template}/{period}/{unit}/lineage?cell={cell}&lens={lens}",
                f"aggregation/series?{form}&row={row}&column={column}&unit={unit}&from={period}&to={period}",
                f"aggregation/exports/rollup.xlsx?{form}&period={period}&unit={unit}",
            ]
        of_node.append(f"aggregation/compare?template={template}&period={period}&cell={cell}&parent={unit}&lens=sent")
    return [*of_report, *of_node]


async def seen_by(province: Province, caller: str, address: str) -> frozenset[str]:
    """Every scalar in the answer, as text; of a workbook every cell's. Nothing of a refusal."""
    answer = await province.ask(caller, "GET", address.format(own=OWN))
    assert answer.status_code != 500, answer.text
    return frozenset(_scalars(answer)) if answer.status_code == 200 else frozenset()


def _scalars(answer: httpx.Response) -> Iterator[str]:
    if answer.headers["content-type"] == "application/json":
        yield from _of_json(answer.json())
        return
    book = openpyxl.load_workbook(io.BytesIO(answer.content), data_only=False)
    for page in book.worksheets:
        yield from (str(value) for line in page.iter_rows(values_only=True) for value in line if value is not None)


def _of_json(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _of_json(one)
    elif isinstance(value, list):
        for one in value:
            yield from _of_json(one)
    elif value is not None:
        yield str(value)
