"""A commune's report and the people around it, for telling stories about decisions."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from kernel.event_store import NAMESPACE
from kernel.testing import Scenario
from services.approvals.commands import (
    Decide,
    GrantReopening,
    Item,
    RefuseReopening,
    Remind,
    RequestReopening,
    Seats,
    StartReopening,
    Step,
    Withdraw,
)
from services.approvals.domain import decider
from services.approvals.events import (
    Event,
    ReopeningGranted,
    ReopeningRequested,
    ReportApproved,
    ReportRejected,
    ReportReturned,
    ReportSent,
    ReportVerified,
    SubmissionWithdrawn,
)


def an_id(name: str) -> UUID:
    return uuid5(NAMESPACE, name)


COMMUNE, DEPARTMENT, DISTRICT = an_id("commune"), an_id("department"), an_id("district")
OFFICER, LEADER, VERIFIER, HEAD = (str(an_id(name)) for name in ("officer", "leader", "verifier", "head"))
SEATS: dict[str, Seats] = {
    OFFICER: frozenset({("data_entry", COMMUNE)}),
    LEADER: frozenset({("leader", COMMUNE)}),
    VERIFIER: frozenset({("verifier", DEPARTMENT)}),
    HEAD: frozenset({("leader", DEPARTMENT)}),
}
SENDS = Step("send", "leader", COMMUNE)
VERIFIES = Step("verify", "verifier", DEPARTMENT)
APPROVES = Step("approve", "leader", DEPARTMENT)
REOPENING = an_id("reopening")

REPORT = Item(
    report_id=an_id("report"),
    template="health_monthly",
    period="2026-03",
    unit_id=COMMUNE,
    sector="health",
    province="52",
    unit_code="21001",
    revision=1,
    figures_hash="f" * 64,
    route=(SENDS, VERIFIES, APPROVES),
    submitted_by=OFFICER,
    owner_id=DEPARTMENT,
)
KEY: dict[str, Any] = {"report_id": REPORT.report_id, "template": "health_monthly", "period": "2026-03", "unit_id": COMMUNE}


def the_report(**changes: Any) -> Item:
    return replace(REPORT, **changes)


def told(item: Item, *events: Event) -> Scenario:
    """The story so far of this report."""
    return Scenario(decider(item)).given(*events)


def _taken(revision: int, step: int, at: Step, by: str, **more: Any) -> dict[str, Any]:
    decision = {"revision": revision, "step": step, "unit": at.unit_id, "role": at.role, "decided_by": by}
    return {**KEY, **decision, "figures_hash": REPORT.figures_hash, **more}


def sent(revision: int = 1, **more: Any) -> ReportSent:
    return ReportSent(**_taken(revision, 0, SENDS, LEADER), **more)


def rejected(revision: int = 1) -> ReportRejected:
    return ReportRejected(**_taken(revision, 0, SENDS, LEADER, reason="r"))


def verified(revision: int = 1) -> ReportVerified:
    return ReportVerified(**_taken(revision, 1, VERIFIES, VERIFIER))


def returned(revision: int = 1, **more: Any) -> ReportReturned:
    return ReportReturned(**_taken(revision, 1, VERIFIES, VERIFIER, reason="r"), **more)


def approved(revision: int = 1) -> ReportApproved:
    return ReportApproved(**_taken(revision, 2, APPROVES, HEAD))


def withdrawn(revision: int = 1, by: str = OFFICER, role: str = "data_entry", step: int = 0, **more: Any) -> SubmissionWithdrawn:
    return SubmissionWithdrawn(**_taken(revision, step, Step("", role, COMMUNE), by), **more)


def requested(reopening: UUID = REOPENING) -> ReopeningRequested:
    return ReopeningRequested(**KEY, reopening_id=reopening, revision=1, decided_by=OFFICER, reason="r")


def granted(reopening: UUID = REOPENING, **more: Any) -> ReopeningGranted:
    return ReopeningGranted(**KEY, reopening_id=reopening, revision=1, decided_by=HEAD, **more)


def decides(item: Item, decision: str, by: str, *, revision: int | None = None, seats: Seats | None = None, **more: Any) -> Decide:
    """A decision with a reason where one is needed, unless it is given."""
    reason = "r" if decision in ("reject", "return") else ""
    return Decide(item, decision, revision or item.revision or 1, by, SEATS[by] if seats is None else seats, **{"reason": reason, **more})


def withdraws(item: Item, by: str, *, seats: Seats | None = None) -> Withdraw:
    return Withdraw(item, item.revision or 1, by, SEATS[by] if seats is None else seats)


def asks_to_reopen(item: Item, by: str = OFFICER, *, reopening: UUID = REOPENING, reason: str = "r") -> RequestReopening:
    return RequestReopening(item, reopening, by, SEATS[by], reason)


def starts_reopening(item: Item, by: str = HEAD, *, reopening: UUID = REOPENING, reason: str = "r") -> StartReopening:
    return StartReopening(item, reopening, by, SEATS[by], reason)


def grants(item: Item, by: str = HEAD, *, reopening: UUID = REOPENING) -> GrantReopening:
    return GrantReopening(item, reopening, by, SEATS[by])


def refuses(item: Item, by: str = HEAD, *, reopening: UUID = REOPENING, reason: str = "r") -> RefuseReopening:
    return RefuseReopening(item, reopening, by, SEATS[by], reason)


def reminds(item: Item, by: str = VERIFIER) -> Remind:
    return Remind(item, by, "t")
