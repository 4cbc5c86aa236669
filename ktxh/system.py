"""The all-in-one composition: five services in one process on one port, over either transport. Holds no rule of any service."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import httpx
from fastapi import FastAPI
from starlette.applications import Starlette

from contracts.registry import LISTENERS
from kernel.bus import Bus
from kernel.in_process import InProcessBus
from kernel.migrate import migrate
from kernel.rabbitmq import RabbitBus
from kernel.runtime import Wiring
from kernel.service import Clock, mounted, utc_now
from kernel.settings import Settings
from services.aggregation.main import create_app as aggregation
from services.approvals.main import create_app as approvals
from services.identity.main import create_app as identity
from services.submissions.main import create_app as submissions
from services.templates.main import create_app as templates

from .front import routes as front

CREATE: dict[str, Callable[[Settings, Wiring, Clock], FastAPI]] = {
    "identity": identity,
    "templates": templates,
    "submissions": submissions,
    "approvals": approvals,
    "aggregation": aggregation,
}


@dataclass
class System:
    """The services of one process, by name, and the app that serves them at `/api/<service>`."""

    apps: dict[str, FastAPI] = field(default_factory=dict)
    app: Starlette = field(default_factory=Starlette)
    bus: Bus = field(default_factory=lambda: InProcessBus(LISTENERS))

    def peer(self, name: str) -> httpx.AsyncClient:
        """A client of a service of this process, without a socket."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.apps[name]), base_url=f"http://{name}")


async def migrate_all(settings: Settings) -> None:
    """Creates and upgrades every service's database; the services do so themselves at start too."""
    for name in CREATE:
        await migrate(settings, name, Path(import_module(f"services.{name}.main").__file__ or "").parent / "migrations")


def compose(settings: Settings, clock: Clock = utc_now) -> System:
    """Five services over RabbitMQ where its address is set, else over the bus in process."""
    system = System()
    if settings.amqp_url:
        system.bus = RabbitBus(settings.amqp_url, LISTENERS, settings.namespace)
    clients: dict[str, httpx.AsyncClient] = {}

    def peer(name: str) -> httpx.AsyncClient:
        return clients.setdefault(name, system.peer(name))

    wiring = Wiring(system.bus, peer)
    system.apps = {name: create(settings, wiring, clock) for name, create in CREATE.items()}
    system.app = mounted(system.apps, *front(system.apps))
    return system
