"""A process to be killed: one toy service with its ledger, relay and inboxes, that counts until it is told.

It says `ready` once it runs, and n when its n-th own count was acknowledged by the database.
"""

import asyncio
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import asyncpg

from kernel import logging as logging_
from kernel.bus import Listeners
from kernel.event_store import Context, UnitOfWork, ids_by_key
from kernel.handler import handle, handle_in
from kernel.inbox import Consumption, caused_by, one_by_one
from kernel.ledger import Ledger
from kernel.message import Envelope
from kernel.migrate import url_of
from kernel.postgres import is_away
from kernel.rabbitmq import RabbitBus
from kernel.runtime import Definition, Runtime, Wiring
from kernel.settings import Settings
from kernel.testing import context
from tests.integration.kernel.toy import MIGRATIONS, TALLY, TYPES, Count, CountedV1, project, publish

LISTENERS: Listeners = {"identity": ("approvals",), "approvals": ()}
COUNTED = "vn.ktxh.toy.counted.v1"
STREAMS = 5
PAUSE = 0.002  # between counts, so that two cores have time for what else is to be seen


class PeersLog:
    """A peer's `/log`, read from its database: the peer's process may be dead just now."""

    def __init__(self, settings: Settings, peer: str) -> None:
        self._address = url_of(settings, peer)
        self._pool: Any = None

    async def fetch(self, after: int, limit: int) -> list[bytes]:
        if self._pool is None:
            self._pool = await asyncpg.create_pool(self._address, min_size=0, max_size=1)
        return [entry.body for entry in await Ledger(self._pool).read(after, limit)]


class ToyRuntime(Runtime):
    def _feed(self, publisher: str) -> Any:
        return PeersLog(self.settings, publisher)


def consumptions(runtime: Runtime) -> Sequence[Consumption]:
    async def react(work: UnitOfWork, envelope: Envelope, payload: CountedV1) -> None:
        command = Count(payload.by)
        await handle_in(work, runtime.store, TALLY, envelope.subject, command, caused_by(envelope, "count"), project=project)

    name = runtime.definition.name
    return [one_by_one(publisher, {COUNTED: (CountedV1, react)}) for publisher, who in LISTENERS.items() if name in who]


async def count_on(runtime: Runtime, says: "Connection[Any, Any]", from_: int, until: int) -> None:
    """Counts under a key each, so that what was not acknowledged can be asked again without counting twice."""
    for n in range(from_, until):
        asked = context(event_id=ids_by_key("counter", str(n)), request_hash=b"%d" % n, is_repeatable=True)
        while not await _is_counted(runtime, n, asked):
            await asyncio.sleep(0.05)
        says.send(n)
        await asyncio.sleep(PAUSE)


async def _is_counted(runtime: Runtime, n: int, asked: Context) -> bool:
    """False where the database was away; whether it had counted before that is what the key is for."""
    try:
        await handle(runtime.store, TALLY, f"tally/{n % STREAMS}", Count(1, times=2), asked, project=project)
    except Exception as failure:
        if not is_away(failure):
            raise
        return False
    return True


async def run(given: dict[str, Any], says: "Connection[Any, Any]") -> None:
    settings = Settings(database_url=given["database_url"], namespace=given["namespace"])
    bus = RabbitBus(given["amqp_url"], LISTENERS, settings.namespace)
    definition = Definition(given["service"], TYPES, publish, MIGRATIONS, chained=True)
    runtime = ToyRuntime(settings, definition, Wiring(bus, lambda name: None))  # type: ignore[arg-type, return-value]
    await runtime.open()
    await runtime.run(consumptions(runtime))
    says.send("ready")
    await count_on(runtime, says, given["from"], given["until"])
    await asyncio.Event().wait()


def main(given: dict[str, Any], says: "Connection[Any, Any]") -> None:
    logging_.configure("ERROR")
    asyncio.run(run(given, says))
