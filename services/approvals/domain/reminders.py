"""Reminding a unit of a report that it hasn't sent."""

from collections.abc import Sequence
from uuid import UUID

from kernel.errors import Rejected

from ..commands import Item, Remind
from ..events import Event, ReminderSent
from .decisions import key_of
from .progress import Progress, state_word
from .refusals import AlreadySubmitted, ReportIsCancelled


def why_not_remind(item: Item, state: Progress) -> Rejected | None:
    """Why nobody needs reminding of this report now; None if somebody may."""
    if item.is_cancelled:
        return ReportIsCancelled()
    word = state_word(item, state)
    return AlreadySubmitted(state=word) if word in ("sent", "verified", "approved") else None


def addressee(item: Item, state: Progress) -> tuple[str, UUID]:
    """(role, unit id) of whoever holds the ball in the reporting unit: the first step once it was submitted, else its officer."""
    if state_word(item, state) == "awaiting_leader" and item.route:
        return item.route[0].role, item.route[0].unit_id
    return "data_entry", item.entered_by or item.unit_id


def remind(command: Remind, state: Progress) -> Sequence[Event]:
    refusal = why_not_remind(command.item, state)
    if refusal is not None:
        raise refusal
    role, unit = addressee(command.item, state)
    return [
        ReminderSent(
            **key_of(command.item),
            to_unit=unit,
            to_role=role,
            sent_by=command.actor,
            text=command.text,
        )
    ]
