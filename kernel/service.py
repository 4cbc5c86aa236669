"""How a service becomes an app, in any composition, and how it runs alone. Knows no service by name."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from . import logging as logging_
from .auth import Allow
from .bus import Listeners
from .clock import Clock, ShiftedClock, utc_now
from .inbox import Consumption
from .operations import router as operations
from .rabbitmq import RabbitBus
from .runtime import Definition, Runtime, Wiring
from .settings import Settings
from .web import create_app

VERSION = "0.1.0"


def clock_of(settings: Settings) -> Clock:
    """The machine's clock, or the shifted one that the settings name."""
    return ShiftedClock(settings.clock_file) if settings.clock_file else utc_now


def service_app(
    settings: Settings,
    definition: Definition,
    wiring: Wiring,
    *,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    consumptions: Callable[[Runtime], Sequence[Consumption]],
    log_readers: Allow,
    on_start: Callable[[FastAPI, Runtime], Awaitable[None]] | None = None,
    clock: Clock = utc_now,
) -> FastAPI:
    """The service's app. Routes find `request.app.state.runtime`, `.settings` and `.clock`; `on_start` runs before it listens."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runtime = Runtime(settings, definition, wiring, clock)
        await runtime.open()
        app.state.runtime, app.state.tokens = runtime, runtime.tokens
        try:
            if on_start is not None:
                await on_start(app, runtime)
            await runtime.run(consumptions(runtime))
            yield
        finally:
            await runtime.close()

    app = create_app(title, version=VERSION, description=description, lifespan=lifespan, service=definition.name)
    app.state.settings, app.state.clock = settings, clock
    for router in (*routers, operations(log_readers)):
        app.include_router(router)
    return app


def mounted(apps: dict[str, FastAPI], *others: BaseRoute) -> Starlette:
    """One app with each service at `/api/<service>`; starts and stops them all."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in apps.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    return Starlette(routes=[*(Mount(f"/api/{name}", app) for name, app in apps.items()), *others], lifespan=lifespan)


def peers_over_http(settings: Settings) -> Callable[[str], httpx.AsyncClient]:
    """Clients of the other services by name, at the addresses in KTXH_SERVICE_URLS."""
    clients: dict[str, httpx.AsyncClient] = {}

    def peer(name: str) -> httpx.AsyncClient:
        if name not in clients:
            clients[name] = httpx.AsyncClient(base_url=settings.service_urls[name], timeout=30)
        return clients[name]

    return peer


def run_alone(name: str, listeners: Listeners, settings: Settings, create: Callable[[Settings, Wiring, Clock], FastAPI]) -> None:
    """Serves one service in this process until it is told to stop. Needs KTXH_AMQP_URL, KTXH_DATABASE_URL and KTXH_SERVICE_URLS."""
    logging_.configure(settings.log_level, settings.log_format)
    if not settings.amqp_url or not settings.database_url:
        raise SystemExit("KTXH_AMQP_URL và KTXH_DATABASE_URL là bắt buộc khi chạy riêng một dịch vụ")
    wiring = Wiring(RabbitBus(settings.amqp_url, listeners, settings.namespace), peers_over_http(settings))
    app = mounted({name: create(settings, wiring, clock_of(settings))})
    uvicorn.run(app, host=settings.host, port=settings.port, log_config=None, access_log=False)


__all__ = ["Clock", "clock_of", "mounted", "peers_over_http", "run_alone", "service_app", "utc_now"]
