"""Identity under test: the real app as it is mounted, on a database of its own, with people who sign in."""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from contracts.identity import UnitRegisteredV1
from kernel.auth import GrantClaim
from kernel.event_store import NAMESPACE
from kernel.in_process import InProcessBus
from kernel.migrate import drop
from kernel.runtime import Wiring
from kernel.service import mounted
from kernel.testing import FakeClock
from services.identity.calculation.tokens import subscriber_token, user_token
from services.identity.domain.user import SYSTEM_UNIT
from services.identity.main import create_app
from services.identity.settings import IdentitySettings

ADMINISTRATOR_PASSWORD = "Quản trị viên 2026 thử"
PASSWORD = "Mật khẩu 1 thử"
PREFIX = "/api/identity"


def now() -> datetime:
    return datetime.now(UTC)


def _nobody(name: str) -> httpx.AsyncClient:
    raise AssertionError(f"identity asked {name} for something")


@dataclass
class Identity:
    """`http` is a browser at the mounted app, without a session of its own."""

    app: FastAPI
    http: httpx.AsyncClient
    settings: IdentitySettings
    clock: FakeClock
    administrator: dict[str, str]

    def browser(self) -> httpx.AsyncClient:
        """Another one, without cookies."""
        transport = self.http._transport
        return httpx.AsyncClient(transport=transport, base_url="http://test" + PREFIX)

    async def sign_in(self, username: str, password: str, browser: httpx.AsyncClient | None = None) -> httpx.Response:
        return await (browser or self.browser()).post("/sessions", json={"username": username, "password": password})

    async def as_user(self, username: str, password: str) -> dict[str, str]:
        return bearer(await self.sign_in(username, password))

    async def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """As the administrator."""
        headers = {**self.administrator, **more.pop("headers", {})}
        return await self.http.post(path, json=body if body is not None else {}, headers=headers, **more)

    async def put(self, path: str, body: Any) -> httpx.Response:
        return await self.http.put(path, json=body, headers=self.administrator)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self.administrator)

    async def has_units(self, *units: UnitRegisteredV1) -> None:
        response = await self.post("/units/import", as_import(units))
        assert response.json()["errors"] == [], response.text

    async def has_user(self, username: str, *grants: tuple[str, UUID], password: str = PASSWORD) -> UUID:
        """A user who need not change his password first."""
        body = {"username": username, "name": f"Người {username}", "grants": [granted(*one) for one in grants], "password": password}
        response = await self.post("/users", body)
        assert response.status_code == 201, response.text
        return UUID(response.json()["id"])

    def with_grants(self, *grants: tuple[str, UUID], kind: str = "user") -> dict[str, str]:
        """Authorization of somebody who holds these grants, signed as identity signs; nobody of the accounts."""
        key, claims = self.app.state.desk.keyring.current, [GrantClaim(role, (unit_id,)) for role, unit_id in grants]
        someone = uuid.uuid4()
        if kind == "subscriber":
            return {"Authorization": "Bearer " + subscriber_token(key, someone, ["health"], self.clock())}
        return {"Authorization": "Bearer " + user_token(key, someone, uuid.uuid4(), claims, False, self.clock())}


def unit(code: str, name: str, kind: str = "Xã", level: str = "commune", since: str = "2025-07-01", **more: Any) -> UnitRegisteredV1:
    unit_id = uuid5(NAMESPACE, f"test/{code}/{since}")
    return UnitRegisteredV1(unit_id, code, name, level, kind, date.fromisoformat(since), **more)  # type: ignore[arg-type]


QUY_NHON, PLEIKU = unit("21553", "Quy Nhơn", "Phường"), unit("23563", "Pleiku", "Phường")
HEALTH = unit("52-SYT", "Sở Y tế", "Sở", "department", sectors=("health", "social_security"))
OFFICE = unit("52-VP", "Văn phòng Ủy ban nhân dân tỉnh", "Văn phòng", "office", sectors=("general",))


async def with_units(identity: Identity) -> None:
    await identity.has_units(QUY_NHON, PLEIKU, HEALTH, OFFICE)


def bearer(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 200, response.text
    return {"Authorization": "Bearer " + response.json()["access_token"]}


def granted(role: str, unit_id: UUID, *sectors: str) -> dict[str, Any]:
    return {"role": role, "unit_id": str(unit_id), "sectors": list(sectors)}


def as_import(units: Sequence[UnitRegisteredV1]) -> dict[str, Any]:
    import msgspec

    return {"units": [msgspec.to_builtins(one) for one in units]}


def rule_of(response: httpx.Response) -> str:
    return str(response.json()["type"]).rsplit("/", 1)[-1]


@asynccontextmanager
async def identity_under_test(postgres_url: str, **more: Any) -> AsyncIterator[Identity]:
    settings = IdentitySettings(
        database_url=postgres_url,
        namespace=f"t{uuid.uuid4().hex[:10]}",
        **{"captcha": "never", "first_administrator_password": SecretStr(ADMINISTRATOR_PASSWORD), **more},
    )
    clock = FakeClock(now())
    app = create_app(settings, Wiring(InProcessBus({"identity": ()}), _nobody), clock)
    whole = mounted({"identity": app})
    try:
        transport = httpx.ASGITransport(app=whole)
        async with whole.router.lifespan_context(whole), httpx.AsyncClient(transport=transport, base_url="http://test" + PREFIX) as http:
            identity = Identity(app, http, settings, clock, {})
            identity.administrator = identity.with_grants(("administrator", SYSTEM_UNIT))
            yield identity
    finally:
        await drop(settings, "identity")
