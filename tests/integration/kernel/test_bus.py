"""The bus protocol: one suite that both transports pass, and what RabbitMQ must survive beyond it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aio_pika
import pytest

from kernel.bus import Bus, Listeners, PublishFailed
from kernel.in_process import InProcessBus
from kernel.ledger import Entry
from kernel.rabbitmq import RabbitBus, queue_name
from kernel.testing import eventually
from tests.integration.kernel.proxy import Wire, wire_to
from tests.servers import unique_name

LISTENERS: Listeners = {"toy": ("ear", "eye"), "deaf": ()}


def window(first: int, count: int, key: str = "system.-.-.counted.v1.internal") -> list[Entry]:
    return [Entry(n, key, str(uuid4()), b'{"n":%d}' % n) for n in range(first, first + count)]


async def publish_as_the_relay_does(bus: Bus, publisher: str, entries: Sequence[Entry]) -> int:
    """Sends again from where it failed, until all is taken; returns how often it failed."""
    failures = 0
    while entries:
        try:
            await bus.publish(publisher, entries[:200])
            entries = entries[200:]
        except PublishFailed as failure:
            failures += 1
            entries = entries[failure.confirmed :]
            await asyncio.sleep(0.01)
    return failures


@dataclass
class Listener:
    """Keeps what it is given; refuses as often as it is told."""

    refuses: int = 0
    got: list[bytes] = field(default_factory=list)
    windows: int = 0

    async def receive(self, bodies: Sequence[bytes]) -> None:
        self.windows += 1
        if self.refuses:
            self.refuses -= 1
            raise ConnectionError("not now")
        self.got.extend(bodies)

    def without_repetition(self) -> list[bytes]:
        return list(dict.fromkeys(self.got))

    async def has(self, entries: Sequence[Entry]) -> None:
        async def got_all() -> bool:
            return {entry.body for entry in entries} <= set(self.got)

        await eventually(got_all, seconds=20)


@dataclass
class Ends:
    """The bus as publisher and as listeners hold it: one object in process, one each over a broker."""

    publishing: Bus
    listening: Bus


async def removed(url: str, namespace: str, listeners: Listeners = LISTENERS) -> None:
    connection = await aio_pika.connect(url)
    async with connection:
        for name in ("unrouted", *(f"{consumer}.{publisher}" for publisher, who in listeners.items() for consumer in who)):
            for suffix in ("", ".dead"):
                channel = await connection.channel()
                await channel.queue_delete(f"{namespace}.{name}{suffix}")
        for name in ("unrouted", "dead", "events", *(f"internal.{publisher}" for publisher in (*listeners, "submissions"))):
            channel = await connection.channel()
            await channel.exchange_delete(f"{namespace}.{name}")


@pytest.fixture(params=["in process", "rabbitmq"])
def transport(request: pytest.FixtureRequest) -> str | None:
    """None, or the address of the broker."""
    if request.param == "in process":
        return None
    return str(request.getfixturevalue("amqp_url"))


@pytest.fixture
async def ends(transport: str | None) -> AsyncIterator[Ends]:
    if transport is None:
        one = InProcessBus(LISTENERS)
        yield Ends(one, one)
        await one.stop()
        return
    namespace = unique_name()
    both = RabbitBus(transport, LISTENERS, namespace), RabbitBus(transport, LISTENERS, namespace)
    yield Ends(*both)
    for bus in both:
        await bus.stop()
    await removed(transport, namespace)


async def listen(bus: Bus, *names: str, refuses: int = 0) -> list[Listener]:
    listeners = [Listener(refuses) for _ in names]
    for name, listener in zip(names, listeners, strict=True):
        await bus.subscribe(name, "toy", listener.receive)
    return listeners


async def test_everything_comes_to_every_listener_in_order(ends: Ends) -> None:
    listeners = await listen(ends.listening, "ear", "eye")
    entries = window(1, 700)
    await publish_as_the_relay_does(ends.publishing, "toy", entries)
    for listener in listeners:
        await listener.has(entries)
        assert listener.got == [entry.body for entry in entries]


async def test_windows_come_as_windows(ends: Ends) -> None:
    """A listener that gets messages one by one is as slow as its disk."""
    ear, _ = await listen(ends.listening, "ear", "eye")
    await publish_as_the_relay_does(ends.publishing, "toy", window(1, 600))
    await ear.has(window(1, 600))
    assert ear.windows < 300


async def test_what_a_listener_could_not_keep_comes_again_and_in_order(ends: Ends) -> None:
    [ear] = await listen(ends.listening, "ear", refuses=2)
    [eye] = await listen(ends.listening, "eye")
    entries = window(1, 300)
    await publish_as_the_relay_does(ends.publishing, "toy", entries)
    await ear.has(entries)
    await eye.has(entries)
    assert ear.refuses == 0
    assert ear.without_repetition() == [entry.body for entry in entries]
    assert eye.without_repetition() == [entry.body for entry in entries]


async def test_nothing_is_lost_for_a_listener_that_is_not_there_yet(ends: Ends) -> None:
    [ear] = await listen(ends.listening, "ear")
    entries = window(1, 50)
    publishing = asyncio.create_task(publish_as_the_relay_does(ends.publishing, "toy", entries))
    await asyncio.wait([publishing], timeout=0.3)
    [eye] = await listen(ends.listening, "eye")
    await publishing
    await ear.has(entries)
    await eye.has(entries)
    assert eye.without_repetition() == [entry.body for entry in entries]


async def test_a_publisher_to_whom_nobody_listens_is_not_held_up(ends: Ends) -> None:
    assert await publish_as_the_relay_does(ends.publishing, "deaf", window(1, 10)) == 0


async def test_a_message_of_two_megabytes_passes(ends: Ends) -> None:
    ear, eye = await listen(ends.listening, "ear", "eye")
    large = [Entry(1, "system.-.-.counted.v1.internal", str(uuid4()), b'{"n":"' + b"x" * 2_000_000 + b'"}')]
    await publish_as_the_relay_does(ends.publishing, "toy", large)
    await ear.has(large)
    await eye.has(large)


async def test_two_systems_hear_nothing_of_each_other(transport: str | None, ends: Ends) -> None:
    other: Bus = InProcessBus(LISTENERS) if transport is None else RabbitBus(transport, LISTENERS, namespace := unique_name())
    try:
        ours = await listen(ends.listening, "ear", "eye")
        theirs = await listen(other, "ear", "eye")
        await publish_as_the_relay_does(ends.publishing, "toy", window(1, 20))
        await publish_as_the_relay_does(other, "toy", window(100, 20))
        for one, two in zip(ours, theirs, strict=True):
            await one.has(window(1, 20))
            await two.has(window(100, 20))
            assert len(one.got) == len(two.got) == 20
    finally:
        await other.stop()
        if transport is not None:
            await removed(transport, namespace)


async def test_in_process_a_listener_that_is_absent_is_named_and_nothing_counts_as_taken() -> None:
    bus = InProcessBus(LISTENERS)
    await listen(bus, "ear")
    with pytest.raises(PublishFailed, match="eye") as failed:
        await bus.publish("toy", window(1, 3))
    assert failed.value.confirmed == 0


# ------------------------------------------------------------------ what a broker adds


@dataclass
class Wired:
    """A publisher and a listener, each on a wire of its own to the broker."""

    publishing: RabbitBus
    listening: RabbitBus
    publishers: Wire
    listeners: Wire
    namespace: str
    admin: Any


@pytest.fixture
async def wired(amqp_url: str) -> AsyncIterator[Wired]:
    namespace = unique_name()
    async with wire_to(amqp_url) as publishers, wire_to(amqp_url) as listeners, await aio_pika.connect(amqp_url) as admin:
        publishing = RabbitBus(publishers.url, LISTENERS, namespace, timeout=2.0, watch=0.3)
        listening = RabbitBus(listeners.url, LISTENERS, namespace, timeout=2.0, watch=0.3)
        yield Wired(publishing, listening, publishers, listeners, namespace, admin)
        publishers.release()
        listeners.release()
        await publishing.stop()
        await listening.stop()
    await removed(amqp_url, namespace)


async def test_cut_connections_heal_and_nothing_is_lost(wired: Wired) -> None:
    ear, eye = await listen(wired.listening, "ear", "eye")
    entries = window(1, 3000)
    publishing = asyncio.create_task(publish_as_the_relay_does(wired.publishing, "toy", entries))
    for wire in (wired.publishers, wired.listeners, wired.publishers, wired.listeners):
        seen = len(ear.got)

        async def some_more_came(seen: int = seen) -> bool:
            return len(ear.got) > seen or publishing.done()

        await eventually(some_more_came)
        await wire.cut()
    await publishing
    for listener in (ear, eye):
        await listener.has(entries)
    assert wired.listeners.connections > 2


async def test_a_broker_that_does_not_answer_fails_the_window_instead_of_holding_it(wired: Wired) -> None:
    ear, _ = await listen(wired.listening, "ear", "eye")
    await wired.publishing.publish("toy", window(1, 5))
    wired.publishers.hold()
    with pytest.raises(PublishFailed) as failed:
        await asyncio.wait_for(wired.publishing.publish("toy", window(6, 5)), 15)
    assert failed.value.confirmed == 0
    wired.publishers.release()
    await publish_as_the_relay_does(wired.publishing, "toy", window(6, 5))
    await ear.has(window(1, 10))


async def test_a_listener_whose_connection_has_gone_silent_is_connected_anew(wired: Wired) -> None:
    """The wire holds what it has: no error, no close, nothing comes. Only asking shows it."""
    ear, _ = await listen(wired.listening, "ear", "eye")
    await wired.publishing.publish("toy", window(1, 5))
    await ear.has(window(1, 5))
    before = wired.listeners.connections
    wired.listeners.hold()
    await wired.publishing.publish("toy", window(6, 5))

    async def tried_anew() -> bool:
        return wired.listeners.connections > before

    await eventually(tried_anew, seconds=15)
    wired.listeners.release()
    await ear.has(window(1, 10))


async def test_a_deleted_queue_is_declared_and_bound_again_by_its_listener(wired: Wired) -> None:
    ear, eye = await listen(wired.listening, "ear", "eye")
    await wired.publishing.publish("toy", window(1, 5))
    await ear.has(window(1, 5))
    channel = await wired.admin.channel()
    await channel.queue_delete(queue_name(wired.namespace, "ear", "toy"))
    sent = 6

    async def hears_again() -> bool:
        nonlocal sent
        with contextlib.suppress(PublishFailed):
            await wired.publishing.publish("toy", window(sent, 1))
            sent += 1
        return len(ear.got) > 5

    await eventually(hears_again, seconds=20)
    await eye.has(window(1, sent - 1))


async def test_what_no_queue_takes_is_set_aside_where_it_is_seen(wired: Wired) -> None:
    await wired.publishing.publish("toy", window(1, 1))
    channel = await wired.admin.channel()
    for consumer in LISTENERS["toy"]:
        queue = await channel.get_queue(queue_name(wired.namespace, consumer, "toy"))
        await queue.unbind(f"{wired.namespace}.internal.toy", "#")
    await wired.publishing.publish("toy", window(2, 1))
    unrouted = await channel.get_queue(f"{wired.namespace}.unrouted")
    message = await unrouted.get(timeout=5)
    assert message is not None
    assert message.body == window(2, 1)[0].body
    await message.ack()


async def test_a_message_that_no_exchange_routes_fails_the_window(wired: Wired) -> None:
    """Without the exchange that catches the unrouted: the broker returns it, and that is no confirmation."""
    channel = await wired.admin.channel()
    await wired.publishing.publish("toy", window(1, 1))
    for consumer in LISTENERS["toy"]:
        queue = await channel.get_queue(queue_name(wired.namespace, consumer, "toy"))
        await queue.unbind(f"{wired.namespace}.internal.toy", "#")
    await channel.exchange_delete(f"{wired.namespace}.unrouted")
    with pytest.raises(PublishFailed) as failed:
        await wired.publishing.publish("toy", window(2, 3))
    assert failed.value.confirmed == 0
    await publish_as_the_relay_does(wired.publishing, "toy", window(2, 3))  # it has declared and bound everything again
    [ear] = await listen(wired.listening, "ear")
    await ear.has(window(1, 4))


async def test_while_a_listener_can_not_keep_a_window_it_stays_out_of_the_queues_count(wired: Wired) -> None:
    """A message that went back too often would be dead-lettered, for a database that was away for a while."""
    [ear] = await listen(wired.listening, "ear", refuses=4)
    await wired.publishing.publish("toy", window(1, 3))
    await ear.has(window(1, 3))
    channel = await wired.admin.channel()
    dead = await channel.declare_queue(f"{queue_name(wired.namespace, 'ear', 'toy')}.dead", passive=True)
    assert (ear.refuses, wired.listeners.connections, dead.declaration_result.message_count) == (0, 1, 0)


async def test_of_two_processes_of_one_service_one_listens_and_the_other_takes_over(wired: Wired, amqp_url: str) -> None:
    [first] = await listen(wired.listening, "ear")
    await wired.publishing.publish("toy", window(1, 5))
    await first.has(window(1, 5))
    second_process = RabbitBus(amqp_url, LISTENERS, wired.namespace)
    [second] = await listen(second_process, "ear")
    await wired.publishing.publish("toy", window(6, 5))
    await first.has(window(6, 5))
    assert second.got == []
    await wired.listening.stop()
    await wired.publishing.publish("toy", window(11, 5))
    await second.has(window(11, 5))
    await second_process.stop()


async def test_departments_get_what_was_released_and_nothing_else(amqp_url: str) -> None:
    namespace = unique_name()
    bus = RabbitBus(amqp_url, {"submissions": ("ear",)}, namespace)
    try:
        async with await aio_pika.connect(amqp_url) as connection:
            await bus.publish("submissions", window(1, 1, "health.52.x.report_sent.v1"))
            channel = await connection.channel()
            queue = await channel.declare_queue(f"{namespace}.department", exclusive=True)
            await queue.bind(f"{namespace}.events", "health.#")
            await bus.publish(
                "submissions",
                [
                    *window(2, 1, "health.52.x.values_entered.v1.internal"),
                    *window(3, 1, "health.52.x.report_sent.v1"),
                    *window(4, 1, "education.52.x.report_sent.v1"),
                ],
            )
            message = await queue.get(timeout=5)
            assert message is not None
            assert message.body == window(3, 1)[0].body
            assert await queue.get(fail=False, timeout=1) is None
    finally:
        await bus.stop()
        async with await aio_pika.connect(amqp_url) as connection:
            for name in ("ear.submissions", "ear.submissions.dead", "unrouted"):
                await (await connection.channel()).queue_delete(f"{namespace}.{name}")
        await removed(amqp_url, namespace)
