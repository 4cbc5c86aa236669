"""THE permission table: which caller gets what from which route. A route without a row fails the tests, and so does a row without a route.

Callers are named in `province.py` as place.role: `commune` is the unit whose health reports are asked about, `department` the one
in charge of them, `office` the provincial office, `other_…` the same elsewhere in the province, `elsewhere` another province. A row
lists with patterns those who are let in (`may`) and, of the others, those to whom it isn't there (`unseen`: 404, told as of an
unknown one). Everybody else gets 403; without a token 401. Let in means: 2xx, or a refusal that isn't about who asks; at least one
of them must get what `well` says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .asking import Ask, MakeAsk
from .province import CALLERS


@dataclass(frozen=True)
class Row:
    service: str
    route: str
    may: str
    unseen: str
    asks: MakeAsk
    case: str
    well: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.service}: {self.route}{f' ({self.case})' if self.case else ''}"

    def expected(self, caller: str) -> str:
        """`allowed`, `401`, `403` or `404`."""
        if _is_one_of(caller, self.may):
            return "allowed"
        if _is_one_of(caller, self.unseen):
            return "404"
        return "401" if caller == "nobody" else "403"


def _is_one_of(caller: str, patterns: str) -> bool:
    return any(fnmatchcase(caller, pattern) for pattern in patterns.split())


def callers_of(patterns: str) -> list[str]:
    return [caller for caller in CALLERS if _is_one_of(caller, patterns)]


class Service:
    """Collects the rows of one service."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[Row] = []

    def row(
        self,
        route: str,
        may: str,
        unseen: str = "",
        asks: MakeAsk = lambda province: Ask(),
        *,
        case: str = "",
        well: Sequence[int] = (200, 201, 202, 204),
    ) -> None:
        self.rows.append(Row(self.name, route, may, unseen, asks, case, tuple(well)))


ANYONE = "*"
PEOPLE = "commune.* other_commune.* department.* other_department.* office.* province.* elsewhere.* system.*"
READERS = "commune.* other_commune.* department.* other_department.* office.* province.* elsewhere.*"
SEEING = "commune.* department.* office.* province.*"
"""Who may know of the own commune's health report; the others of READERS are STRANGERS to it."""

STRANGERS = "other_commune.* other_department.* elsewhere.*"
ABOVE = "department.* office.* province.*"
BELOW_OR_STRANGE = f"commune.* {STRANGERS}"
IN_CHARGE = "department.compiler office.compiler"
COMPILERS = "*.compiler"
DECIDERS = "*.leader *.verifier *.compiler"
STRANGE_DECIDERS = " ".join(f"{place}.{role}" for place in ("other_*", "elsewhere") for role in ("leader", "verifier", "compiler"))
STRANGE_OFFICERS = "other_*.data_entry elsewhere.data_entry"
STRANGE_REPORTERS = f"{STRANGE_OFFICERS} other_*.leader elsewhere.leader"
ADMINISTRATOR = "system.administrator"
OPERATOR = "system.operator"
MACHINES = "machine.*"
SERVICES = "machine.service"


def whole_table() -> list[Row]:
    from . import rows_of_aggregation, rows_of_approvals, rows_of_identity, rows_of_submissions, rows_of_templates

    rooms = (rows_of_identity, rows_of_templates, rows_of_submissions, rows_of_approvals, rows_of_aggregation)
    return [row for room in rooms for row in room.TABLE.rows]
