"""Notes and explanations, which the log holds only as salted hashes: read within the caller's scope, and erased for good."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from contracts.submissions import TextErasedV1
from kernel import texts
from kernel.auth import Allow, Principal
from kernel.errors import Malformed, NotFound
from kernel.handler import handle_in
from kernel.web import context_of, json_response, read_body

from .. import events
from ..domain import COPIES, Copy
from ..queries import histories, reports
from . import bodies
from .asking import Reader, runtime_of, scope_for

router = APIRouter(tags=["lịch sử"])
MOST = 200


@router.get("/texts", summary="Lời ghi kèm các sự kiện", operation_id="getTexts")
async def get_texts(
    request: Request, caller: Reader, events: Annotated[str, Query(description="các mã sự kiện, cách nhau bằng dấu phẩy")]
) -> Response:
    """{event id: text, or null where it was erased}. What the caller may not see is left out."""
    pool, scope = runtime_of(request).pool, scope_for(request, caller)
    kept = await texts.read(pool, _ids(events))
    sent = await histories.sent_events(pool, kept)
    wanted = {UUID(subject.removeprefix("report/")) for subject, _ in kept.values()}
    rows = await reports.rows_of(pool, wanted)
    told = {}
    for event_id, (subject, text) in kept.items():
        row = rows.get(UUID(subject.removeprefix("report/")))
        if row is not None and scope.covers(row) and (scope.sees_drafts(row) or event_id in sent):
            told[str(event_id)] = text
    return json_response(told)


def _ids(listed: str) -> list[UUID]:
    try:
        ids = [UUID(one) for one in listed.split(",") if one.strip()]
    except ValueError as failure:
        raise Malformed("events phải là các mã sự kiện, cách nhau bằng dấu phẩy") from failure
    if len(ids) > MOST:
        raise Malformed(f"Mỗi lần xem tối đa {MOST} sự kiện")
    return ids


@router.delete(
    "/texts/{event_id}",
    summary="Xóa hẳn một lời ghi; chuỗi nhật ký vẫn kiểm chứng được",
    operation_id="eraseText",
    openapi_extra=bodies.ERASURE,
)
async def erase(request: Request, caller: Annotated[Principal, Depends(Allow("administrator"))], event_id: UUID) -> Response:
    runtime, body = runtime_of(request), await read_body(request, bodies.Erasure)
    if not body.reason.strip():
        raise Malformed("Cần nêu lý do xóa")
    context = await context_of(request, caller)
    async with runtime.store.begin() as work:
        erased = await work.connection.fetchval(
            "UPDATE text_kept SET text = NULL, salt = NULL WHERE event_id = $1 AND text IS NOT NULL RETURNING event_id", event_id
        )
        if erased is None:
            raise NotFound("Không có lời ghi này")
        said = TextErasedV1(event_id, texts.seal(body.reason).digest)
        event = events.TextErased({"event_id": str(said.event_id), "reason": said.reason})
        await handle_in(work, runtime.store, COPIES, f"text/{event_id}", Copy(event), context)
    return Response(status_code=204)
