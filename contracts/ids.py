"""Ids that several services compute alike."""

from uuid import UUID, uuid5

from kernel.event_store import NAMESPACE


def report_id_of(template: str, period: str, unit_id: UUID) -> UUID:
    """One unit, one template, one period: one report, whoever asks and however often it is assigned."""
    return uuid5(NAMESPACE, f"{template}/{period}/{unit_id}")
