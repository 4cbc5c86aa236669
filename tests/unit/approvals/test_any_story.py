"""Whatever people ask in whatever order, and whatever the log says in between: what always holds."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.decider import Decider
from kernel.errors import Rejected
from services.approvals import domain
from services.approvals.commands import (
    Decide,
    GrantReopening,
    Item,
    RefuseReopening,
    Remind,
    RequestReopening,
    Seats,
    StartReopening,
    Step,
    Withdraw,
)
from services.approvals.domain import Progress
from services.approvals.events import (
    ReportApproved,
    ReportRejected,
    ReportReturned,
    ReportSent,
    ReportVerified,
)

from .people import APPROVES, COMMUNE, DEPARTMENT, DISTRICT, SENDS, VERIFIES, an_id, the_report

PEOPLE: dict[str, Seats] = {
    str(an_id(name)): frozenset(seats)
    for name, seats in {
        "officer": [("data_entry", COMMUNE)],
        "leader": [("leader", COMMUNE)],
        "officer and leader": [("data_entry", COMMUNE), ("leader", COMMUNE)],
        "verifier": [("verifier", DEPARTMENT)],
        "head": [("leader", DEPARTMENT)],
        "verifier and head": [("verifier", DEPARTMENT), ("leader", DEPARTMENT)],
        "district": [("verifier", DISTRICT)],
        "leader and head": [("leader", COMMUNE), ("leader", DEPARTMENT)],
        "stranger": [("leader", an_id("elsewhere"))],
    }.items()
}
ROUTES = [
    (SENDS,),
    (SENDS, APPROVES),
    (SENDS, VERIFIES, APPROVES),
    (SENDS, Step("verify", "verifier", DISTRICT), VERIFIES, APPROVES),
]
DECISIONS = (ReportSent, ReportRejected, ReportVerified, ReportReturned, ReportApproved)
EDITABLE = ("", "rejected", "returned", "reopened")

ASKED = st.tuples(
    st.sampled_from(["send", "reject", "verify", "approve", "return", "withdraw", "request", "start", "grant", "refuse", "remind"]),
    st.sampled_from(sorted(PEOPLE)),
)
LOGGED = st.tuples(st.sampled_from(["submit"] * 4 + ["cancel", "assign", "drop", "move", "pass over"]), st.sampled_from(sorted(PEOPLE)))
STORIES = st.lists(st.one_of(ASKED, LOGGED), max_size=60)


@dataclass
class Story:
    """The report as submissions' log tells it, and what was decided on it; the log hears of a decision at once."""

    item: Item
    decider: Decider[Progress, Any]
    state: Progress = field(default_factory=Progress)
    events: list[Any] = field(default_factory=list)
    submitters: dict[int, str] = field(default_factory=dict)
    reopenings: int = 0

    def goes_on(self, what: str, who: str) -> None:
        logged = getattr(self, "_" + what.replace(" ", "_"), None)
        if logged is not None:
            logged(who)
            return
        try:
            happened = self.decider.decide(self._command(what, who), self.state)
        except Rejected:
            return
        for event in happened:
            self.state = self.decider.evolve(self.state, event)
            self.events.append(event)
            self._log_hears(event)

    def _command(self, what: str, who: str) -> Any:
        item, seats = self.item, PEOPLE[who]
        match what:
            case "withdraw":
                return Withdraw(item, item.revision or 1, who, seats)
            case "request":
                self.reopenings += 1
                return RequestReopening(item, an_id(f"reopening {self.reopenings}"), who, seats, "r")
            case "start":
                self.reopenings += 1
                return StartReopening(item, an_id(f"reopening {self.reopenings}"), who, seats, "r")
            case "grant":
                return GrantReopening(item, self.state.reopening or an_id("none"), who, seats)
            case "refuse":
                return RefuseReopening(item, self.state.reopening or an_id("none"), who, seats, "r")
            case "remind":
                return Remind(item, who, "t")
            case _:
                return Decide(item, what, item.revision or 1, who, seats, "r")

    def _log_hears(self, event: Any) -> None:
        if isinstance(event, ReportApproved) or (isinstance(event, ReportSent) and event.last):
            self.item = replace(self.item, approved_revision=event.revision, last_route=self.item.route)

    @property
    def word(self) -> str:
        return domain.state_word(self.item, self.state)

    def _submit(self, who: str) -> None:
        if self.word in EDITABLE and ("data_entry", COMMUNE) in PEOPLE[who]:
            self.item = replace(self.item, revision=self.item.revision + 1, submitted_by=who, is_closed=False)
            self.submitters[self.item.revision] = who

    def _cancel(self, who: str) -> None:
        if not self.item.approved_revision:
            self.item = replace(self.item, is_cancelled=True, is_closed=True)

    def _assign(self, who: str) -> None:
        self.item = replace(self.item, is_cancelled=False)

    def _drop(self, who: str) -> None:
        if domain.is_reopened(self.item, self.state) and self.word in EDITABLE:
            self.item = replace(self.item, corrections_ended=self.item.corrections_ended + 1, is_closed=True)

    def _move(self, who: str) -> None:
        if not self.item.approved_revision:
            self.item = replace(self.item, is_closed=True)

    def _pass_over(self, who: str) -> None:
        if self.word in ("awaiting_leader", "sent", "verified") and len(self.item.route) > 1:
            passed = replace(self.item.route[1], passed_over=True)
            self.item = replace(self.item, route=(self.item.route[0], passed, *self.item.route[2:]))


def told_so(route: tuple[Step, ...], steps: list[tuple[str, str]]) -> Story:
    item = the_report(revision=0, route=route, submitted_by="")
    story = Story(item, domain.decider(item))
    for what, who in steps:
        story.goes_on(what, who)
    return story


@settings(max_examples=400)
@given(st.sampled_from(ROUTES), STORIES)
def test_nobody_acts_twice_on_a_revision(route: tuple[Step, ...], steps: list[tuple[str, str]]) -> None:
    story = told_so(route, steps)
    acts = Counter((event.revision, event.decided_by) for event in story.events if isinstance(event, DECISIONS))
    acts.update(story.submitters.items())
    assert all(count == 1 for count in acts.values())


@given(st.sampled_from(ROUTES), STORIES)
def test_what_is_replayed_is_what_was_lived(route: tuple[Step, ...], steps: list[tuple[str, str]]) -> None:
    story = told_so(route, steps)
    stored = [(event.TYPE, event.VERSION, domain.TYPES.encode(event)) for event in story.events]
    assert story.decider.fold([domain.TYPES.decode(*one) for one in stored]) == story.state


@settings(max_examples=400)
@given(st.sampled_from(ROUTES), STORIES)
def test_steps_are_taken_in_their_order_by_who_sits_there(route: tuple[Step, ...], steps: list[tuple[str, str]]) -> None:
    last: dict[int, int] = {}
    for event in told_so(route, steps).events:
        if isinstance(event, DECISIONS):
            assert last.get(event.revision, -1) < event.step
            assert (event.role, event.unit) in PEOPLE[event.decided_by]
            assert (event.role, event.unit) == (route[event.step].role, route[event.step].unit_id)
            last[event.revision] = event.step


@given(st.sampled_from(ROUTES), STORIES)
def test_a_revision_is_approved_once_and_never_after_it_was_sent_back(route: tuple[Step, ...], steps: list[tuple[str, str]]) -> None:
    ends = Counter[int]()
    for event in told_so(route, steps).events:
        is_end = isinstance(event, ReportApproved | ReportRejected | ReportReturned) or getattr(event, "last", False)
        ends[getattr(event, "revision", 0)] += int(is_end and isinstance(event, DECISIONS))
    assert max(ends.values(), default=0) <= 1


@settings(max_examples=400)
@given(st.sampled_from(ROUTES), STORIES)
def test_somebody_is_awaited_exactly_while_a_revision_is_under_decision(route: tuple[Step, ...], steps: list[tuple[str, str]]) -> None:
    story = told_so(route, steps)
    is_awaited = domain.current_step(story.item, story.state) is not None
    assert is_awaited == (story.word in ("awaiting_leader", "sent", "verified"))


@given(st.sampled_from(ROUTES), STORIES)
def test_what_is_said_to_be_allowed_is_allowed(route: tuple[Step, ...], steps: list[tuple[str, str]]) -> None:
    story = told_so(route, steps)
    for who, seats in PEOPLE.items():
        for decision in domain.RESULTS:
            refusal = domain.why_not(story.item, story.state, decision, who, seats)
            if refusal is None:
                command = Decide(story.item, decision, story.item.revision, who, seats, "r")
                assert len(story.decider.decide(command, story.state)) == 1
