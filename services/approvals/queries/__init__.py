"""Reads: the item of a report, a person's inbox, histories. Every list takes the caller's scope."""

from .histories import decisions_on_unsent, list_decisions, list_reminders, list_reopenings
from .inbox import Filter, count_inbox, list_inbox, list_with_nobody_eligible
from .items import Row, get_row, item_of, list_rows, progress_of, seats_of
from .scope import READERS, Scope, scope_of
from .showing import after, cursor, shown

__all__ = [
    "READERS",
    "Filter",
    "Row",
    "Scope",
    "after",
    "count_inbox",
    "cursor",
    "decisions_on_unsent",
    "get_row",
    "item_of",
    "list_decisions",
    "list_inbox",
    "list_reminders",
    "list_reopenings",
    "list_rows",
    "list_with_nobody_eligible",
    "progress_of",
    "scope_of",
    "seats_of",
    "shown",
]
