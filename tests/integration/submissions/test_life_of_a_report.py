"""A report from its assignment to its correction, over the API, with the words of the other services."""

from datetime import date
from uuid import UUID, uuid4

import msgspec

from contracts.approvals import LoggedReportSentV1, ReopeningGrantedV1
from contracts.identity import UnitRegisteredV1
from contracts.submissions import ReportSubmittedToLeaderV1
from contracts.templates import AssignmentCancelledV1, AssignmentClosedV1, AssignmentReopenedV1
from kernel.message import Envelope
from kernel.testing import EventSpy, eventually
from tests.integration.submissions.world import FROM, HEALTH, LEADER, PROVINCE, QUY_NHON, World


async def test_a_report_goes_from_assigned_to_approved(world: World) -> None:
    report_id = await world.assign()
    assert (await world.get(report_id))["state"] == "assigned"
    saved = await world.save(report_id, {"births.month": "12", "deaths.month": {"nil": True}}, 1)
    assert saved.json()["state"] == "drafting", saved.text
    version = saved.json()["version"]

    refused = await world.post(f"/reports/{report_id}/submit", version)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("not-normalised")
    assert {row["cell"] for row in refused.json()["differences"]} == {"births.to_date", "deaths.to_date"}
    assert refused.json()["version"] == version

    done = await world.post(f"/reports/{report_id}/submit", version, normalise=True, note="Kính trình")
    assert done.status_code == 200, done.text
    body = done.json()
    assert body["state"] == "awaiting_leader"
    assert body["revision"] == 1
    assert [(step["action"], step["unit_id"]) for step in body["route"]] == [
        ("send", str(QUY_NHON)),
        ("verify", str(HEALTH)),
        ("approve", str(HEALTH)),
    ]
    await world.decide("send", report_id, 1)
    assert (await world.get(report_id))["state_word"] == "Đã gửi, chờ thẩm định"
    await world.decide("verify", report_id, 1, step=1)
    await world.decide("approve", report_id, 1, step=2)
    report = await world.get(report_id)
    assert report["state"] == "approved"
    assert report["lateness"] == "on-time"
    assert report["cells"]["births.to_date"] == {"number": "12", "given": 1, "of": 2}


async def test_the_log_holds_everything_in_one_order_and_releases_only_what_departments_may_have(world: World) -> None:
    report_id = await world.assign()
    await world.submitted(report_id)
    decision = await world.decide("send", report_id, 1)
    messages = await _messages(world, report_id)
    assert [one.type.split(".")[2] for one in messages] == [
        "report_assigned",
        "values_entered",
        "values_normalised",
        "report_submitted_to_leader",
        "report_sent",
    ]
    assert [one.released for one in messages] == [False, False, False, False, True]
    sent = messages[-1]
    assert sent.id == decision
    assert (sent.sector, sent.province, sent.unit) == ("health", "52", "21550")
    assert sent.globalseq == sent.ledgerseq
    figures = msgspec.json.decode(sent.data, type=LoggedReportSentV1)
    assert figures.figures["births.month"].number == 12
    assert figures.figures_hash == msgspec.json.decode(messages[-2].data, type=ReportSubmittedToLeaderV1).figures_hash
    assert figures.state == "sent"


async def test_a_returned_report_is_corrected_and_submitted_again(world: World) -> None:
    report_id = await world.assign()
    await world.submitted(report_id)
    await world.decide("send", report_id, 1)
    returned = await world.decide("return", report_id, 1, step=1, role="verifier", unit=QUY_NHON, cells=("births.month",))
    report = await world.get(report_id)
    assert (report["state"], report["returned"]) == ("returned", {"event_id": str(returned), "cells": ["births.month"]})
    assert await world.submitted(report_id, births="13") == 2
    submitted = [one for one in await _messages(world, report_id) if one.type.endswith("submitted_to_leader.v1")][-1]
    assert msgspec.json.decode(submitted.data, type=ReportSubmittedToLeaderV1).changed == ("births.month", "births.to_date")


async def test_a_decision_on_an_old_revision_is_logged_without_effect(world: World) -> None:
    report_id = await world.assign()
    await world.submitted(report_id)
    await world.decide("reject", report_id, 1)
    await world.submitted(report_id, births="14")
    await world.decide("send", report_id, 1)
    sent = (await _messages(world, report_id))[-1]
    assert msgspec.json.decode(sent.data, type=LoggedReportSentV1).effect == "none"
    assert not sent.released
    assert msgspec.json.decode(sent.data, type=LoggedReportSentV1).figures == {}
    assert (await world.get(report_id))["state"] == "awaiting_leader"


async def test_a_withdrawn_revision_is_void_and_no_longer_shown_to_others(world: World) -> None:
    report_id = await world.assign()
    await world.submitted(report_id)
    await world.decide("send", report_id, 1)
    assert (await world.get(report_id, world.verifier()))["figures_of"] == 1
    await world.decide("withdraw", report_id, 1)
    seen = await world.get(report_id, world.verifier())
    assert (seen["state"], seen["figures_of"], seen["cells"]) == ("drafting", None, {})
    assert (await world.get(report_id))["lateness"] != "on-time"
    revision = await world.client.get(f"/reports/{report_id}/revisions/1", headers=world.officer())
    assert revision.json()["is_void"] is True


async def test_a_reopened_report_is_given_up_and_its_approved_figures_stand_again(world: World) -> None:
    report_id = await _approved(world)
    await _reopen(world, report_id)
    report = await world.get(report_id)
    assert report["state"] == "reopened"
    await world.save(report_id, {"births.month": "99"}, report["version"])
    dropped = await world.post(f"/reports/{report_id}/drop-correction")
    assert dropped.status_code == 200, dropped.text
    report = await world.get(report_id)
    assert (report["state"], report["cells"]["births.month"]) == ("approved", {"number": "12"})
    last = (await _messages(world, report_id))[-1]
    assert (last.type, last.released) == ("vn.ktxh.reopening_dropped.v1", True)


async def test_a_corrected_report_replaces_the_approved_revision(world: World) -> None:
    report_id = await _approved(world)
    await _reopen(world, report_id)
    assert await world.submitted(report_id, births="20") == 2
    await world.decide("send", report_id, 2)
    await world.decide("approve", report_id, 2, step=2)
    report = await world.get(report_id)
    assert (report["state"], report["approved_revision"], report["cells"]["births.month"]) == ("approved", 2, {"number": "20"})


async def test_a_nil_report_fills_and_submits(world: World) -> None:
    report_id = await world.assign()
    answer = await world.post(f"/reports/{report_id}/nil", 1, note="Không phát sinh")
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "awaiting_leader"
    report = await world.get(report_id)
    assert report["cells"]["births.month"] == {"nil": True}
    assert report["cells"]["births.to_date"] == {"number": "0", "given": 1, "of": 2}


async def test_a_closed_period_refuses_the_first_submit_only(world: World) -> None:
    report_id = await world.assign()
    closed = AssignmentClosedV1(report_id, uuid4())
    await world.hears_templates("assignment_closed", report_id, closed)
    saved = await world.save(report_id, {"births.month": "1", "deaths.month": "1"}, 2)
    refused = await world.post(f"/reports/{report_id}/submit", saved.json()["version"], normalise=True)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/period-closed")
    actions = (await world.get(report_id))["actions"]
    assert actions["submit"]["rule"] == "period-closed"
    await world.hears_templates("assignment_reopened", report_id, AssignmentReopenedV1(report_id, uuid4(), ""))
    version = (await world.get(report_id))["version"]
    assert (await world.post(f"/reports/{report_id}/submit", version, normalise=True)).status_code == 200


async def test_a_cancelled_report_keeps_its_drafts_for_when_it_is_assigned_again(world: World) -> None:
    report_id = await world.assign()
    await world.save(report_id, {"births.month": "7"}, 1)
    await world.hears_templates("assignment_cancelled", report_id, AssignmentCancelledV1(report_id, uuid4(), "x"))
    assert (await world.get(report_id))["state"] == "cancelled"
    refused = await world.save(report_id, {"births.month": "8"}, 3)
    assert refused.json()["type"] == "/problems/not-editable"
    await world.assign(due_on=date(2026, 4, 20))
    report = await world.get(report_id)
    assert (report["state"], report["cells"]) == ("drafting", {"births.month": {"number": "7"}})


async def test_a_cancellation_that_crosses_an_approval_has_no_effect(world: World) -> None:
    report_id = await _approved(world)
    await world.hears_templates("assignment_cancelled", report_id, AssignmentCancelledV1(report_id, uuid4(), "x"))
    assert (await world.get(report_id))["state"] == "approved"
    last = (await _messages(world, report_id))[-1]
    assert msgspec.json.decode(last.data)["effect"] == "none"
    assert not last.released


async def test_an_assignment_waits_for_its_unit(world: World) -> None:
    newcomer = uuid4()
    report_id = await world.assign(unit=newcomer)
    assert (await world.client.get(f"/reports/{report_id}", headers=world.officer(newcomer))).status_code == 404
    unit = UnitRegisteredV1(newcomer, "21553", "An Nhơn", "commune", "Phường", FROM, PROVINCE, "52")
    await world.service.hears("identity", "vn.ktxh.identity.unit_registered.v1", f"unit/{newcomer}", unit)
    assert (await world.get(report_id, world.officer(newcomer)))["state"] == "assigned"


async def _messages(world: World, report_id: UUID) -> list[Envelope]:
    async def sequenced() -> bool:
        return not await world.service.runtime.pool.fetchval("SELECT count(*) FROM unsequenced")

    await eventually(sequenced)
    return [one for one in await EventSpy(world.service.runtime.ledger).messages() if one.subject == f"report/{report_id}"]


async def _approved(world: World) -> UUID:
    report_id = await world.assign()
    await world.submitted(report_id)
    await world.decide("send", report_id, 1)
    await world.decide("approve", report_id, 1, step=2)
    return report_id


async def _reopen(world: World, report_id: UUID) -> None:
    granted = ReopeningGrantedV1(report_id, "health_m", "2026-03", QUY_NHON, uuid4(), 1, LEADER)
    await world.service.hears("approvals", "vn.ktxh.approvals.reopening_granted.v1", f"report/{report_id}", granted)
