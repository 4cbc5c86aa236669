"""A small province for these tests: its office, two departments, four communes, and a health form that it reports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import httpx

from contracts.identity import Grant, UnitRegisteredV1, UserRegisteredV1
from contracts.ids import report_id_of
from contracts.vocabulary import Role, Sector, UnitLevel
from kernel.event_store import NAMESPACE
from kernel.message import Envelope
from kernel.testing import EventSpy, eventually
from services.templates.main import create_app
from services.templates.publishing import PREFIX
from tests.integration.harness import ServiceUnderTest, service_under_test

SINCE = date(2025, 7, 1)


def unit_id(name: str) -> UUID:
    return uuid5(NAMESPACE, f"unit of tests/{name}")


PROVINCE, OFFICE, HEALTH, TRADE = (unit_id(name) for name in ("Gia Lai", "Văn phòng", "Sở Y tế", "Sở Công Thương"))
COMMUNES = tuple(unit_id(name) for name in ("Pleiku", "An Phú", "Ia Grai", "Chư Păh"))
FOREIGN = unit_id("Biên Hòa")


def unit(
    id_: UUID, code: str, name: str, level: UnitLevel, parent: UUID | None = PROVINCE, *sectors: Sector, **more: Any
) -> UnitRegisteredV1:
    kind = {"province": "Tỉnh", "commune": "Xã", "department": "Sở", "office": ""}[level]
    fields = {"province_code": "52", **more}
    return UnitRegisteredV1(id_, code, name, level, kind, SINCE, parent_id=parent, sectors=tuple(sectors), **fields)


UNITS = (
    unit(PROVINCE, "52", "Gia Lai", "province", None),
    unit(OFFICE, "52-VP", "Văn phòng UBND tỉnh", "office"),
    unit(HEALTH, "52-YT", "Y tế", "department", PROVINCE, "health", "population"),
    unit(TRADE, "52-CT", "Công Thương", "department", PROVINCE, "industry", "trade"),
    *(unit(id_, f"2360{number}", f"Xã số {number}", "commune") for number, id_ in enumerate(COMMUNES)),
    unit(FOREIGN, "26068", "Biên Hòa", "commune", unit_id("Đồng Nai"), province_code="75"),
)

INDICATORS: list[dict[str, Any]] = [
    {"code": "YT.KHAM", "name": "Số lượt khám bệnh", "unit_of_measure": "lượt", "sector": "health", "minimum": "0"},
    {"code": "YT.NHAPVIEN", "name": "Số lượt nhập viện", "unit_of_measure": "lượt", "sector": "health"},
    {
        "code": "YT.TYLE",
        "name": "Tỷ lệ nhập viện",
        "unit_of_measure": "%",
        "sector": "health",
        "adding_up": {"over_units": "none", "over_time": "none"},
        "decimals": 2,
    },
]


def form(**changes: Any) -> dict[str, Any]:
    """The health form as a draft; `changes` replace fields."""
    rows = [
        {"key": "kham", "at": 7, "label": "Số lượt khám", "unit_of_measure": "lượt", "subject": "YT.KHAM"},
        {"key": "nhap_vien", "at": 8, "label": "Số lượt nhập viện", "unit_of_measure": "lượt", "subject": "YT.NHAPVIEN"},
        {"key": "ty_le", "at": 9, "label": "Tỷ lệ", "unit_of_measure": "%", "subject": "YT.TYLE", "formula": "=D8/D7*100"},
    ]
    return {
        "code": "YT-T",
        "name": "Y tế – báo cáo tháng",
        "sector": "health",
        "kind": "report",
        "period_type": "month",
        "owner_id": str(HEALTH),
        "route": [
            {"action": "send", "role": "leader", "at": "own"},
            {"action": "verify", "role": "verifier", "at": "owner"},
            {"action": "approve", "role": "leader", "at": "owner"},
        ],
        "cutoff": {"regime": "statistical", "due_working_days": 2, "close_after_working_days": 5},
        "sheet": {"title": "BÁO CÁO Y TẾ", "rows": rows, "columns": [{"key": "th", "at": 4, "header": ["Thực hiện"], "measure": "actual"}]},
        **changes,
    }


class Province:
    """The service with people of the province; calls name who calls, with a token of that moment."""

    def __init__(self, service: ServiceUnderTest) -> None:
        self.service, self.client = service, service.client

    @property
    def designer(self) -> dict[str, str]:
        return self.service.as_user(("compiler", HEALTH))

    @property
    def office(self) -> dict[str, str]:
        return self.service.as_user(("compiler", OFFICE))

    @property
    def trader(self) -> dict[str, str]:
        return self.service.as_user(("compiler", TRADE))

    @property
    def officer(self) -> dict[str, str]:
        return self.service.as_user(("data_entry", COMMUNES[0]))

    @property
    def administrator(self) -> dict[str, str]:
        return self.service.as_user(("administrator", PROVINCE))

    async def hears_of_units(self) -> None:
        for one in UNITS:
            await self.service.hears("identity", "vn.ktxh.identity.unit_registered.v1", f"unit/{one.unit_id}", one)

    async def hears_of_user(self, role: Role, unit: UUID) -> None:
        user = uuid5(NAMESPACE, f"{role} of {unit}")
        said = UserRegisteredV1(user, (Grant(role, unit),))
        await self.service.hears("identity", "vn.ktxh.identity.user_registered.v1", f"user/{user}", said)

    async def call(self, method: str, path: str, who: dict[str, str], body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, path, json=body, headers={**who, **named})

    async def get(self, path: str, who: dict[str, str]) -> Any:
        answer = await self.call("GET", path, who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def does(self, method: str, path: str, who: dict[str, str], body: Any = None, **headers: str) -> Any:
        """The answer to a call that succeeds."""
        answer = await self.call(method, path, who, body, **headers)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def defines_indicators(self) -> None:
        await self.does("POST", "/indicators", self.designer, {"indicators": INDICATORS})

    async def publishes(self, **changes: Any) -> Any:
        """The form as version 1."""
        await self.defines_indicators()
        draft = form(**changes)
        await self.does("POST", "/templates", self.designer, {"template": draft})
        return await self.does("POST", f"/templates/{draft['code']}/publish", self.designer)

    async def publishes_again(self, **changes: Any) -> Any:
        """The form changed, as the next version."""
        draft = await self.get("/templates/YT-T/draft", self.designer)
        await self.does("PUT", "/templates/YT-T/draft", self.designer, {"template": form(**changes)}, if_match=str(draft["etag"]))
        return await self.does("POST", "/templates/YT-T/publish", self.designer)

    async def has_said(self, name: str, count: int) -> list[Envelope]:
        """The messages of this event, once there are as many as expected; fails if there are more."""
        spy = EventSpy(self.service.runtime.ledger)

        async def all_there() -> list[Envelope] | None:
            found = await spy.messages(f"{PREFIX}{name}.v1")
            return found if len(found) >= count else None

        found: list[Envelope] = await eventually(all_there)
        assert len(found) == count
        return found

    async def assigns(self, units: Any = None, who: dict[str, str] | None = None, **changes: Any) -> Any:
        body = {"template": "YT-T", "period": "2026-03", "units": units or {"under": str(PROVINCE), "level": "commune"}, **changes}
        return await self.does("POST", "/assignments", who or self.designer, body)

    async def log_says(self, type_: str, payload: Any) -> None:
        await self.service.hears("submissions", f"vn.ktxh.{type_}.v1", f"report/{payload.report_id}", payload)


def report_of(unit: UUID, period: str = "2026-03", template: str = "YT-T") -> UUID:
    return report_id_of(template, period, unit)


def ids(*units: UUID) -> dict[str, list[str]]:
    return {"ids": [str(unit) for unit in units]}


@asynccontextmanager
async def province_at_work(postgres_url: str) -> AsyncIterator[Province]:
    """The service with its units known; nothing defined yet."""
    async with service_under_test(create_app, "templates", postgres_url) as service:
        province = Province(service)
        await province.hears_of_units()
        yield province
