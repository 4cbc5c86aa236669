"""Notifications, the dashboard, the stream, and what the public sees."""

import asyncio
import contextlib
from datetime import date, timedelta
from typing import Any

from kernel.testing import EventSpy, eventually
from services.aggregation.projections import generation, notices
from tests.integration.aggregation.conftest import Aggregation
from tests.integration.aggregation.played_forms import visits
from tests.integration.aggregation.played_log import unit_id

RELEASE: dict[str, Any] = {
    "template": "KB",
    "columns": ["th"],
    "level": "commune",
    "period": "2026-03",
    "source": "Sở Y tế",
    "licence": "CC BY 4.0",
}


async def kinds(aggregation: Aggregation, who: tuple[str, str], **params: Any) -> list[str]:
    return [one["kind"] for one in (await aggregation.get("/notifications", who, **params)).json()["items"]]


async def test_people_are_told_what_concerns_their_role_in_their_unit(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(2)
    log.published(visits())
    report = log.assigned("KB", "2026-03", "Xã 1")
    log.reminded(report, "Xã 1")
    log.submitted(report, {"bhyt.th": 1})
    log.sent(report)
    log.returned(report)
    log.submitted(report, {"bhyt.th": 2})
    log.sent(report)
    log.approved(report)
    await aggregation.hear()

    assert await kinds(aggregation, ("data_entry", "Xã 1")) == ["approved", "returned", "reminded", "assigned"]
    assert await kinds(aggregation, ("leader", "Xã 1")) == ["approved", "returned", "assigned"]
    assert await kinds(aggregation, ("data_entry", "Xã 2")) == []
    first = (await aggregation.get("/notifications", ("data_entry", "Xã 1"), limit=3)).json()
    assert first["unread"] == 4
    assert await kinds(aggregation, ("data_entry", "Xã 1"), limit=3, cursor=first["next"]) == ["assigned"]


async def test_what_was_read_is_read_by_this_person_only(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(1)
    log.published(visits())
    log.assigned("KB", "2026-03", "Xã 1")
    await aggregation.hear()
    own = aggregation.as_("data_entry", "Xã 1")
    other = aggregation.service.as_user(("data_entry", unit_id("Xã 1")), user=unit_id("a colleague"))
    client = aggregation.service.client

    assert (await client.post("/notifications/read", json={}, headers=own)).json() == {"read": 1}
    assert (await client.get("/notifications", params={"unread": True}, headers=own)).json()["items"] == []
    assert (await client.get("/notifications", headers=other)).json()["unread"] == 1
    theirs = (await client.get("/notifications", headers=other)).json()["items"][0]["id"]
    stranger = aggregation.as_("data_entry", "Sở Y tế")
    assert (await client.post("/notifications/read", json={"ids": [theirs]}, headers=stranger)).json() == {"read": 0}


async def test_a_deadline_is_told_of_once_when_it_comes_near_and_once_when_it_has_passed(aggregation: Aggregation) -> None:
    log, service = aggregation.log, aggregation.service
    log.province(1)
    log.published(visits())
    log.assigned("KB", "2026-03", "Xã 1", due_on=service.clock().date() + timedelta(days=2))
    await aggregation.hear()

    async def watch() -> None:
        async with service.runtime.pool.acquire() as connection, connection.transaction():
            await generation.enter_live(connection)
            await notices.tell_deadlines(connection, service.clock())

    await watch()
    await watch()
    assert await kinds(aggregation, ("data_entry", "Xã 1")) == ["due-soon", "assigned"]
    service.clock.advance(timedelta(days=3))
    await watch()
    assert await kinds(aggregation, ("data_entry", "Xã 1")) == ["overdue", "due-soon", "assigned"]


async def test_the_dashboard_shows_the_own_reports_and_how_the_sectors_stand(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(3)
    log.published(visits())
    log.done("KB", "2026-03", "Xã 1", {"bhyt.th": 5, "khac.th": 5})
    log.assigned("KB", "2026-03", "Xã 2", due_on=date(2026, 4, 1))
    await aggregation.hear()

    office = (await aggregation.get("/dashboard")).json()
    commune = (await aggregation.get("/dashboard", ("data_entry", "Xã 2"))).json()

    assert office["sectors"]["counts"]["approved"] == 1
    assert [(one["template"], one["expected"]) for one in office["sectors"]["forms"]] == [("KB", 2)]
    assert [one["unit"]["name"] for one in office["late"]] == ["Xã 2"]
    assert office["figures"][0]["cells"]["tong.th"]["value"] == {"number": "10"}
    assert [one["lateness_word"] for one in commune["mine"]["reports"]] == ["Quá hạn"]
    assert commune["sectors"]["counts"]["expected"] == 0


async def test_a_release_is_public_as_it_was_and_shows_corrections_only_with_the_next(aggregation: Aggregation) -> None:
    log, client = aggregation.log, aggregation.service.client
    log.province(2)
    log.published(visits())
    first = log.done("KB", "2026-03", "Xã 1", {"bhyt.th": 5, "khac.th": 1})
    await aggregation.hear()
    office = aggregation.as_("compiler", "Văn phòng")

    released = await client.post("/releases", json=RELEASE, headers=office)
    assert released.status_code == 201, released.text
    log.corrected(first, {"bhyt.th": 6, "khac.th": 1})
    await aggregation.hear()

    public = (await client.get(f"/public/releases/{released.json()['id']}")).json()
    assert public["units"][0]["cells"]["bhyt.th"] == {"number": "5"}
    again = await client.post("/releases", json=RELEASE, headers=office)
    listed = (await client.get("/public/releases", params={"template": "KB"})).json()["items"]
    assert [one["revision"] for one in listed] == [2, 1]
    csv = await client.get(f"/public/releases/{again.json()['id']}/data.csv")
    assert csv.content.decode("utf-8-sig").splitlines()[1].split(",")[-2] == "6"
    assert "public" in csv.headers["cache-control"]
    unchanged = await client.get(f"/public/releases/{again.json()['id']}", headers={"If-None-Match": csv.headers["etag"]})
    assert unchanged.status_code == 304
    for format_ in ("json", "xlsx"):
        assert (await client.get(f"/public/releases/{again.json()['id']}/data.{format_}")).status_code == 200


async def test_only_the_office_releases_and_what_is_withdrawn_is_gone(aggregation: Aggregation) -> None:
    log, client = aggregation.log, aggregation.service.client
    log.province(1)
    log.published(visits())
    log.done("KB", "2026-03", "Xã 1", {"bhyt.th": 5})
    await aggregation.hear()
    office = aggregation.as_("compiler", "Văn phòng")

    refused = await client.post("/releases", json=RELEASE, headers=aggregation.as_("compiler", "Sở Y tế"))
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/only-the-office")
    assert (await client.post("/releases", json={**RELEASE, "columns": ["x"]}, headers=office)).status_code == 422
    assert (await client.post("/releases", json={**RELEASE, "period": "2026-02"}, headers=office)).status_code == 409
    later = {**RELEASE, "at": (aggregation.service.clock() + timedelta(hours=1)).isoformat()}
    waiting = (await client.post("/releases", json=later, headers=office)).json()["id"]
    assert (await client.get(f"/public/releases/{waiting}")).status_code == 404
    aggregation.service.clock.advance(timedelta(hours=2))
    assert (await client.get(f"/public/releases/{waiting}")).status_code == 200

    office = aggregation.as_("compiler", "Văn phòng")
    assert (await client.post(f"/releases/{waiting}/withdraw", headers=office)).json() == {"id": waiting, "withdrawn": True}
    assert (await client.get(f"/public/releases/{waiting}")).status_code == 404

    spy = EventSpy(aggregation.service.runtime.ledger)

    async def both_said() -> bool:
        return [b'"withdrawn":true' in bytes(one.data) for one in await spy.messages()] == [False, True]

    await eventually(both_said)


async def test_the_same_release_asked_for_twice_is_one(aggregation: Aggregation) -> None:
    log, client = aggregation.log, aggregation.service.client
    log.province(1)
    log.published(visits())
    log.done("KB", "2026-03", "Xã 1", {"bhyt.th": 5})
    await aggregation.hear()
    office = aggregation.as_("compiler", "Văn phòng") | {"Idempotency-Key": "once"}

    first, second = [(await client.post("/releases", json=RELEASE, headers=office)).json()["id"] for _ in range(2)]

    assert first == second
    assert len((await client.get("/public/releases")).json()["items"]) == 1


async def read_events(aggregation: Aggregation, who: tuple[str, str], after: int, many: int) -> list[str]:
    """The first `many` lines of data of a stream, called as the server would, since the test client waits for a body's end."""
    found: list[str] = []
    enough = asyncio.Event()
    headers = [(key.lower().encode(), value.encode()) for key, value in aggregation.as_(*who).items()]
    scope = {
        "type": "http", "method": "GET", "path": "/stream", "raw_path": b"/stream", "query_string": b"", "root_path": "",
        "headers": [*headers, (b"last-event-id", str(after).encode())], "http_version": "1.1", "scheme": "http",
        "server": ("test", 80), "client": ("test", 1), "app": aggregation.service.app,
    }  # fmt: skip
    started = False

    async def receive() -> dict[str, Any]:
        nonlocal started
        if not started:
            started = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        body = message.get("body", b"").decode()
        found.extend(line for line in body.splitlines() if line.startswith("data:"))
        if len(found) >= many:
            enough.set()

    task = asyncio.create_task(aggregation.service.app(scope, receive, send))
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(enough.wait(), 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return found


async def test_the_stream_tells_what_moved_to_those_who_may_know(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(2)
    log.published(visits())
    start = log.seq
    log.assigned("KB", "2026-03", "Xã 1")
    log.assigned("KB", "2026-03", "Xã 2")
    await aggregation.hear()

    office = await read_events(aggregation, ("compiler", "Văn phòng"), start, 2)
    commune = await read_events(aggregation, ("leader", "Xã 2"), start, 1)

    assert len(office) == 2
    assert [str(unit_id("Xã 2")) in line for line in commune] == [True]
    assert f'"seq":{log.seq}' in commune[0]
