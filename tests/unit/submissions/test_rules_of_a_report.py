"""The rules of typing, submitting, correcting and labelling, one by one."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from kernel.errors import VersionIsStale
from kernel.sheet.model import NIL, Value
from kernel.sheet.validation import Finding
from kernel.testing import Scenario
from services.submissions import commands, events
from services.submissions.calculation.figures import hash_of
from services.submissions.domain import REPORTS, Report
from services.submissions.domain.evolving import labels
from services.submissions.domain.refusals import (
    CellChangedByAnother,
    ExplanationMissing,
    FiguresInvalid,
    NotNormalised,
    PeriodClosed,
    RouteIsEmpty,
)
from services.submissions.events import Source
from tests.unit.submissions.stories import (
    ASSIGNMENT,
    CLOSED,
    COLLEAGUE,
    DEPARTMENT,
    DUE,
    IN_STATE,
    KEY,
    LEADER,
    OFFICER,
    ROUTE,
    approved,
    assign,
    decision,
    drafting,
    enter,
    granted,
    number,
    play,
    sent,
    submit,
)

B, D, T = "births.month", "deaths.month", "births.to_date"


def on(report: Report) -> Scenario:
    return Scenario(REPORTS, report)


def typing(value: str, seen: int, by: str = COLLEAGUE, cell: str = B) -> commands.EnterValues:
    return commands.EnterValues({cell: number(value)}, seen, by)


def test_a_cell_changed_since_by_somebody_else_to_another_value_is_a_conflict_with_both() -> None:
    refusal = on(drafting()).when(typing("6", seen=1)).refused(CellChangedByAnother)
    assert refusal.parameters["cells"] == {B: {"yours": {"number": "6"}, "theirs": {"number": "5"}}}


def test_the_same_value_typed_by_two_is_no_conflict_and_nothing_happens() -> None:
    on(drafting()).when(typing("5", seen=1)).then()


def test_what_i_have_changed_myself_since_i_may_change_again() -> None:
    assert len(on(drafting()).when(typing("6", seen=1, by=OFFICER)).happened) == 1


def test_another_cell_is_merged() -> None:
    assert on(drafting()).when(typing("6", seen=1, cell=D)).state.cells == {B: number("5"), D: number("6")}


def test_a_version_that_does_not_exist_yet_is_stale() -> None:
    on(drafting()).when(typing("6", seen=99)).refused(VersionIsStale)


def test_what_was_typed_before_a_change_of_state_is_stale() -> None:
    returned = IN_STATE["returned"]
    on(returned).when(typing("6", seen=2)).refused(VersionIsStale)


def test_the_first_value_makes_no_other_stale_though_it_changes_the_state() -> None:
    report = play(assign(), lambda report: enter(report, births__month="5"))
    assert report.state == "drafting"
    assert on(report).when(typing("1", seen=1, cell=D)).refusal is None


def test_a_due_date_or_a_reminder_makes_no_submit_stale() -> None:
    seen = drafting()
    later = play(commands.ChangeDueDate(ASSIGNMENT, date(2026, 4, 30)), commands.LogReminder(KEY.unit_id, "leader", None, "x"), start=seen)
    assert on(later).when(submit(seen)).refusal is None


def test_a_submit_on_older_figures_is_stale() -> None:
    seen = drafting()
    on(play(typing("6", seen=2, cell=D), start=seen)).when(submit(seen)).refused(VersionIsStale)


def test_the_same_submit_again_does_nothing() -> None:
    seen = drafting()
    on(play(submit(seen), start=seen)).when(submit(seen)).then()


def test_a_blank_value_clears_its_cell() -> None:
    report = play(commands.EnterValues({B: Value()}, 2, OFFICER, origin="cleared"), start=drafting())
    assert report.cells == {}


def test_differences_are_refused_with_old_and_new_and_the_version_until_accepted() -> None:
    report = drafting()
    differences = {T: (Value(), number("5"))}
    refusal = on(report).when(submit(report, differences=differences)).refused(NotNormalised)
    assert refusal.parameters == {"differences": [{"cell": T, "before": {}, "after": {"number": "5"}}], "version": report.version}
    done = on(report).when(submit(report, differences=differences, accept=True))
    assert [event.TYPE for event in done.happened] == ["values_normalised", "report_submitted_to_leader"]
    assert done.state.figures == {B: number("5"), T: number("5")}


def test_a_source_that_moved_without_another_figure_is_noted_without_asking() -> None:
    report = drafting()
    done = on(report).when(submit(report, sources={T: Source(UUID(int=7), 2, 9)}))
    assert [event.TYPE for event in done.happened] == ["values_normalised", "report_submitted_to_leader"]
    assert done.happened[0].cells == {}


def test_nil_normalised_and_submitted_is_one_step() -> None:
    report = IN_STATE["assigned"]
    done = on(report).when(submit(report, entered={B: NIL}, differences={T: (Value(), number("0"))}, accept=True))
    assert [event.TYPE for event in done.happened] == ["values_entered", "values_normalised", "report_submitted_to_leader"]
    assert done.happened[-1].figures == {B: NIL, T: number("0")}


def test_errors_and_empty_required_cells_are_told_together() -> None:
    report = drafting()
    wrong = Finding("balance", "error", (B,), "Sai")
    refusal = on(report).when(submit(report, findings=[wrong], empty=[D])).refused(FiguresInvalid)
    assert refusal.parameters["empty_required"] == [D]
    assert refusal.parameters["findings"][0]["rule"] == "balance"


def test_a_warning_needs_an_explanation_and_its_digest_goes_to_its_cells() -> None:
    report = drafting()
    warning = Finding("jump", "warning", (B,), "Tăng")
    on(report).when(submit(report, findings=[warning])).refused(ExplanationMissing)
    done = on(report).when(submit(report, findings=[warning], explained={"jump": "ab"}))
    assert done.state.figures[B].explained == "ab"
    assert done.happened[-1].warnings == ("jump",)


def test_a_report_without_anybody_to_decide_is_not_submitted() -> None:
    report = drafting()
    on(report).when(submit(report, route=())).refused(RouteIsEmpty)


def test_a_closed_period_refuses_what_was_never_submitted() -> None:
    on(CLOSED).when(submit(CLOSED)).refused(PeriodClosed)


def test_a_closed_period_lets_what_was_sent_back_or_reopened_go_on() -> None:
    for state in ("rejected", "returned", "reopened"):
        report = replace(IN_STATE[state], is_closed=True)
        assert on(report).when(submit(report)).refusal is None


def test_a_withdrawn_correction_may_be_submitted_again_in_a_closed_period() -> None:
    corrected = play(granted, submit, lambda report: decision("withdraw", report), start=approved())
    closed = replace(corrected, is_closed=True)
    assert (closed.state, closed.approved_revision) == ("drafting", 1)
    assert on(closed).when(submit(closed)).refusal is None


def test_each_submit_is_the_next_revision_with_its_figures_hash_and_what_changed() -> None:
    second = play(lambda report: enter(report, births__month="8"), submit, start=IN_STATE["returned"])
    assert (second.revision, second.figures) == (2, {B: number("8")})
    assert second.figures_hash == hash_of({B: number("8")})
    event = on(play(lambda report: enter(report, births__month="8"), start=IN_STATE["returned"]))
    assert event.when(submit(event.state)).happened[-1].changed == (B,)


def test_a_decision_on_an_older_revision_has_no_effect() -> None:
    second = play(submit, start=IN_STATE["rejected"])
    done = on(second).when(decision("send", second, revision=1))
    assert (done.happened[0].effect, done.state.state) == ("none", "awaiting_leader")


def test_the_last_send_is_the_approval_too() -> None:
    report = IN_STATE["awaiting_leader"]
    done = play(decision("send", report, last=True), start=report)
    assert (done.state, done.approved_revision) == ("approved", 1)


def test_a_sent_event_carries_the_figures_and_one_without_effect_does_not() -> None:
    report = IN_STATE["awaiting_leader"]
    assert on(report).when(decision("send", report)).happened[0].figures == report.figures
    assert on(drafting()).when(decision("send", report)).happened[0].figures == {}


def test_on_time_is_the_first_send_that_still_stands() -> None:
    first = sent()
    assert first.first_sent_at is not None
    returned = play(lambda report: decision("return", report), start=first)
    assert returned.first_sent_at is None
    again = play(submit, lambda report: decision("send", report), start=returned)
    assert again.first_sent_at is not None
    assert again.first_sent_at > first.first_sent_at


def test_a_correction_keeps_the_first_send_of_what_was_approved() -> None:
    before = approved()
    corrected = play(granted, submit, lambda report: decision("send", report), lambda report: decision("return", report), start=before)
    assert corrected.first_sent_at == before.first_sent_at


def test_a_return_may_set_a_due_date_of_its_own() -> None:
    report = play(lambda report: decision("return", report, due_on=date(2026, 4, 25)), start=sent())
    assert (report.due_on, DUE) == (date(2026, 4, 25), date(2026, 4, 17))


def test_a_dropped_correction_restores_the_approved_cells() -> None:
    report = play(granted, lambda report: enter(report, births__month="99"), commands.DropCorrection(OFFICER), start=approved())
    assert (report.state, report.cells) == ("approved", {B: number("5")})


def test_drafts_of_a_cancelled_report_are_fitted_to_the_version_it_is_assigned_with() -> None:
    reshaping = commands.Reshaping(frozenset({"live_births.month"}), {B: "live_births.month"})
    report = play(assign(version=2, reshaping=reshaping), start=IN_STATE["cancelled"])
    assert (report.state, report.form_version, report.cells) == ("drafting", 2, {"live_births.month": number("5")})


def test_moving_keeps_values_by_key_and_voids_what_was_in_flight() -> None:
    reshaping = commands.Reshaping(frozenset({D}), {})
    report = play(commands.Move(2, reshaping), start=sent())
    assert (report.state, report.form_version, report.cells, report.first_sent_at) == ("drafting", 2, {}, None)
    assert on(report).when(decision("approve", report)).happened[0].effect == "none"


def test_where_only_labels_differ_even_an_approved_report_follows() -> None:
    report = play(commands.Move(2, commands.Reshaping(frozenset({B}), {}, only_labels_differ=True)), start=approved())
    assert (report.state, report.form_version) == ("approved", 2)


def test_history_joins_what_was_recorded_before_and_the_same_again_is_nothing() -> None:
    first = commands.RecordHistory(KEY, 1, {B: number("5")}, ROUTE, "x", date.min, date.min)
    report = play(first, replace(first, figures={D: number("1")}))
    assert (report.state, report.revision, report.figures) == ("approved", 2, {B: number("5"), D: number("1")})
    on(report).when(first).then()


def test_history_may_be_reopened() -> None:
    report = play(commands.RecordHistory(KEY, 1, {B: number("5")}, ROUTE, "x", date.min, date.min), granted)
    assert report.state == "reopened"


def test_labels_are_the_sector_the_province_and_the_code_of_the_unit() -> None:
    event = on(REPORTS.initial).when(assign()).happened[0]
    found = labels(REPORTS.initial, event)
    assert (found.sector, found.province, found.unit, found.released) == ("health", "52", "21550", False)


def _released(report: Report, command: commands.Command) -> bool:
    return labels(report, on(report).when(command).happened[0]).released


def test_departments_receive_decisions_with_effect_only() -> None:
    awaiting, reopened = IN_STATE["awaiting_leader"], IN_STATE["reopened"]
    assert _released(awaiting, decision("send", awaiting))
    assert _released(sent(), decision("verify", sent()))
    assert _released(sent(), decision("return", sent()))
    assert _released(sent(), decision("approve", sent()))
    assert _released(approved(), granted(approved()))
    assert _released(reopened, commands.DropCorrection(OFFICER))
    assert not _released(awaiting, decision("reject", awaiting))
    assert not _released(drafting(), decision("send", awaiting))
    assert not _released(drafting(), enter(drafting(), births__month="7"))


def test_departments_hear_of_a_withdrawal_or_a_cancellation_only_of_what_had_been_sent() -> None:
    awaiting, cancel = IN_STATE["awaiting_leader"], commands.Cancel(ASSIGNMENT, "x")
    assert not _released(awaiting, decision("withdraw", awaiting))
    assert _released(sent(), decision("withdraw", sent()))
    assert not _released(awaiting, cancel)
    assert _released(sent(), cancel)
    assert not _released(approved(), cancel)


def test_a_passed_over_step_is_marked_once() -> None:
    passing = commands.PassStepOver(frozenset({DEPARTMENT}))
    report = play(passing, start=sent())
    assert [step.passed_over for step in report.route] == ["", "unit-ended", "unit-ended"]
    on(report).when(passing).then()


def test_reopenings_and_reminders_are_logged_with_who_and_why() -> None:
    asked = commands.LogReopening("requested", UUID(int=9), 1, LEADER, "digest", (B,))
    event = on(approved()).when(asked).happened[0]
    assert (event.TYPE, event.requested_by, event.reason, event.cells) == ("reopening_requested", LEADER, "digest", (B,))
    assert isinstance(event, events.ReopeningRequested)
