"""Typing figures in and having them recomputed: who wrote what since, and what that means for what is written now."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kernel.errors import VersionIsStale
from kernel.sheet.model import NIL, Value

from .. import events
from ..commands import EnterValues, Normalise, ReportNil
from ..events import Source
from .naming import of
from .refusals import CellChangedByAnother, NotEditable
from .state import Report


def check_editable(report: Report) -> None:
    if not report.is_editable:
        raise NotEditable(state=report.state)


def check_seen(report: Report, seen: int) -> None:
    """Strict: refuses where anything that an officer sees has changed since version `seen`."""
    if seen < report.moved_at or seen > report.version:
        raise VersionIsStale(current=report.version)


def enter_values(command: EnterValues, report: Report) -> Sequence[Any]:
    """Merges by cell: only a cell that somebody else has changed since to another value is in conflict."""
    check_editable(report)
    if command.strict:
        check_seen(report, command.seen)
    if command.seen < report.settled_at or command.seen > report.version:
        raise VersionIsStale(current=report.version)
    new = {key: value for key, value in command.cells.items() if report.value(key) != value}
    _check_others(command, new, report)
    if not new:
        return []
    return [events.ValuesEntered(**of(report.known), cells=new, by=command.by, origin=command.origin, file=command.file)]


def _check_others(command: EnterValues, new: Mapping[str, Value], report: Report) -> None:
    conflicts = {}
    for key, value in new.items():
        version, by = report.typed_at.get(key, (0, ""))
        if version > command.seen and by != command.by:
            conflicts[key] = {"yours": msgspec.to_builtins(value), "theirs": msgspec.to_builtins(report.value(key))}
    if conflicts:
        raise CellChangedByAnother(cells=conflicts, version=report.version)


def report_nil(command: ReportNil, report: Report) -> Sequence[Any]:
    cells = dict.fromkeys(command.cells, NIL)
    return enter_values(EnterValues(cells, command.seen, command.by, origin="nil", strict=True), report)


def normalise(command: Normalise, report: Report) -> Sequence[Any]:
    check_editable(report)
    check_seen(report, command.seen)
    return normalised(command.differences, command.sources, command.by, report)


def normalised(
    differences: Mapping[str, tuple[Value, Value]], sources: Mapping[str, Source], by: str, report: Report
) -> list[events.ValuesNormalised]:
    """What recomputing changes, moved sources included though their figures be the same; nothing where all is so already."""
    if not differences and not sources_moved(sources, report):
        return []
    before = {key: old for key, (old, _) in differences.items()}
    cells = {key: new for key, (_, new) in differences.items()}
    return [events.ValuesNormalised(**of(report.known), cells=cells, before=before, sources=dict(sources), by=by)]


def sources_moved(sources: Mapping[str, Source], report: Report) -> bool:
    if sources.keys() != report.sources.keys():
        return True
    return any(source.revision_of != report.sources[key].revision_of for key, source in sources.items())
