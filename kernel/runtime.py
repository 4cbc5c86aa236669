"""One service at work: pool, store, sequencer, relay and inboxes, started and stopped together. Knows no service's rules."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import structlog

from .auth import NotBefore, Tokens, private_key
from .bus import Bus, Listeners
from .clock import Clock, utc_now
from .decider import EventTypes
from .event_store import Publish
from .feed import HttpFeed, ServiceIdentity
from .inbox import Consumption, Inbox
from .ledger import Ledger
from .migrate import migrate, url_of
from .parking import due
from .postgres import PostgresStore
from .relay import Relay
from .sequencer import BATCH, NoLongerLeader, Sequencer
from .settings import Settings

log = structlog.get_logger()

LEADER_RETRY_SECONDS = 1.0
LONGEST_PAUSE = 2.0
RELEASE_SECONDS = 0.5  # how often what waits for another publisher's word is looked at
WATCH_SECONDS = 10.0  # how long an inbox may stand still before the publisher's log is asked whether there is more

# A leader that was stopped or cut off loses its session, and with it the lock, within this time; so another can lead.
_LEADER_SESSION = {
    "idle_in_transaction_session_timeout": "10000",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
LEADER_TIMEOUT = 30.0


@dataclass(frozen=True)
class Wiring:
    """What a composition gives a service: the bus, and clients of its peers by name."""

    bus: Bus
    peer: Callable[[str], httpx.AsyncClient]


@dataclass(frozen=True)
class Definition:
    """What a service is, to the kernel. `chained`: its ledger is tamper-evident."""

    name: str
    types: EventTypes
    publish: Publish
    migrations: Path
    chained: bool = False


class Runtime:
    """Lives as long as the app. `store` takes commands, `ledger` is the log, `inboxes` are by publisher."""

    def __init__(self, settings: Settings, definition: Definition, wiring: Wiring, clock: Clock = utc_now) -> None:
        self.settings, self.definition, self.wiring, self.clock = settings, definition, wiring, clock
        self.not_before = NotBefore()
        self.tokens = Tokens(settings, self._published_keys, self.not_before, clock)
        self.identity = ServiceIdentity(private_key(settings, definition.name), definition.name, clock)
        self.inboxes: dict[str, Inbox] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._sequence_now, self._relay_now = asyncio.Event(), asyncio.Event()
        self._caught_up: set[str] = set()
        self.pool: asyncpg.Pool[asyncpg.Record]
        self.store: PostgresStore
        self.ledger: Ledger
        self._relay: Relay

    async def open(self) -> None:
        """Migrates, connects, and reads what must be in memory. Nothing moves yet."""
        name = self.definition.name
        await migrate(self.settings, name, self.definition.migrations)
        server_settings = {"idle_in_transaction_session_timeout": "60000", "application_name": name, "jit": "off"}
        self.pool = await asyncpg.create_pool(
            url_of(self.settings, name),
            min_size=1,
            max_size=self.settings.pool_size,
            server_settings=server_settings,
            reset=_leave_as_it_is,
        )
        self.store = PostgresStore(self.pool, name, self.definition.publish, self.definition.types)
        self.store.on_append(self._sequence_now.set)
        self.ledger = Ledger(self.pool)
        self._relay = Relay(self.pool, self.ledger, self.wiring.bus, name)
        await self.not_before.load(self.pool)

    async def run(self, consumptions: Sequence[Consumption]) -> None:
        """Starts to lead (or to wait for it), to publish and to listen."""
        for consumption in consumptions:
            self.inboxes[consumption.publisher] = Inbox(self.store, consumption, self._feed(consumption.publisher))
        self._start("ledger", self._lead)
        for publisher, inbox in self.inboxes.items():
            self._start(f"catch up on {publisher}", self._catching_up(publisher, inbox), once=True)
            self._start(f"watch {publisher}", self._watching(publisher, inbox))
            await self.wiring.bus.subscribe(self.definition.name, publisher, self._receiving(inbox))
        if self.inboxes:
            self._start("release what waits", self._release_due)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await asyncio.wait_for(self.pool.close(), 5)
        except TimeoutError:
            self.pool.terminate()

    def start_task(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """A background task of the service's own (a schedule, a projector), run again with a pause whenever it fails."""
        self._start(name, run)

    async def lacking(self) -> list[str]:
        """What keeps this service from being ready; empty when it is."""
        lacking = [f"chưa nhận đủ sự kiện của {publisher}" for publisher in self.inboxes if publisher not in self._caught_up]
        try:
            async with asyncio.timeout(2):  # see _wait: a task of the service's own may ask while it is being ended
                await self.pool.fetchval("SELECT 1")
        except Exception as failure:
            lacking.append(f"cơ sở dữ liệu: {type(failure).__name__}")
        return lacking

    async def status(self) -> dict[str, Any]:
        """Head of the log, what is not yet sequenced or published, each inbox's position, open dead letters."""
        row = await self.pool.fetchrow(
            "SELECT (SELECT coalesce(max(seq), 0) FROM ledger) AS head, (SELECT count(*) FROM unsequenced) AS unsequenced,"
            " (SELECT published_seq FROM relay_cursor WHERE name = 'bus') AS published,"
            " (SELECT count(*) FROM parked WHERE ended_at IS NULL) AS dead_letters"
        )
        inboxes = {publisher: await inbox.last_seq() for publisher, inbox in self.inboxes.items()}
        return {"service": self.definition.name, **dict(row or {}), "inboxes": inboxes}

    def _feed(self, publisher: str) -> HttpFeed:
        return HttpFeed(lambda: self.wiring.peer(publisher), self.identity)

    def _receiving(self, inbox: Inbox) -> Callable[[Sequence[bytes]], Awaitable[None]]:
        async def receive(bodies: Sequence[bytes]) -> None:
            await inbox.receive(bodies)
            await self._release_across_inboxes(inbox)

        return receive

    async def _release_across_inboxes(self, heard: Inbox) -> None:
        """What another inbox has brought may be what a parked message waits for."""
        subjects = heard.take_heard()
        for inbox in self.inboxes.values():
            if inbox is not heard and subjects:
                await inbox.release_ready(subjects)

    async def _release_due(self) -> None:
        """The truth behind the wake-ups above: a message may be parked just after what it waits for was handled."""
        while True:
            await asyncio.sleep(RELEASE_SECONDS)
            for publisher, subject in await due(self.pool):
                if publisher in self.inboxes:
                    await self.inboxes[publisher].retry(subject, by=self.definition.name, why="tried again after a pause")

    def _watching(self, publisher: str, inbox: Inbox) -> Callable[[], Awaitable[None]]:
        """What the bus lost without leaving a gap (a purged queue, a consumer gone silent) is found in the publisher's log."""

        async def watch() -> None:
            before = -1
            while True:
                await asyncio.sleep(WATCH_SECONDS)
                last = await inbox.last_seq()
                if last == before and await inbox.is_behind():
                    log.warning("messages did not come, pulled from the log", publisher=publisher, after=last)
                    await self._catching_up(publisher, inbox)()
                before = last

        return watch

    def _catching_up(self, publisher: str, inbox: Inbox) -> Callable[[], Awaitable[None]]:
        async def catch_up() -> None:
            await inbox.catch_up()
            self._caught_up.add(publisher)
            await self._release_across_inboxes(inbox)

        return catch_up

    async def _published_keys(self) -> dict[str, Any]:
        response = await self.wiring.peer("identity").get("/.well-known/jwks.json")
        response.raise_for_status()
        return dict(response.json())

    def _start(self, name: str, run: Callable[[], Awaitable[None]], *, once: bool = False) -> None:
        self._tasks.append(asyncio.create_task(self._keep_running(name, run, once), name=f"{self.definition.name}: {name}"))

    async def _keep_running(self, name: str, run: Callable[[], Awaitable[None]], once: bool) -> None:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(service=self.definition.name)
        pause = 0.05
        while True:
            try:
                await run()
                if once:
                    return
                pause = 0.05
            except asyncio.CancelledError:
                raise
            except Exception as failure:
                level = log.info if isinstance(failure, OSError) else log.warning  # a peer that starts later is nothing to worry about
                level("task failed, runs again", task=name, why=repr(failure))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _lead(self) -> None:
        """Waits for the lead, then sequences and publishes until it is lost."""
        session = {**_LEADER_SESSION, "application_name": f"{self.definition.name} leader"}
        connection = await asyncpg.connect(
            url_of(self.settings, self.definition.name), timeout=LEADER_TIMEOUT, command_timeout=LEADER_TIMEOUT, server_settings=session
        )
        try:
            sequencer = Sequencer(connection, chained=self.definition.chained)
            while not await sequencer.take_lead():
                await asyncio.sleep(LEADER_RETRY_SECONDS)
            log.info("leads the ledger", epoch=sequencer.epoch)
            async with asyncio.TaskGroup() as together:
                together.create_task(self._sequence(sequencer))
                together.create_task(self._publish())
        except* NoLongerLeader as lost:
            log.warning("lead lost", why=str(lost.exceptions[0]))
        finally:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.close(), 2)

    async def _sequence(self, sequencer: Sequencer) -> None:
        while True:
            self._sequence_now.clear()
            drained = await sequencer.drain()
            if drained.count:
                self._relay_now.set()
            if drained.count < BATCH:
                await _wait(self._sequence_now, self.settings.poll_seconds)
                # A window costs the same few round trips at every listener, whether it holds one event or fifty.
                await asyncio.sleep(self.settings.gather_seconds)

    async def _publish(self) -> None:
        self._relay = Relay(self.pool, self.ledger, self.wiring.bus, self.definition.name)
        pause = 0.05
        while True:
            self._relay_now.clear()
            try:
                published = await self._relay.drain()
                pause = 0.05
            except Exception as failure:
                log.warning("not published yet", why=repr(failure))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            if not published:
                await _wait(self._relay_now, LONGEST_PAUSE)


async def _leave_as_it_is(connection: Any) -> None:
    """Nothing here changes a pooled session, so asking the server to reset it would be a round trip for each use."""


async def _wait(event: asyncio.Event, seconds: float) -> None:
    # not wait_for: on Python 3.11 it swallows a cancellation that comes together with the event, and closing would wait for ever
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def listeners_of(listeners: Listeners, service: str) -> list[str]:
    """The publishers that `service` listens to."""
    return [publisher for publisher, consumers in listeners.items() if service in consumers]
