"""Decisions through the API: one or many, whose turn it is, and what is told to whom it is not."""

import asyncio
from uuid import UUID

import pytest

from kernel.testing import eventually

from .month import (
    DISTRICT,
    EDUCATION,
    ELSEWHERE,
    FIRST,
    HEALTH,
    LEADER,
    OFFICER,
    SECOND,
    VERIFIER,
    Month,
    an_id,
    problem,
    step,
    two_steps,
)


async def test_a_report_goes_its_three_steps(month: Month) -> None:
    report = await month.submitted()
    assert (await month.takes("send", month.leader, report))["state"] == "sent"
    assert (await month.takes("verify", month.verifier, report))["state"] == "verified"
    assert (await month.takes("approve", month.head, report))["state"] == "approved"
    assert await month.inbox(month.head) == []


async def test_what_is_decided_is_said_without_figures(month: Month) -> None:
    report = await month.submitted()
    taken = await month.takes("send", month.leader, report)
    message = (await eventually(lambda: month.spy.messages("vn.ktxh.approvals.report_sent.v1")))[0]
    assert (str(message.id), message.subject, message.released) == (taken["event_id"], f"report/{report}", False)
    assert (message.sector, message.province, message.unit) == ("health", "52", "21001")
    assert b"figures_hash" in bytes(message.data)
    assert b'"figures"' not in bytes(message.data)


async def test_two_steps_go_without_verification(month: Month) -> None:
    report = await month.submitted(route=two_steps(FIRST))
    await month.takes("send", month.leader, report)
    assert (await month.look(report, month.head))["state_word"] == "Đã gửi, chờ duyệt"
    assert (await month.takes("approve", month.head, report))["state"] == "approved"


async def test_where_nobody_follows_the_send_is_the_approval(month: Month) -> None:
    report = await month.submitted(route=(step("send", "leader", FIRST),))
    assert (await month.takes("send", month.leader, report))["state"] == "approved"
    message = (await eventually(lambda: month.spy.messages("vn.ktxh.approvals.report_sent.v1")))[0]
    assert b'"last":true' in bytes(message.data)
    again = await month.decide("send", month.leader, report)
    assert again.json()["items"][0]["outcome"] == "already"


async def test_a_district_verifies_before_the_department(month: Month) -> None:
    route = (
        step("send", "leader", SECOND),
        step("verify", "verifier", DISTRICT),
        step("verify", "verifier", HEALTH),
        step("approve", "leader", HEALTH),
    )
    report = await month.submitted(SECOND, route=route)
    await month.takes("send", month.person(LEADER, ("leader", SECOND)), report)
    assert await month.inbox(month.verifier) == []
    assert (await month.takes("verify", month.person(an_id("d"), ("verifier", DISTRICT)), report))["state"] == "verified"
    assert (await month.takes("verify", month.verifier, report))["state"] == "verified"
    assert (await month.takes("approve", month.head, report))["state"] == "approved"


async def test_many_are_answered_one_by_one_and_the_refused_stop_nobody(month: Month) -> None:
    first, second = await month.submitted(FIRST), await month.submitted(SECOND)
    for unit, report in ((FIRST, first), (SECOND, second)):
        await month.takes("send", month.person(an_id(f"l{unit}"), ("leader", unit)), report)
    await month.takes("verify", month.verifier, first)
    unknown = an_id("nobody's report")
    answer = await month.decide("verify", month.verifier, unknown, first, second)
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["outcome"] for item in items] == ["refused", "already", "done"]
    assert (items[0]["rule"], items[0]["id"]) == ("not-found", str(unknown))
    assert items[0]["title"]
    assert (items[2]["state"], items[2]["revision"]) == ("verified", 1)
    assert UUID(items[2]["event_id"]).version == 7


async def test_one_alone_answers_with_its_problem(month: Month) -> None:
    await month.submitted()
    assert problem(await month.decide("verify", month.verifier, an_id("nobody's report"))) == (404, "not-found")


async def test_repeating_what_holds_says_nothing_again(month: Month) -> None:
    report = await month.submitted()
    first = await month.takes("send", month.leader, report)
    answer = await month.decide("send", month.leader, report)
    item = answer.json()["items"][0]
    assert (answer.status_code, item["outcome"], item["state"], item["event_id"]) == (200, "already", "sent", None)
    assert first["event_id"]
    assert await month.said() == 1


async def test_a_revision_that_has_not_arrived_is_to_be_asked_again(month: Month) -> None:
    report = await month.submitted()
    answer = await month.decide("send", month.leader, report, revision=2)
    assert problem(answer) == (409, "not-arrived-yet")
    assert int(answer.headers["retry-after"]) >= 1
    both = await month.decide("send", month.leader, report, report, revision=2)
    assert [(item["rule"], item["retry_after"]) for item in both.json()["items"]] == [("not-arrived-yet", 1)] * 2


async def test_before_anything_was_submitted_it_has_not_arrived(month: Month) -> None:
    report = await month.assigned()
    assert problem(await month.decide("send", month.leader, report)) == (409, "not-arrived-yet")


async def test_an_old_revision_is_refused(month: Month) -> None:
    report = await month.submitted()
    await month.takes("reject", month.leader, report, note="Sai số khám")
    await month.submitted()
    answer = await month.decide("send", month.leader, report, revision=1)
    assert problem(answer) == (409, "revision-is-old")
    assert answer.json()["current"] == 2


@pytest.mark.parametrize("note", ["", "  \n "])
async def test_rejecting_needs_a_reason(month: Month, note: str) -> None:
    report = await month.submitted()
    assert problem(await month.decide("reject", month.leader, report, note=note)) == (422, "reason-is-missing")
    assert await month.state(report) == "awaiting_leader"


async def test_each_report_has_its_own_reason_or_the_common_one(month: Month) -> None:
    reports = [await month.submitted(FIRST), await month.submitted(SECOND)]
    seats = month.person(an_id("both"), ("leader", FIRST), ("leader", SECOND))
    chosen = [{"id": str(reports[0]), "revision": 1, "note": "Riêng", "cells": ["visits.actual"]}, {"id": str(reports[1]), "revision": 1}]
    answer = await month.post("/decisions", seats, {"decision": "reject", "reports": chosen, "note": "Chung"})
    ids = [item["event_id"] for item in answer.json()["items"]]
    texts = (await month.get("/texts", seats, events=",".join(ids))).json()
    assert texts == {ids[0]: "Riêng", ids[1]: "Chung"}
    history = (await month.get(f"/reports/{reports[0]}/decisions", seats)).json()["items"]
    assert [(one["kind"], one["cells"], one["has_reason"]) for one in history] == [("report_rejected", ["visits.actual"], True)]


async def test_cells_must_be_of_the_form(month: Month) -> None:
    report = await month.submitted()
    body = {"decision": "reject", "note": "x", "reports": [{"id": str(report), "revision": 1, "cells": ["visits.actual", "no.such"]}]}
    answer = await month.post("/decisions", month.leader, body)
    assert problem(answer) == (422, "malformed")
    assert answer.json()["cells"] == ["no.such"]


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        {"decision": "send"},
        {"decision": "send", "reports": []},
        {"decision": "burn", "reports": [{"id": str(an_id("r")), "revision": 1}]},
        {"decision": "send", "reports": [{"id": "r", "revision": 1}]},
        {"decision": "send", "reports": [{"id": str(an_id("r")), "revision": 0}]},
        {"decision": "send", "reports": [{"id": str(an_id("r"))}]},
    ],
)
async def test_a_malformed_body_is_named_so(month: Month, body: object) -> None:
    assert problem(await month.post("/decisions", month.leader, body)) == (422, "malformed")


# ------------------------------------------------------------------ who may


async def test_a_foreign_units_report_is_not_there(month: Month) -> None:
    report = await month.submitted()
    for stranger in (
        month.person(an_id("s"), ("leader", SECOND)),
        month.person(an_id("s"), ("leader", ELSEWHERE)),
        month.person(an_id("s"), ("verifier", EDUCATION)),
    ):
        assert problem(await month.decide("send", stranger, report)) == (404, "not-found")
        assert (await month.get(f"/reports/{report}", stranger)).status_code == 404
        assert (await month.get(f"/reports/{report}/decisions", stranger)).status_code == 404
        assert (await month.get("/reminders", stranger, report=str(report))).status_code == 404


async def test_a_role_that_may_never_decide_is_refused(month: Month) -> None:
    report = await month.submitted()
    assert problem(await month.decide("send", month.officer, report)) == (403, "role-may-not")
    assert problem(await month.decide("send", month.person(an_id("x"), ("administrator", FIRST)), report)) == (403, "role-may-not")
    assert (await month.decide("send", {}, report)).status_code == 401


async def test_a_role_of_another_step_is_refused(month: Month) -> None:
    report = await month.submitted()
    await month.takes("send", month.leader, report)
    assert problem(await month.decide("approve", month.leader, report)) == (403, "not-your-step")
    assert problem(await month.decide("approve", month.verifier, report)) == (403, "not-your-step")
    assert problem(await month.decide("approve", month.head, report)) == (409, "not-awaiting-decision")


async def test_one_person_acts_once_on_a_revision_and_is_told_why(month: Month) -> None:
    report = await month.submitted()
    await month.takes("send", month.leader, report)
    both = month.person(VERIFIER, ("verifier", HEALTH), ("leader", HEALTH))
    await month.takes("verify", both, report)
    assert problem(await month.decide("approve", both, report)) == (409, "already-acted")
    [item] = await month.inbox(both)
    assert item["actions"]["approve"] == {
        "allowed": False,
        "rule": "already-acted",
        "why": "Bạn đã trình hoặc xử lý lần trình này; người khác của đơn vị xử lý bước này",
    }
    assert (await month.takes("approve", month.head, report))["state"] == "approved"


async def test_who_submitted_does_not_send(month: Month) -> None:
    report = await month.submitted(by=LEADER)
    assert problem(await month.decide("send", month.leader, report)) == (409, "already-acted")
    await month.takes("send", month.person(an_id("deputy"), ("leader", FIRST)), report)


async def test_people_of_the_successor_act_for_an_ended_unit(month: Month) -> None:
    report = await month.submitted()
    token = month.service.as_user(("leader", SECOND), ("leader", FIRST), user=an_id("successor"))
    assert (await month.takes("send", token, report))["state"] == "sent"


# ------------------------------------------------------------------ taking back


async def test_the_officer_withdraws_before_the_leader_decides(month: Month) -> None:
    report = await month.submitted()
    answer = await month.withdraw(month.officer, report)
    item = answer.json()["items"][0]
    assert (item["outcome"], item["state"]) == ("done", "drafting")
    assert (await month.withdraw(month.officer, report)).json()["items"][0]["outcome"] == "already"
    assert await month.inbox(month.leader) == []
    assert problem(await month.decide("send", month.leader, report)) == (409, "not-awaiting-decision")


async def test_once_it_was_sent_only_the_leader_withdraws(month: Month) -> None:
    report = await month.submitted()
    await month.takes("send", month.leader, report)
    assert problem(await month.withdraw(month.officer, report)) == (403, "not-your-step")
    assert problem(await month.withdraw(month.head, report)) == (403, "not-your-step")
    assert problem(await month.withdraw(month.verifier, report)) == (403, "role-may-not")
    assert (await month.withdraw(month.leader, report)).json()["items"][0]["state"] == "drafting"
    message = (await eventually(lambda: month.spy.messages("vn.ktxh.approvals.submission_withdrawn.v1")))[0]
    assert b'"had_been_sent":true' in bytes(message.data)


async def test_nothing_is_withdrawn_once_somebody_outside_has_acted(month: Month) -> None:
    report = await month.submitted()
    await month.takes("send", month.leader, report)
    await month.takes("verify", month.verifier, report)
    assert problem(await month.withdraw(month.leader, report)) == (409, "already-acted-upon")


async def test_after_a_withdrawal_the_next_revision_is_decided_anew(month: Month) -> None:
    report = await month.submitted()
    await month.withdraw(month.officer, report)
    await month.submitted()
    assert (await month.takes("send", month.leader, report))["revision"] == 2


# ------------------------------------------------------------------ the same call again


async def test_the_same_key_answers_the_same(month: Month) -> None:
    reports = [await month.submitted(FIRST), await month.submitted(SECOND)]
    seats = month.person(an_id("both"), ("leader", FIRST), ("leader", SECOND))
    first = (await month.decide("send", seats, *reports, key="k1")).json()["items"]
    again = (await month.decide("send", seats, *reports, key="k1")).json()["items"]
    assert [item["outcome"] for item in first] == ["done", "done"]
    assert [item["outcome"] for item in again] == ["already", "already"]
    assert [item["event_id"] for item in again] == [item["event_id"] for item in first]
    assert await month.said() == 2


async def test_the_same_key_answers_the_same_even_after_the_report_has_moved_on(month: Month) -> None:
    report = await month.submitted()
    first = (await month.decide("send", month.leader, report, key="k1")).json()["items"][0]
    await month.takes("verify", month.verifier, report)
    again = (await month.decide("send", month.leader, report, key="k1")).json()["items"][0]
    assert (again["event_id"], again["outcome"], again["state"]) == (first["event_id"], "already", "sent")


async def test_the_same_key_with_another_body_is_refused_whole(month: Month) -> None:
    first, second = await month.submitted(FIRST), await month.submitted(SECOND)
    seats = month.person(an_id("both"), ("leader", FIRST), ("leader", SECOND))
    await month.decide("send", seats, first, key="k1")
    for others in ((second,), (second, first), (second, second, first)):
        assert problem(await month.decide("send", seats, *others, key="k1")) == (422, "idempotency-key-reused")
    assert problem(await month.withdraw(seats, first, key="k1")) == (422, "idempotency-key-reused")
    assert await month.said() == 1
    assert (await month.decide("send", seats, second, key="k2")).json()["items"][0]["outcome"] == "done"


async def test_a_key_is_refused_though_the_first_of_its_reports_was_refused(month: Month) -> None:
    first, second = await month.submitted(FIRST), await month.submitted(SECOND)
    seats = month.person(an_id("both"), ("leader", FIRST), ("leader", SECOND))
    items = (await month.decide("send", seats, an_id("unknown"), first, key="k1")).json()["items"]
    assert [item["outcome"] for item in items] == ["refused", "done"]
    assert problem(await month.decide("send", seats, second, key="k1")) == (422, "idempotency-key-reused")


async def test_two_people_have_keys_of_their_own(month: Month) -> None:
    report = await month.submitted()
    await month.decide("send", month.leader, report, key="k1")
    assert (await month.decide("verify", month.verifier, report, key="k1")).json()["items"][0]["outcome"] == "done"


async def test_two_at_once_decide_once(month: Month) -> None:
    report = await month.submitted()
    await month.takes("send", month.leader, report)
    colleagues = [month.person(an_id(f"v{n}"), ("verifier", HEALTH)) for n in range(6)]
    answers = await asyncio.gather(*(month.decide("verify", one, report) for one in colleagues))
    outcomes = sorted(answer.json()["items"][0]["outcome"] for answer in answers)
    assert outcomes == ["already"] * 5 + ["done"]
    assert await month.said() == 2


async def test_many_at_once_are_answered_in_their_order(month: Month) -> None:
    codes = [f"form_{n}" for n in range(12)]
    for code in codes:
        await month.knows_the_form(code=code)
    reports = [await month.submitted(code=code) for code in codes]
    withdrawn = reports[5]
    await month.withdraw(month.officer, withdrawn)
    items = (await month.decide("send", month.leader, *reports, reports[0])).json()["items"]
    assert [item["id"] for item in items] == [str(report) for report in (*reports, reports[0])]
    assert [item["outcome"] for item in items[1:-1]] == ["refused" if report == withdrawn else "done" for report in reports[1:]]
    assert sorted([items[0]["outcome"], items[-1]["outcome"]]) == ["already", "done"]


async def test_the_officer_is_shown_what_may_be_done(month: Month) -> None:
    report = await month.submitted()
    actions = (await month.look(report, month.officer))["actions"]
    assert actions["withdraw"] == {"allowed": True}
    assert actions["send"]["rule"] == "not-your-step"
    assert actions["request_reopening"]["rule"] == "not-approved"
    assert (await month.look(report, month.leader))["submitted_by"] == str(OFFICER)
