"""Corrections and reminders through the API."""

from datetime import date
from uuid import UUID

import pytest

from kernel.testing import eventually

from .month import EDUCATION, FIRST, LEADER, SECOND, Month, an_id, problem


async def asked(month: Month, report: UUID, **more: object) -> str:
    answer = await month.post("/reopenings", month.officer, {"report_id": str(report), "reason": "Nhầm số", **more})
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "requested"
    return str(answer.json()["id"])


async def test_a_correction_is_asked_for_granted_and_approved(month: Month) -> None:
    report = await month.approved()
    reopening = await asked(month, report, cells=["visits.actual"])
    answer = await month.post(f"/reopenings/{reopening}/grant", month.head, {"due_on": "2026-05-20"})
    assert answer.json() == {"id": reopening, "state": "granted", "report_state": "reopened"}
    message = (await eventually(lambda: month.spy.messages("vn.ktxh.approvals.reopening_granted.v1")))[0]
    await month.log_takes_reopening(str(message.id), reopening, report, state="reopened", due_on=date(2026, 5, 20))
    assert (await month.row(report))["due_on"] == date(2026, 5, 20)
    await month.submitted()
    for decision, who in (("send", month.leader), ("verify", month.verifier), ("approve", month.head)):
        taken = await month.takes(decision, who, report)
    assert taken["state"] == "approved"
    assert (await month.look(report))["state"] == "approved"


async def test_a_request_is_listed_to_both_sides_and_to_nobody_else(month: Month) -> None:
    report = await month.approved()
    reopening = await asked(month, report, cells=["visits.actual"])
    for who, may_answer in ((month.officer, False), (month.verifier, False), (month.head, True)):
        [item] = (await month.get("/reopenings", who, state="requested")).json()["items"]
        assert (item["id"], item["state"], item["cells"], item["may_answer"]) == (reopening, "requested", ["visits.actual"], may_answer)
        assert item["unit"]["name"] == "Pleiku"
        texts = (await month.get("/texts", who, events=item["event_id"])).json()
        assert texts == {item["event_id"]: "Nhầm số"}
    stranger = month.person(an_id("s"), ("leader", EDUCATION))
    assert (await month.get("/reopenings", stranger)).json()["items"] == []
    assert problem(await month.post(f"/reopenings/{reopening}/grant", stranger, {})) == (404, "not-found")
    assert problem(await month.post(f"/reopenings/{reopening}/grant", month.verifier, {})) == (403, "not-your-step")
    assert problem(await month.post(f"/reopenings/{reopening}/grant", month.officer, {})) == (403, "role-may-not")
    assert problem(await month.post(f"/reopenings/{an_id('none')}/grant", month.head, {})) == (404, "not-found")


async def test_requests_are_listed_page_by_page(month: Month) -> None:
    ids = []
    for unit in (FIRST, SECOND):
        report = await month.approved(unit)
        officer = month.person(an_id("o"), ("data_entry", unit))
        answer = await month.post("/reopenings", officer, {"report_id": str(report), "reason": "x"})
        ids.append(answer.json()["id"])
    first = (await month.get("/reopenings", month.head, limit=1)).json()
    second = (await month.get("/reopenings", month.head, limit=1, cursor=first["next"])).json()
    assert sorted([first["items"][0]["id"], second["items"][0]["id"]]) == sorted(ids)


async def test_a_refused_request_can_be_made_again(month: Month) -> None:
    report = await month.approved()
    reopening = await asked(month, report)
    assert problem(await month.post(f"/reopenings/{reopening}/refuse", month.head, {"reason": " "})) == (422, "reason-is-missing")
    answer = await month.post(f"/reopenings/{reopening}/refuse", month.head, {"reason": "Số đúng"})
    assert answer.json() == {"id": reopening, "state": "refused", "report_state": "approved"}
    again = await month.post(f"/reopenings/{reopening}/refuse", month.head, {"reason": "Số đúng"})
    assert again.status_code == 200
    assert problem(await month.post(f"/reopenings/{reopening}/grant", month.head, {})) == (409, "reopening-is-answered")
    assert await asked(month, report) != reopening


async def test_while_one_request_is_open_there_is_no_other(month: Month) -> None:
    report = await month.approved()
    reopening = await asked(month, report)
    answer = await month.post("/reopenings", month.leader, {"report_id": str(report), "reason": "x"})
    assert problem(answer) == (409, "reopening-is-open")
    assert answer.json()["reopening"] == reopening


async def test_the_last_step_starts_a_correction_itself_and_may_again_after_it_was_dropped(month: Month) -> None:
    report = await month.approved()
    body = {"report_id": str(report), "reason": "Phát hiện sai"}
    assert problem(await month.post("/reopenings/start", month.verifier, body)) == (403, "not-your-step")
    assert problem(await month.post("/reopenings/start", month.head, {**body, "reason": ""})) == (422, "reason-is-missing")
    for _ in range(2):
        answer = await month.post("/reopenings/start", month.head, body)
        assert (answer.status_code, answer.json()["report_state"]) == (201, "reopened")
        assert problem(await month.post("/reopenings/start", month.head, body)) == (409, "already-reopened")
        await month.dropped(report)
        assert await month.state(report) == "approved"
    assert problem(await month.decide("approve", month.head, report)) == (409, "not-awaiting-decision")


async def test_a_correction_that_was_rejected_can_be_dropped(month: Month) -> None:
    report = await month.approved()
    await month.post("/reopenings/start", month.head, {"report_id": str(report), "reason": "x"})
    await month.submitted()
    await month.takes("reject", month.leader, report, note="x")
    await month.dropped(report)
    assert await month.state(report) == "approved"
    assert (await month.row(report))["first_sent_revision"] == 1
    await month.post("/reopenings/start", month.head, {"report_id": str(report), "reason": "x"})
    await month.submitted()
    assert (await month.takes("send", month.leader, report))["revision"] == 3


async def test_starting_answers_an_open_request(month: Month) -> None:
    report = await month.approved()
    reopening = await asked(month, report)
    answer = await month.post("/reopenings/start", month.head, {"report_id": str(report), "reason": "x"})
    assert answer.json()["id"] == reopening
    [item] = (await month.get("/reopenings", month.head)).json()["items"]
    assert (item["state"], item["requested_by"] == item["decided_by"]) == ("granted", False)


async def test_a_grant_that_came_too_late_reopens_nothing(month: Month) -> None:
    report = await month.approved()
    reopening = await asked(month, report)
    await month.post(f"/reopenings/{reopening}/grant", month.head, {})
    message = (await eventually(lambda: month.spy.messages("vn.ktxh.approvals.reopening_granted.v1")))[0]
    await month.log_takes_reopening(str(message.id), reopening, report, effect="none", state="approved")
    assert await month.state(report) == "approved"
    [item] = (await month.get("/reopenings", month.head)).json()["items"]
    assert item["effect"] == "none"


@pytest.mark.parametrize("who", ["officer", "leader"])
async def test_only_what_is_approved_is_corrected(month: Month, who: str) -> None:
    report = await month.submitted()
    person = {"officer": month.officer, "leader": month.leader}[who]
    assert problem(await month.post("/reopenings", person, {"report_id": str(report), "reason": "x"})) == (409, "not-approved")


async def test_a_request_needs_a_reason_and_cells_of_the_form(month: Month) -> None:
    report = await month.approved()
    assert problem(await month.post("/reopenings", month.officer, {"report_id": str(report), "reason": ""})) == (422, "reason-is-missing")
    body = {"report_id": str(report), "reason": "x", "cells": ["no.such"]}
    assert problem(await month.post("/reopenings", month.officer, body)) == (422, "malformed")
    stranger = month.person(an_id("s"), ("data_entry", SECOND))
    assert problem(await month.post("/reopenings", stranger, {"report_id": str(report), "reason": "x"})) == (404, "not-found")


async def test_the_same_request_with_the_same_key_is_one(month: Month) -> None:
    report = await month.approved()
    body = {"report_id": str(report), "reason": "x"}
    first = await month.post("/reopenings", month.officer, body, key="k")
    again = await month.post("/reopenings", month.officer, body, key="k")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    other = await month.post("/reopenings", month.officer, {**body, "reason": "y"}, key="k")
    assert problem(other) == (422, "idempotency-key-reused")


async def test_figures_of_an_earlier_time_can_be_corrected(month: Month) -> None:
    report = await month.history()
    await month.post("/reopenings/start", month.head, {"report_id": str(report), "reason": "x"})
    assert await month.state(report) == "reopened"
    await month.submitted()
    for decision, who in (("send", month.leader), ("verify", month.verifier), ("approve", month.head)):
        taken = await month.takes(decision, who, report)
    assert (taken["state"], taken["revision"]) == ("approved", 2)


async def test_figures_recorded_again_end_a_correction(month: Month) -> None:
    report = await month.history()
    await month.post("/reopenings/start", month.head, {"report_id": str(report), "reason": "x"})
    await month.history(revision=2)
    assert await month.state(report) == "approved"


# ------------------------------------------------------------------ reminders


async def test_the_late_are_reminded_and_the_others_need_not_be(month: Month) -> None:
    late = await month.assigned(FIRST)
    waiting = await month.submitted(SECOND)
    done = await month.approved(FIRST)
    assert late == done
    answer = await month.post("/reminders", month.verifier, {"reports": [str(waiting), str(done), str(an_id("x"))], "text": "Khẩn trương"})
    items = answer.json()["items"]
    assert [(item["outcome"], item.get("rule")) for item in items] == [
        ("done", None),
        ("refused", "already-submitted"),
        ("refused", "not-found"),
    ]
    [kept] = (await month.get("/reminders", month.verifier, report=str(waiting))).json()["items"]
    assert (kept["to_unit"], kept["to_role"], kept["event_id"]) == (str(SECOND), "leader", items[0]["event_id"])
    seen_there = await month.get("/texts", month.person(LEADER, ("leader", SECOND)), events=kept["event_id"])
    assert seen_there.json() == {kept["event_id"]: "Khẩn trương"}


async def test_before_anything_was_submitted_the_officer_is_reminded(month: Month) -> None:
    report = await month.assigned()
    answer = await month.post("/reminders", month.office, {"reports": [str(report)], "text": "Đề nghị gửi"})
    assert answer.json()["items"][0]["outcome"] == "done"
    message = (await eventually(lambda: month.spy.messages("vn.ktxh.approvals.reminder_sent.v1")))[0]
    assert b'"to_role":"data_entry"' in bytes(message.data)


async def test_a_reminder_says_something(month: Month) -> None:
    report = await month.assigned()
    assert problem(await month.post("/reminders", month.office, {"reports": [str(report)], "text": " "})) == (422, "malformed")
    assert problem(await month.post("/reminders", month.officer, {"reports": [str(report)], "text": "x"})) == (403, "role-may-not")
