from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from kernel.testing import eventually
from ktxh.postgres import EmbeddedPostgres, PostgresUnavailable

PARENT = """
import sys
from pathlib import Path
from ktxh.postgres import EmbeddedPostgres
database = EmbeddedPostgres(Path(sys.argv[1]))
print(database.start(), database.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "database"


@pytest.fixture
def parent(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs the embedded database in `folder`."""
    command = [sys.executable, "-c", PARENT, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        yield process
        process.kill()


def address_and_pid(parent: subprocess.Popen[str]) -> tuple[str, int]:
    assert parent.stdout
    address, pid = parent.stdout.readline().split()
    return address, int(pid)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]


async def query(address: str, sql: str) -> object:
    connection = await asyncpg.connect(address)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_it_starts_answers_and_is_version_18(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as address:
        assert "127.0.0.1" in address
        assert str(await query(address, "show server_version")).startswith("18.")
        assert await query(address, "select lower('ĐẮK LẮK')") == "đắk lắk"


async def test_commits_are_durable(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as address:
        shown = [await query(address, f"show {name}") for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")]
        assert shown == ["on"] * 4


async def test_a_wrong_password_is_refused(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as address:
        password = address.split(":")[2].split("@")[0]
        assert len(password) >= 24
        for wrong in ("", "postgres", password + "x"):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await query(address.replace(f":{password}@", f":{wrong}@"), "select 1")


async def test_it_listens_on_this_machine_only(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as address:
        assert await query(address, "show listen_addresses") == "127.0.0.1"
        assert await query(address, "show unix_socket_directories") == ""


async def test_only_its_owner_can_read_password_and_data(folder: Path) -> None:
    async with EmbeddedPostgres(folder):
        assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "pgdata").stat().st_mode) == 0o700
        assert not (folder / "pgdata.password").exists()


def test_the_server_never_runs_as_root(folder: Path) -> None:
    database = EmbeddedPostgres(folder)
    with database:
        assert database.pid
        assert Path(f"/proc/{database.pid}").stat().st_uid != 0


async def test_a_restart_keeps_the_data(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as address:
        await query(address, "create table kept as select 7 as figure")
    async with EmbeddedPostgres(folder) as address:
        assert await query(address, "select figure from kept") == 7


async def test_a_killed_parent_leaves_no_server_behind(parent: subprocess.Popen[str]) -> None:
    _, pid = address_and_pid(parent)
    assert is_running(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()

    async def is_gone() -> bool:
        return not is_running(pid)

    await eventually(is_gone)


async def test_what_was_committed_survives_the_killed_parent(folder: Path, parent: subprocess.Popen[str]) -> None:
    address, _ = address_and_pid(parent)
    await query(address, "create table kept as select 7 as figure")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    async with EmbeddedPostgres(folder) as address:
        assert await query(address, "select figure from kept") == 7


async def test_a_server_killed_together_with_its_parent_starts_again(folder: Path, parent: subprocess.Popen[str]) -> None:
    address, pid = address_and_pid(parent)
    await query(address, "create table kept as select 7 as figure")
    os.kill(pid, signal.SIGKILL)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert (folder / "pgdata" / "postmaster.pid").exists()
    async with EmbeddedPostgres(folder) as address:
        assert await query(address, "select figure from kept") == 7


async def test_a_pid_that_another_program_has_now_is_no_obstacle(folder: Path) -> None:
    async with EmbeddedPostgres(folder):
        lines = (folder / "pgdata" / "postmaster.pid").read_text().splitlines()
    (folder / "pgdata" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))
    async with EmbeddedPostgres(folder) as address:
        assert await query(address, "select 1") == 1


async def test_a_second_process_on_the_same_folder_is_refused(folder: Path, parent: subprocess.Popen[str]) -> None:
    address, _ = address_and_pid(parent)
    with pytest.raises(PostgresUnavailable, match=f"đang được tiến trình {parent.pid} sử dụng"):
        EmbeddedPostgres(folder).start()
    assert await query(address, "select 1") == 1, "the first one is undisturbed"


async def test_a_first_start_that_was_cut_off_is_made_again(folder: Path) -> None:
    (folder / "pgdata.new").mkdir(parents=True)
    (folder / "pgdata.new" / "PG_VERSION").write_text("18")
    (folder / "password").write_text("of the start that was cut off")
    async with EmbeddedPostgres(folder) as address:
        assert await query(address, "select 1") == 1


async def test_data_without_its_password_are_left_alone(folder: Path) -> None:
    async with EmbeddedPostgres(folder):
        pass
    (folder / "password").unlink()
    with pytest.raises(PostgresUnavailable, match="thiếu tệp mật khẩu"):
        EmbeddedPostgres(folder).start()
    assert (folder / "pgdata" / "PG_VERSION").exists()


@pytest.mark.parametrize("mode", [0o700, 0o755])
async def test_it_runs_below_a_folder_whoever_may_enter_that(mode: int) -> None:
    with TemporaryDirectory() as outer:
        Path(outer).chmod(mode)
        async with EmbeddedPostgres(Path(outer) / "database") as address:
            assert await query(address, "select 1") == 1
            assert stat.S_IMODE(Path(outer).stat().st_mode) == mode


async def test_stopping_ends_open_connections_and_can_be_repeated(folder: Path) -> None:
    database = EmbeddedPostgres(folder)
    connection = await asyncpg.connect(database.start())
    pid = database.pid
    database.stop()
    database.stop()
    assert pid
    assert not is_running(pid)
    connection.terminate()
