"""A reason that was typed here: erased at most once; that it was, is said to everybody. Holds no text."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernel.decider import Decider

from ..commands import EraseText
from ..events import TYPES, TextErased
from .assignment import ReasonIsMissing


@dataclass(frozen=True)
class TextState:
    is_erased: bool = False


def decide(command: EraseText, state: TextState) -> Sequence[TextErased]:
    if not command.reason:
        raise ReasonIsMissing(field="reason")
    return [] if state.is_erased else [TextErased(command.event_id, command.reason)]


def evolve(state: TextState, event: TextErased) -> TextState:
    return TextState(is_erased=True)


TEXT: Decider[TextState, EraseText] = Decider(TextState(), decide, evolve, TYPES)
