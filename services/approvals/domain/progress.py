"""Where a report stands, from what was decided here and what the log tells: whose turn it is, and in whose hands it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ..commands import Item, Seats, Step

SENT_BACK = frozenset({"rejected", "returned"})


@dataclass(frozen=True)
class Progress:
    """What was decided here on the newest revision that anybody decided on, and where its correction stands."""

    revision: int = 0
    position: int = 0  # in the route: the place after the last decision's
    status: str = ""
    actors: frozenset[str] = frozenset()
    approved_revision: int = 0
    granted: int = 0  # reopenings ever granted
    corrected: int = 0  # of them, ended by a new approval
    reopening: UUID | None = None  # requested and not yet answered
    answered: UUID | None = None  # the last one that was
    answer: str = ""


def on_revision(item: Item, state: Progress) -> Progress:
    """The progress of the item's newest revision: nothing yet, if it was submitted since."""
    if state.revision == item.revision:
        return state
    return replace(state, revision=item.revision, position=0, status="", actors=frozenset())


def approved_revision(item: Item, state: Progress) -> int:
    """The newest approved revision, decided here or recorded as history; 0 if there is none."""
    decided = state.approved_revision if state.approved_revision > item.voided_revision else 0
    return max(item.approved_revision, decided)


def is_reopened(item: Item, state: Progress) -> bool:
    return state.granted > state.corrected + item.corrections_ended


def is_in_hand(item: Item, state: Progress) -> bool:
    """Whether the newest revision is under decision or was sent back: neither approved, nor void."""
    if item.is_cancelled or item.is_closed or item.revision <= approved_revision(item, state):
        return False
    return on_revision(item, state).status != "withdrawn"


def state_word(item: Item, state: Progress) -> str:
    """The report's state, as far as it is decided here; empty while submissions holds the ball."""
    if item.is_cancelled:
        return "cancelled"
    status = on_revision(item, state).status
    if is_in_hand(item, state):
        return status or "awaiting_leader"
    if not approved_revision(item, state):
        return ""
    if is_reopened(item, state):
        return "" if status == "withdrawn" else "reopened"
    return "approved"


def current_step(item: Item, state: Progress) -> tuple[int, Step] | None:
    """The step that is awaited: its place in the route and who it is; None where nothing is awaited."""
    now = on_revision(item, state)
    if not is_in_hand(item, state) or now.status in SENT_BACK:
        return None
    return next_step(item.route, now.position)


def next_step(route: Sequence[Step], position: int) -> tuple[int, Step] | None:
    """The first step from `position` on that isn't passed over.

    Two are awaited although they are passed over, so that the office sees that nobody may decide: the first, since
    nothing is verified that nobody has sent, and the last, where nobody else is left after the send.
    """
    if position >= len(route):
        return None
    places = [place for place in range(position, len(route)) if place == 0 or not route[place].passed_over]
    place = places[0] if places else len(route) - 1
    return place, step_at(route, place)


def step_at(route: Sequence[Step], place: int) -> Step:
    """The step as it is to be taken: who would verify approves, where nobody is left behind."""
    step = route[place]
    return replace(step, action="approve") if step.action == "verify" and is_last(route, place) else step


def is_last(route: Sequence[Step], place: int) -> bool:
    """Whether nobody is left after this step."""
    return all(step.passed_over for step in route[place + 1 :])


def granting_step(item: Item) -> Step | None:
    """Who answers for reopening: the last step of the approved revision's route; the form's owner, where it had no route."""
    route = item.last_route or item.route
    if not route:
        return None if item.owner_id is None else Step("approve", "leader", item.owner_id)
    return next((step for step in reversed(route) if not step.passed_over), route[-1])


def officers(item: Item) -> Seats:
    """Who enters and submits the figures."""
    return frozenset({("data_entry", item.entered_by or item.unit_id)})


def leaders(item: Item) -> Seats:
    """Who sends: the first step, and the leader of the unit that enters the figures."""
    route = item.route or item.last_route
    first = {(route[0].role, route[0].unit_id)} if route else set()
    return frozenset(first | {("leader", item.entered_by or item.unit_id)})
