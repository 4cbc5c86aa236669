"""Rebuilding from the log: nothing differs, readers see one generation or the other, and what was tampered with is named."""

from typing import Any

from kernel.testing import eventually
from tests.integration.aggregation.conftest import Aggregation
from tests.integration.aggregation.played_forms import harvest, monthly, plan, visits
from tests.integration.aggregation.played_log import PlayedLog


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

    async def is_over() -> Any:
        found = (await aggregation.service.client.get(f"/rebuilds/{started.json()['id']}", headers=operator)).json()
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
    await pool.execute(
        f"UPDATE g{generation}.rollup SET total = total + 1 WHERE (place_no, lens, cell_no) = (SELECT place_no, lens, cell_no FROM g{generation}.rollup LIMIT 1)"
    )

    done = await ended(aggregation, verify=True)

    assert done["state"] == "differs"
    assert len(done["result"]["comparison"]["differences"]) == 1
    assert not done["live"]
    assert await pool.fetchval("SELECT generation FROM live") == generation
