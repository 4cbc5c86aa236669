"""What a decision needs, and what it leaves."""

import pytest

from kernel.errors import NotArrivedYet
from services.approvals import domain
from services.approvals.commands import Decide, Step
from services.approvals.events import ReportApproved, ReportSent, SubmissionWithdrawn

from .people import (
    APPROVES,
    COMMUNE,
    DEPARTMENT,
    DISTRICT,
    HEAD,
    LEADER,
    OFFICER,
    REPORT,
    SENDS,
    VERIFIER,
    VERIFIES,
    an_id,
    approved,
    decides,
    rejected,
    returned,
    sent,
    the_report,
    told,
    verified,
    withdraws,
)

BOTH_SEATS = frozenset({("verifier", DEPARTMENT), ("leader", DEPARTMENT)})
DISTRICT_VERIFIES = Step("verify", "verifier", DISTRICT)
FOUR_STEPS = the_report(route=(SENDS, DISTRICT_VERIFIES, VERIFIES, APPROVES))
DISTRICT_VERIFIER = str(an_id("district verifier"))


def test_a_send_carries_the_hash_of_what_was_seen() -> None:
    told(REPORT).when(decides(REPORT, "send", LEADER)).then(sent())


@pytest.mark.parametrize(("decision", "by", "before"), [("reject", LEADER, ()), ("return", VERIFIER, (sent(),))])
def test_sending_back_needs_a_reason(decision: str, by: str, before: tuple[ReportSent, ...]) -> None:
    told(REPORT, *before).when(decides(REPORT, decision, by, reason="")).refused(domain.ReasonIsMissing)


def test_a_missing_reason_is_bad_input() -> None:
    assert domain.ReasonIsMissing.status == 422


def test_sending_back_names_cells() -> None:
    command = decides(REPORT, "return", VERIFIER, cells=("beds.total",))
    event = told(REPORT, sent()).when(command).happened[0]
    assert event.cells == ("beds.total",)


def test_an_old_revision_cannot_be_decided() -> None:
    resubmitted = the_report(revision=2)
    refusal = told(resubmitted, rejected()).when(decides(resubmitted, "send", LEADER, revision=1)).refused(domain.RevisionIsOld)
    assert refusal.parameters == {"current": 2}


def test_a_revision_that_has_not_arrived_is_asked_again_later() -> None:
    refusal = told(REPORT).when(decides(REPORT, "send", LEADER, revision=2)).refused(NotArrivedYet)
    assert refusal.parameters == {"revision": 2}


def test_a_resubmission_starts_at_the_first_step() -> None:
    resubmitted = the_report(revision=2)
    told(resubmitted, sent(), returned()).when(decides(resubmitted, "send", LEADER)).then(sent(2))


@pytest.mark.parametrize(("decision", "by"), [("approve", LEADER), ("verify", HEAD), ("send", OFFICER), ("send", VERIFIER)])
def test_a_role_that_may_never_is_told_so(decision: str, by: str) -> None:
    refusal = told(REPORT, sent()).when(decides(REPORT, decision, by)).refused(domain.NotYourStep)
    assert refusal.status == 403


def test_the_same_role_in_another_unit_may_not() -> None:
    seats = frozenset({("leader", an_id("another commune"))})
    told(REPORT).when(decides(REPORT, "send", LEADER, seats=seats)).refused(domain.NotYourStep)


def test_another_person_of_the_step_may() -> None:
    colleague = str(an_id("colleague"))
    command = Decide(REPORT, "verify", 1, colleague, frozenset({("verifier", DEPARTMENT)}))
    assert told(REPORT, sent()).when(command).happened[0].decided_by == colleague


def test_who_verified_does_not_approve_the_same_revision() -> None:
    scenario = told(REPORT, sent(), verified()).when(decides(REPORT, "approve", VERIFIER, seats=BOTH_SEATS))
    scenario.refused(domain.AlreadyActed)


def test_who_sent_does_not_approve_though_somebody_verified_in_between() -> None:
    seats = frozenset({("leader", COMMUNE), ("leader", DEPARTMENT)})
    told(REPORT, sent(), verified()).when(decides(REPORT, "approve", LEADER, seats=seats)).refused(domain.AlreadyActed)


def test_who_verified_a_revision_may_approve_the_next() -> None:
    resubmitted = the_report(revision=2)
    scenario = told(resubmitted, sent(), verified(), returned(), sent(2), verified(2))
    scenario.when(decides(resubmitted, "approve", HEAD, seats=BOTH_SEATS)).then(approved(2))


def test_who_submitted_does_not_send() -> None:
    seats = frozenset({("data_entry", COMMUNE), ("leader", COMMUNE)})
    told(REPORT).when(decides(REPORT, "send", OFFICER, seats=seats)).refused(domain.AlreadyActed)


def test_a_step_takes_its_own_decisions_only() -> None:
    scenario = told(REPORT, sent()).when(decides(REPORT, "approve", VERIFIER, seats=BOTH_SEATS))
    assert scenario.refused(domain.DecisionDoesNotFit).parameters == {"expected": ["verify", "return"]}


def test_the_leader_of_the_department_may_return() -> None:
    event = told(REPORT, sent(), verified()).when(decides(REPORT, "return", HEAD)).happened[0]
    assert (event.step, event.role, event.unit) == (2, "leader", DEPARTMENT)


def test_repeating_does_nothing_even_for_a_colleague() -> None:
    colleague = Decide(REPORT, "verify", 1, str(an_id("colleague")), frozenset({("verifier", DEPARTMENT)}))
    told(REPORT, sent(), verified()).when(colleague).then()


def test_only_who_could_have_decided_is_told_that_it_is_so_already() -> None:
    told(REPORT, sent(), verified(), approved()).when(decides(REPORT, "approve", LEADER)).refused(domain.NotYourStep)


# ------------------------------------------------------------------ routes


def test_the_only_step_is_the_approval_too() -> None:
    alone = the_report(route=(SENDS,))
    scenario = told(alone).when(decides(alone, "send", LEADER)).then(sent(last=True))
    assert domain.state_word(alone, scenario.state) == "approved"
    scenario.when(decides(alone, "send", LEADER)).then()


def test_two_steps_need_no_verification() -> None:
    short = the_report(route=(SENDS, APPROVES))
    scenario = told(short, sent()).when(decides(short, "approve", HEAD))
    assert isinstance(scenario.happened[0], ReportApproved)


def test_the_second_verifier_verifies_too() -> None:
    by_district = decides(FOUR_STEPS, "verify", DISTRICT_VERIFIER, seats=frozenset({("verifier", DISTRICT)}))
    scenario = told(FOUR_STEPS, sent()).when(by_district)
    assert scenario.happened[0].step == 1
    scenario.when(by_district).then()
    assert scenario.when(decides(FOUR_STEPS, "verify", VERIFIER)).happened[0].step == 2


def test_a_step_that_is_passed_over_waits_for_nobody() -> None:
    item = the_report(route=(SENDS, Step("verify", "verifier", DEPARTMENT, passed_over=True), APPROVES))
    assert domain.current_step(item, told(item, sent()).state) == (2, APPROVES)


def test_the_send_approves_where_everybody_behind_is_passed_over() -> None:
    item = the_report(route=(SENDS, Step("approve", "leader", DEPARTMENT, passed_over=True)))
    told(item).when(decides(item, "send", LEADER)).then(sent(last=True))


def test_who_would_verify_approves_where_nobody_is_left_behind() -> None:
    item = the_report(route=(SENDS, VERIFIES, Step("approve", "leader", DEPARTMENT, passed_over=True)))
    event = told(item, sent()).when(decides(item, "approve", VERIFIER)).happened[0]
    assert (type(event), event.step, event.role) == (ReportApproved, 1, "verifier")


def test_nothing_is_verified_that_nobody_has_sent() -> None:
    item = the_report(route=(Step("send", "leader", COMMUNE, passed_over=True), VERIFIES, APPROVES))
    told(item).when(decides(item, "verify", VERIFIER)).refused(domain.NotAwaitingDecision)


def test_a_sent_report_whose_last_step_is_passed_over_still_waits_so_that_the_office_sees_it() -> None:
    passed = (Step("verify", "verifier", DEPARTMENT, passed_over=True), Step("approve", "leader", DEPARTMENT, passed_over=True))
    item = the_report(route=(SENDS, *passed))
    assert domain.current_step(item, told(item, sent()).state) == (2, passed[1])


# ------------------------------------------------------------------ withdrawing


def test_the_leader_withdraws_what_was_sent() -> None:
    event = told(REPORT, sent()).when(withdraws(REPORT, LEADER)).happened[0]
    assert (type(event), event.had_been_sent, event.role) == (SubmissionWithdrawn, True, "leader")


def test_the_officer_withdraws_what_the_leader_has_not_decided() -> None:
    event = told(REPORT).when(withdraws(REPORT, OFFICER)).happened[0]
    assert (event.had_been_sent, event.role, event.unit) == (False, "data_entry", COMMUNE)


@pytest.mark.parametrize("by", [VERIFIER, HEAD])
def test_nobody_else_withdraws(by: str) -> None:
    told(REPORT, sent()).when(withdraws(REPORT, by)).refused(domain.NotYourStep)


def test_a_withdrawn_revision_is_void() -> None:
    scenario = told(REPORT).when(withdraws(REPORT, OFFICER))
    scenario.when(decides(REPORT, "send", LEADER)).refused(domain.NotAwaitingDecision)


def test_a_given_plan_is_withdrawn_by_who_entered_it() -> None:
    office, planner = an_id("office"), str(an_id("planner"))
    plan = the_report(entered_by=office, route=(Step("send", "leader", office),), submitted_by=planner)
    told(plan).when(withdraws(plan, OFFICER)).refused(domain.NotYourStep)
    event = told(plan).when(withdraws(plan, planner, seats=frozenset({("data_entry", office)}))).happened[0]
    assert event.unit == office


# ------------------------------------------------------------------ the log has the last word


def test_an_approval_without_effect_is_none() -> None:
    again = the_report(revision=2, voided_revision=1)
    scenario = told(again, sent(), verified(), approved())
    assert domain.state_word(again, scenario.state) == "awaiting_leader"
    scenario.when(decides(again, "send", LEADER)).then(sent(2))


def test_until_the_next_submission_an_approval_without_effect_leaves_a_draft() -> None:
    again = the_report(is_closed=True, voided_revision=1)
    assert domain.state_word(again, told(again, sent(), verified(), approved()).state) == ""


def test_a_cancelled_report_that_is_assigned_again_waits_for_nobody() -> None:
    again = the_report(is_closed=True)
    state = told(again, sent()).state
    assert (domain.state_word(again, state), domain.current_step(again, state)) == ("", None)
