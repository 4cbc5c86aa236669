"""Durable append of single events by 16 writers until they are sequenced, beside the `eventsourcing` package's default recorder."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import msgspec

from kernel.sequencer import Sequencer

from .databases import LABELS, Filled, context, database, entered, leading
from .measuring import Bench, Figure, at_least, column, in_turn, ratios

WRITERS = 16


async def measure(bench: Bench) -> list[Figure]:
    each = bench.pick(120, 50)
    async with database(bench.postgres_url, connections=WRITERS) as ours:
        with theirs(bench.postgres_url, ours) as recorder:
            rounds = await in_turn(bench.pick(5, 3), lambda: _ours(ours, each), lambda: _theirs(recorder, each))
    size = f"{WRITERS} writers × {each} events of ten figures, one event per transaction"
    return [
        Figure("durable append until sequenced", "events/s", column(rounds, 0), under=size),
        Figure("  eventsourcing's default recorder", "events/s", column(rounds, 1), under=f"{size}, threads, psycopg {_implementation()}"),
        Figure("  append ÷ eventsourcing", "×", ratios(rounds), at_least(3.5), "same run, in turn"),
    ]


async def _ours(filled: Filled, each: int) -> float:
    """Events per second from the first append to the last event's place in the ledger."""
    total, wake = WRITERS * each, asyncio.Event()
    store = filled.store
    store.on_append(wake.set)

    async def write() -> None:
        stream = f"report/{uuid4()}"
        for version in range(each):
            async with store.begin() as work:
                await work.append(stream, version, [(entered(version), LABELS)], context())

    async def sequence(sequencer: Sequencer) -> None:
        sequenced = 0
        while sequenced < total:
            wake.clear()
            drained = (await sequencer.drain()).count
            sequenced += drained
            if not drained:
                await wake.wait()

    async with leading(filled) as sequencer:
        began = time.perf_counter()
        async with asyncio.TaskGroup() as together:
            together.create_task(sequence(sequencer))
            for _ in range(WRITERS):
                together.create_task(write())
        return total / (time.perf_counter() - began)


@contextmanager
def theirs(postgres_url: str, beside: Filled) -> Iterator[Any]:
    """The package's default recorder, with a connection for each thread, in the same server."""
    from eventsourcing.persistence import InfrastructureFactory
    from eventsourcing.utils import Environment

    owner, own = urlsplit(postgres_url), urlsplit(beside.url)
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": own.path.strip("/"),
        "POSTGRES_HOST": owner.hostname or "127.0.0.1",
        "POSTGRES_PORT": str(owner.port or 5432),
        "POSTGRES_USER": unquote(owner.username or "postgres"),
        "POSTGRES_PASSWORD": unquote(owner.password or "-"),
        "POSTGRES_POOL_SIZE": str(WRITERS),
        "POSTGRES_MAX_OVERFLOW": "0",
    }
    factory: Any = InfrastructureFactory.construct(Environment("bench", environment))
    try:
        yield factory.application_recorder()
    finally:
        factory.close()


async def _theirs(recorder: Any, each: int) -> float:
    from eventsourcing.persistence import StoredEvent

    def write() -> None:
        stream = uuid4()
        for version in range(each):
            state = msgspec.json.encode(entered(version))
            recorder.insert_events([StoredEvent(stream, version, "bench:Entered", state)])

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(WRITERS) as threads:
        began = time.perf_counter()
        await asyncio.gather(*(loop.run_in_executor(threads, write) for _ in range(WRITERS)))
        return WRITERS * each / (time.perf_counter() - began)


def _implementation() -> str:
    import psycopg

    return f"{psycopg.__version__} ({psycopg.pq.__impl__})"
