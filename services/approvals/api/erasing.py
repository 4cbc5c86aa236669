"""Erasing a note or reason that holds what must not be kept; the log goes on verifying."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from kernel.auth import Allow, Principal
from kernel.errors import NotFound
from kernel.event_store import Recorded
from kernel.handler import handle
from kernel.runtime import Runtime
from kernel.texts import read, seal
from kernel.web import context_of

from ..commands import EraseText
from ..domain import TEXT

router = APIRouter()
Administrator = Annotated[Principal, Depends(Allow("administrator"))]


class Erasure(BaseModel):
    reason: str = Field("", max_length=2000, examples=["Có thông tin cá nhân"])


@router.delete(
    "/texts/{event_id}",
    status_code=204,
    tags=["chờ duyệt"],
    summary="Xóa hẳn một lý do, ghi chú đã ghi; nhật ký vẫn kiểm chứng được",
    operation_id="eraseText",
)
async def erase_text(request: Request, caller: Administrator, event_id: UUID, body: Erasure) -> Response:
    runtime: Runtime = request.app.state.runtime
    if not await read(runtime.pool, [event_id]):
        raise NotFound("Không có lời ghi này")

    async def project(connection: Any, recorded: Sequence[Recorded], state: Any) -> None:
        await connection.execute("UPDATE text_kept SET text = NULL, salt = NULL WHERE event_id = $1", event_id)

    command = EraseText(event_id, seal(body.reason).digest)
    await handle(runtime.store, TEXT, f"text/{event_id}", command, await context_of(request, caller), project=project)
    return Response(status_code=204)
