"""Saves of 100 cells by 200 officers, each every 5 seconds."""

from typing import Any

from ktxh.demo.province import PASSWORD

from .forms import form, size_of, typed_values
from .measuring import Bench, Figure, below, by_parts
from .running import Running, a_few_at_once, running

PERIOD = "2026-01"
CELLS, EVERY = 100, 5.0


async def measure(bench: Bench) -> list[Figure]:
    system = await running(bench)
    wanted, rounds = bench.pick(200, 20), bench.pick(5, 1)
    officers = await _officers(system, wanted)
    found = await system.load("saving", officers=officers, every=EVERY, rounds=rounds)
    size = size_of(_forms()[0].sheet)
    load = f"{wanted} officers, a save of {CELLS} cells every {EVERY:.0f} s each, {rounds} rounds, timed from when it was due"
    milliseconds = found["milliseconds"]
    return [
        Figure("save 100 cells: p95", "ms", by_parts(milliseconds, 0.95), below(150), f"{size}; {load}"),
        Figure("  save 100 cells: p50", "ms", by_parts(milliseconds, 0.5), under="the same run"),
    ]


def _forms() -> list[Any]:
    return [form(f"DO-LUU-{n}", 60, 6, 4) for n in (1, 2)]


async def _officers(system: Running, wanted: int) -> list[dict[str, Any]]:
    """Each with a report of his own: of more officers than communes, the rest are second officers of a commune with a second form."""
    officers: list[dict[str, Any]] = []
    communes = system.province.communes
    for n, one in enumerate(_forms()):
        units = communes[: wanted - len(officers)]
        if not units:
            break
        await system.publish(one)
        reports = await system.assign(one, PERIOD, units)
        cells = list(typed_values(one.sheet))[:CELLS]
        names = (
            [system.name_of("data_entry", unit) for unit in units] if n == 0 else await a_few_at_once([_second(system, u) for u in units])
        )
        officers += [
            {"username": name, "report_id": str(reports[unit.code]), "cells": cells} for name, unit in zip(names, units, strict=True)
        ]
    await system.heard()
    return officers


async def _second(system: Running, unit: Any) -> str:
    name = f"{system.name_of('data_entry', unit)}.hai"
    grants = [{"role": "data_entry", "unit_id": str(unit.unit_id), "sectors": []}]
    body = {"username": name, "name": name, "grants": grants, "password": PASSWORD}
    await system.province.administrator.post("identity/users", body)
    return name
