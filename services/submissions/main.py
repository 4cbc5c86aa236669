"""Puts the service together."""

import asyncio
from pathlib import Path

from fastapi import FastAPI

from kernel.auth import Allow
from kernel.runtime import Definition, Runtime, Wiring
from kernel.service import Clock, service_app, utc_now
from kernel.settings import Settings as CommonSettings

from . import settings as own
from .api import routers
from .api.checkpoints import signing
from .consumers import consumptions
from .events import TYPES
from .publishing import publish
from .queries.known import Known

NAME = "submissions"
MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: CommonSettings, wiring: Wiring, clock: Clock = utc_now) -> FastAPI:
    """The service as an app: its routes, the log's feed for operators, services and departments, and the task that signs checkpoints."""
    known = Known()
    configured = own.of(settings)

    async def start(app: FastAPI, runtime: Runtime) -> None:
        await known.load(runtime.pool)
        app.state.known = known
        app.state.reading_slots = asyncio.Semaphore(configured.workbooks_at_once)
        runtime.start_task("checkpoints", signing(runtime, configured, clock))

    return service_app(
        configured,
        Definition(NAME, TYPES, publish, MIGRATIONS, chained=True),
        wiring,
        title="KTXH – Báo cáo và nhật ký",
        description="Báo cáo của các đơn vị: nhập liệu, chuẩn hóa, trình; và nhật ký sự kiện chỉ ghi thêm, có thể kiểm chứng.",
        routers=routers(),
        consumptions=lambda runtime: consumptions(runtime, known),
        log_readers=Allow("operator", services=True, subscribers=True),
        on_start=start,
        clock=clock,
    )
