"""What may be asked of approvals. Every command names the item as submissions' log has it, and carries who asks and when."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

Seats = frozenset[tuple[str, UUID]]
"""(role, unit id) pairs that the caller holds, ended units that it succeeds included."""


@dataclass(frozen=True)
class Step:
    """A step of the route, frozen at submit. A step that is passed over waits for nobody."""

    action: str
    role: str
    unit_id: UUID
    passed_over: bool = False


@dataclass(frozen=True)
class Item:
    """A report as submissions' log has told it so far. `revision` 0: nothing was submitted yet."""

    report_id: UUID
    template: str
    period: str
    unit_id: UUID
    sector: str = "general"
    province: str = "-"
    unit_code: str = "-"
    revision: int = 0
    figures_hash: str = ""
    route: tuple[Step, ...] = ()
    submitted_by: str = ""
    is_cancelled: bool = False
    is_closed: bool = False  # the newest revision waits for nobody any more, as the log says
    approved_revision: int = 0
    last_route: tuple[Step, ...] = ()  # of the approved revision
    voided_revision: int = 0  # the newest whose decision had no effect: if it was an approval, it is none
    corrections_ended: int = 0  # of the granted ones, without an approval: dropped, or granted too late
    owner_id: UUID | None = None  # of the form
    entered_by: UUID | None = None  # the unit that enters the figures, where it is not the reporting one


@dataclass(frozen=True)
class Decide:
    """`decision` is send, reject, verify, approve or return; `reason` is the digest of the note."""

    item: Item
    decision: str
    revision: int
    actor: str
    seats: Seats
    reason: str = ""
    cells: tuple[str, ...] = ()
    due_on: date | None = None


@dataclass(frozen=True)
class Withdraw:
    item: Item
    revision: int
    actor: str
    seats: Seats
    reason: str = ""


@dataclass(frozen=True)
class RequestReopening:
    item: Item
    reopening_id: UUID
    actor: str
    seats: Seats
    reason: str
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class StartReopening:
    """The unit of the last step reopens without having been asked."""

    item: Item
    reopening_id: UUID
    actor: str
    seats: Seats
    reason: str
    due_on: date | None = None


@dataclass(frozen=True)
class GrantReopening:
    item: Item
    reopening_id: UUID
    actor: str
    seats: Seats
    reason: str = ""
    due_on: date | None = None


@dataclass(frozen=True)
class RefuseReopening:
    item: Item
    reopening_id: UUID
    actor: str
    seats: Seats
    reason: str


@dataclass(frozen=True)
class Remind:
    """Goes to whoever holds the ball in the reporting unit; `text` is the digest of what it says."""

    item: Item
    actor: str
    text: str


@dataclass(frozen=True)
class EraseText:
    """The text of `event_id` goes for good; `reason` is the digest of why."""

    event_id: UUID
    reason: str


Command = Decide | Withdraw | RequestReopening | StartReopening | GrantReopening | RefuseReopening | Remind
