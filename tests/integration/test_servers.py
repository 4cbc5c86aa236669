from __future__ import annotations

import contextlib

import aio_pika
import asyncpg
import pytest

from tests import servers

NOBODY_LISTENS = "127.0.0.1:1"


async def test_the_postgresql_of_this_run_is_new_enough_and_ours_to_create_in(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        assert int(await connection.fetchval("SHOW server_version_num")) >= servers.OLDEST_POSTGRES
        name = servers.unique_name()
        await connection.execute(f"CREATE ROLE {name}")
        await connection.execute(f"DROP ROLE {name}")
    finally:
        await connection.close()


async def test_the_rabbitmq_of_this_run_carries_a_message_through_a_quorum_queue(amqp_url: str) -> None:
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(servers.unique_name(), durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(b"xin ch\xc3\xa0o"), queue.name)
        message = await queue.get()
        assert message is not None
        await message.ack()
        assert message.body.decode() == "xin chào"
        await queue.delete(if_unused=False, if_empty=False)


def test_an_address_that_does_not_answer_is_a_failure_and_never_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTXH_DATABASE_URL", f"postgresql://postgres@{NOBODY_LISTENS}/postgres")
    with pytest.raises(servers.NoServer, match="KTXH_DATABASE_URL"), servers.postgres():
        pass
    monkeypatch.setenv("KTXH_AMQP_URL", f"amqp://{NOBODY_LISTENS}/")
    with pytest.raises(servers.NoServer, match="KTXH_AMQP_URL"), servers.rabbitmq():
        pass


@pytest.fixture
def no_rabbitmq(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without RabbitMQ and without the means to install it."""
    monkeypatch.delenv("KTXH_AMQP_URL", raising=False)
    monkeypatch.setenv("KTXH_TEST_FIND_SERVERS", "no")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(servers, "BROKER_PROGRAMS", servers.BROKER_PROGRAMS / "absent")


@pytest.mark.usefixtures("no_rabbitmq")
def test_a_missing_rabbitmq_fails_the_build_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(servers.NoServer, match="rabbitmq-server is not installed"), servers.rabbitmq():
        pass


@pytest.mark.usefixtures("no_rabbitmq")
def test_a_missing_rabbitmq_skips_on_a_developers_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with contextlib.suppress(pytest.skip.Exception), servers.rabbitmq():
        pytest.fail("there is none")
