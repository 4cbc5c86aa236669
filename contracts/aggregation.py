"""What aggregation says: that figures were released to the public."""

from datetime import datetime
from uuid import UUID

import msgspec


class FiguresReleasedV1(msgspec.Struct, frozen=True, omit_defaults=True):
    """Columns of a form, at a level of units, for a period, are public from `at` on, as of log position `seq`."""

    release_id: UUID
    template: str
    period: str
    level: str
    columns: tuple[str, ...]
    at: datetime
    seq: int
    source: str
    licence: str
    withdrawn: bool = False
