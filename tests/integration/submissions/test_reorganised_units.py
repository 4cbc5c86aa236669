"""What becomes of reports when units merge, and when a step's unit ends with nobody to act for it."""

from datetime import date
from uuid import uuid4

import msgspec

from contracts.identity import Succession, UnitRegisteredV1, UnitsReorganisedV1
from contracts.ids import report_id_of
from kernel.testing import EventSpy, eventually
from tests.integration.submissions.world import FROM, HEALTH, PLEIKU, PROVINCE, QUY_NHON, World


async def _reorganise(world: World, change: UnitsReorganisedV1) -> None:
    await world.service.hears("identity", "vn.ktxh.identity.units_reorganised.v1", f"reorganisation/{change.reorganisation_id}", change)


async def test_unapproved_reports_of_an_ended_unit_are_cancelled_and_the_successors_opened(world: World) -> None:
    april, march = await world.assign("2026-04"), await world.assign("2026-03")
    successor = uuid4()
    unit = UnitRegisteredV1(successor, "21551", "Quy Nhơn Mới", "commune", "Phường", FROM, PROVINCE, "52")
    await world.service.hears("identity", "vn.ktxh.identity.unit_registered.v1", f"unit/{successor}", unit)
    change = UnitsReorganisedV1(uuid4(), date(2026, 4, 1), "NQ 1", (QUY_NHON,), (Succession(QUY_NHON, successor, True),))
    await _reorganise(world, change)
    heir = report_id_of("health_m", "2026-04", successor)
    assert (await world.get(april))["state"] == "cancelled"
    assert (await world.get(march))["state"] == "assigned"  # its last day was before
    assert (await world.get(heir, world.officer(successor)))["state"] == "assigned"
    pool = world.service.runtime.pool

    async def sequenced() -> bool:
        return not await pool.fetchval("SELECT count(*) FROM unsequenced")

    await eventually(sequenced)
    types = [one.type for one in await EventSpy(world.service.runtime.ledger).messages()]
    assert types[-3:] == ["vn.ktxh.units_reorganised.v1", "vn.ktxh.report_cancelled.v1", "vn.ktxh.report_assigned.v1"]


async def test_a_step_whose_unit_ended_without_successor_is_passed_over(world: World) -> None:
    report_id = await world.assign()
    await world.submitted(report_id)
    await _reorganise(world, UnitsReorganisedV1(uuid4(), date(2026, 5, 1), "NQ 2", (HEALTH,), ()))
    stored = await world.service.runtime.pool.fetch(
        "SELECT payload::text AS words FROM event WHERE stream_id = $1 AND type = 'step_passed_over' ORDER BY stream_version",
        f"report/{report_id}",
    )
    steps = [msgspec.json.decode(row["words"])["step"] for row in stored]
    assert steps == [1, 2]


async def test_an_approved_report_of_an_ended_unit_stands(world: World) -> None:
    report_id = await world.assign("2026-04", PLEIKU)
    headers = {**world.officer(PLEIKU), "If-Match": '"1"'}
    await world.client.post(f"/reports/{report_id}/nil", json={}, headers=headers)
    await world.decide("send", report_id, 1, "2026-04", PLEIKU, last=True)
    await _reorganise(world, UnitsReorganisedV1(uuid4(), date(2026, 4, 1), "NQ 3", (PLEIKU,), ()))
    assert (await world.get(report_id, world.officer(PLEIKU)))["state"] == "approved"
