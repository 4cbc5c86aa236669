"""Verifying the hash chain of submissions' log as `/log/verify` does: every entry hashed anew, the Merkle tree over all of them."""

import time

from kernel.auth import public_keys
from services.submissions.queries import chain

from .databases import Filled, database, fill, leading, sequence_all
from .measuring import Bench, Figure, at_least, column, in_turn


async def measure(bench: Bench) -> list[Figure]:
    count = bench.pick(30_000, 5_000)
    async with database(bench.postgres_url, connections=4) as filled:
        await fill(filled, count)
        async with leading(filled, chained=True) as sequencer:
            began = time.perf_counter()
            await sequence_all(sequencer)
            sequenced = count / (time.perf_counter() - began)
        rounds = await in_turn(bench.pick(5, 3), lambda: _verify(filled, count))
    size = f"log of {count} events of ten figures, read from PostgreSQL"
    return [
        Figure("verify the hash chain", "events/s", column(rounds, 0), at_least(100_000), size),
        Figure("  sequencing a backlog, chained", "events/s", [sequenced], under=f"{count} events in batches of 1000, once"),
    ]


async def _verify(filled: Filled, count: int) -> float:
    key = public_keys(filled.settings)["submissions"]
    began = time.perf_counter()
    states = [state async for state, _ in chain.verified(filled.pool, key)]
    elapsed = time.perf_counter() - began
    assert states[-1].seq == count
    assert states[-1].problems == []
    return count / elapsed
