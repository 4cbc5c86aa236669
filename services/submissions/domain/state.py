"""What a report is at some version of its stream: immutable, and no more than the rules and its readers need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from kernel.sheet.model import BLANK, Value

from ..commands import ReportKey
from ..events import Cells, Source, Step

EDITABLE = frozenset({"assigned", "drafting", "rejected", "returned", "reopened"})
IN_FLIGHT = frozenset({"awaiting_leader", "sent", "verified"})


@dataclass(frozen=True)
class Objection:
    """A reject, return or reopening that the unit has to answer: the event that holds its reason, and the cells it names."""

    event_id: UUID | None
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """A report. `state` is empty where nobody has been asked for it yet. Mappings are never changed in place.

    `moved_at`: the last version that changed what an officer sees. `settled_at`: the last that changed state or revision.
    `typed_at`: cell → (version, who) of its last change since then.
    """

    key: ReportKey | None = None
    state: str = ""
    version: int = 0
    moved_at: int = 0
    settled_at: int = 0
    typed_at: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    form_version: int = 0
    assignment_id: UUID | None = None
    assigned_by: UUID | None = None
    entered_by: UUID | None = None
    first_day: date = date.min
    last_day: date = date.min
    due_on: date = date.max
    closes_on: date | None = None
    is_closed: bool = False
    cells: Cells = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    revision: int = 0
    figures: Cells = field(default_factory=dict)  # of the last revision
    figures_hash: str = ""
    figures_version: int = 0  # of the form, when the last revision was submitted
    route: tuple[Step, ...] = ()
    submitted_by: str = ""
    submitted_seen: int = -1
    sends: Mapping[int, datetime] = field(default_factory=dict)  # revision → when it was sent, while that stands
    was_ever_sent: bool = False
    sent_revision: int = 0  # the newest that others may see; 0 for none
    approved_revision: int = 0
    approved_figures: Cells = field(default_factory=dict)
    approved_sources: Mapping[str, Source] = field(default_factory=dict)
    objection: Objection | None = None
    is_history: bool = False

    @property
    def is_editable(self) -> bool:
        return self.state in EDITABLE

    @property
    def known(self) -> ReportKey:
        """Its key; only a report that has begun has one."""
        assert self.key is not None
        return self.key

    @property
    def first_sent_at(self) -> datetime | None:
        """The first send that was not rejected, returned or withdrawn since."""
        return min(self.sends.values(), default=None)

    @property
    def holder(self) -> UUID:
        """The unit whose officers fill it in: its own, or the one that gives the plan."""
        return self.entered_by or self.known.unit_id

    def value(self, cell: str) -> Value:
        return self.cells.get(cell, BLANK)


NOTHING = Report()
