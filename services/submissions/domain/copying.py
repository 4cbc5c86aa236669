"""What other services have said and figures depend on, kept in the log as it was said. Decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kernel.decider import Decider, Labels

from ..events import TYPES, CheckpointSigned, Copied, TemplatePublished


@dataclass(frozen=True)
class Copy:
    """Log this event."""

    event: Copied | CheckpointSigned


def _decide(command: Copy, state: None) -> Sequence[Any]:
    return [command.event]


def _labels(state: None, event: Any) -> Labels:
    if not isinstance(event, Copied):
        return Labels()
    return Labels(event.sector, event.province, event.unit, isinstance(event, TemplatePublished))


COPIES: Decider[None, Copy] = Decider(None, _decide, lambda state, event: None, TYPES, _labels)
