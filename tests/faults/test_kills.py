"""Processes are killed at random points of append, sequencer, relay and consumer; connections and sessions are cut. Nothing may show."""

import random
import signal
import subprocess
from typing import Any

import pytest

from kernel.rabbitmq import queue_name
from kernel.testing import eventually
from tests.faults.conftest import SERVICES, ToyProcess, Toys
from tests.servers import Broker, NoServer

pytestmark = pytest.mark.faults

EVENTS_PER_COUNT = 2


async def some_more(toy: ToyProcess, counts: int) -> None:
    """Waits until the process has had that many more counts acknowledged."""
    target = len(toy.acknowledged) + counts

    async def has_counted() -> bool:
        return len(toy.acknowledged) >= target

    await eventually(has_counted, seconds=30)


async def finish(toys: Toys, until: int) -> None:
    """Whatever is dead is started again and counts to the end; then everything must have settled and hold."""
    for toy in list(toys.running):
        await toys.kill(toy)
    await toys.start("approvals")
    await toys.start("identity", until=until)
    await toys.settled(until * EVENTS_PER_COUNT)
    await toys.check(until * EVENTS_PER_COUNT)


async def test_killed_again_and_again_they_lose_nothing_and_do_nothing_twice(toys: Toys) -> None:
    chance, until = random.Random(1), 10_000
    counting, listening = await toys.start("identity", until=until), await toys.start("approvals")
    for _ in range(20):
        await some_more(counting, chance.randint(1, 60))
        if chance.random() < 0.5:
            await toys.kill(counting)
            counting = await toys.start("identity", until=until)
        else:
            await toys.kill(listening)
            listening = await toys.start("approvals")
    await toys.kill(counting)
    assert toys.acknowledged > 100
    await finish(toys, toys.acknowledged + 20)


async def test_acknowledged_counts_are_all_there_after_a_kill(toys: Toys) -> None:
    counting = await toys.start("identity", until=10_000)
    await some_more(counting, 50)
    await toys.kill(counting)
    connection = await toys.connect("identity")
    try:
        kept = await connection.fetchval("SELECT count(*) FROM event")
    finally:
        await connection.close()
    assert kept % EVENTS_PER_COUNT == 0  # both events of a count, or none
    assert toys.acknowledged * EVENTS_PER_COUNT <= kept <= (toys.acknowledged + 1) * EVENTS_PER_COUNT


async def test_a_stopped_leader_is_replaced_and_fenced_when_it_goes_on(toys: Toys) -> None:
    """SIGSTOP, its sessions ended as the server's keepalive would, another process leads, SIGCONT."""
    stopped = await toys.start("identity", until=10_000)
    await some_more(stopped, 30)
    stopped.signal(signal.SIGSTOP)
    await terminate_sessions(toys, "identity")
    second = await toys.start("identity")

    async def epochs() -> set[int]:
        connection = await toys.connect("identity")
        try:
            return {row["epoch"] for row in await connection.fetch("SELECT epoch FROM leadership")}
        finally:
            await connection.close()

    async def leads() -> bool:
        return await epochs() == {2}

    await eventually(leads)
    stopped.signal(signal.SIGCONT)
    await toys.kill(second)
    await finish(toys, max(toys.acknowledged, len(stopped.acknowledged)) + 30)


async def terminate_sessions(toys: Toys, service: str, application: str = "%") -> int:
    connection = await toys.connect(service)
    try:
        ended = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND application_name LIKE $1",
            application,
        )
    finally:
        await connection.close()
    return len(ended)


async def test_sessions_of_the_database_are_ended_while_they_work(toys: Toys) -> None:
    chance, until = random.Random(3), 10_000
    counting = await toys.start("identity", until=until)
    await toys.start("approvals")
    for n in range(10):
        await some_more(counting, chance.randint(1, 30))
        service = SERVICES[n % 2]
        await terminate_sessions(toys, service, "% leader" if n % 3 == 0 else "%")
    await toys.kill(counting)
    await finish(toys, toys.acknowledged + 20)


async def test_connections_to_the_broker_are_closed_by_force(toys: Toys, broker: Broker) -> None:
    counting = await toys.start("identity", until=10_000)
    await toys.start("approvals")
    closed = 0
    for _ in range(3):
        await some_more(counting, 40)
        closed += force_close(broker, toys.settings.namespace)
    assert closed or broker.environment is None
    await toys.kill(counting)
    await finish(toys, toys.acknowledged + 20)


def force_close(broker: Broker, namespace: str) -> int:
    """Closes what this namespace has open, and only that, as an operator would; 0 where the node is not administered from here."""
    try:
        listed = broker.ctl("list_connections", "pid", "client_properties")
    except NoServer:
        return 0
    ours = [line.split("\t", 1)[0] for line in listed.splitlines() if f'"{namespace}: ' in line]
    for pid in ours:
        try:
            broker.ctl("close_connection", pid, "closed by a test")
        except subprocess.CalledProcessError:
            continue  # it was gone already
    return len(ours)


async def test_a_queue_is_purged_and_deleted_under_them(toys: Toys, queues: Any) -> None:
    """What the broker forgets, the publisher's log knows."""
    counting = await toys.start("identity", until=10_000)
    listening = await toys.start("approvals")
    await some_more(counting, 40)
    await toys.kill(listening)
    await some_more(counting, 40)
    channel = await queues.channel()
    await (await channel.get_queue(queue_name(toys.settings.namespace, "approvals", "identity"))).purge()
    listening = await toys.start("approvals")
    await some_more(counting, 40)
    await toys.kill(listening)
    await channel.queue_delete(queue_name(toys.settings.namespace, "approvals", "identity"))
    await some_more(counting, 40)
    await toys.kill(counting)
    await finish(toys, toys.acknowledged + 20)
    found = await channel.declare_queue(f"{toys.settings.namespace}.approvals.identity.dead", passive=True)
    assert found.declaration_result.message_count == 0
