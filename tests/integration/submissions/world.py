"""A small province and one monthly form, and the other services' words about them, for tests of submissions."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx

from contracts import approvals as said
from contracts.identity import UnitRegisteredV1
from contracts.ids import report_id_of
from contracts.templates import AddingUp, IndicatorDefinedV1, ReportAssignedV1, Step, TemplatePublishedV1, TemplateV1
from kernel.calendar import parse_period
from kernel.event_store import NAMESPACE
from kernel.sheet.model import Carried, Column, Limits, Row, Rule, Sheet
from tests.integration.harness import ServiceUnderTest


def unit_id_of(code: str, valid_from: str) -> UUID:
    return uuid5(NAMESPACE, f"unit/{code}/{valid_from}")


FROM = date(2025, 7, 1)
PROVINCE = unit_id_of("52", "2025-07-01")
OFFICE = unit_id_of("52-VP", "2025-07-01")
HEALTH = unit_id_of("52-YT", "2025-07-01")
EDUCATION = unit_id_of("52-GD", "2025-07-01")
QUY_NHON = unit_id_of("21550", "2025-07-01")
PLEIKU = unit_id_of("23563", "2025-07-01")
UNITS = (
    UnitRegisteredV1(PROVINCE, "52", "Gia Lai", "province", "Tỉnh", FROM, province_code="52"),
    UnitRegisteredV1(OFFICE, "52-VP", "Văn phòng Ủy ban", "office", "Văn phòng", FROM, PROVINCE, "52"),
    UnitRegisteredV1(HEALTH, "52-YT", "Sở Y tế", "department", "Sở", FROM, PROVINCE, "52", ("health",)),
    UnitRegisteredV1(EDUCATION, "52-GD", "Sở Giáo dục", "department", "Sở", FROM, PROVINCE, "52", ("education",)),
    UnitRegisteredV1(QUY_NHON, "21550", "Quy Nhơn", "commune", "Phường", FROM, PROVINCE, "52"),
    UnitRegisteredV1(PLEIKU, "23563", "Pleiku", "commune", "Phường", FROM, PROVINCE, "52"),
)
OFFICER = UUID("00000000-0000-4000-8000-000000000001")
COLLEAGUE = UUID("00000000-0000-4000-8000-000000000002")
LEADER = UUID("00000000-0000-4000-8000-000000000003")
VERIFIER = UUID("00000000-0000-4000-8000-000000000004")


def indicator(code: str, name: str) -> IndicatorDefinedV1:
    return IndicatorDefinedV1(code, name, "Người", "health", AddingUp())


def sheet(rules: tuple[Rule, ...] = ()) -> Sheet:
    """Births and deaths: this month, the year so far (carried), the year to date (formula)."""
    rows = (
        Row("births", 7, "Số trẻ sinh ra", subject="births", unit_of_measure="Người"),
        Row("deaths", 8, "Số người chết", subject="deaths", unit_of_measure="Người"),
    )
    columns = (
        Column("month", 4, ("Trong tháng",), measure="actual"),
        Column("before", 5, ("Lũy kế trước",), role="carried", carried=Carried("month", offset="year-to-date")),
        Column("to_date", 6, ("Lũy kế",), role="formula", formula="=D7+E7", measure="year_to_date"),
    )
    limits = {"births": Limits(minimum=Decimal(0), maximum=Decimal(100000), jump=Decimal(5)), "deaths": Limits(minimum=Decimal(0))}
    return Sheet("Báo cáo y tế tháng", rows, columns, rules=rules, limits=limits)


def form(version: int = 1, code: str = "health_m", **more: Any) -> TemplateV1:
    facts: dict[str, Any] = {
        "name": "Y tế – báo cáo tháng",
        "sector": "health",
        "kind": "report",
        "period_type": "month",
        "owner_id": HEALTH,
        "sheet": sheet(),
        "route": (Step("send", "leader", "own"), Step("verify", "verifier", "owner"), Step("approve", "leader", "owner")),
        "indicators": {"births": indicator("births", "Số trẻ sinh ra"), "deaths": indicator("deaths", "Số người chết")},
    }
    return TemplateV1(code=code, version=version, **(facts | more))


@dataclass
class World:
    """The service under test, with the words of the other services at hand."""

    service: ServiceUnderTest
    assignments: dict[str, UUID] = field(default_factory=dict)

    @property
    def client(self) -> httpx.AsyncClient:
        return self.service.client

    async def prepare(self, template: TemplateV1 | None = None) -> None:
        for unit in UNITS:
            await self.service.hears("identity", "vn.ktxh.identity.unit_registered.v1", f"unit/{unit.unit_id}", unit)
        await self.publish(template or form())

    async def publish(self, template: TemplateV1) -> None:
        published = TemplatePublishedV1(template)
        await self.service.hears("templates", "vn.ktxh.templates.template_published.v1", f"template/{template.code}", published)

    async def assign(self, period: str = "2026-03", unit: UUID = QUY_NHON, template: TemplateV1 | None = None, **more: Any) -> UUID:
        wanted = template or form()
        days = parse_period(period).days("statistical")
        report_id = report_id_of(wanted.code, period, unit)
        facts: dict[str, Any] = {"due_on": date(2026, 4, 17), "assigned_by": HEALTH, **more}
        assigned = ReportAssignedV1(
            report_id=report_id,
            assignment_id=uuid5(report_id, "assignment"),
            template=wanted.code,
            version=wanted.version,
            period=period,
            unit_id=unit,
            first_day=days[0],
            last_day=days[1],
            **facts,
        )
        await self.hears_templates("report_assigned", report_id, assigned)
        return report_id

    async def hears_templates(self, name: str, report_id: UUID, payload: Any) -> None:
        await self.service.hears("templates", f"vn.ktxh.templates.{name}.v1", f"report/{report_id}", payload)

    async def decide(
        self, decision: str, report_id: UUID, revision: int, period: str = "2026-03", unit: UUID = QUY_NHON, **more: Any
    ) -> UUID:
        """Approvals says it; returns the decision's id."""
        names: dict[str, tuple[str, type[said.DecisionV1]]] = {
            "send": ("report_sent", said.ReportSentV1),
            "reject": ("report_rejected", said.ReportRejectedV1),
            "verify": ("report_verified", said.ReportVerifiedV1),
            "approve": ("report_approved", said.ReportApprovedV1),
            "return": ("report_returned", said.ReportReturnedV1),
            "withdraw": ("submission_withdrawn", said.SubmissionWithdrawnV1),
        }
        name, contract = names[decision]
        facts: dict[str, Any] = {"step": 0, "unit": unit, "role": "leader", "decided_by": LEADER, **more}
        payload = contract(report_id=report_id, template="health_m", period=period, unit_id=unit, revision=revision, **facts)
        event_id = uuid4()
        await self.service.hears("approvals", f"vn.ktxh.approvals.{name}.v1", f"report/{report_id}", payload, event_id=event_id)
        return event_id

    def officer(self, unit: UUID = QUY_NHON, user: UUID = OFFICER) -> dict[str, str]:
        return self.service.as_user(("data_entry", unit), user=user)

    def leader(self, unit: UUID = QUY_NHON) -> dict[str, str]:
        return self.service.as_user(("leader", unit), user=LEADER)

    def verifier(self, unit: UUID = HEALTH) -> dict[str, str]:
        return self.service.as_user(("verifier", unit), user=VERIFIER)

    async def get(self, report_id: UUID, headers: dict[str, str] | None = None) -> dict[str, Any]:
        answer = await self.client.get(f"/reports/{report_id}", headers=headers or self.officer())
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def save(self, report_id: UUID, cells: dict[str, Any], version: int, **more: Any) -> httpx.Response:
        headers = {**self.officer(**more), "If-Match": f'"{version}"'}
        return await self.client.patch(f"/reports/{report_id}/cells", json={"cells": cells}, headers=headers)

    async def post(self, path: str, version: int | None = None, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        stale = {} if version is None else {"If-Match": f'"{version}"'}
        return await self.client.post(path, json=body, headers={**(headers or self.officer()), **stale})

    async def submitted(self, report_id: UUID, births: str = "12", deaths: str = "3") -> int:
        """Fills in, normalises and submits; returns the revision."""
        version = (await self.get(report_id))["version"]
        saved = await self.save(report_id, {"births.month": births, "deaths.month": deaths}, version)
        assert saved.status_code == 200, saved.text
        answer = await self.post(f"/reports/{report_id}/submit", saved.json()["version"], normalise=True)
        assert answer.status_code == 200, answer.text
        revision: int = answer.json()["revision"]
        return revision
