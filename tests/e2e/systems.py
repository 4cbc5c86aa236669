"""Systems to play a month on: one process or five, over either transport, each with databases and queues of its own."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from kernel.clock import ShiftedClock
from kernel.settings import SERVICES
from ktxh.demo.province import PASSWORD

STARTS_WITHIN_SECONDS = 60


@dataclass
class RunningSystem:
    """Processes by name; `address` of each service. `http()` gives a client that finds the service by the path's first word."""

    folder: Path
    environment: dict[str, str]
    commands: dict[str, list[str]]
    ports: dict[str, int]
    namespace: str
    clock: ShiftedClock
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        environment = {**self.environment, "KTXH_PORT": str(self.ports[_any_service(name, self.ports)])}
        self.processes[name] = subprocess.Popen(self.commands[name], env=environment, stdout=log, stderr=subprocess.STDOUT)
        log.close()

    def kill(self, name: str) -> None:
        """kill -9, in the middle of whatever it does."""
        self.processes[name].kill()
        self.processes[name].wait()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        for name in SERVICES:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"http://127.0.0.1:{self.ports[name]}/api/{name}/ready", timeout=5).status_code == 200:
                        break
                if time.monotonic() > deadline:
                    raise AssertionError(f"{name} is not ready:\n{self.logs()}")
                time.sleep(0.05)

    def logs(self) -> str:
        """The end of every process's log, for a failure's message."""
        return "\n".join(
            f"== {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:]) for path in self.folder.glob("*.log")
        )

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url="http://system", transport=ByService(self.ports), timeout=60)


class ByService(httpx.AsyncBaseTransport):
    """What a gateway does: `/api/<service>/…` goes to that service's port."""

    def __init__(self, ports: dict[str, int]) -> None:
        self._ports = ports
        self._onward = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=100, max_keepalive_connections=50))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        service = request.url.path.split("/")[2]
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._ports[service])
        return await self._onward.handle_async_request(request)

    async def aclose(self) -> None:
        await self._onward.aclose()


def _any_service(name: str, ports: dict[str, int]) -> str:
    return name if name in ports else SERVICES[0]


@contextlib.contextmanager
def one_process(folder: Path, postgres_url: str, amqp_url: str = "") -> Iterator[RunningSystem]:
    """`ktxh serve --all`; over RabbitMQ where its address is given, else in process."""
    port = _free_port()
    system = _system(folder, postgres_url, amqp_url, dict.fromkeys(SERVICES, port))
    system.commands = {"all": [sys.executable, "-m", "ktxh", "serve", "--all", "--data", str(folder)]}
    with _running(system):
        yield system


@contextlib.contextmanager
def five_processes(folder: Path, postgres_url: str, amqp_url: str) -> Iterator[RunningSystem]:
    """`python -m services.<name>` five times, over RabbitMQ."""
    system = _system(folder, postgres_url, amqp_url, {name: _free_port() for name in SERVICES})
    system.commands = {name: [sys.executable, "-m", f"services.{name}"] for name in SERVICES}
    with _running(system):
        yield system


@contextlib.contextmanager
def _running(system: RunningSystem) -> Iterator[None]:
    try:
        for name in system.commands:
            system.start(name)
        system.wait_until_ready()
        yield
    finally:
        system.stop()


def _system(folder: Path, postgres_url: str, amqp_url: str, ports: dict[str, int]) -> RunningSystem:
    clock_file = folder / "clock"
    clock_file.write_text("0")
    namespace = f"t{uuid.uuid4().hex[:10]}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KTXH_")},
        "KTXH_DATABASE_URL": postgres_url,
        "KTXH_AMQP_URL": amqp_url,
        "KTXH_NAMESPACE": namespace,
        "KTXH_CLOCK_FILE": str(clock_file),
        "KTXH_CAPTCHA": "never",
        "KTXH_FIRST_ADMINISTRATOR_PASSWORD": PASSWORD,
        "KTXH_SERVICE_URLS": json.dumps({name: f"http://127.0.0.1:{port}/api/{name}" for name, port in ports.items()}),
    }
    return RunningSystem(folder, environment, {}, ports, namespace, ShiftedClock(clock_file))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
