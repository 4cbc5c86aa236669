"""How stored events are published: both are `figures_released`, a withdrawal being the same release with `withdrawn`."""

from typing import Any

from contracts.aggregation import FiguresReleasedV1
from kernel.event_store import Recorded

from .events import FiguresReleased, ReleaseWithdrawn

RELEASED = "vn.ktxh.aggregation.figures_released.v1"


def publish(recorded: Recorded) -> tuple[str, Any]:
    match recorded.event:
        case FiguresReleased() as event:
            return RELEASED, _contract(event, withdrawn=False)
        case ReleaseWithdrawn() as event:
            return RELEASED, _contract(event, withdrawn=True)
        case other:
            raise TypeError(f"no contract for {type(other).__name__}")


def _contract(event: FiguresReleased | ReleaseWithdrawn, *, withdrawn: bool) -> FiguresReleasedV1:
    return FiguresReleasedV1(
        release_id=event.release_id,
        template=event.template,
        period=event.period,
        level=event.level,
        columns=event.columns,
        at=event.at,
        seq=event.seq,
        source=event.source,
        licence=event.licence,
        withdrawn=withdrawn,
    )
