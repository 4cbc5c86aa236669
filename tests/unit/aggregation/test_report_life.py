"""The life of a report as aggregation sees it: which revision counts in which lens, from which event until which."""

import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import AwaitsPrerequisite
from kernel.message import read_envelope
from services.aggregation.calculation.reports import APPROVED, LENSES, SENT, Report, UnknownReport, after
from services.aggregation.projections.fold import Folded, Message, fold
from services.aggregation.projections.messages import BY_TYPE
from services.aggregation.projections.rollups import differences
from tests.integration.aggregation.histories import History
from tests.integration.aggregation.played_forms import visits
from tests.integration.aggregation.played_log import PlayedLog

FORMS = {("KB", version): msgspec.structs.replace(visits(), version=version) for version in (1, 2)}


def messages(log: PlayedLog) -> list[Message]:
    envelopes = [read_envelope(body) for body in log.new()]
    return [(one, msgspec.json.decode(one.data, type=BY_TYPE[one.type])) for one in envelopes]


def folded(log: PlayedLog, known: dict[UUID, Report] | None = None) -> Folded:
    return fold(messages(log), known or {}, FORMS, lambda unit: True)


def a_log() -> PlayedLog:
    log = PlayedLog()
    log._versions["KB"] = 1
    return log


def test_a_sent_revision_counts_as_sent_and_an_approved_one_as_both() -> None:
    log = a_log()
    report = log.assigned("KB", "2026-03", "Xã 1")
    submitted = log.submitted(report, {"bhyt.th": 1})
    log.sent(report)
    first = folded(log)
    assert (first.now[report].counted(APPROVED), first.now[report].counted(SENT)) == (None, submitted)

    log.approved(report)
    second = folded(log, first.now)
    assert (second.now[report].counted(APPROVED), second.now[report].counted(SENT)) == (submitted, submitted)
    assert second.now[report].sent is None


def test_while_a_correction_is_on_its_way_the_approved_revision_stays() -> None:
    log = a_log()
    report = log.done("KB", "2026-03", "Xã 1", {"bhyt.th": 1})
    before = folded(log).now
    log.reopened(report)
    resubmitted = log.submitted(report, {"bhyt.th": 2})
    log.sent(report)
    now = folded(log, before).now[report]
    assert (now.counted(APPROVED), now.counted(SENT)) == (before[report].approved, resubmitted)


@pytest.mark.parametrize("ending", ["returned", "withdrawn", "cancelled"])
def test_a_sent_interval_ends_where_it_is_returned_withdrawn_or_cancelled(ending: str) -> None:
    log = a_log()
    report = log.assigned("KB", "2026-03", "Xã 1")
    log.submitted(report, {"bhyt.th": 1})
    sent = log.sent(report)
    end = getattr(log, ending)(report)

    found = folded(log)

    assert [(one.lens, one.from_seq, one.to_seq) for one in found.stands] == [(SENT, sent, end)]
    assert found.now[report].counted(SENT) is None


def test_an_interval_that_was_open_before_the_batch_is_closed_by_it() -> None:
    log = a_log()
    report = log.assigned("KB", "2026-03", "Xã 1")
    log.submitted(report, {"bhyt.th": 1})
    log.sent(report)
    before = folded(log).now
    end = log.approved(report)

    found = folded(log, before)

    assert [(one.lens, one.seq) for one in found.stands_ended] == [(SENT, end)]
    assert [(one.lens, one.from_seq) for one in found.stands] == [(APPROVED, end)]


def test_a_cancellation_after_the_approval_has_no_effect() -> None:
    log = a_log()
    report = log.done("KB", "2026-03", "Xã 1", {"bhyt.th": 1})
    log.cancelled(report)
    now = folded(log).now[report]
    assert (now.state, now.is_expected) == ("approved", True)


def test_a_decision_without_effect_changes_nothing() -> None:
    log = a_log()
    report = log.assigned("KB", "2026-03", "Xã 1")
    log.submitted(report, {"bhyt.th": 1})
    log.sent(report, effect="none")
    log.approved(report, effect="none")
    now = folded(log).now[report]
    assert (now.state, now.sent, now.approved) == ("awaiting_leader", None, None)


def test_a_cancelled_report_that_is_assigned_again_keeps_its_drafts() -> None:
    log = a_log()
    untouched, begun = log.assigned("KB", "2026-03", "Xã 1"), log.assigned("KB", "2026-03", "Xã 2")
    log.submitted(begun, {"bhyt.th": 1})
    log.rejected(begun)
    for report, unit in ((untouched, "Xã 1"), (begun, "Xã 2")):
        log.cancelled(report)
        log.assigned("KB", "2026-03", unit)
    now = folded(log).now
    assert (now[untouched].state, now[begun].state) == ("assigned", "drafting")


def test_the_first_sending_counts_unless_it_was_taken_back() -> None:
    log = a_log()
    report = log.assigned("KB", "2026-03", "Xã 1")
    log.submitted(report, {"bhyt.th": 1})
    log.sent(report)
    log.returned(report)
    log.submitted(report, {"bhyt.th": 1})
    log.sent(report)
    again = log.now
    log.approved(report)
    log.corrected(report, {"bhyt.th": 2})
    assert folded(log).now[report].first_sent_at == again


def test_a_move_to_another_version_takes_back_what_was_sent() -> None:
    log = a_log()
    report = log.assigned("KB", "2026-03", "Xã 1")
    log.submitted(report, {"bhyt.th": 1})
    log.sent(report)
    log.moved(report, 2)
    now = folded(log).now[report]
    assert (now.version, now.state, now.sent, now.first_sent_at) == (2, "drafting", None, None)


def test_history_is_approved_as_it_comes_and_a_new_recording_takes_its_place() -> None:
    log = a_log()
    log.history("KB", "2025-03", "Xã 1", {"bhyt.th": 1})
    report = log.history("KB", "2025-03", "Xã 1", {"bhyt.th": 2})
    found = folded(log)
    assert found.now[report].approved == log.seq
    assert [(one.from_seq, one.to_seq == log.seq) for one in found.stands if one.lens == APPROVED] == [(1, True), (2, False)]


def test_an_event_that_comes_again_changes_nothing() -> None:
    log = a_log()
    report = log.done("KB", "2026-03", "Xã 1", {"bhyt.th": 1})
    everything = messages(log)
    now = fold(everything, {}, FORMS, lambda unit: True).now
    again = fold(everything, now, FORMS, lambda unit: True)
    assert again.now[report] is now[report]
    assert not again.happenings


def test_a_report_of_a_form_or_unit_that_is_not_known_yet_waits_for_it() -> None:
    log = a_log()
    log.assigned("KB", "2026-03", "Xã 1")
    first = messages(log)
    with pytest.raises(AwaitsPrerequisite, match="template/KB"):
        fold(first, {}, {}, lambda unit: True)
    with pytest.raises(AwaitsPrerequisite, match="unit/"):
        fold(first, {}, FORMS, lambda unit: False)


def test_an_event_about_a_report_that_nobody_knows_is_refused() -> None:
    class Payload:
        report_id = UUID(int=1)

    with pytest.raises(UnknownReport):
        after(None, "report_approved", Payload(), 1, datetime(2026, 4, 1, tzinfo=UTC))


@given(seed=st.integers(0, 100_000), steps=st.integers(0, 80))
def test_how_the_log_is_cut_into_batches_makes_no_difference(seed: int, steps: int) -> None:
    chance, log = random.Random(seed), a_log()
    history = History(log, "KB", chance, ("bhyt.th", "khac.th"))
    for commune in ("Xã 1", "Xã 2", "Xã 3"):
        history.assign(commune, "2026-03")
    for _ in range(steps):
        history.step()
    everything = messages(log)

    whole = fold(everything, {}, FORMS, lambda unit: True)
    pieces: dict[UUID, Report] = {}
    sums: dict[tuple[int, int], int] = {}
    intervals: list[Any] = []
    start = 0
    while start < len(everything):
        size = chance.randint(1, 12)
        piece = fold(everything[start : start + size], pieces, FORMS, lambda unit: True)
        for one in differences(piece.before, piece.now):
            sums[one.lens, one.revision] = sums.get((one.lens, one.revision), 0) + one.sign
        intervals = _joined(intervals, piece)
        pieces, start = piece.now, start + size

    assert pieces == whole.now
    assert sorted(intervals) == sorted([one.report_id, one.lens, one.from_seq, one.to_seq] for one in whole.stands)
    counted = {(lens, revision): 1 for one in pieces.values() for lens in LENSES if (revision := one.counted(lens)) is not None}
    assert {key: times for key, times in sums.items() if times} == counted
    for report, naive in history.reports.items():
        assert (pieces[report].approved is not None) == (naive.approved is not None)
        assert (pieces[report].sent is not None) == (naive.sent is not None)
        assert pieces[report].is_expected == naive.expected


def _joined(intervals: list[Any], piece: Folded) -> list[Any]:
    for closing in piece.stands_ended:
        opened = [one for one in intervals if one[:2] == [closing.report_id, closing.lens] and one[3] > closing.seq]
        assert len(opened) == 1
        opened[0][3] = closing.seq
    return intervals + [[one.report_id, one.lens, one.from_seq, one.to_seq] for one in piece.stands]
