"""Corrections of what was approved."""

from dataclasses import replace

import pytest

from kernel.testing import Scenario
from services.approvals import domain
from services.approvals.commands import Item, Step
from services.approvals.events import ReopeningGranted, ReopeningRefused, ReopeningRequested

from .people import (
    APPROVES,
    COMMUNE,
    DEPARTMENT,
    HEAD,
    KEY,
    LEADER,
    OFFICER,
    REPORT,
    SENDS,
    VERIFIER,
    VERIFIES,
    an_id,
    approved,
    asks_to_reopen,
    decides,
    granted,
    grants,
    refuses,
    reminds,
    sent,
    starts_reopening,
    the_report,
    told,
    verified,
    withdraws,
)

ANOTHER = an_id("another reopening")


def an_approved_report(item: Item = REPORT) -> Scenario:
    return told(item, sent(), verified(), approved())


def test_the_unit_asks_and_the_last_step_grants() -> None:
    asked = an_approved_report().when(asks_to_reopen(REPORT))
    assert isinstance(asked.happened[0], ReopeningRequested)
    scenario = asked.when(grants(REPORT)).then(granted())
    assert domain.state_word(REPORT, scenario.state) == "reopened"


@pytest.mark.parametrize("by", [VERIFIER, HEAD])
def test_only_the_unit_asks(by: str) -> None:
    an_approved_report().when(asks_to_reopen(REPORT, by)).refused(domain.NotYourStep)


@pytest.mark.parametrize("by", [OFFICER, LEADER, VERIFIER])
def test_only_the_last_step_answers(by: str) -> None:
    asked = an_approved_report().when(asks_to_reopen(REPORT))
    asked.when(grants(REPORT, by)).refused(domain.NotYourStep)
    asked.when(refuses(REPORT, by)).refused(domain.NotYourStep)
    asked.when(starts_reopening(REPORT, by)).refused(domain.NotYourStep)


def test_asking_starting_and_refusing_need_a_reason() -> None:
    an_approved_report().when(asks_to_reopen(REPORT, reason="")).refused(domain.ReasonIsMissing)
    an_approved_report().when(starts_reopening(REPORT, reason="")).refused(domain.ReasonIsMissing)
    an_approved_report().when(asks_to_reopen(REPORT)).when(refuses(REPORT, reason="")).refused(domain.ReasonIsMissing)


def test_a_refused_request_leaves_the_report_approved_and_may_be_made_again() -> None:
    refused = an_approved_report().when(asks_to_reopen(REPORT)).when(refuses(REPORT))
    assert isinstance(refused.happened[0], ReopeningRefused)
    assert domain.state_word(REPORT, refused.state) == "approved"
    refused.when(grants(REPORT)).refused(domain.ReopeningIsAnswered)
    assert isinstance(refused.when(asks_to_reopen(REPORT, reopening=ANOTHER)).happened[0], ReopeningRequested)


def test_starting_answers_what_was_asked_meanwhile() -> None:
    asked = an_approved_report().when(asks_to_reopen(REPORT))
    asked.when(starts_reopening(REPORT, reopening=ANOTHER)).then(granted(reason="r"))


def test_a_correction_ends_with_the_next_approval() -> None:
    corrected = the_report(revision=2)
    scenario = an_approved_report().given(granted())
    assert domain.state_word(corrected, scenario.state) == "awaiting_leader"
    scenario = scenario.when(decides(corrected, "send", LEADER)).when(decides(corrected, "verify", VERIFIER))
    scenario = scenario.when(decides(corrected, "approve", HEAD))
    assert domain.state_word(corrected, scenario.state) == "approved"
    event = scenario.when(starts_reopening(corrected, reopening=ANOTHER)).happened[0]
    assert (type(event), event.revision) == (ReopeningGranted, 2)


def test_while_a_correction_is_under_decision_the_report_is_not_reopened_again() -> None:
    corrected = the_report(revision=2)
    an_approved_report().given(granted()).when(starts_reopening(corrected)).refused(domain.AlreadyReopened)


def test_a_dropped_correction_may_be_opened_again_and_dropped_again() -> None:
    scenario, item = an_approved_report(), REPORT
    for n in range(1, 4):
        scenario = scenario.when(starts_reopening(item, reopening=an_id(f"reopening {n}")))
        assert domain.state_word(item, scenario.state) == "reopened"
        item = replace(item, corrections_ended=n)
        assert domain.state_word(item, scenario.state) == "approved"


def test_a_correction_that_was_sent_back_and_dropped_is_approved_again() -> None:
    correction = the_report(revision=2)
    scenario = an_approved_report().given(granted(), sent(2)).when(decides(correction, "return", VERIFIER))
    assert domain.state_word(correction, scenario.state) == "returned"
    dropped = replace(correction, corrections_ended=1, is_closed=True)
    assert domain.state_word(dropped, scenario.state) == "approved"
    scenario.when(decides(dropped, "return", VERIFIER)).refused(domain.NotAwaitingDecision)


def test_a_correction_that_was_withdrawn_is_a_draft() -> None:
    correction = the_report(revision=2)
    scenario = an_approved_report().given(granted()).when(withdraws(correction, OFFICER))
    assert domain.state_word(correction, scenario.state) == ""


def test_figures_of_an_earlier_time_can_be_reopened_by_their_route() -> None:
    history = the_report(approved_revision=1, last_route=(SENDS, VERIFIES, APPROVES), submitted_by="")
    assert domain.state_word(history, told(history).state) == "approved"
    assert told(history).when(starts_reopening(history)).happened[0].revision == 1


def test_history_without_a_route_is_reopened_by_the_owner_of_the_form() -> None:
    history = the_report(approved_revision=1, route=(), last_route=(), submitted_by="")
    assert domain.granting_step(history) == Step("approve", "leader", DEPARTMENT)
    told(history).when(starts_reopening(history, VERIFIER)).refused(domain.NotYourStep)
    assert isinstance(told(history).when(starts_reopening(history)).happened[0], ReopeningGranted)


def test_the_step_before_answers_where_the_last_is_passed_over() -> None:
    item = the_report(route=(SENDS, VERIFIES, Step("approve", "leader", DEPARTMENT, passed_over=True)))
    assert domain.granting_step(item) == VERIFIES


def test_a_reminder_goes_to_who_holds_the_ball() -> None:
    to_leader = told(REPORT).when(reminds(REPORT)).happened[0]
    assert (to_leader.to_role, to_leader.to_unit) == ("leader", COMMUNE)
    to_officer = told(the_report(revision=0, route=())).when(reminds(the_report(revision=0, route=()))).happened[0]
    assert (to_officer.to_role, to_officer.to_unit) == ("data_entry", COMMUNE)


def test_what_is_kept_of_a_request() -> None:
    asked = an_approved_report().when(asks_to_reopen(REPORT)).happened
    assert asked == [ReopeningRequested(**KEY, reopening_id=an_id("reopening"), revision=1, decided_by=OFFICER, reason="r")]
