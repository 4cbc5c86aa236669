"""Who asks for which report, and the one transaction in which it is looked at and changed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request

from contracts.templates import TemplateV1
from kernel.auth import Allow, Principal
from kernel.calendar import today
from kernel.errors import NotFound
from kernel.event_store import Recorded, UnitOfWork
from kernel.handler import Outcome, Prepared, handle_prepared, load_state
from kernel.runtime import Runtime
from kernel.web import context_of, now_of

from ..commands import Command
from ..domain import REPORTS, Report
from ..domain.refusals import NotYourUnit
from ..projections import keeping
from ..queries.known import Known
from ..queries.revisions import Surroundings, surroundings
from ..queries.scope import READERS, Scope, scope_of

Reader = Annotated[Principal, Depends(Allow(*READERS))]
Writer = Annotated[Principal, Depends(Allow("data_entry"))]
Keep = Callable[[Any, Sequence[Recorded]], Awaitable[None]]


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def known_of(request: Request) -> Known:
    known: Known = request.app.state.known
    return known


def scope_for(request: Request, principal: Principal) -> Scope:
    return scope_of(principal, known_of(request).tree, today(now_of(request)))


@dataclass(frozen=True)
class Opened:
    """A report under its stream's lock, with its form."""

    work: UnitOfWork
    report: Report
    form: TemplateV1


@dataclass(frozen=True)
class Change:
    """What shall be done to an opened report, and what is kept beside the event."""

    command: Command
    keep: tuple[Keep, ...] = ()


async def change(request: Request, principal: Principal, report_id: UUID, decide_on: Callable[[Opened], Awaitable[Change]]) -> Outcome:
    """Opens the report for one of its unit's officers and runs what `decide_on` makes of it, in one transaction.

    Raises NotFound outside the caller's scope, NotYourUnit where he sees it but doesn't fill it in.
    """
    runtime, scope = runtime_of(request), scope_for(request, principal)

    async def prepare(work: UnitOfWork) -> Prepared:
        opened = await open_report(request, work, report_id)
        check_holder(opened, scope, principal)
        wanted = await decide_on(opened)
        return Prepared(REPORTS, wanted.command, keeping(*wanted.keep))

    return await handle_prepared(runtime.store, f"report/{report_id}", prepare, await context_of(request, principal))


async def open_report(request: Request, work: UnitOfWork, report_id: UUID) -> Opened:
    """Raises NotFound where nobody has been asked for it."""
    _, report = await load_state(work, runtime_of(request).store, REPORTS, f"report/{report_id}")
    if report.key is None:
        raise NotFound("Không có báo cáo này")
    form = await known_of(request).forms.get(work.connection, report.key.template, report.form_version)
    if form is None:
        raise NotFound("Không có biểu mẫu của báo cáo này")
    return Opened(work, report, form)


def check_holder(opened: Opened, scope: Scope, principal: Principal) -> None:
    if not scope.covers(facts_of(opened)):
        raise NotFound("Không có báo cáo này")
    if not principal.holds("data_entry", opened.report.holder, opened.report.known.sector):
        raise NotYourUnit()


def facts_of(opened: Opened) -> Mapping[str, Any]:
    """What a scope looks at, from the stream instead of the row."""
    report, key = opened.report, opened.report.known
    return {
        "holder": report.holder,
        "unit_id": key.unit_id,
        "province": key.province,
        "sector": key.sector,
        "owner_id": opened.form.owner_id,
        "assigned_by": report.assigned_by,
    }


async def around(request: Request, opened: Opened) -> Surroundings:
    known = known_of(request)
    return await surroundings(opened.work.connection, known.forms, known.revisions, opened.report, opened.form)
