"""The reasons that were typed here, which events hold only as salted hashes: read within the caller's scope, erased for good."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from kernel.errors import Malformed, NotFound
from kernel.event_store import Recorded
from kernel.handler import handle
from kernel.texts import read, seal
from kernel.web import context_of, json_response

from ..commands import EraseText
from ..domain.text import TEXT
from ..queries.assignments import visible_reports
from ..queries.scope import assignment_scope
from .asking import Administrator, runtime_of, today_of, tree_of
from .assignments import Looker

router = APIRouter(tags=["giao báo cáo"])

MOST_TEXTS = 200


class Erasure(BaseModel):
    reason: str = Field("", max_length=2000, examples=["Có thông tin cá nhân"])


@router.get("/texts", summary="Lý do đã ghi (hủy giao, gia hạn, mở lại)", operation_id="read_texts")
async def read_texts(
    request: Request, caller: Looker, events: Annotated[str, Query(description="Các mã sự kiện, cách nhau bằng dấu phẩy")]
) -> Response:
    """{event id: text, or null where it was erased}. What the caller may not see is left out."""
    pool, scope = runtime_of(request).pool, assignment_scope(caller, tree_of(request), today_of(request))
    kept = await read(pool, _ids(events))
    visible = await visible_reports(pool, scope, [UUID(subject.removeprefix("report/")) for subject, _ in kept.values()])
    return json_response({str(event): text for event, (subject, text) in kept.items() if UUID(subject.removeprefix("report/")) in visible})


@router.delete(
    "/texts/{event_id}",
    status_code=204,
    summary="Xóa hẳn một lý do đã ghi; nhật ký vẫn kiểm chứng được",
    operation_id="erase_text",
)
async def erase_text(request: Request, caller: Administrator, event_id: UUID, body: Erasure) -> Response:
    runtime = runtime_of(request)
    if not await read(runtime.pool, [event_id]):
        raise NotFound("Không có lời ghi này")

    async def project(connection: Any, recorded: Sequence[Recorded], state: Any) -> None:
        await connection.execute("UPDATE text_kept SET text = NULL, salt = NULL WHERE event_id = $1", event_id)

    command = EraseText(event_id, seal(body.reason).digest)
    await handle(runtime.store, TEXT, f"text/{event_id}", command, await context_of(request, caller), project=project)
    return Response(status_code=204)


def _ids(events: str) -> list[UUID]:
    try:
        ids = [UUID(one) for one in events.split(",") if one.strip()]
    except ValueError as failure:
        raise Malformed("Mã sự kiện không hợp lệ", field="events") from failure
    if len(ids) > MOST_TEXTS:
        raise Malformed(f"Mỗi lần xem tối đa {MOST_TEXTS} sự kiện", field="events")
    return ids
