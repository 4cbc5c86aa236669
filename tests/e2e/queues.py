"""The queues and exchanges of one namespace on a broker: how full they are, and removing them."""

import aio_pika

from contracts.registry import LISTENERS
from kernel.rabbitmq import queue_name


def _queues(namespace: str) -> list[str]:
    pairs = [(consumer, publisher) for publisher, consumers in LISTENERS.items() for consumer in consumers]
    work = [queue_name(namespace, consumer, publisher) for consumer, publisher in pairs]
    return [*work, *(f"{name}.dead" for name in work), f"{namespace}.unrouted"]


async def depths(url: str, namespace: str) -> dict[str, int]:
    """Messages by queue; every queue of the namespace must exist."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        found = {}
        for name in _queues(namespace):
            queue = await channel.declare_queue(name, passive=True)
            found[name] = int(queue.declaration_result.message_count or 0)
        return found


async def remove(url: str, namespace: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        for name in _queues(namespace):
            await channel.queue_delete(name)
        for exchange in (*(f"internal.{publisher}" for publisher in LISTENERS), "events", "dead", "unrouted"):
            await channel.exchange_delete(f"{namespace}.{exchange}")
