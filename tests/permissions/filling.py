"""Brings the tiny province's reports into their states and makes one of everything else that a call can name."""

import io
from typing import Any
from uuid import UUID, uuid4

import openpyxl

from kernel.testing import Publisher
from kernel.vietnamese import slug_of_name

from . import places
from .places import BIRTHS_AT, BIRTHS_CELL, DEATHS_AT, DEATHS_CELL, ENDED, HEIR, OTHER, OWN, PERIODS, SPARE
from .province import PASSWORD, Province, assign, decide, report_of, submit

FIGURES = {"draft": ("77001", "77002"), "waiting": ("71000", "61000"), "sent": ("71001", "61001"), "approved": ("71003", "61003")}
"""Births and deaths of the reports that are looked at; no two figures are the same."""

SUBMITTED = (
    *("waiting", "sent", "verified", "approved", "asked", "to_drop", "to_withdraw", "to_send", "to_verify", "to_approve"),
    *("to_reopen", "to_start", "to_refuse", "to_withdraw_sent", "rejected"),
)
SENT = tuple(name for name in SUBMITTED if name not in ("waiting", "to_withdraw", "to_send", "rejected"))
VERIFIED = tuple(name for name in SENT if name not in ("sent", "to_verify", "to_withdraw_sent"))
APPROVED = tuple(name for name in VERIFIED if name not in ("verified", "to_approve"))


async def fill(province: Province) -> None:
    """Afterwards every report is in the state that its name says, and every service has heard of it."""
    for name, period in PERIODS.items():
        province.made[f"assignment {name}"] = await assign(province, period, [OWN])
        province.reports[name] = report_of(period)
    await assign(province, places.OTHERS_DRAFT, [OTHER])
    province.reports["others"] = report_of(places.OTHERS_DRAFT, OTHER)
    made = await assign(province, PERIODS["draft"], [OWN, OTHER], places.GENERAL_FORM)
    province.made["assignment general"] = made
    province.reports["general"] = report_of(PERIODS["draft"], OWN, places.GENERAL_FORM)
    await province.heard()
    await _type(province, "draft", {BIRTHS_CELL: "77001", DEATHS_CELL: "77002"})
    await _type(province, "others", {BIRTHS_CELL: "88001"}, "other_commune.data_entry")
    for n, name in enumerate(SUBMITTED):
        await submit(province, province.reports[name], {BIRTHS_CELL: str(71000 + n), DEATHS_CELL: str(61000 + n)})
    await submit(province, province.reports["general"], {"visits.month": "93001", "pupils.month": "93002"})
    await province.heard()
    await decide(province, "commune.leader", "reject", [province.reports["rejected"]])
    await decide(province, "commune.leader", "send", [*_named(province, SENT), province.reports["general"]])
    await decide(province, "department.verifier", "verify", _named(province, VERIFIED))
    await decide(province, "department.leader", "approve", _named(province, APPROVED))
    await decide(province, "office.leader", "approve", [province.reports["general"]])
    await _corrections(province)
    await _things(province)
    await province.heard()


def _named(province: Province, names: tuple[str, ...]) -> list[UUID]:
    return [province.reports[name] for name in names]


async def _type(province: Province, name: str, cells: dict[str, str], caller: str = "commune.data_entry") -> None:
    report = province.reports[name]
    version = (await province.get(caller, f"submissions/reports/{report}"))["version"]
    answer = await province.ask(caller, "PATCH", f"submissions/reports/{report}/cells", json={"cells": cells}, seen=version)
    assert answer.status_code == 200, answer.text


async def _corrections(province: Province) -> None:
    for name in ("asked", "to_refuse"):
        body = {"report_id": str(province.reports[name]), "reason": "Nhầm số liệu", "cells": [BIRTHS_CELL]}
        province.made[f"reopening {name}"] = (await province.post("commune.leader", "approvals/reopenings", body))["id"]
    body = {"report_id": str(province.reports["to_drop"]), "reason": "Xin kiểm tra lại"}
    await province.post("department.leader", "approvals/reopenings/start", body)
    reminded = {"reports": [str(province.reports["draft"])], "text": "Đề nghị gửi báo cáo"}
    province.made["reminder text"] = (await province.post("department.verifier", "approvals/reminders", reminded))["items"][0]["event_id"]


async def _things(province: Province) -> None:
    """One of each thing that routes name: a schedule, a group, a client, a release, a rebuild, a refused file, texts."""
    made = province.made
    schedule = {"template": places.HEALTH_FORM, "units": {"ids": [str(OWN)]}, "first_period": "2026-12", "days": 5}
    made["schedule"] = (await province.post("department.compiler", "templates/schedules", schedule))["id"]
    group = {"name": "Các phường ven biển", "units": [str(OWN)]}
    made["group"] = (await province.post("system.administrator", "templates/groups", group))["id"]
    client = {"name": "Kho dữ liệu thử", "unit_id": str(places.EDUCATION), "sectors": ["education"]}
    made["client"] = (await province.post("system.administrator", "identity/clients", client))["id"]
    made["release"] = await release(province)
    made["rebuild"] = (await province.post("system.operator", "aggregation/rebuilds", {"verify": True}))["id"]
    await _accounts(province)
    await _reorganisation(province)
    await _texts(province)
    await _files(province)
    captcha = (await province.post("nobody", "identity/captcha", {}))["audio"]
    made["captcha"], made["spoken"] = captcha.split("/captcha/")[1].split("/")[0], captcha.split("spoken=")[1]


async def release(province: Province) -> str:
    body = {"template": places.HEALTH_FORM, "columns": ["month"], "level": "commune", "period": PERIODS["approved"]}
    return str((await province.post("office.compiler", "aggregation/releases", body | {"source": "Sở Y tế", "licence": "CC BY 4.0"}))["id"])


async def _accounts(province: Province) -> None:
    for name, role in (("to_reset", "data_entry"), ("to_change", "data_entry"), ("a leader", "leader")):
        grants = [{"role": role, "unit_id": str(OWN)}]
        body = {"username": f"thu.{slug_of_name(name)}", "name": "Người thử", "grants": grants, "password": PASSWORD}
        province.made[name] = (await province.post("system.administrator", "identity/users", body))["id"]


async def _reorganisation(province: Province) -> None:
    parts = [(SPARE, True), (HEIR, False)]
    successions = [{"from_unit": str(ENDED), "to_unit": str(to), "whole": False, "acts": acts} for to, acts in parts]
    body = {"effective_on": "2026-04-01", "legal_document": "Nghị quyết thử", "ended": [str(ENDED)], "successions": successions}
    province.made["reorganisation"] = (await province.post("system.administrator", "identity/unit-changes", body))["id"]


async def _texts(province: Province) -> None:
    """The notes of a submit and of a decision, and the reason of an extension."""
    history = await province.get("commune.data_entry", f"submissions/reports/{province.reports['sent']}/history")
    province.made["submission text"] = history["revisions"][0]["event_id"]
    decisions = await province.get("commune.leader", f"approvals/reports/{province.reports['sent']}/decisions")
    province.made["decision text"] = decisions["items"][0]["event_id"]
    body = {"due_on": "2026-04-22", "reason": "Mưa lũ"}
    path = f"templates/assignments/{province.made['assignment assigned']}/due-date"
    answer = await province.ask("department.compiler", "PUT", path, json=body)
    assert answer.status_code == 200, answer.text
    kept = province.system.apps["templates"].state.runtime.pool
    province.made["assignment text"] = str(await kept.fetchval("SELECT event_id FROM text_kept LIMIT 1"))


async def _files(province: Province) -> None:
    """A filled form of a report that is there to be typed, and the token of a refused one."""
    report = province.reports["typed"]
    file = await workbook(province, report)
    province.made["workbook"] = filled(file, {BIRTHS_AT: 12, DEATHS_AT: 3})
    refused = await upload(province, report, filled(file, {BIRTHS_AT: "mười hai"}), seen=await province.version(report))
    province.made["refused file"] = refused.json()["marked"]


async def workbook(province: Province, report: UUID, caller: str = "commune.data_entry") -> bytes:
    answer = await province.ask(caller, "GET", f"submissions/reports/{report}/workbook.xlsx")
    assert answer.status_code == 200, answer.text
    return answer.content


def filled(file: bytes, entries: dict[str, Any]) -> bytes:
    """The form as somebody would fill it in with a spreadsheet program."""
    book = openpyxl.load_workbook(io.BytesIO(file))
    for place, entry in entries.items():
        book.worksheets[0][place] = entry
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


async def upload(province: Province, report: UUID, file: bytes, seen: int | None, caller: str = "commune.data_entry", **params: Any) -> Any:
    path = f"submissions/reports/{report}/import"
    return await province.ask(caller, "POST", path, files={"file": ("bao-cao.xlsx", file)}, seen=seen, params=params)


async def park(province: Province, service: str) -> tuple[str, int]:
    """A message that the service could not handle, as an operator finds it; returns (publisher, seq)."""
    pool = province.system.apps[service].state.runtime.pool
    publisher = next(iter(province.system.apps[service].state.runtime.inboxes), "identity")
    seq = uuid4().int % 10**12 + 10**9
    speaker = Publisher(publisher)
    speaker.seq = seq - 1
    body = speaker.says("vn.ktxh.unknown.v1", f"nothing/{seq}", {})
    await pool.execute(
        "INSERT INTO parked (publisher, seq, event_id, type, subject, body, reason, fingerprint, tries)"
        " VALUES ($1, $2, $3, 'vn.ktxh.unknown.v1', $4, $5, 'not understood', 'test', 1)",
        *(publisher, seq, uuid4(), f"nothing/{seq}", body),
    )
    return publisher, seq
