"""The composition root of approvals."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from kernel.auth import Allow
from kernel.inbox import Consumption
from kernel.runtime import Definition, Runtime, Wiring
from kernel.service import Clock, service_app, utc_now
from kernel.tree import Tree

from . import api, consumers
from .domain import TYPES
from .publishing import publish
from .settings import Settings

NAME = "approvals"
MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: Settings, wiring: Wiring, clock: Clock = utc_now) -> FastAPI:
    tree = Tree()

    async def on_start(app: FastAPI, runtime: Runtime) -> None:
        app.state.tree = tree
        await tree.load(runtime.pool)

    def consumptions(runtime: Runtime) -> Sequence[Consumption]:
        return consumers.consumptions(runtime, tree)

    return service_app(
        settings,
        Definition(NAME, TYPES, publish, MIGRATIONS),
        wiring,
        title="KTXH – Duyệt báo cáo",
        description="Việc đang chờ từng người, quyết định, thu hồi, đính chính và đôn đốc.",
        routers=api.routers,
        consumptions=consumptions,
        log_readers=Allow(services=True),
        on_start=on_start,
        clock=clock,
    )
