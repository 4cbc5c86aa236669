"""A reporting month through HTTP only: what the demonstration checks holds in every composition, and when services die in the middle."""

import asyncio
import contextlib
import io
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from kernel.settings import SERVICES, Settings
from kernel.testing import eventually
from ktxh.demo.month import Month, Played
from ktxh.demo.province import PASSWORD, Province
from ktxh.demo.telling import Telling
from tests.e2e import queues
from tests.e2e.systems import RunningSystem, five_processes, one_process

COMMUNES = 12
"""Enough for everything to happen that happens in a month."""


@pytest.fixture(params=["in process", "RabbitMQ, one process", "RabbitMQ, five processes"])
def system(request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str) -> Iterator[RunningSystem]:
    with _composition(request.param, request, tmp_path, postgres_url) as running:
        yield running
    _remove(running, request, postgres_url)


def _composition(
    name: str, request: pytest.FixtureRequest, folder: Path, postgres_url: str
) -> contextlib.AbstractContextManager[RunningSystem]:
    if name == "in process":
        return one_process(folder, postgres_url)
    amqp_url = request.getfixturevalue("amqp_url")
    if name == "RabbitMQ, one process":
        return one_process(folder, postgres_url, amqp_url)
    return five_processes(folder, postgres_url, amqp_url)


def _remove(system: RunningSystem, request: pytest.FixtureRequest, postgres_url: str) -> None:
    from kernel.migrate import drop

    async def databases() -> None:
        for name in SERVICES:
            await drop(Settings(database_url=postgres_url, namespace=system.namespace), name)

    asyncio.run(databases())
    if system.environment["KTXH_AMQP_URL"]:
        asyncio.run(queues.remove(system.environment["KTXH_AMQP_URL"], system.namespace))


async def play(system: RunningSystem, meanwhile: Callable[[Month], AsyncIterator[None]] | None = None) -> Played:
    async with system.http() as http:
        month = Month(Province(http, COMMUNES), system.clock, Telling(Console(file=io.StringIO(), width=200)))
        try:
            return await month.run()
        except BaseException:
            print(system.logs())
            raise


async def test_every_figure_of_the_month_equals_the_sum_of_what_was_typed(system: RunningSystem) -> None:
    played = await play(system)
    assert played.differences == []
    assert played.reports == COMMUNES * 8
    await nothing_is_left_over(system)
    if len(set(system.ports.values())) == 1:
        for command in (["status"], ["log", "verify"], ["replay", "--verify"]):
            await asyncio.to_thread(operate, system, *command)


def operate(system: RunningSystem, *command: str) -> None:
    """As the operator at the command line; a difference, a broken chain or a dead letter would end it with 1."""
    environment = {
        **system.environment,
        "KTXH_URL": f"http://127.0.0.1:{system.ports['identity']}",
        "KTXH_USER": "vanhanh",
        "KTXH_PASSWORD": PASSWORD,
    }
    done = subprocess.run(
        [sys.executable, "-m", "ktxh", *command], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def nothing_is_left_over(system: RunningSystem) -> None:
    """Every queue is empty, every inbox has everything, no dead letter is left."""
    async with system.http() as http:
        operator = Province(http).operator

        async def settled() -> bool:
            statuses = {name: await operator.get(f"{name}/status") for name in SERVICES}
            assert [one["dead_letters"] for one in statuses.values()] == [0] * len(SERVICES)
            return all(
                one["unsequenced"] == 0
                and one["published"] == one["head"]
                and all(seq == statuses[publisher]["head"] for publisher, seq in one["inboxes"].items())
                for one in statuses.values()
            )

        await eventually(settled, 20)
    if system.environment["KTXH_AMQP_URL"]:
        depths = await queues.depths(system.environment["KTXH_AMQP_URL"], system.namespace)
        assert depths
        assert {name: depth for name, depth in depths.items() if depth} == {}


async def test_killing_any_service_in_the_middle_changes_no_result(tmp_path: Path, postgres_url: str, amqp_url: str) -> None:
    with five_processes(tmp_path, postgres_url, amqp_url) as system:
        killer = asyncio.create_task(kill_each_in_turn(system))
        try:
            played = await play(system)
        finally:
            killer.cancel()
            await asyncio.gather(killer, return_exceptions=True)
        system.wait_until_ready()
        assert played.differences == []
        await nothing_is_left_over(system)
        assert all((system.folder / f"{name}.killed").exists() for name in SERVICES)


async def kill_each_in_turn(system: RunningSystem) -> None:
    """One service after the other, again and again; each comes back before the next one goes."""
    while True:
        for name in SERVICES:
            await asyncio.to_thread(system.kill, name)
            (system.folder / f"{name}.killed").touch()
            system.start(name)
            await asyncio.to_thread(system.wait_until_ready)
