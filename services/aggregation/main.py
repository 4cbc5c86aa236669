"""The composition root of aggregation."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from kernel.auth import Allow
from kernel.inbox import Consumption
from kernel.runtime import Definition, Runtime, Wiring
from kernel.service import Clock, service_app, utc_now

from . import api, consumers
from .domain import TYPES
from .projections import generation, notices
from .projections.memory import Memory
from .projections.rebuilds import Rebuilds
from .publishing import publish
from .queries.tail import Tail
from .settings import AggregationSettings, Settings

NAME = "aggregation"
MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: Settings, wiring: Wiring, clock: Clock = utc_now) -> FastAPI:
    memory, own = Memory(), AggregationSettings()
    news = asyncio.Event()

    async def on_start(app: FastAPI, runtime: Runtime) -> None:
        app.state.memory, app.state.own, app.state.news = memory, own, news
        app.state.rebuild_wanted = asyncio.Event()
        app.state.rebuilds = Rebuilds(runtime, memory, app.state.rebuild_wanted, own.rebuild_chunk)
        app.state.tail = Tail(lambda: runtime.pool, news, own.stream_pause_seconds)
        await generation.ensure_live(runtime.pool)
        runtime.start_task("tail", app.state.tail.run)
        runtime.start_task("rebuilds", app.state.rebuilds.run)
        runtime.start_task("deadlines", lambda: _watch_deadlines(runtime, clock, own.deadline_check_seconds))

    def consumptions(runtime: Runtime) -> Sequence[Consumption]:
        return consumers.consumptions(runtime, memory, news.set)

    return service_app(
        settings,
        Definition(NAME, TYPES, publish, MIGRATIONS),
        wiring,
        title=NAME,
        description="Số liệu tổng hợp, tiến độ, nguồn gốc số liệu, thông báo, công bố, dựng lại từ nhật ký",
        routers=api.routers,
        consumptions=consumptions,
        log_readers=Allow(services=True),
        on_start=on_start,
        clock=clock,
    )


async def _watch_deadlines(runtime: Runtime, clock: Clock, pause: float) -> None:
    while True:
        async with runtime.pool.acquire() as connection, connection.transaction():
            await generation.enter_live(connection)
            await notices.tell_deadlines(connection, clock())
        await asyncio.sleep(pause)
