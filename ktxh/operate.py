"""What an operator or administrator does from the command line at a running system. Everything goes through the APIs."""

import argparse
import asyncio
import csv
import json
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from kernel.auth import private_key
from kernel.feed import ServiceIdentity
from kernel.service import clock_of
from kernel.settings import SERVICES, load

from .client import Person, Problem
from .demo.telling import Telling
from .departments_data import departments_of
from .registering import as_registered, reorganisations
from .units_data import Unit, compare_with, current_units, legacy_units

REBUILD_WORDS = {
    "done": "xong",
    "differs": "số liệu tổng hợp khác với nhật ký",
    "failed": "không xong",
    "cancelled": "đã dừng theo yêu cầu",
}
CHUNK = 500
MOST_TOLD = 50
HISTORY_CHUNK = 20_000
console = Console(highlight=False)


@asynccontextmanager
async def _account() -> AsyncIterator[Person]:
    """The account of KTXH_USER at KTXH_URL. Who has the system's secret (KTXH_SECRET) on this machine meets no captcha."""
    missing = [name for name in ("KTXH_USER", "KTXH_PASSWORD") if not os.environ.get(name)]
    if missing:
        raise SystemExit(f"Cần đặt biến môi trường {', '.join(missing)} (và KTXH_URL nếu không phải http://127.0.0.1:8000)")
    address = os.environ.get("KTXH_URL", "http://127.0.0.1:8000")
    async with httpx.AsyncClient(base_url=address, timeout=300) as http:
        try:
            settings = load()
            vouched = ServiceIdentity(private_key(settings, "identity"), "identity", clock_of(settings))
            yield Person(http, os.environ["KTXH_USER"], os.environ["KTXH_PASSWORD"], vouched.headers)
        except Problem as problem:
            raise SystemExit(f"✕ {problem.body.get('detail') or problem.body.get('title') or problem}") from problem
        except httpx.TransportError as failure:
            raise SystemExit(f"✕ Không kết nối được {address}: {failure}") from failure


async def load_units(arguments: argparse.Namespace) -> int:
    """Units of the country or of one province, with departments; names each difference to the final list, which wins."""
    if arguments.final_list:
        for difference in compare_with(arguments.final_list):
            console.print(f"  khác danh mục chính thức: {difference.code} {difference.field}: {difference.packaged} → {difference.final}")
    units = [unit for unit in current_units(arguments.final_list) if arguments.province in (None, unit.province_code)]
    provinces = [unit for unit in units if unit.level == "province"]
    units = [*provinces, *(one for province in provinces for one in departments_of(province)), *(u for u in units if u.level != "province")]
    legacy = legacy_units() if arguments.with_legacy else []
    async with _account() as account:
        telling = Telling(console)
        await _register(account, "Đơn vị cũ", legacy, telling)
        await _register(account, "Đơn vị", units, telling)
        if legacy:
            changes = reorganisations(legacy, current_units(arguments.final_list), arguments.changes)
            with telling.step("Sắp xếp đơn vị", len(changes)) as progress:
                for change in changes:
                    await account.post("identity/unit-changes", msgspec.to_builtins(change))
                    progress(1)
    return 0


async def _register(account: Person, title: str, units: list[Unit], telling: Telling) -> None:
    if not units:
        return
    ids: dict[str, Any] = {unit.code: unit.unit_id for unit in units}
    with telling.step(title, len(units)) as progress:
        for chunk in _chunks(units, CHUNK):
            body = {"units": [msgspec.to_builtins(as_registered(unit, ids)) for unit in chunk]}
            await account.post("identity/units/import", body)
            progress(len(chunk))


def _chunks(items: list[Any], size: int) -> Iterable[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def generate_users(arguments: argparse.Namespace) -> int:
    async with _account() as account:
        made = await account.post("identity/users/generate", {"level": arguments.level, "roles": arguments.roles})
        page = await account.call("GET", f"identity/users/first-passwords/{made['batch']}.html")
        _write_private(arguments.to, page.content)
    console.print(f"  ✓ {len(made['created'])} tài khoản mới; mật khẩu lần đầu ở {arguments.to} (chỉ phát một lần, nên in rồi xóa tệp)")
    return 0


def _write_private(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - the mode is given at opening
        file.write(content)


async def import_history(arguments: argparse.Namespace) -> int:
    """A CSV of earlier figures; all errors are told, and a chunk with an error is not kept."""
    with arguments.file.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    refused = 0
    async with _account() as account:
        with Telling(console).step("Số liệu kỳ trước", len(rows)) as progress:
            for chunk in _chunks(rows, HISTORY_CHUNK):
                answer = await account.post("submissions/history", {"rows": chunk})
                for error in answer.get("errors", []):
                    refused += 1
                    console.print(f"  ✕ {error}")
                progress(len(chunk))
    return 1 if refused else 0


async def replay(arguments: argparse.Namespace) -> int:
    """Rebuilds the rollups from the log, or only compares; 1 where something differed or the rebuild did not end well."""
    async with _account() as account:
        begun = await account.post("aggregation/rebuilds", {"verify": arguments.verify})
        with Telling(console).step("Tổng hợp lại từ nhật ký", 0) as progress:
            seen = 0
            while True:
                run = await account.get(f"aggregation/rebuilds/{begun['id']}")
                progress(run["reached_seq"] - seen)
                seen = run["reached_seq"]
                if run["ended_at"] is not None:
                    break
                await asyncio.sleep(0.2)
    comparison = (run.get("result") or {}).get("comparison") or {}
    console.print(f"  {REBUILD_WORDS.get(run['state'], run['state'])}{': ' + run['why'] if run.get('why') else ''}")
    for name, count in (comparison.get("rebuilt") or {}).get("counts", {}).items():
        console.print(f"    {name}: {count}")
    for difference in comparison.get("differences", [])[:MOST_TOLD]:
        console.print(f"  ✕ {difference}")
    return 0 if run["state"] == "done" and comparison.get("equal", True) else 1


async def verify_log(arguments: argparse.Namespace) -> int:
    """Recomputes the hash chain of the whole log; says how far it is while it does."""
    async with _account() as account:
        answer = await account.call("GET", "submissions/log/verify")
    found = json.loads(answer.text.strip().splitlines()[-1])
    words = "nguyên vẹn" if found["ok"] else "CÓ SAI KHÁC"
    console.print(f"  {'✓' if found['ok'] else '✕'} nhật ký {words}: {found['verified']} sự kiện, {found['problems']} sai khác")
    console.print(f"    băm đầu nhật ký {found['head']}")
    for problem in found["found"][:MOST_TOLD]:
        console.print(f"  ✕ {problem}")
    return 0 if found["ok"] else 1


async def status(arguments: argparse.Namespace) -> int:
    async with _account() as account:
        statuses = {name: await account.get(f"{name}/status") for name in SERVICES}
    table = Table("Dịch vụ", "Đầu nhật ký", "Chờ đánh số", "Đã phát", "Độ trễ nhận", "Sự kiện lỗi")
    for name, one in statuses.items():
        lag = {publisher: statuses[publisher]["head"] - seq for publisher, seq in one["inboxes"].items()}
        words = ", ".join(f"{publisher}: {behind}" for publisher, behind in lag.items()) or "-"
        table.add_row(name, *(str(one[key]) for key in ("head", "unsequenced", "published")), words, str(one["dead_letters"]))
    console.print(table)
    return 1 if any(one["dead_letters"] for one in statuses.values()) else 0
