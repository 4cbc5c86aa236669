"""What may be asked of aggregation: to release figures to the public, and to withdraw a release."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class ReleaseFigures:
    """Public from `at` on, as they were at log position `seq`."""

    release_id: UUID
    template: str
    sector: str
    period: str
    level: str
    columns: tuple[str, ...]
    known_columns: tuple[str, ...]
    at: datetime
    seq: int
    source: str
    licence: str
    has_figures: bool
    of_the_office: bool
    now: datetime


@dataclass(frozen=True)
class WithdrawRelease:
    of_the_office: bool
    now: datetime
