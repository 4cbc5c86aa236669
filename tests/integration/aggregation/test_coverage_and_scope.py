"""What a reader may see: coverage and policy, points of the log, and whose figures are whose."""

from datetime import date, timedelta

import pytest

from tests.integration.aggregation.conftest import Aggregation
from tests.integration.aggregation.played_forms import HOLDING, mixed, monthly, plan, visits
from tests.integration.aggregation.played_log import unit_id


async def test_a_policy_that_holds_shows_nothing_below_its_share_nor_what_is_computed_from_it(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(5)
    log.published(visits(policy=HOLDING))
    for number in range(1, 4):
        log.done("KB", "2026-03", f"Xã {number}", {"bhyt.th": 1, "khac.th": 1})
    rest = [log.assigned("KB", "2026-03", f"Xã {number}") for number in (4, 5)]
    await aggregation.hear()
    held = await aggregation.numbers("KB", "2026-03", "Gia Lai")
    assert held["bhyt.th"] == held["tong.th"] == held["ty_le.th"] == "missing: held"
    assert (await aggregation.numbers("KB", "2026-03", "Xã 1"))["bhyt.th"] == "1"

    log.submitted(rest[0], {"bhyt.th": 1, "khac.th": 1})
    log.sent(rest[0])
    log.approved(rest[0])
    await aggregation.hear()

    assert (await aggregation.numbers("KB", "2026-03", "Gia Lai"))["tong.th"] == "8"


async def test_what_is_held_is_held_where_it_is_carried_too(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(5)
    log.published(plan(policy=HOLDING))
    log.published(monthly())
    log.done("KH", "2026", "Xã 1", {"thu.kh_nam": 5})
    log.assigned("KH", "2026", "Xã 2")
    for number in range(1, 3):
        log.done("THANG", "2026-03", f"Xã {number}", {"thu.th": 1})
    await aggregation.hear()

    found = await aggregation.numbers("THANG", "2026-03", "Gia Lai")

    assert found["thu.ke_hoach"] == "missing: held"
    assert found["thu.th"] == "2"


async def test_a_cancelled_report_is_not_expected_and_an_approved_one_cannot_be_cancelled_away(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(3)
    log.published(visits())
    first = log.done("KB", "2026-03", "Xã 1", {"bhyt.th": 1})
    second = log.assigned("KB", "2026-03", "Xã 2")
    log.assigned("KB", "2026-03", "Xã 3")
    log.cancelled(first)
    log.cancelled(second)
    await aggregation.hear()

    assert (await aggregation.rollup("KB", "2026-03", "Gia Lai"))["coverage"] == {"reported": 1, "expected": 2}
    assert await aggregation.state(first) == "approved"
    log.assigned("KB", "2026-03", "Xã 2")
    await aggregation.hear()
    assert (await aggregation.rollup("KB", "2026-03", "Gia Lai"))["coverage"] == {"reported": 1, "expected": 3}


async def test_beyond_what_is_projected_is_not_ready_and_the_future_is_refused(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(2)
    log.published(visits())
    log.done("KB", "2026-03", "Xã 1", {"bhyt.th": 1})
    await aggregation.hear()
    path = f"/rollups/KB/2026-03/{unit_id('Gia Lai')}"

    beyond = await aggregation.get(path, as_of=str(log.seq + 1))
    assert beyond.status_code == 503
    assert beyond.headers["retry-after"] == "1"
    later = (aggregation.service.clock() + timedelta(days=1)).isoformat()
    assert (await aggregation.get(path, as_of=later)).json()["type"].endswith("in-the-future")
    assert (await aggregation.get(path, as_of="hôm qua")).status_code == 422
    assert (await aggregation.get(path, as_of=aggregation.service.clock().date().isoformat())).json()["seq"] == log.seq
    assert (await aggregation.get(path, as_of="2026-03-01")).json()["seq"] == 0
    assert (await aggregation.get(path.replace("2026-03", "2026-13"))).status_code == 422


async def test_a_message_that_waits_is_told_with_the_figures(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(1)
    log.published(visits())
    report = log.assigned("KB", "2026-03", "Xã 1")
    await aggregation.hear()
    log.moved(report, 9)
    await aggregation.service.runtime.inboxes["submissions"].receive(log.new())

    assert (await aggregation.rollup("KB", "2026-03", "Xã 1"))["waiting"] == [str(report)]


@pytest.mark.parametrize(
    ("who", "node", "status"),
    [
        (("data_entry", "Xã 1"), "Xã 1", 200),
        (("leader", "Xã 1"), "Xã 2", 404),
        (("leader", "Xã 1"), "Gia Lai", 404),
        (("verifier", "Sở Y tế"), "Xã 2", 200),
        (("verifier", "Sở Y tế"), "Gia Lai", 200),
        (("leader", "Sở Nông nghiệp"), "Gia Lai", 404),
        (("compiler", "Văn phòng"), "Gia Lai", 200),
        (("executive", "Gia Lai"), "Xã 2", 200),
        (("administrator", "Gia Lai"), "Gia Lai", 403),
        (("operator", "Văn phòng"), "Gia Lai", 403),
        (("compiler", "Văn phòng"), "Xã không có", 404),
    ],
)
async def test_figures_are_seen_by_those_in_charge_only(aggregation: Aggregation, who: tuple[str, str], node: str, status: int) -> None:
    log = aggregation.log
    log.province(2)
    log.published(visits())
    log.done("KB", "2026-03", "Xã 1", {"bhyt.th": 1})
    log.done("KB", "2026-03", "Xã 2", {"bhyt.th": 1})
    await aggregation.hear()

    assert (await aggregation.get(f"/rollups/KB/2026-03/{unit_id(node)}", who)).status_code == status


async def test_of_a_form_of_several_sectors_a_department_sees_its_rows_and_their_headings(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(2)
    log.published(mixed())
    for number in (1, 2):
        log.done("TH", "2026-03", f"Xã {number}", {"kham.th": 5, "lua.th": 7})
    await aggregation.hear()
    health = ("verifier", "Sở Y tế")

    answer = await aggregation.rollup("TH", "2026-03", "Gia Lai", health)

    assert answer["rows"] == ["h1", "kham"]
    assert list(answer["cells"]) == ["kham.th"]
    lineage = f"/rollups/TH/2026-03/{unit_id('Gia Lai')}/lineage"
    assert (await aggregation.get(lineage, health, cell="lua.th")).status_code == 404
    assert (await aggregation.get(lineage, health, cell="kham.th")).status_code == 200
    assert (await aggregation.get("/progress", health, template="TH")).json()["items"] == []
    assert len((await aggregation.get("/progress", template="TH")).json()["items"]) == 2


async def test_figures_from_before_a_unit_was_made_are_added_up_where_it_lies(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(2)
    log.published(visits())
    log.history("KB", "2025-03", "Xã 1", {"bhyt.th": 2})
    log.history("KB", "2025-03", "Xã 2", {"bhyt.th": 3})
    await aggregation.hear()

    answer = await aggregation.rollup("KB", "2025-03", "Gia Lai")

    assert answer["cells"]["bhyt.th"]["value"] == {"number": "5"}
    assert answer["coverage"] == {"reported": 2, "expected": 2}


async def test_the_tokens_of_a_disabled_user_end_at_once(aggregation: Aggregation) -> None:
    from uuid import UUID

    from contracts.identity import UserDisabledV1

    log, user = aggregation.log, UUID(int=4711)
    log.province(1)
    await aggregation.hear()
    headers = aggregation.service.as_user(("compiler", unit_id("Văn phòng")), user=user)
    assert (await aggregation.service.client.get("/progress", headers=headers)).status_code == 200

    gone = UserDisabledV1(user, aggregation.service.clock() + timedelta(seconds=1))
    await aggregation.service.hears("identity", "vn.ktxh.identity.user_disabled.v1", f"user/{user}", gone)

    assert (await aggregation.service.client.get("/progress", headers=headers)).status_code == 401


async def test_lateness_is_in_words_and_a_return_takes_the_sending_back(aggregation: Aggregation) -> None:
    log = aggregation.log
    log.province(4)
    log.published(visits())
    now = aggregation.service.clock()
    timely = log.assigned("KB", "2026-03", "Xã 1", due_on=date(2026, 4, 17))
    log.submitted(timely, {"bhyt.th": 1})
    log.sent(timely)
    late = log.assigned("KB", "2026-03", "Xã 2", due_on=date(2026, 3, 1))
    log.submitted(late, {"bhyt.th": 1})
    log.sent(late)
    log.assigned("KB", "2026-03", "Xã 3", due_on=now.date())
    returned = log.assigned("KB", "2026-03", "Xã 4", due_on=date(2026, 4, 17))
    log.submitted(returned, {"bhyt.th": 1})
    log.sent(returned)
    log.returned(returned)
    await aggregation.hear()

    found = (await aggregation.get("/progress", template="KB", period="2026-03")).json()

    words = {item["unit"]["name"]: item["reports"]["KB/2026-03"]["lateness_word"] for item in found["items"]}
    assert words == {"Xã 1": "Đúng hạn", "Xã 2": "Gửi trễ hạn", "Xã 3": "Sắp đến hạn", "Xã 4": "Quá hạn"}
    assert found["counts"]["lateness"] == {"on-time": 1, "late": 1, "due-soon": 1, "overdue": 1}
    assert found["counts"]["expected"] == 4
