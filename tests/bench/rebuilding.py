"""Rebuilding ten years of one province: the numeric pass beside a bare statement, the formula pass beside the engine alone, readers."""

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from kernel.sheet.evaluation import calculator_for
from kernel.sheet.model import Sheet

from .databases import PLAIN
from .decade import filled, periods, reported
from .forms import size_of, typed_values
from .measuring import Bench, Figure, at_least, below, by_parts, in_turn, percentile, ratios, times
from .running import Running

READS_EVERY = 0.05
_FLAT = """
CREATE UNLOGGED TABLE public.bench_flat AS
SELECT p.place_no, f.cell_no, f.number FROM report r JOIN report_place p ON p.report_id = r.id JOIN figure f ON f.revision = r.approved
"""
_NODES = """
SELECT template, count(*) AS nodes FROM place p WHERE
    (SELECT count(*) FROM report_place l JOIN report r ON r.id = l.report_id AND r.approved IS NOT NULL WHERE l.place_no = p.no) > 1
GROUP BY template
"""
_BARE = "INSERT INTO public.bench_sums SELECT place_no, cell_no, count(*), sum(number) FROM public.bench_flat GROUP BY place_no, cell_no"


async def measure(bench: Bench) -> list[Figure]:
    system = await filled(bench)
    idle = await _read(system, bench, bench.pick(8.0, 2.0))
    runs: list[dict[str, Any]] = []
    connection = await asyncpg.connect(_aggregation(bench, system), server_settings=PLAIN)
    try:
        await _flatten(connection)
        nodes = {row["template"]: int(row["nodes"]) for row in await connection.fetch(_NODES)}

        async def rebuild() -> float:
            runs.append(await _rebuilt(system, verify=True))
            return float(runs[-1]["figures_added"] / runs[-1]["numeric_seconds"])

        rounds = await in_turn(2, rebuild, lambda: _bare(connection))
    finally:
        await connection.execute("DROP TABLE IF EXISTS public.bench_flat, public.bench_sums")
        await connection.close()
    seconds = sum(run["read_seconds"] + run["numeric_seconds"] + run["formula_seconds"] for run in runs) / len(runs)
    busy, swapped = await _read_meanwhile(system, bench, min(20.0, max(2.0, seconds)))
    return [*_passes(bench, system, runs[1:], rounds, nodes), *_readers(idle, busy), _whole([*runs[1:], swapped])]


def _passes(
    bench: Bench, system: Running, runs: list[dict[str, Any]], rounds: list[tuple[float, ...]], nodes: dict[str, int]
) -> list[Figure]:
    size = f"{len(periods(bench))} months × {len(system.province.communes)} communes × {size_of(reported().sheet)}"
    added, numeric = runs[0]["figures_added"], [one[0] for one in rounds]
    sheets = {code: system.published[code].sheet for code in nodes}
    cells = sum(len(sheets[code].refs) * count for code, count in nodes.items())
    alone = sum(_evaluating(sheets[code], count) for code, count in nodes.items())
    return [
        Figure("rebuild, numeric pass", "figures/s", numeric, at_least(300_000), f"{added} figures at nodes; {size}"),
        Figure("  the same, from facts", "figures/s", numeric, at_least(1_000_000), "the pass begins with facts in a table"),
        Figure("  a bare INSERT … SELECT … GROUP BY", "figures/s", [one[1] for one in rounds], under="figures ready in one flat table"),
        Figure("  numeric pass ÷ bare", "×", ratios(rounds), at_least(0.5), "same run, in turn"),
        Figure(
            "rebuild, formula pass",
            "cells/s",
            [cells / run["formula_seconds"] for run in runs],
            under=" + ".join(f"{count} nodes × {len(sheets[code].refs)} cells" for code, count in nodes.items()),
        ),
        Figure(
            "  formula pass ÷ engine alone",
            "×",
            [alone / run["formula_seconds"] for run in runs],
            at_least(0.7),
            "the same forms, evaluated only",
        ),
    ]


def _readers(idle: list[float], busy: list[float]) -> list[Figure]:
    quiet = percentile(idle, 0.99)
    load = f"a rollup of the province read every {READS_EVERY * 1000:.0f} ms"
    return [
        Figure("reader, idle: p99", "ms", by_parts(idle, 0.99), under=load),
        Figure("reader, during a rebuild: p99", "ms", by_parts(busy, 0.99), below(120), load),
        Figure("  during ÷ idle", "×", [part / quiet for part in by_parts(busy, 0.99)], below(2), "p99 by p99"),
    ]


def _whole(runs: list[dict[str, Any]]) -> Figure:
    samples = [run["figures_added"] / run["seconds"] for run in runs]
    reading = percentile([run["read_seconds"] for run in runs], 0.5)
    return Figure(
        "rebuild, begin to end", "figures/s", samples, under=f"reading {reading:.1f} s, numbers, formulas, comparing; the last with swap"
    )


def _evaluating(sheet: Sheet, nodes: int) -> float:
    """Seconds that the engine alone takes for so many nodes, every input another one each time."""
    calculator, turn = calculator_for(sheet), [typed_values(sheet, seed) for seed in (1, 2)]

    def evaluate() -> None:
        turn.reverse()
        calculator.evaluate(turn[0])

    return sum(times(nodes, evaluate)) / 1000


async def _rebuilt(system: Running, *, verify: bool) -> dict[str, Any]:
    """One rebuild to its end → what it says of itself. A difference is a failure."""
    operator, began = system.province.operator, time.perf_counter()
    started = await operator.post("aggregation/rebuilds", {"verify": verify})
    while True:
        row = await operator.get(f"aggregation/rebuilds/{started['id']}")
        if row["state"] != "running":
            break
        await asyncio.sleep(0.1)
    assert row["state"] == "done", row
    return {**row["result"], "seconds": time.perf_counter() - began}


async def _read(system: Running, bench: Bench, seconds: float) -> list[float]:
    path = f"aggregation/rollups/{reported().code}/{periods(bench)[-1]}/{system.province.root.unit_id}"
    found = await system.load("reading", username="lanhdaotinh", path=path, every=READS_EVERY, seconds=seconds)
    return [float(one) for one in found["milliseconds"]]


async def _read_meanwhile(system: Running, bench: Bench, seconds: float) -> tuple[list[float], dict[str, Any]]:
    reading = asyncio.create_task(_read(system, bench, seconds))
    swapped = await _rebuilt(system, verify=False)
    return await reading, swapped


def _aggregation(bench: Bench, system: Running) -> str:
    parts = urlsplit(bench.postgres_url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{system.system.namespace}_aggregation", parts.query, ""))


async def _flatten(connection: Any) -> None:
    """The live generation's figures at their nodes as one table: what a bare statement would have to begin with."""
    live = await connection.fetchval("SELECT generation FROM public.live")
    await connection.execute(f"SET search_path = g{int(live)}, public")
    await connection.execute(_FLAT)
    await connection.execute("CREATE TABLE public.bench_sums (place_no integer, cell_no integer, given bigint, total numeric)")
    await connection.execute("ANALYZE public.bench_flat")


async def _bare(connection: Any) -> float:
    await connection.execute("TRUNCATE public.bench_sums")
    count = await connection.fetchval("SELECT count(*) FROM public.bench_flat")
    began = time.perf_counter()
    await connection.execute(_BARE)
    return float(count / (time.perf_counter() - began))
