"""Ten years of one province: the queries behind its dashboards, a large form as it stood, and rebuilding all of it under readers."""

import time
from collections.abc import Iterator

from ktxh.demo.figures import figures
from ktxh.demo.forms import Form, provincial
from ktxh.units_data import Unit

from .forms import as_texts, form, size_of, typed_values
from .measuring import Bench, Figure, below, by_parts
from .running import Running, running

LAST_YEAR = 2025
ROWS_AT_ONCE = 40_000
LARGE_PERIOD = "2025-12"
Call = tuple[str, dict[str, str]]
"""Path and query of a GET."""


def reported() -> Form:
    return form("DO-NAM", 20, 2, 1)


async def filled(bench: Bench) -> Running:
    """The running system with every month of the years in it, recorded as earlier figures by the provincial office."""
    return await bench.once("ten years of one province", lambda: _fill(bench))


async def _fill(bench: Bench) -> Running:
    system = await running(bench)
    await system.publish(reported())
    await system.publish(provincial.month())
    await system.heard()
    began, count = time.perf_counter(), 0
    for rows in _chunks(_rows(system, periods(bench)), ROWS_AT_ONCE):
        await _record(system, rows)
        count += len(rows)
    for unit in system.province.communes[:3]:
        await _record(system, list(_large(unit)))
    await system.heard()
    bench.say(f"{count} figures of {len(periods(bench))} months recorded in {time.perf_counter() - began:.0f} s")
    return system


def periods(bench: Bench) -> list[str]:
    return [f"{year}-{month:02}" for year in range(LAST_YEAR - bench.pick(9, 1), LAST_YEAR + 1) for month in range(1, 13)]


async def _record(system: Running, rows: list[dict[str, str]]) -> None:
    answer = await system.province.person("compiler", system.province.office).post("submissions/history", {"rows": rows})
    assert not answer["errors"], answer["errors"][:2]


def _rows(system: Running, months: list[str]) -> Iterator[dict[str, str]]:
    sheet = reported().sheet
    for n, period in enumerate(months):
        for place, unit in enumerate(system.province.communes):
            yield from _report(reported(), period, unit, as_texts(typed_values(sheet, n * 7 + place)))


def _large(unit: Unit) -> Iterator[dict[str, str]]:
    typed = {key: value for key, value in figures(provincial.month(), LARGE_PERIOD, unit.code, 1).items() if value.number is not None}
    return _report(provincial.month(), LARGE_PERIOD, unit, as_texts(typed))


def _report(of: Form, period: str, unit: Unit, cells: dict[str, str]) -> Iterator[dict[str, str]]:
    for key, value in cells.items():
        row, _, column = key.partition(".")
        names = {"template": of.code, "period": period, "unit_code": unit.code, "row": row, "column": column}
        yield {**names, "value": value, "status": "official", "source": "đo"}


def _chunks(rows: Iterator[dict[str, str]], size: int) -> Iterator[list[dict[str, str]]]:
    chunk: list[dict[str, str]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def queries(system: Running, months: list[str]) -> dict[str, Call]:
    """What stands behind the dashboards, by name."""
    code, root, first, last = reported().code, str(system.province.root.unit_id), months[0], months[-1]
    rollup = f"aggregation/rollups/{code}/{last}/{root}"
    at_root = {"template": code, "unit": root}
    return {
        "dashboard of the month": ("aggregation/dashboard", {"period": last}),
        "rollup of the month": (rollup, {}),
        "a figure by month": ("aggregation/series", {**at_root, "row": "r1", "column": "c0", "from": first, "to": last}),
        "a share by quarter": (
            "aggregation/series",
            {**at_root, "row": "r0", "column": "p0", "from": f"{first[:4]}-Q1", "to": f"{last[:4]}-Q4"},
        ),
        "communes compared": ("aggregation/compare", {"template": code, "period": last, "cell": "r1.c0", "parent": root}),
        "progress, all units": ("aggregation/progress", {"template": code, "period": last}),
        "lineage of a total": (f"{rollup}/lineage", {"cell": "r0.c0"}),
    }


async def measure(bench: Bench) -> list[Figure]:
    system = await filled(bench)
    months = periods(bench)
    calls = queries(system, months)
    found = await system.load("asking", username="lanhdaotinh", calls=calls, rounds=bench.pick(20, 6))
    years = f"{len(months)} months × {len(system.province.communes)} communes × {size_of(reported().sheet)}; one caller"
    p95 = {name: by_parts(milliseconds, 0.95) for name, milliseconds in found["milliseconds"].items()}
    routes = {name: f"{_route(call)}; {years if n == 0 else 'the same years'}" for n, (name, call) in enumerate(calls.items())}
    each = [Figure(f"{name}: p95", "ms", samples, below(120), routes[name]) for name, samples in p95.items()]
    return [*each, await _as_of(bench, system)]


def _route(call: Call) -> str:
    """The call without what names a form, a period or a unit."""
    words = call[0].split("/")
    return f"/{words[1]}…/lineage" if words[-1] == "lineage" else f"/{words[1]}"


async def _as_of(bench: Bench, system: Running) -> Figure:
    """Corrected once after the moment that is asked for, so that present figures are no answer."""
    answer = await system.province.executive.get(_large_path(system))
    unit = system.province.communes[0]
    key = next(key for key, ref in provincial.month().sheet.refs.items() if ref.role == "input" and ref.row.kind == "number")
    row, _, column = key.partition(".")
    names = {"template": provincial.month().code, "period": LARGE_PERIOD, "unit_code": unit.code, "row": row, "column": column}
    await _record(system, [{**names, "value": "1", "status": "official", "source": "đo"}])
    await system.heard()
    calls = {"then": (_large_path(system), {"as_of": str(answer["seq"])})}
    found = await system.load("asking", username="lanhdaotinh", calls=calls, rounds=bench.pick(9, 3))
    under = f"{size_of(provincial.month().sheet)}, 3 communes, one figure corrected since; one caller"
    return Figure("as_of of a 7,000-cell form", "ms", found["milliseconds"]["then"], below(1000), under)


def _large_path(system: Running) -> str:
    return f"aggregation/rollups/{provincial.month().code}/{LARGE_PERIOD}/{system.province.root.unit_id}"
