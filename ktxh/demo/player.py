"""Acts out a month's journeys through the HTTP APIs as the people would: one by one, and in bulk where people would."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from contracts.ids import report_id_of
from kernel.sheet.model import Value

from ..client import Person, Problem
from ..units_data import Unit
from .forms import Form
from .journeys import Act, Actor, Journey
from .province import Province
from .workbooks import filled

AT_ONCE = 6
"""Units whose people act at the same moment: enough to keep two cores busy."""

DEPARTMENT_BULK = 50
SEATS_OF_DEPARTMENTS: tuple[tuple[str, Actor], ...] = (("verifier", "verifier"), ("leader", "owner_leader"))
OFFICERS = frozenset({"save", "import", "import_workbook", "nil", "normalise", "explain", "submit"})
NOT_YET_EDITABLE = frozenset({"not-editable"})
"""After a rejection or a return submissions hears a moment later that the report is editable again."""

NOT_YET_DECIDABLE = frozenset({"not-found", "not-awaiting-decision", "not-approved"})
"""What a person would not see in the inbox yet, or not as awaiting a decision."""


@dataclass
class Playing:
    """A journey and how far it has been acted."""

    journey: Journey
    form: Form
    unit: Unit
    report_id: UUID
    place: int = 0
    version: int = 0
    revision: int = 0
    reopening: str = ""
    explanation: str = ""

    @property
    def next_act(self) -> Act | None:
        return self.journey.acts[self.place] if self.place < len(self.journey.acts) else None


@dataclass(frozen=True)
class Assigned:
    """A form's assignment of the month, when it is due, and until when more time is given."""

    id: str
    due_on: date
    extended_to: date


@dataclass
class Player:
    """Plays journeys in rounds: every unit's officer and leader as far as they can, then the departments, until all is done."""

    province: Province
    assigned: dict[str, Assigned]  # by template
    progress: Callable[[int], None]

    async def play(self, playing: Sequence[Playing]) -> None:
        while any(one.next_act for one in playing):
            before = sum(one.place for one in playing)
            await self._assigning_officers(playing)
            await self._units(playing)
            await self._departments(playing)
            if sum(one.place for one in playing) == before:
                stuck = next(one for one in playing if one.next_act)
                raise RuntimeError(f"nobody can do what comes next: {stuck.journey.kind} {stuck.next_act}")

    async def _assigning_officers(self, playing: Sequence[Playing]) -> None:
        for one in playing:
            act = one.next_act
            if act is not None and act.kind in ("extend", "cancel"):
                await self._assigning(one, act)

    async def _assigning(self, one: Playing, act: Act) -> None:
        officer = self.province.person("compiler", self.province.owner_of(one.form.owner_sector))
        assigned = self.assigned[one.form.code]
        assignment = f"templates/assignments/{assigned.id}"
        units = [str(one.unit.unit_id)]
        if act.kind == "extend":
            await officer.put(f"{assignment}/due-date", {"due_on": assigned.extended_to.isoformat(), "units": units, "reason": act.reason})
        else:
            await officer.post(f"{assignment}/cancel", {"units": units, "reason": act.reason})
        self._done([one])

    async def _units(self, playing: Sequence[Playing]) -> None:
        of_unit: dict[str, list[Playing]] = defaultdict(list)
        for one in playing:
            if one.next_act and one.next_act.by in ("data_entry", "leader"):
                of_unit[one.unit.code].append(one)
        await _a_few_at_once(AT_ONCE, [self._unit(group) for group in of_unit.values()])

    async def _unit(self, group: list[Playing]) -> None:
        """The officer does all reports as far as they are his, then the leader all of hers, until both have nothing left."""
        officer = self.province.person("data_entry", group[0].unit)
        leader = self.province.person("leader", group[0].unit)
        while any(one.next_act and one.next_act.by in ("data_entry", "leader") for one in group):
            await self._import_workbooks(officer, group)
            for one in group:
                while one.next_act and one.next_act.by == "data_entry" and one.next_act.kind != "import_workbook":
                    await self._officer(officer, one, one.next_act)
            await self._deciders(leader, "leader", group, len(group))

    async def _officer(self, officer: Person, one: Playing, act: Act) -> None:
        if act.kind in OFFICERS and one.version == 0:
            await self._open(officer, one)
        try:
            await self._act_of_officer(officer, one, act)
        except Problem as problem:
            if not act.refused_as or problem.rule != act.refused_as:
                raise
        else:
            if act.refused_as:
                raise RuntimeError(f"{act.kind} should have been refused as {act.refused_as}: {one.report_id}")
        self._done([one])

    async def _open(self, officer: Person, one: Playing) -> None:
        report = (await officer.call("GET", f"submissions/reports/{one.report_id}", also_later=frozenset({"not-found"}))).json()
        deadline = asyncio.get_running_loop().time() + 20
        while report["state"] not in ("assigned", "drafting", "rejected", "returned", "reopened"):
            if asyncio.get_running_loop().time() > deadline:
                raise RuntimeError(f"{one.report_id} stays {report['state']}: {one.journey.kind}")
            await asyncio.sleep(0.02)
            report = await officer.get(f"submissions/reports/{one.report_id}")
        one.version = report["version"]

    async def _act_of_officer(self, officer: Person, one: Playing, act: Act) -> None:
        report = f"submissions/reports/{one.report_id}"
        match act.kind:
            case "save":
                cells = {key: as_json(value) for key, value in (act.cells or {}).items()}
                one.version = (await officer.patch(f"{report}/cells", {"cells": cells}, version=one.version))["version"]
            case "import":
                await self._import(officer, one, act)
            case "normalise":
                one.version = (await officer.post(f"{report}/normalise", version=one.version, dry_run="false"))["version"]
            case "explain":
                one.explanation = act.reason
            case "nil":
                answer = await officer.post(f"{report}/nil", {"submit": True}, version=one.version)
                self._submitted(one, answer)
            case "submit":
                body: dict[str, Any] = {"note": "Kính trình lãnh đạo xem xét."}
                if one.explanation:
                    body["explanations"] = await self._explained(officer, one)
                answer = await officer.post(f"{report}/submit", body, version=one.version)
                self._submitted(one, answer)
            case "withdraw":
                await officer.call("POST", "approvals/withdrawals", json={"reports": [_chosen(one, act)]}, also_later=NOT_YET_DECIDABLE)
                one.version = 0
            case "request_reopening":
                body = {"report_id": str(one.report_id), "reason": act.reason, "cells": list(act.names)}
                answer = await officer.call("POST", "approvals/reopenings", json=body, also_later=NOT_YET_DECIDABLE)
                one.reopening = answer.json()["id"]
            case _:
                raise RuntimeError(f"not an officer's act: {act.kind}")

    def _submitted(self, one: Playing, answer: dict[str, Any]) -> None:
        one.revision, one.version, one.explanation = answer["revision"], 0, ""

    async def _explained(self, officer: Person, one: Playing) -> dict[str, str]:
        report = await officer.get(f"submissions/reports/{one.report_id}")
        return {finding["rule"]: one.explanation for finding in report["findings"] if finding["severity"] == "warning"}

    async def _import(self, officer: Person, one: Playing, act: Act) -> None:
        report = f"submissions/reports/{one.report_id}"
        blank = (await officer.call("GET", f"{report}/workbook.xlsx", params={"kind": "template"})).content
        file = filled(blank, [(one.form.sheet, act.cells or {})])
        response = await officer.call(
            "POST", f"{report}/import", params={"dry_run": "false"}, files={"file": ("bieu.xlsx", file)}, version=one.version
        )
        one.version = response.json()["version"]

    async def _import_workbooks(self, officer: Person, group: list[Playing]) -> None:
        together = [one for one in group if one.next_act and one.next_act.kind == "import_workbook"]
        if not together:
            return
        reports = [str(one.report_id) for one in together]
        for one in together:
            await self._open(officer, one)
        blank = (await officer.call("POST", "submissions/workbooks", json={"reports": reports, "kind": "template"})).content
        file = filled(blank, [(one.form.sheet, _cells(one)) for one in together])
        await officer.call("POST", "submissions/workbooks/import", params={"dry_run": "false"}, files={"file": ("bieu.xlsx", file)})
        for one in together:
            one.version = 0
        self._done(together)

    async def _departments(self, playing: Sequence[Playing]) -> None:
        """The verifiers of all departments, then their leaders."""
        for role, by in SEATS_OF_DEPARTMENTS:
            waiting: dict[str, list[Playing]] = defaultdict(list)
            for one in playing:
                if one.next_act is not None and one.next_act.by == by:
                    waiting[self.province.owner_of(one.form.owner_sector).code].append(one)
            people = {code: self.province.person(role, self.province.by_code[code]) for code in waiting}
            await _a_few_at_once(AT_ONCE, [self._deciders(people[code], by, group, DEPARTMENT_BULK) for code, group in waiting.items()])

    async def _deciders(self, person: Person, by: Actor, group: list[Playing], in_bulk: int) -> None:
        """What waits for one person: the plain ones together, those with a reason each with its own, in the same calls."""
        for kind, decision in (("send", "send"), ("reject", "reject"), ("verify", "verify"), ("approve", "approve"), ("return", "return")):
            chosen = [one for one in group if one.next_act and (one.next_act.kind, one.next_act.by) == (kind, by)]
            for start in range(0, len(chosen), in_bulk):
                await self._decide(person, decision, chosen[start : start + in_bulk])
        for one in group:
            act = one.next_act
            if act is None or act.by != by:
                continue
            if act.kind == "withdraw_sent":
                await person.post("approvals/withdrawals", {"reports": [_chosen(one, act)]})
                one.version = 0
                self._done([one])
            elif act.kind == "grant_reopening":
                await person.post(f"approvals/reopenings/{one.reopening}/grant", {"reason": act.reason})
                one.version = 0
                self._done([one])

    async def _decide(self, person: Person, decision: str, chosen: list[Playing]) -> None:
        """All in one call; what has not arrived yet is asked for again, as a person would press the button again."""
        left = {str(one.report_id): one for one in chosen}
        deadline = asyncio.get_running_loop().time() + 20
        while left:
            reports = [_chosen(one, one.next_act) for one in left.values()]
            body = {"decision": decision, "reports": reports}
            answer = (await person.call("POST", "approvals/decisions", json=body, also_later=NOT_YET_DECIDABLE)).json()
            done = [left.pop(item["id"]) for item in answer["items"] if item["outcome"] != "refused"]
            self._decided(decision, done)
            refused = [item for item in answer["items"] if item["outcome"] == "refused"]
            hopeless = [item for item in refused if item["rule"] not in NOT_YET_DECIDABLE | {"not-arrived-yet"}]
            if hopeless or (refused and asyncio.get_running_loop().time() > deadline):
                raise RuntimeError(f"{decision} by {person.username}: {(hopeless or refused)[0]}")
            if left:
                await asyncio.sleep(0.03)

    def _decided(self, decision: str, done: Iterable[Playing]) -> None:
        done = list(done)
        if decision in ("reject", "return"):
            for one in done:
                one.version = 0
        self._done(done)

    def _done(self, acted: Sequence[Playing]) -> None:
        for one in acted:
            one.place += 1
            if one.next_act is None:
                self.progress(1)


def playing_of(journeys: Iterable[Journey], province: Province, forms: dict[str, Form]) -> list[Playing]:
    result = []
    for journey in journeys:
        unit = province.by_code[journey.unit]
        report_id = report_id_of(journey.template, journey.period, unit.unit_id)
        result.append(Playing(journey, forms[journey.template], unit, report_id))
    return result


def as_json(value: Value) -> Any:
    """A cell's value as the API takes it; None clears."""
    if value.nil:
        return {"nil": True}
    if value.missing is not None:
        return {"missing": value.missing}
    if value.text is not None:
        return {"text": value.text}
    if value.number is None:
        return None
    if value.comparator is None:
        return f"{value.number:f}"
    maximum = {} if value.maximum is None else {"maximum": f"{value.maximum:f}"}
    return {"number": f"{value.number:f}", "comparator": value.comparator, **maximum}


def _cells(one: Playing) -> dict[str, Value]:
    act = one.next_act
    return dict(act.cells or {}) if act else {}


def _chosen(one: Playing, act: Act | None) -> dict[str, Any]:
    chosen: dict[str, Any] = {"id": str(one.report_id), "revision": one.revision}
    if act is not None and act.reason:
        chosen["note"] = act.reason
    if act is not None and act.names:
        chosen["cells"] = list(act.names)
    return chosen


async def _a_few_at_once(limit: int, acting: Iterable[Any]) -> None:
    """Runs them with at most `limit` at a time; the first failure ends all."""
    gate = asyncio.Semaphore(limit)

    async def one(it: Any) -> None:
        async with gate:
            await it

    async with asyncio.TaskGroup() as together:
        for it in acting:
            together.create_task(one(it))
