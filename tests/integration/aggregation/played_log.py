"""Plays submissions' log: a province, its forms and the life of its reports, as messages numbered and timed as submissions would."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec

from contracts.approvals import LoggedDecisionV1, LoggedReopeningV1, LoggedReportSentV1, ReminderSentV1
from contracts.identity import Succession, UnitChangedV1, UnitRegisteredV1, UnitsReorganisedV1
from contracts.ids import report_id_of
from contracts.submissions import HistoryRecordedV1, ReopeningDroppedV1, ReportCancelledV1, ReportSubmittedToLeaderV1, ValuesEnteredV1
from contracts.templates import (
    AssignmentClosedV1,
    DueDateChangedV1,
    IndicatorDefinedV1,
    ReportAssignedV1,
    ReportMovedV1,
    TemplatePublishedV1,
    TemplateV1,
)
from kernel.calendar import parse_period
from kernel.decider import Labels
from kernel.event_store import NAMESPACE
from kernel.message import canonical_message, sequenced
from kernel.sheet.model import Value
from kernel.testing import Publisher

SOMEBODY = UUID(int=77)
ASSIGNMENT = UUID(int=99)
Figures = Mapping[str, Value | str | int]


def unit_id(name: str) -> UUID:
    return uuid5(NAMESPACE, f"test-unit/{name}")


def value(of: Value | str | int) -> Value:
    """`"12.5"` or 12 is a number, `"-"` nil, `"…"` missing."""
    if isinstance(of, Value):
        return of
    if of == "-":
        return Value(nil=True)
    if of == "…":
        return Value(missing="not-collected")
    return msgspec.convert({"number": str(of)}, Value)


class PlayedLog(Publisher):
    """Each call says one thing; `new()` gives what has been said since the last time."""

    def __init__(self, now: datetime = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)) -> None:
        super().__init__("submissions")
        self.now = now
        self._told = 0
        self._revisions: dict[UUID, int] = {}
        self._figures: dict[UUID, dict[str, Value]] = {}
        self._versions: dict[str, int] = {}
        self._keys: dict[UUID, dict[str, Any]] = {}

    def new(self) -> list[bytes]:
        told, self._told = self._told, len(self.bodies)
        return self.bodies[told:]

    def say(self, name: str, subject: str, payload: Any) -> int:
        """Says it a second after the last thing; returns its seq."""
        self.seq += 1
        self.now += timedelta(seconds=1)
        canonical = canonical_message(
            event_id=uuid5(NAMESPACE, f"{id(self)}/{self.seq}"),
            publisher=self.name,
            type=f"vn.ktxh.{name}.v1",
            stream_id=subject,
            stream_version=1,
            occurred_at=self.now,
            labels=Labels(),
            actor=str(SOMEBODY),
            correlation_id="test",
            causation_id="",
            payload=payload,
        )
        self.bodies.append(sequenced(canonical, seq=self.seq, sector_seq=None, event_hash=b"\0" * 32, trace=""))
        return self.seq

    # ------------------------------------------------------------------ units and forms

    def unit(self, name: str, level: str, parent: str | None = None, *, since: date = date(2025, 7, 1), **more: Any) -> UUID:
        one = UnitRegisteredV1(
            unit_id=unit_id(name),
            code=more.pop("code", name),
            name=name,
            level=level,  # type: ignore[arg-type]
            kind=more.pop("kind", ""),
            valid_from=since,
            parent_id=unit_id(parent) if parent else None,
            province_code="52",
            **more,
        )
        self.say("unit_registered", f"unit/{one.unit_id}", one)
        return one.unit_id

    def moved_unit(self, name: str, level: str, parent: str, on: date) -> None:
        one = UnitChangedV1(
            unit_id=unit_id(name), code=name, name=name, level=level, kind="", valid_from=date(2025, 7, 1),  # type: ignore[arg-type]
            parent_id=unit_id(parent), province_code="52", changed_on=on,
        )  # fmt: skip
        self.say("unit_changed", f"unit/{one.unit_id}", one)

    def reorganised(self, on: date, *successions: tuple[str, str, bool, str | None]) -> None:
        change = UnitsReorganisedV1(
            reorganisation_id=UUID(int=5),
            effective_on=on,
            legal_document="NQ 1",
            ended=tuple({unit_id(former): None for former, *_ in successions}),
            successions=tuple(Succession(unit_id(old), unit_id(new), whole, weight) for old, new, whole, weight in successions),
        )
        self.say("units_reorganised", f"reorganisation/{change.reorganisation_id}", change)

    def province(self, communes: int, *, districts: tuple[str, ...] = ()) -> list[str]:
        """Gia Lai with its office, two departments and so many communes; returns the communes' names."""
        self.unit("Gia Lai", "province", kind="Tỉnh", code="52")
        self.unit("Văn phòng", "office", "Gia Lai")
        self.unit("Sở Y tế", "department", "Gia Lai", sectors=("health",))
        self.unit("Sở Nông nghiệp", "department", "Gia Lai", sectors=("agriculture",))
        for district in districts:
            self.unit(district, "district", "Gia Lai")
        names = [f"Xã {number}" for number in range(1, communes + 1)]
        for number, name in enumerate(names):
            self.unit(name, "commune", districts[number % len(districts)] if districts else "Gia Lai")
        return names

    def published(self, template: TemplateV1) -> TemplateV1:
        for indicator in template.indicators.values():
            self.indicator(indicator)
        self.say("template_published", f"template/{template.code}", TemplatePublishedV1(template))
        self._versions[template.code] = template.version
        return template

    def indicator(self, indicator: IndicatorDefinedV1) -> None:
        self.say("indicator_defined", f"indicator/{indicator.code}", indicator)

    # ------------------------------------------------------------------ reports

    def assigned(self, template: str, period: str, unit: str, *, due_on: date = date(2026, 4, 17), version: int | None = None) -> UUID:
        first, last = parse_period(period).days("statistical")
        report = report_id_of(template, period, unit_id(unit))
        self._keys[report] = {"report_id": report, "template": template, "period": period, "unit_id": unit_id(unit)}
        payload = ReportAssignedV1(
            **self._keys[report],
            assignment_id=ASSIGNMENT,
            version=version or self._versions[template],
            due_on=due_on,
            first_day=first,
            last_day=last,
            assigned_by=unit_id("Sở Y tế"),
        )
        self._say("report_assigned", report, payload)
        return report

    def due(self, report: UUID, due_on: date) -> int:
        return self._say("due_date_changed", report, DueDateChangedV1(report, ASSIGNMENT, due_on))

    def closed(self, report: UUID) -> int:
        return self._say("assignment_closed", report, AssignmentClosedV1(report, ASSIGNMENT))

    def moved(self, report: UUID, version: int) -> int:
        keys = self._keys[report]
        return self._say("report_moved", report, ReportMovedV1(report, keys["template"], keys["period"], version))

    def entered(self, report: UUID, figures: Figures) -> int:
        cells = {cell: value(one) for cell, one in figures.items()}
        return self._say("values_entered", report, ValuesEnteredV1(**self._keys[report], cells=cells))

    def submitted(self, report: UUID, figures: Figures, *, version: int | None = None) -> int:
        number = self._revisions[report] = self._revisions.get(report, 0) + 1
        self._figures[report] = {cell: value(one) for cell, one in figures.items()}
        payload = ReportSubmittedToLeaderV1(
            **self._keys[report],
            version=version or self._versions[self._keys[report]["template"]],
            revision=number,
            sector="health",
            figures=self._figures[report],
            figures_hash=_hash(self._figures[report]),
            route=(),
            due_on=date(2026, 4, 17),
            submitted_by=SOMEBODY,
        )
        return self._say("report_submitted_to_leader", report, payload)

    def sent(self, report: UUID, *, last: bool = False, effect: str = "applied", at: datetime | None = None) -> int:
        if at is not None:
            self.now = at
        payload = LoggedReportSentV1(
            **self._decision(report, effect, "approved" if last else "sent"), last=last, figures=self._figures[report], version=1
        )
        return self._say("report_sent", report, payload)

    def decided(self, name: str, report: UUID, state: str = "", *, effect: str = "applied", due_on: date | None = None) -> int:
        return self._say(name, report, LoggedDecisionV1(**self._decision(report, effect, state), due_on=due_on))

    def rejected(self, report: UUID) -> int:
        return self.decided("report_rejected", report, "rejected")

    def verified(self, report: UUID) -> int:
        return self.decided("report_verified", report, "verified")

    def returned(self, report: UUID, *, due_on: date | None = None) -> int:
        return self.decided("report_returned", report, "returned", due_on=due_on)

    def approved(self, report: UUID, *, effect: str = "applied") -> int:
        return self.decided("report_approved", report, "approved", effect=effect)

    def withdrawn(self, report: UUID) -> int:
        return self.decided("submission_withdrawn", report)

    def reopened(self, report: UUID) -> int:
        payload = LoggedReopeningV1(
            **self._keys[report], reopening_id=UUID(int=3), revision=self._revisions[report], decided_by=SOMEBODY, state="reopened"
        )
        return self._say("reopening_granted", report, payload)

    def dropped(self, report: UUID) -> int:
        return self._say("reopening_dropped", report, ReopeningDroppedV1(**self._keys[report], revision=self._revisions[report]))

    def cancelled(self, report: UUID) -> int:
        return self._say("report_cancelled", report, ReportCancelledV1(**self._keys[report], reason="", assignment_id=ASSIGNMENT))

    def reminded(self, report: UUID, unit: str, role: str = "data_entry") -> int:
        payload = ReminderSentV1(**self._keys[report], to_unit=unit_id(unit), to_role=role, sent_by=SOMEBODY, text="")  # type: ignore[arg-type]
        return self._say("reminder_sent", report, payload)

    def history(self, template: str, period: str, unit: str, figures: Figures) -> UUID:
        first, last = parse_period(period).days("statistical")
        report = report_id_of(template, period, unit_id(unit))
        self._keys[report] = {"report_id": report, "template": template, "period": period, "unit_id": unit_id(unit)}
        self._revisions[report] = 1
        self._figures[report] = {cell: value(one) for cell, one in figures.items()}
        payload = HistoryRecordedV1(
            **self._keys[report],
            version=self._versions[template],
            revision=1,
            sector="health",
            figures=self._figures[report],
            figures_hash=_hash(self._figures[report]),
            route=(),
            source="niên giám",
            first_day=first,
            last_day=last,
        )
        self._say("history_recorded", report, payload)
        return report

    def done(self, template: str, period: str, unit: str, figures: Figures) -> UUID:
        """Assigned, submitted, sent and approved in one go."""
        report = self.assigned(template, period, unit)
        self.submitted(report, figures)
        self.sent(report)
        self.approved(report)
        return report

    def corrected(self, report: UUID, figures: Figures) -> None:
        self.reopened(report)
        self.submitted(report, figures)
        self.sent(report)
        self.approved(report)

    def _decision(self, report: UUID, effect: str, state: str) -> dict[str, Any]:
        return {
            **self._keys[report],
            "revision": self._revisions[report],
            "step": 1,
            "unit": unit_id("Sở Y tế"),
            "role": "verifier",
            "decided_by": SOMEBODY,
            "effect": effect,
            "state": state if effect == "applied" else "",
        }

    def _say(self, name: str, report: UUID, payload: Any) -> int:
        return self.say(name, f"report/{report}", payload)


def _hash(figures: Mapping[str, Value]) -> str:
    return hashlib.sha256(msgspec.json.encode(figures)).hexdigest()
