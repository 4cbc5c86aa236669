"""Who has sent what, and how late: state and lateness of reports, per unit and form. Holds no figure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from contracts.lateness import LATENESS_WORDS, lateness
from contracts.vocabulary import STATE_WORDS
from kernel.calendar import parse_period
from kernel.vietnamese import fold, sort_key

from .figures import unit_words
from .look import Look
from .scope import Scope

_REPORTS = """
SELECT r.id, r.template, t.name, t.sector, t.owner_id, r.version, r.period, r.unit_id, r.state, r.revision, r.due_on, r.first_sent_at,
    r.is_expected, r.is_closed, r.assignment_id, r.updated_at
FROM report r JOIN template t ON t.code = r.template AND t.version = r.version
WHERE ($1::text IS NULL OR r.template = $1) AND ($2::text IS NULL OR r.period = $2) AND ($3::uuid[] IS NULL OR r.unit_id = ANY($3))
    AND r.assignment_id IS NOT NULL
"""


@dataclass(frozen=True)
class Line:
    """One report's progress."""

    id: UUID
    template: str
    name: str
    sector: str
    version: int
    period: str
    unit_id: UUID
    state: str
    revision: int
    due_on: date | None
    sent_at: datetime | None
    is_expected: bool
    is_closed: bool
    lateness: str

    def words(self) -> dict[str, Any]:
        return {
            "report_id": self.id,
            "template": self.template,
            "template_name": self.name,
            "sector": self.sector,
            "period": self.period,
            "state": self.state,
            "state_word": STATE_WORDS[self.state],
            "revision": self.revision,
            "due_on": self.due_on,
            "sent_at": self.sent_at,
            "closed": self.is_closed,
            "lateness": self.lateness,
            "lateness_word": LATENESS_WORDS[self.lateness],
        }


async def lines(look: Look, scope: Scope, template: str | None, period: str | None, units: list[UUID] | None) -> list[Line]:
    """The assigned reports in the caller's sight. `units` None: of any unit."""
    found, sees = [], dict[tuple[str, UUID, UUID], bool]()
    for row in await look.connection.fetch(_REPORTS, template, period, units):
        key = (row["sector"], row["owner_id"], row["unit_id"])
        if key not in sees:
            sees[key] = scope.sees_whole(*key)
        if sees[key]:
            late = lateness(row["due_on"], row["first_sent_at"], look.now, is_cancelled=not row["is_expected"])
            words = (row["id"], row["template"], row["name"], row["sector"], row["version"], row["period"], row["unit_id"], row["state"])
            found.append(Line(*words, row["revision"], row["due_on"], row["first_sent_at"], row["is_expected"], row["is_closed"], late))
    return found


def counts(found: Iterable[Line]) -> dict[str, Any]:
    """How many by state and by lateness; cancelled ones are counted apart and in nothing else."""
    kept = list(found)
    expected = [line for line in kept if line.is_expected]
    return {
        "expected": len(expected),
        "cancelled": len(kept) - len(expected),
        "sent": sum(line.sent_at is not None for line in expected),
        "approved": sum(line.state == "approved" for line in expected),
        "state": dict(Counter(line.state for line in expected)),
        "lateness": dict(Counter(line.lateness for line in expected)),
    }


def matrix(look: Look, found: Iterable[Line]) -> list[dict[str, Any]]:
    """A row per unit, in Vietnamese order, with its reports by form and period."""
    by_unit: Mapping[UUID, list[Line]] = defaultdict(list)
    for line in found:
        by_unit[line.unit_id].append(line)
    rows: list[tuple[str, dict[str, Any]]] = []
    for unit_id, own in by_unit.items():
        unit = look.tree.get(unit_id)
        if unit is not None:
            reports = {f"{line.template}/{line.period}": line.words() for line in own}
            rows.append((sort_key(unit.name), {"unit": unit_words(unit), "folded": fold(unit.name), "reports": reports}))
    return [row for _, row in sorted(rows, key=lambda pair: (pair[0], str(pair[1]["unit"]["id"])))]


def forms(found: Iterable[Line]) -> list[dict[str, Any]]:
    """Per form and period: its name and counts; those with most still to come first."""
    groups: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in found:
        groups[line.template, line.period].append(line)
    rows = [
        {
            "template": template,
            "template_name": own[0].name,
            "sector": own[0].sector,
            "period": period,
            "period_title": parse_period(period).title,
            "due_on": max((line.due_on for line in own if line.due_on), default=None),
            **counts(own),
        }
        for (template, period), own in groups.items()
    ]
    return sorted(rows, key=lambda row: (row["sent"] - row["expected"], row["template_name"], row["period"]))


def units_under(look: Look, unit: UUID) -> list[UUID]:
    """The unit and all that have ever been under it by its last place in the tree; ended ones stay with it."""
    return [node for node in look.tree.known() if node == unit or look.tree.is_under(node, [unit])]
