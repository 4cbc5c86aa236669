"""Submitting to the leader: everything that must hold of a revision before it is made."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from kernel.sheet.model import Value

from .. import events
from ..calculation.figures import changed_cells, given, hash_of
from ..commands import Submit
from .entering import check_editable, check_seen, normalised
from .evolving import evolve
from .naming import of
from .refusals import ExplanationMissing, FiguresInvalid, NotNormalised, PeriodClosed, RouteIsEmpty
from .state import Report


def submit(command: Submit, report: Report) -> Sequence[Any]:
    """Revision n+1, after the nils and the accepted normalisation that go with it. The same submit again does nothing."""
    if report.state == "awaiting_leader" and (command.by, command.seen) == (report.submitted_by, report.submitted_seen):
        return []
    check_editable(report)
    check_seen(report, command.seen)
    _check_open(report)
    if command.differences and not command.accept:
        raise NotNormalised(differences=told(command.differences), version=report.version)
    _check_figures(command)
    if not command.route:
        raise RouteIsEmpty()
    return _submitted(command, report)


def told(differences: Mapping[str, tuple[Value, Value]]) -> list[dict[str, Any]]:
    """Differences as a problem's body carries them."""
    return [{"cell": key, "before": msgspec.to_builtins(old), "after": msgspec.to_builtins(new)} for key, (old, new) in differences.items()]


def _check_open(report: Report) -> None:
    if report.is_closed and not report.approved_revision and report.state in ("assigned", "drafting"):
        raise PeriodClosed(due_on=report.due_on.isoformat())


def _check_figures(command: Submit) -> None:
    errors = [finding for finding in command.findings if finding.severity == "error"]
    if errors or command.empty:
        raise FiguresInvalid(findings=msgspec.to_builtins(errors), empty_required=list(command.empty))
    unexplained = [one for one in command.findings if one.severity == "warning" and one.rule not in command.explained]
    if unexplained:
        raise ExplanationMissing(findings=msgspec.to_builtins(unexplained))


def _submitted(command: Submit, report: Report) -> list[Any]:
    happened: list[Any] = []
    if command.entered:
        happened.append(events.ValuesEntered(**of(report.known), cells=command.entered, by=command.by, origin="nil"))
    happened += normalised(command.differences, command.sources, command.by, report)
    now = report
    for event in happened:
        now = evolve(now, event)
    figures = _explained(command, given(now.cells))
    return [*happened, _revision(command, now, figures)]


def _explained(command: Submit, figures: Mapping[str, Value]) -> dict[str, Value]:
    """The figures, each cell that a warning is about with the digest of its explanation."""
    result = {key: value if value.explained is None else replace(value, explained=None) for key, value in figures.items()}
    for finding in command.findings:
        for key in finding.cells:
            if key in result and finding.rule in command.explained:
                result[key] = replace(result[key], explained=command.explained[finding.rule])
    return result


def _revision(command: Submit, report: Report, figures: Mapping[str, Value]) -> events.ReportSubmittedToLeader:
    return events.ReportSubmittedToLeader(
        **of(report.known),
        version=report.form_version,
        revision=report.revision + 1,
        sector=report.known.sector,
        figures=figures,
        figures_hash=hash_of(figures),
        route=command.route,
        due_on=report.due_on,
        submitted_by=command.by,
        seen=command.seen,
        changed=changed_cells(report.figures, figures) if report.revision else (),
        warnings=tuple(dict.fromkeys(finding.rule for finding in command.findings)),
        note=command.note,
    )
