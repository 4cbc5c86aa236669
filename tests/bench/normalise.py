"""Normalising 12,000 cells over HTTP: what it would change, and accepting that."""

from .forms import as_texts, form, size_of, typed_values
from .measuring import Bench, Figure, below, by_parts
from .running import running

PERIOD = "2026-01"
BLOCK = 100


async def measure(bench: Bench) -> list[Figure]:
    system = await running(bench)
    largest = form("DO-12000", 500, 16, 8)
    unit = system.province.communes[0]
    await system.publish(largest)
    report_id = (await system.assign(largest, PERIOD, [unit]))[unit.code]
    typed = as_texts(typed_values(largest.sheet))
    await system.fill(unit, report_id, typed)
    who = {"username": system.name_of("data_entry", unit), "report_id": str(report_id)}
    block = list(typed)[:BLOCK]
    one = await system.load("normalising", **who, cells=block, rounds=bench.pick(60, 6))
    steady = await system.load("showing", **who, every=0.2, seconds=bench.pick(12, 2))
    size = size_of(largest.sheet)
    return [
        Figure(
            "normalise 12,000 cells, shown: p95", "ms", by_parts(one["shown"], 0.95), below(50), f"{size}; {BLOCK} typed anew; one caller"
        ),
        Figure("normalise 12,000 cells, accepted: p95", "ms", by_parts(one["accepted"], 0.95), below(50), "the same, stored"),
        Figure("normalise 12,000 cells, 5/s: p95", "ms", by_parts(steady["milliseconds"], 0.95), below(100), f"{size}; dry run, 5 calls/s"),
    ]
