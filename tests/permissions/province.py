"""The whole system in one process with a tiny province in it, whose reports are in every state that somebody may or may not look at."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import SecretStr

from contracts.ids import report_id_of
from kernel.auth import private_key, service_token
from kernel.migrate import drop
from kernel.settings import SERVICES
from kernel.testing import FakeClock
from ktxh.client import Person
from ktxh.system import System, compose
from services.identity.settings import IdentitySettings

from . import places
from .places import EDUCATION, ELSEWHERE, ELSEWHERE_COMMUNE, ELSEWHERE_HEALTH, ELSEWHERE_OFFICE, HEALTH, OFFICE, OTHER, OWN, PROVINCE

PASSWORD = "Gia-Lai.2026-thu"
HEARS_WITHIN_SECONDS = 30.0
COMMUNE_ROLES, DEPARTMENT_ROLES = ("data_entry", "leader", "verifier"), ("data_entry", "leader", "verifier", "compiler")

SEATS: dict[str, tuple[str, UUID]] = {
    **{f"commune.{role}": (role, OWN) for role in COMMUNE_ROLES},
    **{f"other_commune.{role}": (role, OTHER) for role in COMMUNE_ROLES},
    **{f"department.{role}": (role, HEALTH) for role in DEPARTMENT_ROLES},
    **{f"other_department.{role}": (role, EDUCATION) for role in DEPARTMENT_ROLES},
    **{f"office.{role}": (role, OFFICE) for role in DEPARTMENT_ROLES},
    "province.executive": ("executive", PROVINCE),
    "elsewhere.data_entry": ("data_entry", ELSEWHERE_COMMUNE),
    "elsewhere.leader": ("leader", ELSEWHERE_COMMUNE),
    "elsewhere.verifier": ("verifier", ELSEWHERE_HEALTH),
    "elsewhere.compiler": ("compiler", ELSEWHERE_OFFICE),
    "elsewhere.executive": ("executive", ELSEWHERE),
    "system.administrator": ("administrator", OFFICE),
    "system.operator": ("operator", OFFICE),
}
"""Who calls, as (role, unit): `commune` is the reports' own, `department` is in charge of them, `elsewhere` is another province."""

CALLERS = ("nobody", *SEATS, "machine.subscriber", "machine.service", "newcomer")
"""And those without a seat: no token, a department's system, another service, and somebody who must first change the password."""


@dataclass
class Province:
    """`http` calls the system; `tokens` by caller; `reports` by what they are there for; `made` is whatever else a call names."""

    system: System
    http: httpx.AsyncClient
    settings: IdentitySettings
    clock: FakeClock
    accounts: dict[str, tuple[str, str]] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    reports: dict[str, UUID] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)

    def headers(self, caller: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[caller]}"} if caller in self.tokens else {}

    async def ask(self, caller: str, method: str, path: str, *, seen: int | str | None = None, **more: Any) -> httpx.Response:
        """One call, never repeated; `path` begins with the service's name, `seen` is the version for If-Match."""
        headers = {**self.headers(caller), **more.pop("headers", {})}
        if seen is not None:
            headers["If-Match"] = f'"{seen}"'
        return await self.http.request(method, f"/api/{path}", headers=headers, **more)

    async def get(self, caller: str, path: str, **params: Any) -> Any:
        """The answer of a call that must be let in."""
        answer = await self.ask(caller, "GET", path, params=params)
        assert answer.status_code == 200, f"{caller} GET {path}: {answer.status_code} {answer.text[:400]}"
        return answer.json()

    async def post(self, caller: str, path: str, body: Any, *, seen: int | None = None) -> Any:
        answer = await self.ask(caller, "POST", path, json=body, seen=seen)
        assert answer.status_code < 300, f"{caller} POST {path}: {answer.status_code} {answer.text[:400]}"
        return answer.json()

    async def version(self, report: UUID) -> int:
        """The version that the own commune's officer sees now."""
        holder = "commune.data_entry" if report != self.reports.get("others") else "other_commune.data_entry"
        return int((await self.get(holder, f"submissions/reports/{report}"))["version"])

    async def heard(self) -> None:
        """Returns once every service has taken in all that the others have said so far."""
        deadline = asyncio.get_running_loop().time() + HEARS_WITHIN_SECONDS
        while behind := await self._behind():
            assert asyncio.get_running_loop().time() < deadline, f"not heard: {behind}"
            await asyncio.sleep(0.02)

    async def _behind(self) -> list[str]:
        statuses = {name: await self.system.apps[name].state.runtime.status() for name in SERVICES}
        return [
            f"{name} of {publisher}"
            for name, status in statuses.items()
            for publisher, seq in status["inboxes"].items()
            if seq < statuses[publisher]["head"] or statuses[publisher]["unsequenced"]
        ]


@asynccontextmanager
async def running_system(postgres_url: str) -> AsyncIterator[Province]:
    """Five services in process, on databases of their own that are dropped afterwards; nothing is in them but the first administrator."""
    settings = IdentitySettings(
        database_url=postgres_url,
        namespace=f"t{uuid4().hex[:10]}",
        captcha="never",
        pool_size=4,
        first_administrator_password=SecretStr(PASSWORD),
    )
    clock = FakeClock()
    system = compose(settings, clock)
    try:
        async with system.app.router.lifespan_context(system.app):
            transport = httpx.ASGITransport(app=system.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://system", timeout=60) as http:
                http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # nobody's refresh cookie speaks for another
                yield Province(system, http, settings, clock)
    finally:
        for name in SERVICES:
            await drop(settings, name)


async def settle_in(province: Province) -> None:
    """Units, accounts and forms, as an administrator and the compilers would set them up."""
    first = Person(province.http, "quantri", PASSWORD)
    await first.post("identity/units/import", {"units": [places.as_json(unit) for unit in places.UNITS]})
    by_seat: dict[tuple[str, str], str] = {}
    for level, roles in (("commune", COMMUNE_ROLES), ("department", DEPARTMENT_ROLES), ("office", DEPARTMENT_ROLES)):
        made = await first.post("identity/users/generate", {"level": level, "roles": list(roles), "password": PASSWORD})
        by_seat |= {(one["role"], one["unit_id"]): one["username"] for one in made["created"]}
    for caller, (role, unit) in SEATS.items():
        username = by_seat.get((role, str(unit))) or await _register(first, caller, role, unit)
        await _signs_in(province, caller, username)
    await _newcomer_and_machines(province, first)
    await province.heard()
    for form in (places.health_form(), places.general_form()):
        caller = "department.compiler" if form.owner_id == HEALTH else "office.compiler"
        if form.owner_id == HEALTH:
            await province.post(
                "office.compiler", "templates/indicators", {"indicators": [places.as_json(one) for one in places.INDICATORS]}
            )
        await province.post(caller, "templates/templates", {"template": places.as_json(form)})
        await province.post(caller, f"templates/templates/{form.code}/publish", {})
    await province.heard()


async def _register(first: Person, caller: str, role: str, unit: UUID) -> str:
    username = caller.replace("_", "-")
    grants = [{"role": role, "unit_id": str(unit)}]
    await first.post("identity/users", {"username": username, "name": f"Người {username}", "grants": grants, "password": PASSWORD})
    return username


async def _signs_in(province: Province, caller: str, username: str, password: str = PASSWORD) -> None:
    answer = await province.http.post("/api/identity/sessions", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    province.tokens[caller], province.users[caller] = body["access_token"], body["user"]["id"]
    province.accounts[caller] = (username, password)
    province.made[f"cookie of {caller}"] = (
        answer.cookies.get("ktxh_refresh", "") or answer.headers["set-cookie"].split("=", 1)[1].split(";")[0]
    )


async def _newcomer_and_machines(province: Province, first: Person) -> None:
    grants = [{"role": "leader", "unit_id": str(OWN)}]
    made = await first.post("identity/users", {"username": "nguoimoi", "name": "Người mới", "grants": grants})
    await _signs_in(province, "newcomer", "nguoimoi", made["first_password"])
    client = await first.post("identity/clients", {"name": "Kho dữ liệu Sở Y tế", "unit_id": str(HEALTH), "sectors": ["health"]})
    secret = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    province.tokens["machine.subscriber"] = (await province.http.post("/api/identity/sessions", json=secret)).json()["access_token"]
    key = private_key(province.settings, "templates")
    province.tokens["machine.service"] = service_token(key, "templates", province.clock().timestamp())


async def assign(province: Province, period: str, units: Iterable[UUID], template: str = places.HEALTH_FORM) -> str:
    """By whoever is in charge of the form; returns the assignment's id."""
    caller = "department.compiler" if template == places.HEALTH_FORM else "office.compiler"
    body = {"template": template, "period": period, "units": {"ids": [str(unit) for unit in units]}, "due_on": "2026-04-20"}
    return str((await province.post(caller, "templates/assignments", body))["id"])


async def submit(province: Province, report: UUID, cells: dict[str, Any], caller: str = "commune.data_entry") -> None:
    """Typed and submitted with its formulas computed."""
    version = (await province.get(caller, f"submissions/reports/{report}"))["version"]
    saved = await province.ask(caller, "PATCH", f"submissions/reports/{report}/cells", json={"cells": cells}, seen=version)
    assert saved.status_code == 200, saved.text
    body = {"normalise": True, "note": "Kính trình đồng chí"}
    await province.post(caller, f"submissions/reports/{report}/submit", body, seen=saved.json()["version"])


async def decide(province: Province, caller: str, decision: str, reports: Iterable[UUID], revision: int = 1) -> None:
    """Several at once; each must be done."""
    chosen = [{"id": str(one), "revision": revision} for one in reports]
    answer = await province.post(caller, "approvals/decisions", {"decision": decision, "reports": chosen, "note": f"Ghi chú {decision}"})
    assert {item["outcome"] for item in answer["items"]} == {"done"}, answer
    await province.heard()


def report_of(period: str, unit: UUID = OWN, template: str = places.HEALTH_FORM) -> UUID:
    return report_id_of(template, period, unit)
