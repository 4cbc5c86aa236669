"""`ktxh demo`: starts the system as a process of its own, plays and checks a month, then leaves it running to be looked at."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx
from pydantic import SecretStr

from kernel.auth import private_key
from kernel.clock import ShiftedClock
from kernel.feed import ServiceIdentity
from kernel.settings import SERVICES, Settings
from kernel.vietnamese import format_number

from .memory import PeakMemory
from .month import Month, Played
from .province import PASSWORD, Province
from .telling import Telling

STARTS_WITHIN_SECONDS = 60
GOAL_SECONDS = 60


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line."""

    once: bool = False
    seed: int = 2026
    port: int = 8000
    communes: int | None = None
    data: Path | None = None


def run(wanted: Wanted) -> int:
    """0 if every figure was as it should be."""
    telling = Telling()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped too
    with tempfile.TemporaryDirectory(prefix="ktxh-demo-") as temporary:
        data = wanted.data or Path(temporary)
        data.mkdir(parents=True, exist_ok=True)
        clock_file = data / "clock"
        clock_file.write_text("0")
        port = _port(wanted)
        with _system(data, clock_file, port, telling) as process, PeakMemory(process.pid) as memory:
            address = f"http://127.0.0.1:{port}"
            with asyncio.Runner(loop_factory=_event_loop()) as runner:
                played = runner.run(_play(address, ShiftedClock(clock_file), wanted, telling))
            _sum_up(telling, played, memory)
            if played.differences or wanted.once:
                return 1 if played.differences else 0
            _invite(telling, address)
            _until_interrupted(process)
    return 0


def _port(wanted: Wanted) -> int:
    """The one asked for if it is free, else any: two people may try the demonstration on one machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted.port))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _system(data: Path, clock_file: Path, port: int, telling: Telling) -> Iterator[subprocess.Popen[bytes]]:
    """The whole system as one process, its log beside its data; stopped at the end, however that comes."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KTXH_")},
        "KTXH_CLOCK_FILE": str(clock_file),
        "KTXH_PORT": str(port),
        "KTXH_FIRST_ADMINISTRATOR_PASSWORD": PASSWORD,
    }
    log_file = data / "log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ktxh", "serve", "--all", "--data", str(data)], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_ready(process, port, log_file)
            telling.say(f"Hệ thống đã chạy tại http://127.0.0.1:{port} (nhật ký vận hành: {log_file})")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log_file: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            answers = [httpx.get(f"http://127.0.0.1:{port}/api/{name}/ready", timeout=5) for name in SERVICES]
        except httpx.HTTPError:
            time.sleep(0.1)
            continue
        if all(answer.status_code == 200 for answer in answers):
            return
        time.sleep(0.1)
    lines = log_file.read_text(errors="replace").splitlines()[-20:]
    raise SystemExit("Hệ thống không khởi động được:\n" + "\n".join(lines))


def _event_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where there is one: the players share two cores with what they play on."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _play(address: str, clock: ShiftedClock, wanted: Wanted, telling: Telling) -> Played:
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=50)
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as http:
        scripted = ServiceIdentity(
            private_key(Settings(secret=SecretStr("development")), "identity"), "identity", clock
        )  # people at the page meet the captcha
        return await Month(Province(http, wanted.communes, scripted.headers), clock, telling, wanted.seed).run()


def _sum_up(telling: Telling, played: Played, memory: PeakMemory) -> None:
    speed = format_number(Decimal(played.reports) / Decimal(str(round(played.seconds, 3))), 1)
    telling.say(
        f"{format_number(Decimal(played.reports))} báo cáo trong {format_number(Decimal(str(played.seconds)), 1)} giây"
        f" ({speed} báo cáo/giây), bộ nhớ cao nhất {memory.words()}"
    )


def _invite(telling: Telling, address: str) -> None:
    telling.say("")
    telling.say(f"Mời xem tại {address} · mật khẩu chung của các tài khoản thử: {PASSWORD}")
    for who, name in (
        ("Cán bộ nhập liệu Phường Quy Nhơn", "phuongquynhon.nhaplieu"),
        ("Lãnh đạo Phường Quy Nhơn", "phuongquynhon.lanhdao"),
        ("Cán bộ thẩm định Sở Y tế", "soyte.thamdinh"),
        ("Lãnh đạo Sở Y tế", "soyte.lanhdao"),
        ("Giao báo cáo, tổng hợp của Văn phòng UBND tỉnh", "vanphonguybannhandantinh.tonghop"),
        ("Lãnh đạo tỉnh", "lanhdaotinh"),
        ("Vận hành", "vanhanh"),
        ("Quản trị", "quantri"),
    ):
        telling.say(f"  {who:<48} {name}")
    telling.say("Dừng bằng Ctrl-C.")


def _until_interrupted(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait()
    except KeyboardInterrupt:
        return
