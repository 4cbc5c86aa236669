"""The running system that measurements over HTTP share: `ktxh serve --all` on the real PostgreSQL, peopled with one province."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import msgspec

from contracts.ids import report_id_of
from kernel.migrate import drop
from kernel.settings import SERVICES, Settings
from ktxh.client import Person
from ktxh.demo.forms import Form
from ktxh.demo.month import BEGINS
from ktxh.demo.province import PASSWORD, Province
from ktxh.demo.setting_up import everybody_has_heard, make_accounts, publish
from ktxh.registering import as_registered
from ktxh.units_data import Unit
from tests.e2e.systems import RunningSystem, one_process

from .measuring import Bench

AT_ONCE = 8
SINCE = date(2015, 1, 1)


@dataclass
class Running:
    """A system, and ways to bring its reports to where a measurement begins. Communes are Gia Lai's 135, or a few when quick."""

    system: RunningSystem
    province: Province
    address: str
    published: dict[str, Form] = field(default_factory=dict)

    def name_of(self, role: str, unit: Unit) -> str:
        return self.province.accounts[role, unit.code]

    def officer(self, unit: Unit) -> Person:
        return self.province.person("data_entry", unit)

    async def heard(self) -> None:
        await everybody_has_heard(self.province)

    async def publish(self, form: Form) -> None:
        """The form and its indicators, once."""
        if form.code in self.published:
            return
        self.published[form.code] = form
        office = self.province.person("compiler", self.province.office)
        await office.post("templates/indicators", {"indicators": msgspec.to_builtins(list(form.indicators.values()))})
        await publish(self.province.person("compiler", self.province.owner_of(form.owner_sector)), form, self.province)

    async def assign(self, form: Form, period: str, units: Sequence[Unit]) -> dict[str, UUID]:
        """→ report ids by unit code, once submissions and aggregation know of them."""
        compiler = self.province.person("compiler", self.province.owner_of(form.owner_sector))
        wanted = {"ids": [str(unit.unit_id) for unit in units]}
        await compiler.post("templates/assignments", {"template": form.code, "period": period, "units": wanted})
        await self.heard()
        return {unit.code: report_id_of(form.code, period, unit.unit_id) for unit in units}

    async def fill(self, unit: Unit, report_id: UUID, cells: dict[str, str]) -> int:
        """The unit's officer types these cells → the report's version."""
        officer, report = self.officer(unit), f"submissions/reports/{report_id}"
        version = (await officer.get(report))["version"]
        return int((await officer.patch(f"{report}/cells", {"cells": cells}, version=version))["version"])

    async def submit(self, unit: Unit, report_id: UUID, version: int) -> int:
        """Normalised and submitted in one → the revision."""
        answer = await self.officer(unit).post(f"submissions/reports/{report_id}/submit", {"normalise": True}, version=version)
        return int(answer["revision"])

    async def decide(self, person: Person, decision: str, reports: Sequence[tuple[UUID, int]]) -> None:
        """In one call; asked again for what approvals has not heard of yet."""
        left = dict(reports)
        while left:
            body = {"decision": decision, "reports": [{"id": str(one), "revision": revision} for one, revision in left.items()]}
            waiting = frozenset({"not-awaiting-decision"})
            answer = (await person.call("POST", "approvals/decisions", json=body, also_later=waiting)).json()
            for item in answer["items"]:
                if item["outcome"] in ("done", "already"):
                    left.pop(UUID(item["id"]), None)
                elif item["rule"] not in ("not-arrived-yet", "not-awaiting-decision"):
                    raise RuntimeError(f"{decision}: {item}")
            if left:
                await asyncio.sleep(0.03)

    async def load(self, scenario: str, **plan: Any) -> dict[str, Any]:
        """What people in a process of their own have measured (see `load.py`)."""
        body = {"scenario": scenario, "address": self.address, "password": PASSWORD, **plan}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.load"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        told, wrong = await process.communicate(json.dumps(body).encode())
        if process.returncode != 0:
            raise RuntimeError(f"{scenario}: {wrong.decode()[-1500:]}\n{self.system.logs()[-3000:]}")
        answer: dict[str, Any] = json.loads(told.splitlines()[-1])
        return answer


async def running(bench: Bench) -> Running:
    """The system, started and peopled for the first measurement that asks."""
    return await bench.once("the running system", lambda: _start(bench))


async def _start(bench: Bench) -> Running:
    system: RunningSystem | None = None

    async def remove() -> None:
        if system is not None:
            for name in SERVICES:
                await drop(Settings(database_url=bench.postgres_url, namespace=system.namespace), name)

    bench.open_until_end.push_async_callback(remove)
    system = bench.open_until_end.enter_context(one_process(bench.folder, bench.postgres_url))
    system.clock.set(BEGINS)
    limits = httpx.Limits(max_connections=20, max_keepalive_connections=20)
    address = f"http://127.0.0.1:{system.ports['submissions']}"
    http = await bench.open_until_end.enter_async_context(httpx.AsyncClient(base_url=address, timeout=120, limits=limits))
    province = Province(http, bench.pick(None, 20))
    await _register(province)
    await make_accounts(province, lambda count: None)
    return Running(system, province, address)


async def _register(province: Province) -> None:
    """The units of today as if they had been there for all of the years that are measured."""
    ids = {unit.code: unit.unit_id for unit in province.units}
    units = [msgspec.structs.replace(as_registered(unit, ids), valid_from=SINCE) for unit in province.units]
    await province.administrator.post("identity/units/import", {"units": msgspec.to_builtins(units)})


async def a_few_at_once(works: Sequence[Any], limit: int = AT_ONCE) -> list[Any]:
    """The awaitables' results, in their order."""
    gate = asyncio.Semaphore(limit)

    async def one(work: Any) -> Any:
        async with gate:
            return await work

    return list(await asyncio.gather(*(one(work) for work in works)))
