"""A province's month as approvals lives it: identity, templates and submissions are played, people call its API."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import httpx

from contracts import approvals as logged
from contracts import identity, templates
from contracts import submissions as log
from contracts.ids import report_id_of
from contracts.vocabulary import StepAction
from kernel.event_store import NAMESPACE
from kernel.sheet.model import Column, Row, Sheet
from kernel.testing import EventSpy
from tests.integration.harness import ServiceUnderTest

PERIOD = "2026-03"
FORM = "health_monthly"


def an_id(name: str) -> UUID:
    return uuid5(NAMESPACE, f"test/{name}")


PROVINCE, OFFICE, HEALTH, EDUCATION = an_id("province"), an_id("office"), an_id("health"), an_id("education")
DISTRICT, FIRST, SECOND, ELSEWHERE = an_id("district"), an_id("first"), an_id("second"), an_id("elsewhere")
OTHER_PROVINCE = an_id("other province")

OFFICER, LEADER = an_id("officer"), an_id("leader")
VERIFIER, HEAD = an_id("verifier"), an_id("head")
COMPILER = an_id("compiler")

UNITS: Sequence[tuple[UUID, str, str, str, UUID | None, str, tuple[str, ...]]] = (
    (PROVINCE, "52", "Gia Lai", "province", None, "52", ()),
    (OTHER_PROVINCE, "48", "Đà Nẵng", "province", None, "48", ()),
    (OFFICE, "52-VP", "Văn phòng UBND tỉnh", "office", PROVINCE, "52", ()),
    (HEALTH, "52-YT", "Sở Y tế", "department", PROVINCE, "52", ("health",)),
    (EDUCATION, "52-GD", "Sở Giáo dục và Đào tạo", "department", PROVINCE, "52", ("education",)),
    (DISTRICT, "52-H", "Huyện Chư Sê", "district", PROVINCE, "52", ()),
    (FIRST, "21001", "Pleiku", "commune", PROVINCE, "52", ()),
    (SECOND, "21002", "Đăk Đoa", "commune", DISTRICT, "52", ()),
    (ELSEWHERE, "48001", "Hải Châu", "commune", OTHER_PROVINCE, "48", ()),
)


def step(action: StepAction, role: Any, unit: UUID, passed_over: str = "") -> log.ResolvedStep:
    return log.ResolvedStep(action, role, unit, passed_over)


def three_steps(unit: UUID) -> tuple[log.ResolvedStep, ...]:
    return step("send", "leader", unit), step("verify", "verifier", HEALTH), step("approve", "leader", HEALTH)


def two_steps(unit: UUID) -> tuple[log.ResolvedStep, ...]:
    return step("send", "leader", unit), step("approve", "leader", HEALTH)


@dataclass
class Month:
    """`service` is approvals; `submissions` is played: its revision, by report, is what it last said."""

    service: ServiceUnderTest
    revisions: dict[UUID, int] = field(default_factory=dict)

    # ------------------------------------------------------------------ what others say

    async def of_identity(self, type_: str, subject: str, payload: Any) -> None:
        await self.service.hears("identity", f"vn.ktxh.identity.{type_}.v1", subject, payload)

    async def of_the_log(self, type_: str, report: UUID, payload: Any, **more: Any) -> None:
        await self.service.hears("submissions", f"vn.ktxh.{type_}.v1", f"report/{report}", payload, **more)

    async def knows_units(self) -> None:
        for unit, code, name, level, parent, province, sectors in UNITS:
            registered = identity.UnitRegisteredV1(
                unit_id=unit,
                code=code,
                name=name,
                level=level,  # type: ignore[arg-type]
                kind="",
                valid_from=date(2025, 7, 1),
                parent_id=parent,
                province_code=province,
                sectors=sectors,  # type: ignore[arg-type]
            )
            await self.of_identity("unit_registered", f"unit/{unit}", registered)

    async def knows_the_form(self, version: int = 1, sector: Any = "health", code: str = FORM) -> None:
        sheet = Sheet("Y tế", (Row("visits", 6, "Lượt khám", subject="visits"),), (Column("actual", 4, ("Thực hiện",)),))
        template = templates.TemplateV1(code, version, "Y tế tháng", sector, "report", "month", HEALTH, sheet, ())
        published = templates.TemplatePublishedV1(template)
        await self.service.hears("templates", "vn.ktxh.templates.template_published.v1", f"template/{code}", published)

    async def knows_person(self, user: UUID, *grants: tuple[Any, UUID]) -> None:
        held = tuple(identity.Grant(role, unit) for role, unit in grants)
        await self.of_identity("user_registered", f"user/{user}", identity.UserRegisteredV1(user, held))

    async def assigned(self, unit: UUID = FIRST, *, version: int = 1, due_on: date = date(2026, 4, 17), code: str = FORM) -> UUID:
        report = report_id_of(code, PERIOD, unit)
        assignment = templates.ReportAssignedV1(
            report, an_id("assignment"), code, version, PERIOD, unit, due_on, date(2026, 2, 15), date(2026, 3, 14), HEALTH
        )
        await self.of_the_log("report_assigned", report, assignment)
        return report

    async def submitted(
        self,
        unit: UUID = FIRST,
        *,
        route: tuple[log.ResolvedStep, ...] | None = None,
        by: UUID = OFFICER,
        code: str = FORM,
        **more: Any,
    ) -> UUID:
        """The unit submits its next revision; it was assigned before, if need be."""
        report = report_id_of(code, PERIOD, unit)
        if report not in self.revisions:
            await self.assigned(unit, code=code)
        self.revisions[report] = self.revisions.get(report, 0) + 1
        submitted = log.ReportSubmittedToLeaderV1(
            **self._key(report, unit, code),
            version=1,
            revision=self.revisions[report],
            sector="health",
            figures={},
            figures_hash=f"{self.revisions[report]:064d}",
            route=three_steps(unit) if route is None else route,
            due_on=date(2026, 4, 17),
            submitted_by=by,
            **more,
        )
        await self.of_the_log("report_submitted_to_leader", report, submitted, event_id=an_id(f"{report}/{self.revisions[report]}"))
        return report

    def _key(self, report: UUID, unit: UUID, code: str = FORM) -> dict[str, Any]:
        return {"report_id": report, "template": code, "period": PERIOD, "unit_id": unit}

    async def log_takes(self, event_id: str, kind: str, state: str, report: UUID, *, effect: Any = "applied", **more: Any) -> None:
        """submissions has logged the decision under its own id."""
        common: dict[str, Any] = {
            **self._key(report, FIRST),
            "revision": self.revisions[report],
            "step": 0,
            "unit": FIRST,
            "role": "leader",
            "decided_by": LEADER,
            "effect": effect,
            "state": state,
        }
        type_ = logged.LoggedReportSentV1 if kind == "report_sent" else logged.LoggedDecisionV1
        await self.of_the_log(kind, report, type_(**{**common, **more}), event_id=UUID(event_id))

    async def log_takes_reopening(self, event_id: str, reopening: str, report: UUID, **more: Any) -> None:
        answer = logged.LoggedReopeningV1(
            **{**self._key(report, FIRST), "reopening_id": UUID(reopening), "revision": 1, "decided_by": HEAD, **more}
        )
        await self.of_the_log("reopening_granted", report, answer, event_id=UUID(event_id))

    async def cancelled(self, report: UUID, *, effect: Any = "applied") -> None:
        cancelled = log.ReportCancelledV1(**self._key(report, FIRST), reason="r", assignment_id=an_id("assignment"), effect=effect)
        await self.of_the_log("report_cancelled", report, cancelled)

    async def dropped(self, report: UUID, revision: int = 1) -> None:
        await self.of_the_log("reopening_dropped", report, log.ReopeningDroppedV1(**self._key(report, FIRST), revision=revision))

    async def history(self, unit: UUID = FIRST, *, revision: int = 1) -> UUID:
        report = report_id_of(FORM, PERIOD, unit)
        self.revisions[report] = revision
        recorded = log.HistoryRecordedV1(
            **self._key(report, unit),
            version=1,
            revision=revision,
            sector="health",
            figures={},
            figures_hash="h",
            route=three_steps(unit),
            source="Niên giám",
            first_day=date(2026, 2, 15),
            last_day=date(2026, 3, 14),
        )
        await self.of_the_log("history_recorded", report, recorded)
        return report

    # ------------------------------------------------------------------ people

    def person(self, user: UUID, *grants: tuple[str, UUID]) -> dict[str, str]:
        return self.service.as_user(*grants, user=user)

    @property
    def officer(self) -> dict[str, str]:
        return self.person(OFFICER, ("data_entry", FIRST))

    @property
    def leader(self) -> dict[str, str]:
        return self.person(LEADER, ("leader", FIRST))

    @property
    def verifier(self) -> dict[str, str]:
        return self.person(VERIFIER, ("verifier", HEALTH))

    @property
    def head(self) -> dict[str, str]:
        return self.person(HEAD, ("leader", HEALTH))

    @property
    def office(self) -> dict[str, str]:
        return self.person(COMPILER, ("compiler", OFFICE))

    # ------------------------------------------------------------------ calls

    async def get(self, path: str, who: dict[str, str], **params: Any) -> httpx.Response:
        return await self.service.client.get(path, headers=who, params=params)

    async def post(self, path: str, who: dict[str, str], body: Any, *, key: str = "") -> httpx.Response:
        headers = {**who, "Idempotency-Key": key} if key else who
        return await self.service.client.post(path, headers=headers, json=body)

    async def decide(
        self, decision: str, who: dict[str, str], *reports: UUID, revision: int | None = None, key: str = "", **more: Any
    ) -> httpx.Response:
        chosen = [{"id": str(report), "revision": revision or self.revisions.get(report, 1)} for report in reports]
        return await self.post("/decisions", who, {"decision": decision, "reports": chosen, **more}, key=key)

    async def withdraw(self, who: dict[str, str], *reports: UUID, key: str = "") -> httpx.Response:
        chosen = [{"id": str(report), "revision": self.revisions[report]} for report in reports]
        return await self.post("/withdrawals", who, {"reports": chosen}, key=key)

    async def takes(self, decision: str, who: dict[str, str], report: UUID, **more: Any) -> dict[str, Any]:
        """One decision that is expected to be taken; its answer."""
        answer = await self.decide(decision, who, report, **more)
        assert answer.status_code == 200, answer.text
        item: dict[str, Any] = answer.json()["items"][0]
        assert item["outcome"] == "done"
        return item

    async def approved(self, unit: UUID = FIRST) -> UUID:
        """A report that went all its way, here and in the log."""
        report = await self.submitted(unit)
        leader = self.person(an_id(f"leader of {unit}"), ("leader", unit))
        for decision, who, kind in (
            ("send", leader, "report_sent"),
            ("verify", self.verifier, "report_verified"),
            ("approve", self.head, "report_approved"),
        ):
            taken = await self.takes(decision, who, report)
            await self.log_takes(taken["event_id"], kind, taken["state"], report)
        return report

    async def inbox(self, who: dict[str, str], **params: Any) -> list[dict[str, Any]]:
        answer = await self.get("/inbox", who, **params)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def state(self, report: UUID, who: dict[str, str] | None = None) -> str:
        return str((await self.look(report, who))["state"])

    async def look(self, report: UUID, who: dict[str, str] | None = None) -> dict[str, Any]:
        answer = await self.get(f"/reports/{report}", who or self.leader)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def row(self, report: UUID) -> dict[str, Any]:
        return dict(await self.service.runtime.pool.fetchrow("SELECT * FROM item WHERE report_id = $1", report) or {})

    async def said(self) -> int:
        """How many events approvals has appended."""
        return int(await self.service.runtime.pool.fetchval("SELECT count(*) FROM event") or 0)

    @property
    def spy(self) -> EventSpy:
        return EventSpy(self.service.runtime.ledger)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """(status, broken rule) of a refused call."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]
