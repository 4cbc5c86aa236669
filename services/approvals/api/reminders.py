"""Reminders to those who are late."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from kernel import texts
from kernel.auth import Allow, Principal
from kernel.errors import Malformed
from kernel.web import json_response

from .. import queries
from ..commands import Remind
from .running import MOST_IN_BULK, call_of, done, each, run_on_report, scope_of, visible

router = APIRouter()

Reminding = Annotated[Principal, Depends(Allow("leader", "verifier", "compiler"))]
Reading = Annotated[Principal, Depends(Allow(*queries.READERS))]


class Reminders(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reports": ["0d0c2f54-5a58-5c6e-9d4f-0f8d5f0f6a11"], "text": "Đề nghị gửi báo cáo trước ngày 17"}]}
    )
    reports: list[UUID] = Field(min_length=1, max_length=MOST_IN_BULK)
    text: str = Field(min_length=1, max_length=4000)


@router.post("/reminders", tags=["đôn đốc"], summary="Đôn đốc một hoặc nhiều báo cáo", operation_id="remind")
async def remind(request: Request, caller: Reminding, body: Reminders) -> Response:
    """Gửi tới người đang giữ báo cáo ở đơn vị: cán bộ nhập liệu, hoặc lãnh đạo khi đã trình."""
    note = texts.seal(body.text)
    if not note.digest:
        raise Malformed("Cần có nội dung đôn đốc", field="text")
    call = await call_of(request, caller)

    async def one(n: int) -> dict[str, Any]:
        report_id = body.reports[n]
        outcome, item = await run_on_report(call, report_id, note, lambda item, seats: Remind(item, caller.id, note.digest), n=n)
        return done(report_id, None, outcome, item)

    return await each([(report_id, None) for report_id in body.reports], one)


@router.get("/reminders", tags=["đôn đốc"], summary="Các lần đôn đốc của một báo cáo", operation_id="listReminders")
async def list_reminders(request: Request, caller: Reading, report: UUID) -> Response:
    async with request.app.state.runtime.pool.acquire() as connection:
        await visible(connection, report, scope_of(request, caller))
        return json_response({"items": await queries.list_reminders(connection, report)})
