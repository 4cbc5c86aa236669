"""Giving a correction up, and figures of an earlier time."""

from collections.abc import Sequence
from typing import Any

from .. import events
from ..calculation.figures import given, hash_of
from ..commands import DropCorrection, RecordHistory
from .naming import of
from .refusals import NoApprovedRevision, NotEditable, ReportIsLive
from .state import Report


def drop_correction(command: DropCorrection, report: Report) -> Sequence[Any]:
    """The approved revision stands again, from any editable state that has one."""
    if report.state == "approved":
        return []
    if not report.is_editable:
        raise NotEditable(state=report.state)
    if not report.approved_revision:
        raise NoApprovedRevision()
    return [events.ReopeningDropped(**of(report.known), revision=report.approved_revision)]


def record_history(command: RecordHistory, report: Report) -> Sequence[Any]:
    """A further approved revision with what was recorded before and what is new; nothing where that is the same."""
    if report.state and not report.is_history:
        raise ReportIsLive(state=report.state)
    figures = given({**report.approved_figures, **command.figures})
    if report.approved_revision and figures == report.approved_figures:
        return []
    key = command.key
    recorded = events.HistoryRecorded(
        **of(key),
        version=command.version,
        revision=report.revision + 1,
        sector=key.sector,
        province=key.province,
        unit_code=key.unit_code,
        figures=figures,
        figures_hash=hash_of(figures),
        route=command.route,
        source=command.source,
        first_day=command.first_day,
        last_day=command.last_day,
    )
    return [recorded]
