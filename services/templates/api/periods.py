"""A period moved to another version of its template."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from kernel.decider import Decider
from kernel.errors import NotFound
from kernel.event_store import AlreadyAppended, Context
from kernel.handler import handle_in
from kernel.web import context_of, json_response

from ..calculation.comparison import only_labels_differ
from ..commands import MoveReports
from ..consumers.opening import period_named, stream_of
from ..domain.assignment import ASSIGNMENT, Assignment
from ..events import Template
from ..projections import project_assignment
from ..queries import assignments, templates
from .asking import Compiler, per_stream, refuse_another_body, runtime_of, unit_in_charge
from .versions import published

router = APIRouter(tags=["giao báo cáo"])


class MoveBody(BaseModel):
    version: int = Field(ge=1)


@router.post(
    "/templates/{code}/periods/{period}/move",
    summary="Chuyển kỳ sang phiên bản biểu mẫu khác",
    description="Từ chối khi đã có báo cáo được duyệt, trừ khi hai phiên bản chỉ khác phần chữ.",
    operation_id="move_period",
)
async def move(request: Request, caller: Compiler, code: str, period: str, body: MoveBody) -> Response:
    target = await published(request, code, body.version)
    unit_in_charge(request, caller, target.owner_id, target.sector)
    context = per_stream(await context_of(request, caller))
    try:
        moved = await _move(request, target, period_named(period).id, context)
    except AlreadyAppended as repeated:
        await refuse_another_body(runtime_of(request), repeated, context)
        moved = []
    return json_response({"template": code, "period": period, "version": body.version, "items": moved})


async def _move(request: Request, target: Template, period: str, context: Context) -> list[dict[str, Any]]:
    runtime, code = runtime_of(request), target.code
    decider: Decider[Assignment, Any] = ASSIGNMENT
    moved = []
    async with runtime.store.begin() as work:
        await work.lock([f"period/{code}/{period}"])
        pinned = await templates.pinned_version(work.connection, code, period)
        if pinned is None:
            raise NotFound("Kỳ này chưa được giao theo biểu mẫu này", period=period)
        before = await templates.get_version(work.connection, code, pinned)
        assert before is not None, "a pinned version is published"
        approved = await templates.approved_reports(work.connection, code, period)
        command = MoveReports(target.version, approved, only_labels_differ(before, target))
        streams = [stream_of(one) for one in await assignments.assignments_of_period(work.connection, code, period)]
        await work.lock(streams)
        for stream in streams:
            outcome = await handle_in(work, runtime.store, decider, stream, command, context, project=project_assignment)
            moved += [{"report_id": one.event.report_id, "unit_id": one.event.unit_id, "outcome": "done"} for one in outcome.events]
        await work.connection.execute(
            "UPDATE pinned_version SET version = $3 WHERE template = $1 AND period = $2", code, period, target.version
        )
    return moved
