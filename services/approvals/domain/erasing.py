"""A note or reason that was typed here: erased at most once; that it was, is said to everybody. Holds no text."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..commands import EraseText
from ..events import TextErased
from .refusals import ReasonIsMissing


@dataclass(frozen=True)
class TextState:
    is_erased: bool = False


def erase(command: EraseText, state: TextState) -> Sequence[TextErased]:
    if not command.reason:
        raise ReasonIsMissing()
    return [] if state.is_erased else [TextErased(command.event_id, command.reason)]


def erased(state: TextState, event: TextErased) -> TextState:
    return TextState(is_erased=True)
