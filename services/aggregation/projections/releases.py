"""Releases as rows, with the figures as they were released. A rebuild never touches them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from kernel.event_store import Recorded

from ..events import FiguresReleased, ReleaseWithdrawn

_INSERT = """
INSERT INTO public.release (id, template, version, name, sector, period, level, columns, public_from, seq, source, licence, released_by,
    released_at, revision, body)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
    1 + (SELECT count(*) FROM public.release WHERE template = $2 AND period = $6 AND level = $7), $15
"""


class Snapshot(msgspec.Struct, frozen=True):
    """What the public sees of a form: its rows, the released columns, and each unit's figures of them."""

    version: int
    name: str
    rows: list[dict[str, Any]]
    columns: list[dict[str, Any]]
    units: list[dict[str, Any]]

    @property
    def has_figures(self) -> bool:
        return any(unit["cells"] for unit in self.units)


class Keeping:
    """Projects a release together with its snapshot, which no event carries."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self._snapshot = snapshot

    async def __call__(self, connection: Any, recorded: Sequence[Recorded], state: Any) -> None:
        for one in recorded:
            match one.event:
                case FiguresReleased() as event:
                    assert self._snapshot is not None
                    await _keep(connection, one, event, self._snapshot)
                case ReleaseWithdrawn() as event:
                    await connection.execute("UPDATE public.release SET withdrawn_at = $2 WHERE id = $1", event.release_id, event.at)


async def _keep(connection: Any, recorded: Recorded, event: FiguresReleased, snapshot: Snapshot) -> None:
    what = (event.template, snapshot.version, snapshot.name, event.sector, event.period, event.level, list(event.columns))
    how = (event.at, event.seq, event.source, event.licence, recorded.actor, recorded.occurred_at)
    await connection.execute(_INSERT, event.release_id, *what, *how, msgspec.json.encode(snapshot).decode())
