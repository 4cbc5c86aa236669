"""The composition root of the templates service."""

import asyncio
import csv
from datetime import date
from pathlib import Path

import asyncpg
from fastapi import FastAPI

from kernel.auth import Allow
from kernel.runtime import Definition, Runtime, Wiring
from kernel.service import Clock, service_app, utc_now
from kernel.settings import Settings
from kernel.tree import Tree

from . import settings as settings_
from .api import ROUTERS
from .consumers import consumptions
from .consumers.clock import clock_task
from .events import TYPES
from .publishing import publish
from .queries.calendar import Holiday, holidays_version, replace_holidays

NAME = "templates"
FILES_READ_AT_ONCE = 2
HERE = Path(__file__).parent


def create_app(settings: Settings, wiring: Wiring, clock: Clock = utc_now) -> FastAPI:
    own = settings_.of(settings)
    tree = Tree()

    async def on_start(app: FastAPI, runtime: Runtime) -> None:
        await tree.load(runtime.pool)
        await load_holidays_once(runtime.pool)
        app.state.tree, app.state.read_at_once = tree, asyncio.Semaphore(FILES_READ_AT_ONCE)
        runtime.start_task("clock", clock_task(runtime, tree, clock, own.templates_clock_seconds))

    return service_app(
        own,
        Definition(NAME, TYPES, publish, HERE / "migrations"),
        wiring,
        title="KTXH – Biểu mẫu và giao báo cáo",
        description="Chỉ tiêu, biểu mẫu và các phiên bản, giao báo cáo, lịch giao định kỳ, ngày nghỉ.",
        routers=ROUTERS,
        consumptions=lambda runtime: consumptions(runtime, tree),
        log_readers=Allow(services=True),
        on_start=on_start,
        clock=clock,
    )


async def load_holidays_once(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Fills the list from the file that comes with the service, the first time; afterwards it is the administrators'."""
    async with pool.acquire() as connection, connection.transaction():
        if await holidays_version(connection, lock=True) == 0:
            await replace_holidays(connection, _holidays_of_file())


def _holidays_of_file() -> list[Holiday]:
    with (HERE / "holidays.csv").open(encoding="utf-8", newline="") as file:
        return [Holiday(date.fromisoformat(row["date"]), row["name"], row["kind"], row["source"]) for row in csv.DictReader(file)]
