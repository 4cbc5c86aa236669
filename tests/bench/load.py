"""`python -m tests.bench.load`: people at the HTTP APIs, in a process of its own. Reads a plan as JSON, writes milliseconds as JSON."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import uvloop

from ktxh.client import Person

Answer = dict[str, Any]


class Crowd:
    """The signed-in people of a plan, on one client."""

    def __init__(self, http: httpx.AsyncClient, password: str) -> None:
        self._http, self._password = http, password
        self._people: dict[str, Person] = {}

    def __getitem__(self, username: str) -> Person:
        return self._people.setdefault(username, Person(self._http, username, self._password))


async def asking(crowd: Crowd, plan: Answer) -> Answer:
    """One caller, call after call, round after round; the first round is not counted. → milliseconds by the calls' names."""
    person = crowd[plan["username"]]
    found: dict[str, list[float]] = {name: [] for name in plan["calls"]}
    for n in range(plan["rounds"] + 1):
        for name, (path, query) in plan["calls"].items():
            began = time.perf_counter()
            await person.get(path, **query)
            if n:
                found[name].append(_since(began))
    return {"milliseconds": found}


async def normalising(crowd: Crowd, plan: Answer) -> Answer:
    """Types a block, asks what would change, accepts it; the first round is not counted."""
    officer, report = crowd[plan["username"]], f"submissions/reports/{plan['report_id']}"
    version = (await officer.get(report))["version"]
    shown, accepted = [], []
    for n in range(plan["rounds"] + 1):
        cells = {key: str(1000 + n * 7 + place) for place, key in enumerate(plan["cells"])}
        version = (await officer.patch(f"{report}/cells", {"cells": cells}, version=version))["version"]
        began = time.perf_counter()
        differences = (await officer.post(f"{report}/normalise", dry_run="true"))["differences"]
        dry = _since(began)
        began = time.perf_counter()
        version = (await officer.post(f"{report}/normalise", version=version, dry_run="false"))["version"]
        if n:
            shown.append(dry)
            accepted.append(_since(began))
            assert differences, "nothing to normalise"
    return {"shown": shown, "accepted": accepted}


async def showing(crowd: Crowd, plan: Answer) -> Answer:
    """What normalising would change, asked for at a steady rate: each call timed from the moment that it was due."""
    officer, path = crowd[plan["username"]], f"submissions/reports/{plan['report_id']}/normalise"

    async def one() -> None:
        await officer.post(path, dry_run="true")

    await one()
    return {"milliseconds": await _steadily(plan["every"], plan["seconds"], one)}


async def reading(crowd: Crowd, plan: Answer) -> Answer:
    """One path at a steady rate, in the same way."""
    reader = crowd[plan["username"]]

    async def one() -> None:
        await reader.get(plan["path"])

    await one()
    return {"milliseconds": await _steadily(plan["every"], plan["seconds"], one)}


async def saving(crowd: Crowd, plan: Answer) -> Answer:
    """Every officer saves a block of cells every so many seconds, each at a moment of his own; timed from when the save was due."""
    officers, every, rounds = plan["officers"], plan["every"], plan["rounds"]
    await _at_most(8, [crowd[officer["username"]].sign_in for officer in officers])
    begins = time.perf_counter() + 0.5 + len(officers) * 0.02  # the reports are opened before the first save
    found: list[tuple[float, float]] = []

    async def officer_saves(n: int, officer: Answer) -> None:
        person, report = crowd[officer["username"]], f"submissions/reports/{officer['report_id']}"
        version = (await person.get(report))["version"]
        for round_ in range(rounds):
            due = begins + every * (round_ + n / len(officers))
            await _until(due)
            cells = {key: str(1000 + round_ * 13 + place) for place, key in enumerate(officer["cells"])}
            version = (await person.patch(f"{report}/cells", {"cells": cells}, version=version))["version"]
            found.append((due, _since(due)))

    await asyncio.gather(*(officer_saves(n, officer) for n, officer in enumerate(officers)))
    return {"milliseconds": [milliseconds for _, milliseconds in sorted(found)]}


async def approving(crowd: Crowd, plan: Answer) -> Answer:
    """Approves in bulk at a steady rate while a reader watches the rollups; per report: from its call until the rollup counted it."""
    leader, reader, bulks = crowd[plan["leader"]], crowd[plan["reader"]], plan["bulks"]
    await leader.sign_in()
    await reader.sign_in()
    moved: dict[str, list[float]] = {period: [] for period in plan["rollups"]}
    before = {period: await _counted(reader, path) for period, path in plan["rollups"].items()}
    begins = time.perf_counter() + 0.3
    calls: list[float] = []
    watching = asyncio.create_task(_watch(reader, plan, before, moved))

    async def approve(n: int, bulk: Answer) -> None:
        due = begins + plan["every"] * n
        await _until(due)
        answer = await leader.post("approvals/decisions", {"decision": "approve", "reports": bulk["reports"]})
        calls.append(_since(due))
        refused = [item for item in answer["items"] if item["outcome"] != "done"]
        assert not refused, refused[:2]

    await asyncio.gather(*(approve(n, bulk) for n, bulk in enumerate(bulks)))
    await asyncio.wait_for(watching, 30)
    return {"milliseconds": _from_call_to_rollup(bulks, begins, plan["every"], moved), "calls": calls}


def _from_call_to_rollup(bulks: list[Answer], begins: float, every: float, moved: dict[str, list[float]]) -> list[float]:
    """The k-th approval of a period is there when that many are counted: within a period the bulks come one after the other."""
    taken = dict.fromkeys(moved, 0)
    found = []
    for n, bulk in enumerate(bulks):
        period, due = bulk["period"], begins + every * n
        for _ in bulk["reports"]:
            found.append((moved[period][taken[period]] - due) * 1000)
            taken[period] += 1
    return found


async def _watch(reader: Person, plan: Answer, before: dict[str, int], moved: dict[str, list[float]]) -> None:
    """Notes when each period's count of reported reports grew, until all are there. One period at a time is being approved."""
    for period, path in plan["rollups"].items():
        wanted = sum(len(bulk["reports"]) for bulk in plan["bulks"] if bulk["period"] == period)
        while len(moved[period]) < wanted:
            counted = await _counted(reader, path) - before[period]
            moved[period] += [time.perf_counter()] * (counted - len(moved[period]))
            await asyncio.sleep(plan["look_every"])


async def _counted(reader: Person, path: str) -> int:
    return int((await reader.get(path))["coverage"]["reported"])


async def _steadily(every: float, seconds: float, work: Callable[[], Awaitable[None]]) -> list[float]:
    """Begins `work` every so often, whether or not the one before is done. → milliseconds from when each was due."""
    begins = time.perf_counter()
    found: list[float] = []

    async def one(due: float) -> None:
        await work()
        found.append(_since(due))

    async with asyncio.TaskGroup() as together:
        for n in range(round(seconds / every)):
            await _until(begins + n * every)
            together.create_task(one(begins + n * every))
    return found


async def _at_most(limit: int, works: list[Callable[[], Awaitable[None]]]) -> None:
    gate = asyncio.Semaphore(limit)

    async def one(work: Callable[[], Awaitable[None]]) -> None:
        async with gate:
            await work()

    await asyncio.gather(*(one(work) for work in works))


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.perf_counter()))


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


SCENARIOS: dict[str, Callable[[Crowd, Answer], Awaitable[Answer]]] = {
    "asking": asking,
    "normalising": normalising,
    "showing": showing,
    "reading": reading,
    "saving": saving,
    "approving": approving,
}


async def _run(plan: Answer) -> Answer:
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    async with httpx.AsyncClient(base_url=plan["address"], timeout=60, limits=limits) as http:
        return await SCENARIOS[plan["scenario"]](Crowd(http, plan["password"]), plan)


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_run(json.load(sys.stdin)))))
