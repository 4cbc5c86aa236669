"""Rollups at nodes over the life of reports, through the real app."""

from tests.integration.aggregation.conftest import Aggregation
from tests.integration.aggregation.played_forms import harvest, visits


async def test_the_province_adds_up_what_is_approved_and_computes_rates_anew(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(3)
    log.published(visits())
    log.done("KB", "2026-03", "Xã 1", {"bhyt.th": 10, "khac.th": 10, "tong.th": 20, "ty_le.th": 50, "bac_si.th": 3})
    log.done("KB", "2026-03", "Xã 2", {"bhyt.th": 90, "khac.th": 10, "tong.th": 100, "ty_le.th": 90, "bac_si.th": 4})
    log.assigned("KB", "2026-03", "Xã 3")
    await aggregation.hear()

    answer = await aggregation.rollup("KB", "2026-03", "Gia Lai")

    assert answer["coverage"] == {"reported": 2, "expected": 3}
    assert answer["cells"]["tong.th"]["value"] == {"number": "120"}
    assert answer["cells"]["ty_le.th"]["value"] == {"number": "83.33"}
    assert answer["cells"]["bac_si.th"] == {"value": {"number": "7"}, "given": 2, "expected": 3, "marked": True}
    assert answer["seq"] == log.seq


async def test_the_lens_of_sent_figures_shows_what_waits_and_the_approved_one_does_not(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(2)
    log.published(visits())
    log.done("KB", "2026-03", "Xã 1", {"bhyt.th": 10, "khac.th": 1})
    second = log.assigned("KB", "2026-03", "Xã 2")
    log.submitted(second, {"bhyt.th": 5, "khac.th": 1})
    log.sent(second)
    await aggregation.hear()
    assert (await aggregation.numbers("KB", "2026-03", "Gia Lai"))["bhyt.th"] == "10"
    assert (await aggregation.numbers("KB", "2026-03", "Gia Lai", lens="sent"))["bhyt.th"] == "15"

    log.returned(second)
    await aggregation.hear()
    assert (await aggregation.numbers("KB", "2026-03", "Gia Lai", lens="sent"))["bhyt.th"] == "10"


async def test_a_correction_moves_the_rollup_by_exactly_the_difference_and_the_past_can_still_be_asked_for(
    aggregation: Aggregation,
) -> None:
    log = aggregation.log
    log.province(2)
    log.published(visits())
    first = log.done("KB", "2026-03", "Xã 1", {"bhyt.th": "10.5", "khac.th": 1})
    log.done("KB", "2026-03", "Xã 2", {"bhyt.th": 5, "khac.th": 1})
    before, on = log.seq, log.now
    await aggregation.hear()
    log.corrected(first, {"bhyt.th": 9, "khac.th": 1})
    await aggregation.hear()

    assert (await aggregation.numbers("KB", "2026-03", "Gia Lai"))["bhyt.th"] == "14"
    for as_of in (str(before), on.isoformat()):
        answer = await aggregation.rollup("KB", "2026-03", "Gia Lai", as_of=as_of)
        assert answer["cells"]["bhyt.th"]["value"] == {"number": "15.5"}
        assert answer["seq"] == before


async def test_a_yield_is_weighed_by_area_and_the_least_and_greatest_are_kept(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(3)
    log.published(harvest())
    for name, area, of_ha, high in (("Xã 1", 10, "50.0", 55), ("Xã 2", 30, "60.0", 70), ("Xã 3", 60, "40.0", 45)):
        log.done("LUA", "2026-03", name, {"dt.th": area, "ns.th": of_ha, "sl.th": 1, "cao.th": high, "thap.th": high})
    await aggregation.hear()

    found = await aggregation.numbers("LUA", "2026-03", "Gia Lai")

    assert found == {"dt.th": "100", "ns.th": "47", "sl.th": "470", "cao.th": "70", "thap.th": "45"}
