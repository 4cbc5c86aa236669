"""A batch of messages folded in memory: reports before and after, intervals opened and closed, revisions to keep. Touches no table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from contracts.submissions import Figures
from contracts.templates import TemplateV1
from kernel.errors import AwaitsPrerequisite
from kernel.message import Envelope

from ..calculation.reports import EVENTS, FOREVER, LENSES, Report, after
from .messages import name_of

Message = tuple[Envelope, Any]


@dataclass
class Interval:
    """`what` is a revision's seq, or a template version."""

    report_id: UUID
    what: int
    from_seq: int
    lens: int = 0
    to_seq: int = FOREVER


class Closing(NamedTuple):
    """An interval that was open before this batch ends at `seq`."""

    report_id: UUID
    lens: int
    seq: int


class Revision(NamedTuple):
    seq: int
    report_id: UUID
    number: int
    template: str
    version: int
    figures: bytes


class Happening(NamedTuple):
    seq: int
    report_id: UUID
    event_id: UUID
    name: str
    revision: int
    actor: str
    at: Any


@dataclass
class Folded:
    """What a batch has changed. `to_spread`: revisions that count now, with their figures where the batch has them."""

    before: dict[UUID, Report]
    now: dict[UUID, Report] = field(default_factory=dict)
    stands: list[Interval] = field(default_factory=list)
    stands_ended: list[Closing] = field(default_factory=list)
    spans: list[Interval] = field(default_factory=list)
    spans_ended: list[Closing] = field(default_factory=list)
    revisions: dict[int, Revision] = field(default_factory=dict)
    to_spread: dict[int, Figures | None] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)
    open_stands: dict[tuple[UUID, int], Interval] = field(default_factory=dict)
    open_spans: dict[tuple[UUID, int], Interval] = field(default_factory=dict)


def fold(
    messages: Sequence[Message], known: Mapping[UUID, Report], templates: Mapping[tuple[str, int], TemplateV1], is_unit: Any
) -> Folded:
    """Folds the messages about reports in their order. Raises AwaitsPrerequisite where a form or a unit is unknown."""
    folded = Folded(before=dict(known), now=dict(known))
    for envelope, payload in messages:
        name = name_of(envelope.type)
        if name in EVENTS:
            _one(folded, name, envelope, payload, templates, is_unit)
    return folded


def _one(
    folded: Folded, name: str, envelope: Envelope, payload: Any, templates: Mapping[tuple[str, int], TemplateV1], is_unit: Any
) -> None:
    seq, report_id = envelope.ledgerseq, payload.report_id
    before = folded.now.get(report_id)
    report = after(before, name, payload, seq, envelope.time)
    if report is None or report is before:
        return
    if before is None or report.version != before.version:
        _require(report, templates, is_unit)
    folded.now[report_id] = report
    if name in ("report_submitted_to_leader", "history_recorded"):
        folded.revisions[seq] = _revision(seq, report, payload)
    _stand(folded, before, report, payload, seq)
    _span(folded, before, report, seq)
    happening = Happening(seq, report_id, envelope.id, name, getattr(payload, "revision", 0), envelope.actor, envelope.time)
    folded.happenings.append(happening)


def _require(report: Report, templates: Mapping[tuple[str, int], TemplateV1], is_unit: Any) -> None:
    if (report.template, report.version) not in templates:
        raise AwaitsPrerequisite(f"template/{report.template}")
    if not is_unit(report.unit_id):
        raise AwaitsPrerequisite(f"unit/{report.unit_id}")


def _revision(seq: int, report: Report, payload: Any) -> Revision:
    figures = payload.figures
    raw = bytes(figures) if isinstance(figures, msgspec.Raw) else msgspec.json.encode(figures)
    return Revision(seq, report.id, payload.revision, report.template, payload.version, raw)


def _stand(folded: Folded, before: Report | None, report: Report, payload: Any, seq: int) -> None:
    for lens in LENSES:
        old, new = before.standing(lens) if before else None, report.standing(lens)
        if old == new:
            continue
        if old is not None:
            _end(folded.open_stands, folded.stands_ended, report.id, lens, seq)
        if new is not None:
            interval = folded.open_stands[report.id, lens] = Interval(report.id, new, seq, lens)
            folded.stands.append(interval)
            if not folded.to_spread.get(new):
                figures = getattr(payload, "figures", None)
                folded.to_spread[new] = figures if isinstance(figures, dict) and figures else None


def _span(folded: Folded, before: Report | None, report: Report, seq: int) -> None:
    old = before.version if before and before.is_expected else None
    new = report.version if report.is_expected else None
    if old == new:
        return
    if old is not None:
        _end(folded.open_spans, folded.spans_ended, report.id, 0, seq)
    if new is not None:
        interval = folded.open_spans[report.id, 0] = Interval(report.id, new, seq)
        folded.spans.append(interval)


def _end(opened: dict[tuple[UUID, int], Interval], ended: list[Closing], report_id: UUID, lens: int, seq: int) -> None:
    """Ends the interval that was opened in this batch, or the one that was open before it."""
    interval = opened.pop((report_id, lens), None)
    if interval is not None:
        interval.to_seq = seq
    else:
        ended.append(Closing(report_id, lens, seq))
