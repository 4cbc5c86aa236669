"""The relay to RabbitMQ beside a bare aio-pika loop with the same messages, the same windows and the same kind of queue."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aio_pika

from kernel.ledger import Entry, Ledger
from kernel.rabbitmq import RabbitBus, queue_name
from kernel.relay import WINDOW, Relay
from tests import servers

from .databases import Filled, database, fill, leading, sequence_all
from .measuring import Bench, Figure, at_least, column, in_turn, ratios

PUBLISHER, READER = "bench", "reader"


async def measure(bench: Bench) -> list[Figure]:
    count = bench.pick(5000, 1000)
    with servers.rabbitmq() as url:
        async with database(bench.postgres_url, connections=4) as filled:
            await fill(filled, count)
            async with leading(filled) as sequencer:
                await sequence_all(sequencer)
            entries = [entry async for entry in Ledger(filled.pool).read_all()]
            async with _exchanges(url, filled.settings.namespace) as (bus, bare):
                rounds = await in_turn(bench.pick(5, 3), lambda: _relay(filled, bus, count, bare), lambda: _bare(bare, entries))
    bytes_each = sum(len(entry.body) for entry in entries) // count
    size = f"{count} messages of {bytes_each} bytes, quorum queue, confirms, windows of {WINDOW}"
    return [
        Figure("relay to RabbitMQ", "messages/s", column(rounds, 0), under=f"{size}, read from the ledger"),
        Figure("  bare aio-pika loop", "messages/s", column(rounds, 1), under=f"{size}, ready in memory"),
        Figure("  relay ÷ bare loop", "×", ratios(rounds), at_least(0.6), "same run, in turn"),
    ]


class _Bare:
    """An exchange and a queue like the relay's own, and how to empty both queues between repetitions."""

    def __init__(self, channel: Any, exchange: Any, queues: Sequence[Any]) -> None:
        self.channel, self.exchange, self._queues = channel, exchange, queues

    async def empty(self) -> None:
        for queue in self._queues:
            await queue.purge()


@asynccontextmanager
async def _exchanges(url: str, namespace: str) -> AsyncIterator[tuple[RabbitBus, _Bare]]:
    bus = RabbitBus(url, {PUBLISHER: (READER,)}, namespace)
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.declare_exchange(f"{namespace}.bare", aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(f"{namespace}.bare", durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(exchange, "#")
        try:
            await bus.publish(PUBLISHER, [])  # declares its exchange and queue
            relayed = await channel.declare_queue(queue_name(namespace, READER, PUBLISHER), passive=True)
            yield bus, _Bare(channel, exchange, (queue, relayed))
        finally:
            await bus.stop()
            await _remove(channel, namespace)


async def _remove(channel: Any, namespace: str) -> None:
    relayed = queue_name(namespace, READER, PUBLISHER)
    for name in (f"{namespace}.bare", relayed, f"{relayed}.dead", f"{namespace}.unrouted"):
        await channel.queue_delete(name)
    for name in ("bare", f"internal.{PUBLISHER}", "dead", "unrouted"):
        await channel.exchange_delete(f"{namespace}.{name}")


async def _relay(filled: Filled, bus: RabbitBus, count: int, bare: _Bare) -> float:
    await bare.empty()
    await filled.pool.execute("UPDATE relay_cursor SET published_seq = 0 WHERE name = 'bus'")
    relay = Relay(filled.pool, Ledger(filled.pool), bus, PUBLISHER)
    began, published = time.perf_counter(), 0
    while published < count:
        published += await relay.drain()
    return count / (time.perf_counter() - began)


async def _bare(bare: _Bare, entries: Sequence[Entry]) -> float:
    await bare.empty()
    began = time.perf_counter()
    for first in range(0, len(entries), WINDOW):
        window = entries[first : first + WINDOW]
        messages = [aio_pika.Message(entry.body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT) for entry in window]
        sending = zip(messages, window, strict=True)
        await asyncio.gather(*(bare.exchange.publish(message, entry.routing_key, mandatory=True) for message, entry in sending))
    return len(entries) / (time.perf_counter() - began)
