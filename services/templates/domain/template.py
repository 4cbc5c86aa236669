"""A template: published version by version, none of which ever changes. Drafts are no business of the rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from kernel.decider import Decider, Labels
from kernel.errors import Rejected

from ..commands import Problem, PublishTemplate
from ..events import TYPES, Template, TemplatePublished


class TemplateHasProblems(Rejected):
    title = "Biểu mẫu còn lỗi nên chưa ban hành được"


@dataclass(frozen=True)
class TemplateState:
    """The newest version, and what every version so far has bound: row key → indicator, column key → measure."""

    latest: Template | None = None
    rows: Mapping[str, str] = field(default_factory=dict)
    measures: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> int:
        return self.latest.version if self.latest else 0


def decide(command: PublishTemplate, state: TemplateState) -> Sequence[TemplatePublished]:
    problems = (*command.problems, *against_earlier(command.template, state))
    if problems:
        raise TemplateHasProblems(problems=[problem._asdict() for problem in problems])
    if state.latest == replace(command.template, version=state.version):
        return []
    return [TemplatePublished(replace(command.template, version=state.version + 1))]


def evolve(state: TemplateState, event: TemplatePublished) -> TemplateState:
    sheet = event.template.sheet
    rows = {row.key: row.subject for row in sheet.rows if row.subject is not None}
    measures = {column.key: column.measure for column in sheet.columns if column.measure}
    return TemplateState(event.template, {**state.rows, **rows}, {**state.measures, **measures})


def labels(state: TemplateState, event: Any) -> Labels:
    return Labels(sector=event.template.sector)


TEMPLATE: Decider[TemplateState, PublishTemplate] = Decider(TemplateState(), decide, evolve, TYPES, labels)


def against_earlier(template: Template, state: TemplateState) -> Iterator[Problem]:
    """What the versions before forbid: another sector, a key that now means something else, a row moved from or to nowhere."""
    latest = state.latest
    if latest is None:
        if template.moved_rows:
            yield Problem("", "moved-row-unknown", "Phiên bản đầu tiên không có dòng cũ nào để đổi mã.")
        return
    if template.sector != latest.sector:
        yield Problem("", "sector-never-changes", "Lĩnh vực của biểu mẫu đã cố định từ phiên bản đầu, không đổi được.")
    if template.kind != latest.kind or template.period_type != latest.period_type:
        yield Problem("", "kind-never-changes", "Loại biểu mẫu và loại kỳ báo cáo đã cố định từ phiên bản đầu, không đổi được.")
    yield from _reused_keys(template, state)
    yield from _moved_rows(template, latest)


def _reused_keys(template: Template, state: TemplateState) -> Iterator[Problem]:
    for row in template.sheet.rows:
        before = state.rows.get(row.key)
        if row.subject is not None and before is not None and before != row.subject:
            message = f"Mã dòng “{row.key}” đã dùng cho chỉ tiêu “{before}”, không dùng lại cho “{row.subject}” được. Hãy đặt mã khác."
            yield Problem(f"A{row.at}", "row-key-reused", message)
    for column in template.sheet.columns:
        measured = state.measures.get(column.key)
        if column.measure and measured and measured != column.measure:
            message = f"Mã cột “{column.key}” đã dùng cho loại số liệu khác ở phiên bản trước. Hãy đặt mã khác."
            yield Problem(column.key, "column-key-reused", message)


def _moved_rows(template: Template, latest: Template) -> Iterator[Problem]:
    before = {row.key: row for row in latest.sheet.rows}
    now = {row.key: row for row in template.sheet.rows}
    for old, new in template.moved_rows.items():
        if old not in before or new not in now:
            message = f"Không có dòng để đổi mã: “{old}” (phiên bản trước) → “{new}” (bản này)."
            yield Problem("", "moved-row-unknown", message)
        elif before[old].subject != now[new].subject:
            message = f"Dòng “{old}” đổi mã thành “{new}” nhưng lại gắn chỉ tiêu khác."
            yield Problem(f"A{now[new].at}", "row-key-reused", message)
