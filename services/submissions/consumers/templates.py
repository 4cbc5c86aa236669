"""Forms are kept and logged; what is asked of whom, by when and until when, goes into the report's own stream."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from contracts.submissions import TextErasedV1
from contracts.templates import (
    AssignmentCancelledV1,
    AssignmentClosedV1,
    AssignmentReopenedV1,
    DueDateChangedV1,
    IndicatorDefinedV1,
    ReportAssignedV1,
    ReportMovedV1,
    TemplatePublishedV1,
    TemplateV1,
)
from kernel.errors import AwaitsPrerequisite
from kernel.event_store import UnitOfWork
from kernel.handler import load_state
from kernel.inbox import React
from kernel.message import Envelope
from kernel.runtime import Runtime
from kernel.tree import Node

from .. import commands, events
from ..domain import REPORTS, Report
from ..projections import keep_template
from ..queries.known import Known
from .writing import copy, tell_report


def reactions(runtime: Runtime, known: Known) -> Mapping[str, tuple[type, React]]:
    reacting = _Templates(runtime, known)
    return {
        "vn.ktxh.templates.indicator_defined.v1": (IndicatorDefinedV1, reacting.indicator),
        "vn.ktxh.templates.template_published.v1": (TemplatePublishedV1, reacting.template),
        "vn.ktxh.templates.report_assigned.v1": (ReportAssignedV1, reacting.assigned),
        "vn.ktxh.templates.due_date_changed.v1": (DueDateChangedV1, reacting.due_date),
        "vn.ktxh.templates.assignment_cancelled.v1": (AssignmentCancelledV1, reacting.cancelled),
        "vn.ktxh.templates.assignment_closed.v1": (AssignmentClosedV1, reacting.closed),
        "vn.ktxh.templates.assignment_reopened.v1": (AssignmentReopenedV1, reacting.reopened),
        "vn.ktxh.templates.report_moved.v1": (ReportMovedV1, reacting.moved),
        "vn.ktxh.templates.text_erased.v1": (TextErasedV1, reacting.text_erased),
    }


class _Templates:
    def __init__(self, runtime: Runtime, known: Known) -> None:
        self._runtime, self._known = runtime, known

    async def indicator(self, work: UnitOfWork, envelope: Envelope, indicator: IndicatorDefinedV1) -> None:
        stream = f"indicator/{indicator.code}"
        await copy(work, self._runtime, envelope, stream, events.IndicatorDefined, indicator, sector=indicator.sector)

    async def template(self, work: UnitOfWork, envelope: Envelope, published: TemplatePublishedV1) -> None:
        template = published.template
        await keep_template(work.connection, template, msgspec.json.encode(template))
        self._known.forms.note(template)
        owner = self._known.tree.get(template.owner_id)
        labels = {"sector": template.sector, "province": (owner.province_code if owner else "") or "-"}
        await copy(work, self._runtime, envelope, f"template/{template.code}", events.TemplatePublished, published, **labels)

    async def assigned(self, work: UnitOfWork, envelope: Envelope, asked: ReportAssignedV1) -> None:
        form, unit = await self._form(work, asked.template, asked.version), self._known.tree.get(asked.unit_id)
        if unit is None:
            raise AwaitsPrerequisite(f"unit/{asked.unit_id}")
        reshaping = await self._reshaping_of_a_cancelled(work, asked)
        await self._tell(work, envelope, asked.report_id, _assign(asked, form, unit, reshaping))

    async def _form(self, work: UnitOfWork, code: str, version: int) -> TemplateV1:
        form = await self._known.forms.get(work.connection, code, version)
        if form is None:
            raise AwaitsPrerequisite(f"template/{code}")
        return form

    async def _reshaping_of_a_cancelled(self, work: UnitOfWork, asked: ReportAssignedV1) -> commands.Reshaping | None:
        report = await self._report(work, asked.report_id)
        if report.state != "cancelled" or report.form_version == asked.version:
            return None
        return await self._known.forms.reshaping(work.connection, asked.template, report.form_version, asked.version)

    async def _report(self, work: UnitOfWork, report_id: UUID) -> Report:
        _, report = await load_state(work, self._runtime.store, REPORTS, f"report/{report_id}")
        return report

    async def due_date(self, work: UnitOfWork, envelope: Envelope, change: DueDateChangedV1) -> None:
        await self._tell(work, envelope, change.report_id, commands.ChangeDueDate(change.assignment_id, change.due_on))

    async def cancelled(self, work: UnitOfWork, envelope: Envelope, cancelled: AssignmentCancelledV1) -> None:
        await self._tell(work, envelope, cancelled.report_id, commands.Cancel(cancelled.assignment_id, cancelled.reason))

    async def closed(self, work: UnitOfWork, envelope: Envelope, closed: AssignmentClosedV1) -> None:
        await self._tell(work, envelope, closed.report_id, commands.Close(closed.assignment_id, closed.automatic))

    async def reopened(self, work: UnitOfWork, envelope: Envelope, reopened: AssignmentReopenedV1) -> None:
        await self._tell(work, envelope, reopened.report_id, commands.ReopenPeriod(reopened.assignment_id, reopened.reason))

    async def moved(self, work: UnitOfWork, envelope: Envelope, moved: ReportMovedV1) -> None:
        report = await self._report(work, moved.report_id)
        reshaping = await self._known.forms.reshaping(work.connection, moved.template, report.form_version, moved.version)
        if reshaping is None:
            raise AwaitsPrerequisite(f"template/{moved.template}")
        await self._tell(work, envelope, moved.report_id, commands.Move(moved.version, reshaping))

    async def text_erased(self, work: UnitOfWork, envelope: Envelope, erased: TextErasedV1) -> None:
        await copy(work, self._runtime, envelope, f"text/{erased.event_id}", events.TextErased, erased)

    async def _tell(self, work: UnitOfWork, envelope: Envelope, report_id: UUID, command: commands.Command) -> None:
        await tell_report(work, self._runtime, envelope, report_id, command)


def _assign(asked: ReportAssignedV1, form: TemplateV1, unit: Node, reshaping: commands.Reshaping | None) -> commands.Assign:
    key = commands.ReportKey(
        report_id=asked.report_id,
        template=asked.template,
        period=asked.period,
        unit_id=asked.unit_id,
        sector=form.sector,
        province=unit.province_code or "-",
        unit_code=unit.code or "-",
    )
    return commands.Assign(
        key=key,
        assignment_id=asked.assignment_id,
        version=asked.version,
        due_on=asked.due_on,
        first_day=asked.first_day,
        last_day=asked.last_day,
        assigned_by=asked.assigned_by,
        closes_on=asked.closes_on,
        entered_by=asked.entered_by,
        reshaping=reshaping,
    )
