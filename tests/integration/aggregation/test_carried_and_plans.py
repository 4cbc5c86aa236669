"""Carried cells, plans, time and reorganised units: figures of a node that come from other periods, forms and units."""

from datetime import date

from tests.integration.aggregation.conftest import Aggregation, shown
from tests.integration.aggregation.played_forms import harvest, monthly, plan, visits
from tests.integration.aggregation.played_log import PlayedLog


def a_quarter(log: PlayedLog) -> list[str]:
    communes = log.province(2)
    log.published(plan())
    log.published(monthly())
    for number, commune in enumerate(communes, start=1):
        log.history("THANG", "2025-02", commune, {"thu.th": 5, "thu.luy_ke": 5 * number, "dan.th": 90})
        for month in ("2026-01", "2026-02", "2026-03"):
            log.done("THANG", month, commune, {"thu.th": 10 * number, "dan.th": 100})
    return communes


async def test_carried_cells_of_a_node_are_its_own_rollups_of_other_periods(aggregation: Aggregation) -> None:
    a_quarter(aggregation.log)
    await aggregation.hear()

    found = await aggregation.numbers("THANG", "2026-02", "Gia Lai")

    assert found["thu.truoc"] == "30"
    assert found["thu.luy_ke_truoc"] == "30"
    assert found["thu.luy_ke"] == "60"
    assert found["thu.ss"] == "600"  # against what of last year is there
    january = await aggregation.numbers("THANG", "2026-01", "Gia Lai")
    assert january["thu.luy_ke_truoc"] == "0"
    assert january["thu.luy_ke"] == "30"


async def test_correcting_a_period_moves_the_later_ones_that_carry_from_it(aggregation: Aggregation) -> None:
    log = aggregation.log
    communes = a_quarter(log)
    await aggregation.hear()
    from contracts.ids import report_id_of
    from tests.integration.aggregation.played_log import unit_id

    log.corrected(report_id_of("THANG", "2026-01", unit_id(communes[0])), {"thu.th": 17, "dan.th": 100})
    await aggregation.hear()

    assert (await aggregation.numbers("THANG", "2026-02", "Gia Lai"))["thu.truoc"] == "37"
    march = await aggregation.numbers("THANG", "2026-03", "Gia Lai")
    assert (march["thu.luy_ke_truoc"], march["thu.luy_ke"]) == ("67", "97")


async def test_what_is_stored_at_the_head_is_what_the_facts_say(aggregation: Aggregation) -> None:
    log = aggregation.log
    a_quarter(log)
    log.done("KH", "2026", "Xã 1", {"thu.kh_nam": 400})
    log.done("KH", "2026", "Xã 2", {"thu.kh_nam": 600})
    await aggregation.hear()
    head = log.seq
    stored = await aggregation.rollup("THANG", "2026-03", "Gia Lai")
    log.assigned("THANG", "2026-06", "Xã 1")
    await aggregation.hear()

    from_facts = await aggregation.rollup("THANG", "2026-03", "Gia Lai", as_of=head)

    assert from_facts["cells"] == stored["cells"]
    assert stored["cells"]["thu.ke_hoach"]["value"] == {"number": "1000"}


async def test_a_node_shows_its_own_plan_and_without_one_the_sum_with_a_label(aggregation: Aggregation) -> None:
    log = aggregation.log
    a_quarter(log)
    log.done("KH", "2026", "Xã 1", {"thu.kh_nam": 400, "dan.kh_nam": 10})
    log.done("KH", "2026", "Xã 2", {"thu.kh_nam": 600})
    await aggregation.hear()
    summed = await aggregation.rollup("KH", "2026", "Gia Lai")
    assert summed["cells"]["thu.kh_nam"]["value"] == {"number": "1000"}
    assert summed["cells"]["thu.kh_nam"]["label"] == "cộng từ các đơn vị"

    log.done("KH", "2026", "Gia Lai", {"thu.kh_nam": 1200})
    await aggregation.hear()

    own = await aggregation.rollup("KH", "2026", "Gia Lai")
    assert shown(own["cells"]["thu.kh_nam"]["value"]) == "1200"
    assert "label" not in own["cells"]["thu.kh_nam"]
    assert own["cells"]["dan.kh_nam"]["label"] == "cộng từ các đơn vị"
    assert (await aggregation.numbers("THANG", "2026-03", "Gia Lai"))["thu.ke_hoach"] == "1200"


async def test_a_plan_that_only_the_province_has_is_carried_at_the_province(aggregation: Aggregation) -> None:
    log = aggregation.log
    a_quarter(log)
    await aggregation.hear()
    log.done("KH", "2026", "Gia Lai", {"thu.kh_nam": 1200})
    await aggregation.hear()

    assert (await aggregation.numbers("THANG", "2026-03", "Gia Lai"))["thu.ke_hoach"] == "1200"


async def test_months_make_a_quarter_by_the_rule_over_time(aggregation: Aggregation) -> None:
    a_quarter(aggregation.log)
    await aggregation.hear()

    answer = await aggregation.rollup("THANG", "2026-Q1", "Gia Lai")

    assert answer["source"] == {"kind": "periods", "period_type": "month"}
    assert answer["cells"]["thu.th"]["value"] == {"number": "90"}
    assert answer["cells"]["dan.th"]["value"] == {"number": "200"}  # a stock: the last month's


async def test_a_quarter_is_not_filled_from_months_where_another_form_is_its_source_of_record(aggregation: Aggregation) -> None:
    a_quarter(aggregation.log)
    aggregation.log.published(monthly("QUY", period_type="quarter"))
    await aggregation.hear()

    assert "thu.th" not in (await aggregation.rollup("THANG", "2026-Q1", "Gia Lai"))["cells"]


async def test_text_and_rates_are_not_added_and_what_reads_them_says_so(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(2)
    log.published(visits())
    from kernel.sheet.model import Value

    log.done("KB", "2026-03", "Xã 1", {"bhyt.th": 1, "ghi_chu.th": Value(text="đủ")})
    log.done("KB", "2026-03", "Xã 2", {"bhyt.th": "-"})
    await aggregation.hear()

    answer = await aggregation.rollup("KB", "2026-03", "Gia Lai")

    assert answer["cells"]["ghi_chu.th"]["value"] == {"missing": "not-additive"}
    assert answer["cells"]["bhyt.th"]["value"] == {"number": "1"}
    assert answer["cells"]["tong.th"]["value"] == {"number": "1", "given": 1, "of": 2}
    assert answer["cells"]["ty_le.th"]["value"] == {"number": "100", "given": 1, "of": 2}


async def test_a_unit_that_moves_before_the_periods_end_takes_its_figures_along(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(4, districts=("Huyện A", "Huyện B"))
    log.published(harvest())
    for number in range(1, 5):
        log.done("LUA", "2026-03", f"Xã {number}", {"dt.th": number, "ns.th": 50, "cao.th": number})
        log.done("LUA", "2026-01", f"Xã {number}", {"dt.th": number, "ns.th": 50})
    await aggregation.hear()
    assert (await aggregation.numbers("LUA", "2026-03", "Huyện A"))["dt.th"] == "4"

    log.moved_unit("Xã 2", "commune", "Huyện A", date(2026, 2, 1))
    await aggregation.hear()

    first = await aggregation.numbers("LUA", "2026-03", "Huyện A")
    assert (first["dt.th"], first["cao.th"]) == ("6", "3")
    assert (await aggregation.numbers("LUA", "2026-03", "Huyện B"))["dt.th"] == "4"
    assert (await aggregation.numbers("LUA", "2026-01", "Huyện A"))["dt.th"] == "4"
    assert (await aggregation.numbers("LUA", "2026-03", "Gia Lai"))["dt.th"] == "10"


async def test_restated_figures_follow_the_units_and_lack_only_the_weights_that_nobody_entered(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(4)
    log.published(harvest())
    for number in range(1, 4):
        log.done("LUA", "2026-01", f"Xã {number}", {"dt.th": number * 10, "ns.th": 50})
    on = date(2026, 3, 1)
    log.reorganised(on, ("Xã 1", "Xã 4", True, None), ("Xã 2", "Xã 4", False, "0.25"), ("Xã 2", "Xã 3", False, "0.75"))
    await aggregation.hear()

    assert await aggregation.numbers("LUA", "2026-01", "Xã 4") == {}
    assert (await aggregation.numbers("LUA", "2026-01", "Xã 4", figures="restated"))["dt.th"] == "15"
    assert (await aggregation.numbers("LUA", "2026-01", "Xã 3", figures="restated"))["dt.th"] == "45"
    assert (await aggregation.numbers("LUA", "2026-01", "Gia Lai", figures="restated"))["dt.th"] == "60"

    log.unit("Xã 5", "commune", "Gia Lai")
    log.reorganised(on, ("Xã 3", "Xã 5", False, None), ("Xã 3", "Xã 4", False, None))
    await aggregation.hear()
    assert (await aggregation.numbers("LUA", "2026-01", "Xã 5", figures="restated"))["dt.th"] == "missing: no-weight"
    assert (await aggregation.numbers("LUA", "2026-01", "Gia Lai", figures="restated"))["dt.th"] == "60"
