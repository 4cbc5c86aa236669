"""A drafted report to throw bad input at, and how a refusal must look. Throws nothing itself."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from .places import BIRTHS_CELL, DEATHS_CELL, OWN
from .province import PASSWORD, Province, assign, report_of

OFFICER, COLLEAGUE = "commune.data_entry", "colleague"
STANDING = {BIRTHS_CELL: {"number": "12"}, DEATHS_CELL: {"number": "5"}}
VIETNAMESE = re.compile(r"[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.IGNORECASE)
ENGLISH = re.compile(
    r"\b(the|is|not|must|invalid|error|expected|required|missing|should|value|found|unknown|cannot|failed|field)\b", re.IGNORECASE
)


@dataclass
class Drafted:
    """A report of the own commune with two figures in it, at `version`."""

    province: Province
    report: UUID
    period: str
    assignment: str
    version: int

    async def patch(self, cells: Any, seen: int | None = None, caller: str = OFFICER) -> httpx.Response:
        path = f"submissions/reports/{self.report}/cells"
        return await self.province.ask(caller, "PATCH", path, json={"cells": cells}, seen=seen or self.version)

    async def submit(self, seen: int | None = None, **body: Any) -> httpx.Response:
        path = f"submissions/reports/{self.report}/submit"
        return await self.province.ask(OFFICER, "POST", path, json=body, seen=seen or self.version)

    async def stands(self) -> dict[str, Any]:
        """What would be lost: figures, state, version."""
        shown = await self.province.get(OFFICER, f"submissions/reports/{self.report}")
        return {name: shown[name] for name in ("cells", "state", "version", "revision")}


PERIODS = iter(f"{year}-{month:02}" for year in range(2025, 2010, -1) for month in range(12, 0, -1))


async def colleague(province: Province) -> None:
    """A second officer of the own commune."""
    grants = [{"role": "data_entry", "unit_id": str(OWN)}]
    body = {"username": "dong.nghiep", "name": "Đồng nghiệp", "grants": grants, "password": PASSWORD}
    await province.post("system.administrator", "identity/users", body)
    answer = await province.http.post("/api/identity/sessions", json={"username": body["username"], "password": body["password"]})
    province.tokens[COLLEAGUE] = answer.json()["access_token"]


async def draft(province: Province, unit: UUID = OWN, caller: str = OFFICER) -> Drafted:
    period = next(PERIODS)
    assignment = await assign(province, period, [unit])
    await province.heard()
    made = Drafted(province, report_of(period, unit), period, assignment, 1)
    saved = await made.patch({key: value["number"] for key, value in STANDING.items()}, caller=caller)
    assert saved.status_code == 200, saved.text
    made.version = saved.json()["version"]
    return made


def is_told(answer: httpx.Response, status: int, rule: str) -> dict[str, Any]:
    """Checks that it is a problem with this rule whose title and detail are Vietnamese and nothing else; returns its body."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:600]}"
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"/problems/{rule}"
    for text in (body["title"], body["detail"], *(one["message"] for one in body.get("errors", ()))):
        assert VIETNAMESE.search(text), f"not Vietnamese: {text}"
        assert not ENGLISH.search(re.sub(r"`[^`]*`|\([^)]*\)", "", text)), f"English: {text}"
    return body


async def is_untouched(drafted: Drafted) -> None:
    assert await drafted.stands() == {"cells": STANDING, "state": "drafting", "version": drafted.version, "revision": 0}
