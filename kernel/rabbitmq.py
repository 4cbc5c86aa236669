"""The bus over RabbitMQ (aio-pika): quorum queues, confirmed windows, one ordered worker per queue. Reconnects by itself."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from .bus import Listeners, PublishFailed, Receive
from .ledger import Entry

log = structlog.get_logger()

PREFETCH = 200
TIMEOUT = 10.0
LONGEST_PAUSE = 5.0
DELIVERY_LIMIT = 100  # counts lost connections only: a failing message is parked by the inbox, not sent back to the queue


class RabbitBus:
    """One connection to publish, one per subscription. `namespace` keeps several systems apart on one broker.

    Every publisher has the topic exchange `<namespace>.internal.<publisher>` and declares the queues of all its listeners, so that
    nothing is published before they exist. What no queue takes goes to `<namespace>.unrouted`, which must stay empty.
    """

    def __init__(self, url: str, listeners: Listeners, namespace: str = "ktxh") -> None:
        self._url, self._listeners, self._namespace = url, listeners, namespace
        self._tasks: list[asyncio.Task[None]] = []
        self._connection: Any = None
        self._exchanges: dict[str, Any] = {}

    async def start(self) -> None:
        pass  # connects when first used, and again whenever that is lost

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._close()

    async def publish(self, publisher: str, window: Sequence[Entry]) -> None:
        if not self._listeners.get(publisher):
            return
        try:
            exchange = await self._exchange(publisher)
        except Exception as failure:
            await self._close()
            raise PublishFailed(0, repr(failure)) from failure
        results = await asyncio.gather(*(_publish_one(exchange, entry) for entry in window), return_exceptions=True)
        for n, result in enumerate(results):
            if isinstance(result, BaseException):
                await self._close()
                raise PublishFailed(n, repr(result)) from result

    async def _exchange(self, publisher: str) -> Any:
        if publisher not in self._exchanges:
            if self._connection is None:
                self._connection = await aio_pika.connect(self._url, timeout=TIMEOUT)
            channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
            self._exchanges[publisher] = await self._declare(channel, publisher)
        return self._exchanges[publisher]

    async def _close(self) -> None:
        connection, self._connection, self._exchanges = self._connection, None, {}
        if connection is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.close(), TIMEOUT)

    async def _declare(self, channel: AbstractChannel, publisher: str) -> Any:
        await self._declare_unrouted(channel)
        exchange = await channel.declare_exchange(
            f"{self._namespace}.internal.{publisher}",
            aio_pika.ExchangeType.TOPIC,
            durable=True,
            arguments={"alternate-exchange": f"{self._namespace}.unrouted"},
        )
        for consumer in self._listeners.get(publisher, ()):
            queue = await self._declare_queue(channel, consumer, publisher)
            await queue.bind(exchange, "#")
        if publisher == "submissions":
            await self._declare_public(channel, exchange)
        return exchange

    async def _declare_public(self, channel: AbstractChannel, exchange: Any) -> None:
        """Where departments hang: five-word keys, the released ones, pass on; a sixth word holds the others back."""
        public = await channel.declare_exchange(f"{self._namespace}.events", aio_pika.ExchangeType.TOPIC, durable=True)
        await public.bind(exchange, "*.*.*.*.*")

    async def _declare_unrouted(self, channel: AbstractChannel) -> None:
        name = f"{self._namespace}.unrouted"
        exchange = await channel.declare_exchange(name, aio_pika.ExchangeType.FANOUT, durable=True)
        queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(exchange)

    async def _declare_queue(self, channel: AbstractChannel, consumer: str, publisher: str) -> AbstractQueue:
        name = queue_name(self._namespace, consumer, publisher)
        dead = await channel.declare_exchange(f"{self._namespace}.dead", aio_pika.ExchangeType.DIRECT, durable=True)
        dead_queue = await channel.declare_queue(f"{name}.dead", durable=True, arguments={"x-queue-type": "quorum"})
        await dead_queue.bind(dead, name)
        return await channel.declare_queue(
            name,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-single-active-consumer": True,
                "x-delivery-limit": DELIVERY_LIMIT,
                "x-dead-letter-exchange": f"{self._namespace}.dead",
                "x-dead-letter-routing-key": name,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )

    async def subscribe(self, consumer: str, publisher: str, receive: Receive) -> None:
        name = f"{consumer}<-{publisher}"
        self._tasks.append(asyncio.create_task(_for_ever(name, lambda: self._consume(consumer, publisher, receive)), name=name))

    async def _consume(self, consumer: str, publisher: str, receive: Receive) -> None:
        """Until the connection is lost: windows of what has arrived, acknowledged together once they are kept."""
        connection = await aio_pika.connect(self._url, timeout=TIMEOUT)
        try:
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=PREFETCH)
            queue = await self._declare_queue(channel, consumer, publisher)
            arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
            await queue.consume(arrived.put)
            lost = asyncio.ensure_future(_closed(channel))
            try:
                while True:
                    window = await _next_window(arrived, lost)
                    await receive([message.body for message in window])
                    await asyncio.wait_for(window[-1].ack(multiple=True), TIMEOUT)
            finally:
                lost.cancel()
        finally:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.close(), TIMEOUT)


def queue_name(namespace: str, consumer: str, publisher: str) -> str:
    return f"{namespace}.{consumer}.{publisher}"


async def _publish_one(exchange: Any, entry: Entry) -> None:
    message = aio_pika.Message(
        entry.body,
        content_type="application/cloudevents+json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=entry.event_id,
    )
    await exchange.publish(message, entry.routing_key, mandatory=True, timeout=TIMEOUT)


async def _closed(channel: AbstractChannel) -> None:
    closed = asyncio.Event()
    channel.close_callbacks.add(lambda *_: closed.set())
    if not channel.is_closed:
        await closed.wait()
    raise ConnectionError("the channel was closed")


async def _next_window(arrived: "asyncio.Queue[AbstractIncomingMessage]", lost: "asyncio.Future[None]") -> list[AbstractIncomingMessage]:
    """What has arrived, at least one message. Raises ConnectionError when the channel is gone."""
    first = asyncio.ensure_future(arrived.get())
    either: set[asyncio.Future[Any]] = {first, lost}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not first.done():
        first.cancel()
        lost.result()
    window = [first.result()]
    while len(window) < PREFETCH and not arrived.empty():
        window.append(arrived.get_nowait())
    return window


async def _for_ever(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Runs again after every failure, with a growing pause. Ends only when cancelled."""
    pause = 0.1
    while True:
        began = asyncio.get_running_loop().time()
        try:
            await run()
        except asyncio.CancelledError:
            raise
        except Exception as failure:
            log.warning("connection lost", what=name, why=repr(failure))
        if asyncio.get_running_loop().time() - began > LONGEST_PAUSE:
            pause = 0.1
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
