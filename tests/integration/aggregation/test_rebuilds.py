"""Rebuilding from the log: nothing differs, readers see one generation or the other, and what was tampered with is named."""

import contextlib
from datetime import date
from typing import Any

from contracts.ids import report_id_of
from kernel.testing import eventually
from services.aggregation.projections import rebuild
from tests.integration.aggregation.conftest import Aggregation
from tests.integration.aggregation.played_forms import harvest, monthly, plan, visits
from tests.integration.aggregation.played_log import PlayedLog, unit_id


def a_year_of_reports(log: PlayedLog) -> None:
    communes = log.province(5, districts=("Huyện A", "Huyện B"))
    for template in (plan(), monthly(), visits(), harvest()):
        log.published(template)
    log.done("KH", "2026", "Gia Lai", {"thu.kh_nam": 1000})
    for number, commune in enumerate(communes, start=1):
        log.history("THANG", "2025-01", commune, {"thu.th": number, "thu.luy_ke": number, "dan.th": 100})
        log.done("KH", "2026", commune, {"thu.kh_nam": 100 * number, "dan.kh_nam": 7})
        for month in ("2026-01", "2026-02"):
            log.done("THANG", month, commune, {"thu.th": number * 10, "dan.th": 100 + number})
        log.done("LUA", "2026-02", commune, {"dt.th": number, "ns.th": 50 + number, "cao.th": number, "thap.th": "…"})
    first = log.done("KB", "2026-01", communes[0], {"bhyt.th": "1.50", "khac.th": 2, "ghi_chu.th": 1})
    log.corrected(first, {"bhyt.th": 3, "khac.th": "-"})
    second = log.assigned("KB", "2026-01", communes[1])
    log.submitted(second, {"bhyt.th": 5})
    log.sent(second)
    third = log.assigned("KB", "2026-01", communes[2])
    log.submitted(third, {"bhyt.th": 7})
    log.sent(third)
    log.withdrawn(third)
    log.cancelled(log.assigned("KB", "2026-01", communes[3]))


async def ended(aggregation: Aggregation, verify: bool) -> Any:
    operator = aggregation.as_("operator", "Văn phòng")
    started = await aggregation.service.client.post("/rebuilds", json={"verify": verify}, headers=operator)
    assert started.status_code == 202, started.text
    return await over(aggregation, started.json()["id"])


async def over(aggregation: Aggregation, id_: Any) -> Any:
    """The rebuild as it stands once it no longer runs."""
    pool, operator = aggregation.service.runtime.pool, aggregation.as_("operator", "Văn phòng")
    await pool.execute("UPDATE rebuild SET state = 'running' WHERE id = $1 AND ended_at IS NULL", id_)

    async def is_over() -> Any:
        found = (await aggregation.service.client.get(f"/rebuilds/{id_}", headers=operator)).json()
        return found if found["state"] != "running" else None

    return await eventually(is_over, 30)


async def test_a_rebuild_finds_that_nothing_differs_and_becomes_what_is_read(aggregation: Aggregation) -> None:
    a_year_of_reports(aggregation.log)
    await aggregation.hear()
    before = await aggregation.rollup("THANG", "2026-02", "Gia Lai")

    done = await ended(aggregation, verify=False)

    assert done["state"] == "done", done["why"]
    assert done["result"]["comparison"]["differences"] == []
    assert done["result"]["comparison"]["equal"], done["result"]["comparison"]
    assert done["live"]
    assert await aggregation.rollup("THANG", "2026-02", "Gia Lai") == before
    aggregation.log.done("THANG", "2026-03", "Xã 1", {"thu.th": 1})
    await aggregation.hear()
    assert (await aggregation.rollup("THANG", "2026-03", "Xã 1"))["coverage"] == {"reported": 1, "expected": 1}


async def test_verifying_names_a_figure_that_somebody_has_changed(aggregation: Aggregation) -> None:
    a_year_of_reports(aggregation.log)
    await aggregation.hear()
    pool = aggregation.service.runtime.pool
    generation = await pool.fetchval("SELECT generation FROM live")
    rollup = f"g{generation}.rollup"
    await pool.execute(f"UPDATE {rollup} SET total = total + 1 WHERE ctid = (SELECT min(ctid) FROM {rollup})")

    done = await ended(aggregation, verify=True)

    assert done["state"] == "differs"
    assert len(done["result"]["comparison"]["differences"]) == 1
    assert not done["live"]
    assert await pool.fetchval("SELECT generation FROM live") == generation


async def test_there_is_one_rebuild_at_a_time_and_only_operators_ask_for_it(aggregation: Aggregation) -> None:
    client, operator = aggregation.service.client, aggregation.as_("operator", "Văn phòng")
    a_year_of_reports(aggregation.log)
    await aggregation.hear()
    first = await client.post("/rebuilds", json={"verify": True}, headers=operator)
    second = await client.post("/rebuilds", json={}, headers=operator)
    assert (first.status_code, second.status_code) == (202, 409)
    assert second.json()["type"].endswith("rebuild-is-running")
    assert (await client.post("/rebuilds", json={}, headers=aggregation.as_("compiler", "Văn phòng"))).status_code == 403
    await over(aggregation, first.json()["id"])
    assert [one["state"] for one in (await client.get("/rebuilds", headers=operator)).json()["items"]] == ["done"]


async def test_a_rebuild_that_was_broken_off_goes_on_where_it_was(aggregation: Aggregation) -> None:
    a_year_of_reports(aggregation.log)
    await aggregation.hear()
    run = await a_rebuild(aggregation, chunk=20)
    with contextlib.suppress(BrokenOff):
        await breaking_off_at(run, 5).run("reading")
    pool = aggregation.service.runtime.pool
    row: Any = await pool.fetchrow("SELECT * FROM rebuild")
    assert 0 < row["reached_seq"] < row["target_seq"]

    aggregation.service.app.state.rebuild_wanted.set()
    done = await over(aggregation, row["id"])

    assert (done["state"], done["result"]["comparison"]["equal"]) == ("done", True), done


async def test_a_cancelled_rebuild_leaves_no_trace_and_the_figures_as_they_were(aggregation: Aggregation) -> None:
    a_year_of_reports(aggregation.log)
    await aggregation.hear()
    before = await aggregation.rollup("THANG", "2026-02", "Gia Lai")
    run = await a_rebuild(aggregation, chunk=20)
    with contextlib.suppress(BrokenOff):
        await breaking_off_at(run, 3).run("reading")
    pool, operator = aggregation.service.runtime.pool, aggregation.as_("operator", "Văn phòng")
    row: Any = await pool.fetchrow("SELECT * FROM rebuild")
    await aggregation.service.client.post(f"/rebuilds/{row['id']}/cancel", headers=operator)

    aggregation.service.app.state.rebuild_wanted.set()
    done = await over(aggregation, row["id"])

    assert done["state"] == "cancelled"
    schemas = await pool.fetch("SELECT nspname FROM pg_namespace WHERE nspname ~ '^g[0-9]+$'")
    assert [one["nspname"] for one in schemas] == [f"g{await pool.fetchval('SELECT generation FROM live')}"]
    assert await aggregation.rollup("THANG", "2026-02", "Gia Lai") == before


async def test_going_back_brings_the_former_generation_up_to_date_first(aggregation: Aggregation) -> None:
    a_year_of_reports(aggregation.log)
    await aggregation.hear()
    done = await ended(aggregation, verify=False)
    aggregation.log.done("KB", "2026-02", "Xã 5", {"bhyt.th": 3, "khac.th": 1})
    await aggregation.hear()
    now = await aggregation.rollup("KB", "2026-02", "Xã 5")
    operator = aggregation.as_("operator", "Văn phòng")

    back = await aggregation.service.client.post(f"/rebuilds/{done['id']}/rollback", headers=operator)

    assert back.json()["live"] is False
    assert await aggregation.rollup("KB", "2026-02", "Xã 5") == now
    assert (await ended(aggregation, verify=True))["state"] == "done"


async def test_a_message_that_is_parked_is_left_out_of_a_rebuild_too(aggregation: Aggregation) -> None:
    log = aggregation.log
    a_year_of_reports(log)
    report = log.assigned("KB", "2026-01", "Xã 5")
    await aggregation.hear()
    log.moved(report, 9)
    log.submitted(report, {"bhyt.th": 9})
    log.sent(report)
    await aggregation.service.runtime.inboxes["submissions"].receive(log.new())

    done = await ended(aggregation, verify=False)

    assert (done["state"], done["result"]["comparison"]["equal"]) == ("done", True), done


async def test_a_rebuild_agrees_after_units_have_moved_and_forms_have_a_new_version(aggregation: Aggregation) -> None:
    log = aggregation.log
    a_year_of_reports(log)
    waiting = log.assigned("KB", "2026-02", "Xã 3")
    log.assigned("KB", "2026-02", "Xã 4")
    await aggregation.hear()
    log.published(visits(version=2))
    log.moved(waiting, 2)
    log.moved_unit("Xã 2", "commune", "Huyện A", date(2026, 1, 1))
    log.moved_unit("Xã 4", "commune", "Huyện A", date(2026, 1, 1))
    await aggregation.hear()
    log.corrected(report_id_of("THANG", "2026-01", unit_id("Xã 2")), {"thu.th": 1, "dan.th": 1})
    await aggregation.hear()

    done = await ended(aggregation, verify=False)

    assert done["result"]["comparison"]["equal"], done["result"]["comparison"]["differences"]


class BrokenOff(Exception):
    pass


async def a_rebuild(aggregation: Aggregation, chunk: int) -> rebuild.Rebuild:
    """A run that the service doesn't know of yet: it looks for one only every second."""
    runtime = aggregation.service.runtime
    async with runtime.pool.acquire() as connection, connection.transaction():
        id_ = await rebuild.begin(connection, only_verify=False, asked_by="test", now=runtime.clock())
        await connection.execute("UPDATE rebuild SET state = 'failed' WHERE id = $1", id_)
    row = await runtime.pool.fetchrow("SELECT * FROM rebuild WHERE id = $1", id_)
    return rebuild.Rebuild(runtime.pool, aggregation.service.app.state.memory, aggregation.log, runtime.clock, row, chunk)


def breaking_off_at(run: rebuild.Rebuild, fetches: int) -> rebuild.Rebuild:
    """The process dies when it reads the log for the n-th time."""

    class Dying:
        def __init__(self, feed: rebuild.Feed) -> None:
            self.feed, self.left = feed, fetches

        async def fetch(self, after: int, limit: int) -> list[bytes]:
            self.left -= 1
            if not self.left:
                raise BrokenOff
            return await self.feed.fetch(after, limit)

    run._feed = Dying(run._feed)
    return run
