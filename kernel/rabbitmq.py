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
from .settings import PUBLIC

log = structlog.get_logger()

PREFETCH = 200
TIMEOUT = 10.0
WATCH_SECONDS = 15.0  # of silence, after which a consumer asks the broker whether it is still one
LONGEST_PAUSE = 5.0
DELIVERY_LIMIT = 100  # counts lost connections only: a failing message is parked by the inbox, not sent back to the queue


class RabbitBus:
    """One connection per publisher, one per subscription. `namespace` keeps several systems apart on one broker.

    Every publisher has the topic exchange `<namespace>.internal.<publisher>` and declares the queues of all its listeners, so that
    nothing is published before they exist. What no queue takes goes to `<namespace>.unrouted`, which must stay empty.
    """

    def __init__(
        self, url: str, listeners: Listeners, namespace: str = "ktxh", *, timeout: float = TIMEOUT, watch: float = WATCH_SECONDS
    ) -> None:
        self._url, self._listeners, self._namespace = url, listeners, namespace
        self._timeout, self._watch = timeout, watch
        self._tasks: list[asyncio.Task[None]] = []
        self._connections: dict[str, Any] = {}
        self._exchanges: dict[str, Any] = {}

    async def start(self) -> None:
        pass  # connects when first used, and again whenever that is lost

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for publisher in list(self._connections):
            await self._hang_up(publisher)

    async def publish(self, publisher: str, window: Sequence[Entry]) -> None:
        if not self._listeners.get(publisher):
            return
        try:
            async with asyncio.timeout(self._timeout):
                exchange = await self._exchange(publisher)
        except Exception as failure:
            await self._hang_up(publisher)
            raise PublishFailed(0, repr(failure)) from failure
        results = await asyncio.gather(*(self._publish_one(exchange, entry) for entry in window), return_exceptions=True)
        for n, result in enumerate(results):
            if isinstance(result, BaseException):
                await self._hang_up(publisher)
                raise PublishFailed(n, repr(result)) from result

    async def _exchange(self, publisher: str) -> Any:
        if publisher not in self._exchanges:
            self._connections[publisher] = await self._connect(f"{publisher} publishes")
            channel = await self._connections[publisher].channel(publisher_confirms=True, on_return_raises=True)
            exchange = await self._declare_exchange(channel, publisher)
            for consumer in self._listeners[publisher]:
                await self._declare_queue(channel, exchange, consumer, publisher)
            self._exchanges[publisher] = exchange
        return self._exchanges[publisher]

    async def _connect(self, what_for: str) -> Any:
        name = f"{self._namespace}: {what_for}"  # as the broker's own lists show it
        return await aio_pika.connect(self._url, timeout=self._timeout, client_properties={"connection_name": name})

    async def _publish_one(self, exchange: Any, entry: Entry) -> None:
        message = aio_pika.Message(
            entry.body,
            content_type="application/cloudevents+json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=entry.event_id,
        )
        async with asyncio.timeout(self._timeout):  # a broker that blocks its publishers never answers
            await exchange.publish(message, entry.routing_key, mandatory=True)

    async def _hang_up(self, publisher: str) -> None:
        self._exchanges.pop(publisher, None)
        connection = self._connections.pop(publisher, None)
        if connection is not None:
            await self._close(connection)

    async def _close(self, connection: Any) -> None:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(connection.close(), self._timeout)

    async def _declare_exchange(self, channel: AbstractChannel, publisher: str) -> Any:
        await self._declare_unrouted(channel)
        exchange = await channel.declare_exchange(
            f"{self._namespace}.internal.{publisher}",
            aio_pika.ExchangeType.TOPIC,
            durable=True,
            arguments={"alternate-exchange": f"{self._namespace}.unrouted"},
        )
        if publisher == PUBLIC:
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

    async def _declare_queue(self, channel: AbstractChannel, exchange: Any, consumer: str, publisher: str) -> AbstractQueue:
        name = queue_name(self._namespace, consumer, publisher)
        dead = await channel.declare_exchange(f"{self._namespace}.dead", aio_pika.ExchangeType.DIRECT, durable=True)
        dead_queue = await channel.declare_queue(f"{name}.dead", durable=True, arguments={"x-queue-type": "quorum"})
        await dead_queue.bind(dead, name)
        queue = await channel.declare_queue(
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
        await queue.bind(exchange, "#")
        return queue

    async def subscribe(self, consumer: str, publisher: str, receive: Receive) -> None:
        name = queue_name(self._namespace, consumer, publisher)
        self._tasks.append(asyncio.create_task(_for_ever(name, lambda: self._consume(consumer, publisher, receive)), name=name))

    async def _consume(self, consumer: str, publisher: str, receive: Receive) -> None:
        """Until the connection is lost: windows of what has arrived, acknowledged together once they are kept."""
        connection = await self._connect(f"{consumer} listens to {publisher}")
        try:
            arrived: _Arriving = asyncio.Queue()
            async with asyncio.timeout(self._timeout):
                channel = await connection.channel()
                channel.close_callbacks.add(lambda *_: arrived.put_nowait(None))
                await channel.set_qos(prefetch_count=PREFETCH)
                exchange = await self._declare_exchange(channel, publisher)
                queue = await self._declare_queue(channel, exchange, consumer, publisher)
                await queue.consume(arrived.put)
            while True:
                window = await self._next_window(arrived, channel, queue.name)
                await _hand_over(window, receive, channel, queue.name)
                await asyncio.wait_for(window[-1].ack(multiple=True), self._timeout)
        finally:
            await self._close(connection)

    async def _next_window(self, arrived: "_Arriving", channel: AbstractChannel, queue: str) -> list[AbstractIncomingMessage]:
        """What has arrived, at least one message. Raises ConnectionError when the channel is gone."""
        window = [await self._first(arrived, channel, queue)]
        while len(window) < PREFETCH and not arrived.empty():
            window.append(arrived.get_nowait())
        if None in window:
            raise ConnectionError("the channel was closed")
        return [message for message in window if message is not None]

    async def _first(self, arrived: "_Arriving", channel: AbstractChannel, queue: str) -> AbstractIncomingMessage | None:
        while True:
            try:
                async with asyncio.timeout(self._watch):
                    return await arrived.get()
            except TimeoutError:
                async with asyncio.timeout(self._timeout):
                    await _look_after(channel, queue)


_Arriving = asyncio.Queue[AbstractIncomingMessage | None]
"""Messages in the order of their arrival; None: the channel was closed."""


def queue_name(namespace: str, consumer: str, publisher: str) -> str:
    return f"{namespace}.{consumer}.{publisher}"


async def _look_after(channel: AbstractChannel, queue: str) -> None:
    """Clients were seen to fall silent (aio-pika 231, 379, 626). Raises where the queue is gone, or has what doesn't come here."""
    found = (await channel.declare_queue(queue, passive=True)).declaration_result
    # With more consumers than one this may be the one that waits its turn, while another works.
    is_waiting_for_us = found.consumer_count == 1 and (found.message_count or 0) > 0
    if found.consumer_count == 0 or is_waiting_for_us:
        raise ConnectionError(f"consumers: {found.consumer_count}, messages: {found.message_count}, but nothing comes")


async def _hand_over(window: list[AbstractIncomingMessage], receive: Receive, channel: AbstractChannel, queue: str) -> None:
    """Until it is kept. It is not sent back meanwhile: the queue would count that, and it would come out of order."""
    pause = 0.1
    while True:
        try:
            await receive([message.body for message in window])
            return
        except Exception as failure:
            if channel.is_closed:
                raise
            log.warning("not received yet", queue=queue, why=repr(failure))
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


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
