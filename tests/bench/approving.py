"""From an approval to the moved rollup: bulk approvals at a steady rate, watched by a reader of the province's figures."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ktxh.demo.forms import Form
from ktxh.units_data import Unit

from .forms import as_texts, form, size_of, typed_values
from .measuring import Bench, Figure, below, by_parts, percentile
from .running import Running, a_few_at_once, running

LOOK_EVERY = 0.01
GOAL_RATE = 50


async def measure(bench: Bench) -> list[Figure]:
    system = await running(bench)
    reported = form("DO-DUYET", 23, 2, 1)
    await system.publish(reported)
    units, bulk = system.province.communes[: bench.pick(100, 20)], bench.pick(50, 10)
    rates = bench.pick([(50, 3), (100, 2), (200, 2)], [(50, 1)])
    figures, month = [], 1
    for rate, periods in rates:
        names = [f"2025-{month + n:02}" for n in range(periods)]
        month += periods
        bulks = [one for period in names for one in await _awaiting_approval(system, reported, period, units, bulk)]
        found = await _approve(system, reported, names, bulks, bulk / rate)
        figures += _figures(
            found, rate, f"{size_of(reported.sheet)}; {len(units) * periods} reports in bulks of {bulk}, every {bulk / rate:.2g} s"
        )
    return figures


def _figures(found: dict[str, Any], rate: int, load: str) -> list[Figure]:
    goal = below(250) if rate == GOAL_RATE else None
    milliseconds = found["milliseconds"]
    return [
        Figure(
            f"approve → rollup moved, {rate}/s: p99",
            "ms",
            by_parts(milliseconds, 0.99),
            goal,
            f"{load}; from the call until the count is read",
        ),
        Figure("  of which the bulk call: p50", "ms", [percentile(found["calls"], 0.5)], under="the call's answer"),
    ]


async def _awaiting_approval(system: Running, reported: Form, period: str, units: Sequence[Unit], bulk: int) -> list[dict[str, Any]]:
    """Reports of all units, typed, submitted and sent; grouped as they will be approved."""
    reports = await system.assign(reported, period, units)

    async def prepare(place: int, unit: Unit) -> tuple[UUID, int]:
        report_id = reports[unit.code]
        version = await system.fill(unit, report_id, as_texts(typed_values(reported.sheet, place)))
        revision = await system.submit(unit, report_id, version)
        await system.decide(system.province.person("leader", unit), "send", [(report_id, revision)])
        return report_id, revision

    ready = await a_few_at_once([prepare(place, unit) for place, unit in enumerate(units)])
    await system.heard()
    groups = [ready[first : first + bulk] for first in range(0, len(ready), bulk)]
    return [{"period": period, "reports": [{"id": str(one), "revision": revision} for one, revision in group]} for group in groups]


async def _approve(system: Running, reported: Form, periods: Sequence[str], bulks: list[dict[str, Any]], every: float) -> dict[str, Any]:
    province = system.province
    return await system.load(
        "approving",
        leader=system.name_of("leader", province.owner_of(reported.owner_sector)),
        reader="lanhdaotinh",
        rollups={period: f"aggregation/rollups/{reported.code}/{period}/{province.root.unit_id}" for period in periods},
        bulks=bulks,
        every=every,
        look_every=LOOK_EVERY,
    )
