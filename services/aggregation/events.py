"""What has happened in aggregation: figures were released to the public, and a release was withdrawn."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True)
class FiguresReleased:
    TYPE: ClassVar[str] = "figures_released"
    VERSION: ClassVar[int] = 1

    release_id: UUID
    template: str
    period: str
    level: str
    columns: tuple[str, ...]
    at: datetime
    seq: int
    source: str
    licence: str
    sector: str


@dataclass(frozen=True)
class ReleaseWithdrawn:
    """The release as it was made; `at` is when it was withdrawn."""

    TYPE: ClassVar[str] = "release_withdrawn"
    VERSION: ClassVar[int] = 1

    release_id: UUID
    template: str
    period: str
    level: str
    columns: tuple[str, ...]
    at: datetime
    seq: int
    source: str
    licence: str
