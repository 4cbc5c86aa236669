"""Finds the real PostgreSQL and RabbitMQ that tests run against, or starts them for this run; leaves nothing running behind.

1. `KTXH_DATABASE_URL` and `KTXH_AMQP_URL`, where they are set: a server that doesn't answer there is a failure.
2. What listens on this machine's usual ports (`KTXH_TEST_FIND_SERVERS=no` leaves it alone).
3. The embedded PostgreSQL; Debian's rabbitmq-server with node name, port, data and cookie of its own, installed first where we are root.

Without a RabbitMQ its tests are skipped on a developer's machine, and fail where CI is set.
"""

import asyncio
import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import aio_pika
import asyncpg
import pytest

from ktxh.postgres import EmbeddedPostgres

T = TypeVar("T")

OLDEST_POSTGRES = 150000
BROKER_PROGRAMS = Path("/usr/lib/rabbitmq/bin")
BROKER_STARTS_WITHIN = 120  # seconds, on a busy machine


class NoServer(Exception):
    """A server that was asked for can't be had; the message says why."""


def unique_name(prefix: str = "t") -> str:
    """A name for a database, role, exchange or queue that no other run has: lower case letters and digits."""
    return f"{prefix}{uuid4().hex[:10]}"


# ------------------------------------------------------------------ PostgreSQL


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The address of a superuser of PostgreSQL 15 or newer. Raises NoServer."""
    url = os.environ.get("KTXH_DATABASE_URL") or _postgres_here()
    if url:
        reason = _in_thread(_why_no_postgres(url))
        if reason:
            raise NoServer(f"KTXH_DATABASE_URL: {reason}")
        yield url
        return
    with TemporaryDirectory(prefix="ktxh-test-postgres-") as folder, EmbeddedPostgres(Path(folder)) as url:
        yield url


def _postgres_here() -> str | None:
    if not _may_find():
        return None
    for user in ("postgres", getpass.getuser()):
        url = f"postgresql://{user}@127.0.0.1:5432/postgres"
        if _in_thread(_why_no_postgres(url)) is None:
            return url
    return None


async def _why_no_postgres(url: str) -> str | None:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
        return f"{type(failure).__name__}: {failure}"
    try:
        version = int(await connection.fetchval("SHOW server_version_num"))
        is_superuser = await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    finally:
        await connection.close()
    if version < OLDEST_POSTGRES:
        return f"version {version} is older than {OLDEST_POSTGRES}"
    return None if is_superuser else "not a superuser"


# ------------------------------------------------------------------ RabbitMQ


@dataclass(frozen=True)
class Broker:
    """A RabbitMQ and, where it is on this machine, how its node is administered."""

    url: str
    node: str | None = None
    environment: dict[str, str] | None = None

    def ctl(self, *arguments: str) -> str:
        """What `rabbitmqctl` says. Raises NoServer where the node is not on this machine."""
        if self.environment is None:
            raise NoServer("this RabbitMQ is not administered from here")
        # The system's own node is reached through Debian's wrapper, which takes its account and cookie.
        program = [str(_program("rabbitmqctl")), "-n", self.node] if self.node else ["rabbitmqctl"]
        command = [*program, "--quiet", *arguments]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def rabbitmq() -> Iterator[str]:
    """The address of an administrator of RabbitMQ; skips where there is none, fails where CI is set."""
    with broker() as found:
        yield found.url


@contextlib.contextmanager
def broker() -> Iterator[Broker]:
    """As `rabbitmq`, with its administration."""
    with contextlib.ExitStack() as stack:
        try:
            found = stack.enter_context(_broker())
        except NoServer as reason:
            if os.environ.get("CI") or os.environ.get("KTXH_AMQP_URL"):
                raise
            pytest.skip(f"no RabbitMQ: {reason}")
        yield found


@contextlib.contextmanager
def _broker() -> Iterator[Broker]:
    url = os.environ.get("KTXH_AMQP_URL")
    if url:
        reason = _in_thread(_why_no_rabbitmq(url))
        if reason:
            raise NoServer(f"KTXH_AMQP_URL: {reason}")
        yield Broker(url)
        return
    here = "amqp://guest:guest@127.0.0.1:5672/"
    if _may_find() and _in_thread(_why_no_rabbitmq(here)) is None:
        yield Broker(here, environment=dict(os.environ))
        return
    _install_rabbitmq()
    with TemporaryDirectory(prefix="ktxh-test-rabbitmq-") as folder, _started_rabbitmq(Path(folder)) as started:
        yield started


async def _why_no_rabbitmq(url: str) -> str | None:
    address = urlsplit(url)
    try:
        _, knock = await asyncio.wait_for(asyncio.open_connection(address.hostname, address.port or 5672), 5)  # aio_pika logs what fails
        knock.close()
        connection = await aio_pika.connect(url, timeout=5)
    except (OSError, TimeoutError, aio_pika.exceptions.AMQPError) as failure:
        return f"{type(failure).__name__}: {failure}"
    await connection.close()
    return None


def _program(name: str) -> Path:
    """RabbitMQ's own script: Debian's wrapper of the same name would change to the account and the folder of the system's node."""
    return BROKER_PROGRAMS / name


def _install_rabbitmq() -> None:
    if _program("rabbitmq-server").exists():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NoServer("none answers, rabbitmq-server is not installed, and only root on Debian installs it; or set KTXH_AMQP_URL")
    _say("installing Debian's rabbitmq-server for the tests …")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # the system's own node is not wanted
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "rabbitmq-server"]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoServer(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")


@contextlib.contextmanager
def _started_rabbitmq(folder: Path) -> Iterator[Broker]:
    ports = _free_ports(3)
    node = f"{unique_name('ktxh')}@localhost"
    environment = _broker_environment(folder, node, ports)
    url = f"amqp://guest:guest@127.0.0.1:{ports[0]}/"
    with contextlib.ExitStack() as running:
        # Erlang's name server too is one of our own: one that a node starts by itself outlives it.
        running.enter_context(_running(["epmd"], environment, folder / "epmd.log"))
        server = running.enter_context(_running([str(_program("rabbitmq-server"))], environment, folder / "server.log"))
        deadline = time.monotonic() + BROKER_STARTS_WITHIN
        while reason := _in_thread(_why_no_rabbitmq(url)):
            if server.poll() is not None or time.monotonic() > deadline:
                raise NoServer(f"RabbitMQ doesn't start ({reason}):\n{(folder / 'server.log').read_text()[-2000:]}")
            time.sleep(0.2)
        yield Broker(url, node, environment)


def _broker_environment(folder: Path, node: str, ports: list[int]) -> dict[str, str]:
    port, distribution_port, names_port = ports
    for name in ("data", "log", "etc"):
        (folder / name).mkdir()
    config = folder / "etc" / "rabbitmq.conf"
    config.write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\nlog.console = true\nlog.console.level = warning\ndisk_free_limit.absolute = 50MB\n"
    )
    (folder / "etc" / "enabled_plugins").write_text("[].\n")
    (folder / "etc" / "environment.conf").write_text("")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
    return inherited | {
        "HOME": str(folder),  # of the cookie
        "RABBITMQ_NODENAME": node,
        "RABBITMQ_CONFIG_FILE": str(config),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "etc" / "environment.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "etc" / "enabled_plugins"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "etc" / "advanced.config"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "server.pid"),
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "ERL_EPMD_PORT": str(names_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A program and whatever it started, until the end of the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=log.parent, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    watch = subprocess.Popen(  # ends the group too where this run is killed: its end closes the pipe
        ["sh", "-c", 'read line; kill -TERM "-$0"', str(process.pid)], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield process
    finally:
        watch.kill()
        watch.communicate()
        for sign, seconds in ((signal.SIGTERM, 30), (signal.SIGKILL, 10)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                break


# ------------------------------------------------------------------ both


def _may_find() -> bool:
    return os.environ.get("KTXH_TEST_FIND_SERVERS", "yes").lower() not in ("no", "0", "false")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as open_sockets:
        sockets = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in sockets]


def _in_thread(work: Coroutine[Any, Any, T]) -> T:
    """Runs `work` to its end, also where a loop is running already."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()


def _say(text: str) -> None:
    print(text, file=sys.__stderr__, flush=True)
