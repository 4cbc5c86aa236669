"""What happened to a report, to a cell, and what a revision was."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from kernel import texts
from kernel.errors import NotFound
from kernel.web import json_response

from ..queries import histories, reports
from .asking import Reader, known_of, runtime_of, scope_for
from .submitting import explanation_id

router = APIRouter(tags=["lịch sử"])


@router.get("/reports/{report_id}/history", summary="Lịch sử của báo cáo", operation_id="reportHistory")
async def report_history(request: Request, caller: Reader, report_id: UUID) -> Response:
    pool, scope = runtime_of(request).pool, scope_for(request, caller)
    row = await reports.find(pool, report_id, scope)
    is_own = scope.sees_drafts(row)
    revisions = [one for one in await histories.revisions_of(pool, report_id) if is_own or _was_sent(one)]
    return json_response({"items": await histories.events_of(pool, report_id, with_internal=is_own), "revisions": revisions})


def _was_sent(revision: dict[str, Any]) -> bool:
    return revision["sent_at"] is not None or revision["approved_at"] is not None


@router.get("/reports/{report_id}/cells/{key}/history", summary="Lịch sử của một ô: ai, khi nào, cũ → mới", operation_id="cellHistory")
async def cell_history(request: Request, caller: Reader, report_id: UUID, key: str) -> Response:
    """The unit's own see every change, others the figure of each revision that was sent."""
    pool, scope = runtime_of(request).pool, scope_for(request, caller)
    row = await reports.find(pool, report_id, scope)
    if scope.sees_drafts(row):
        return json_response({"cell": key, "items": await histories.cell_history(pool, report_id, key)})
    sent = [one for one in await histories.revisions_of(pool, report_id) if _was_sent(one)]
    figures = await known_of(request).revisions.figures(pool, [(report_id, one["revision"]) for one in sent])
    items = [
        {
            "event_id": one["event_id"],
            "revision": one["revision"],
            "at": one["submitted_at"],
            "by": one["submitted_by"],
            "after": figures.get((report_id, one["revision"]), {}).get(key),
        }
        for one in sent
    ]
    return json_response({"cell": key, "items": items})


@router.get("/reports/{report_id}/revisions/{number}", summary="Một lần trình, với số liệu đầy đủ", operation_id="getRevision")
async def get_revision(request: Request, caller: Reader, report_id: UUID, number: int) -> Response:
    pool, scope = runtime_of(request).pool, scope_for(request, caller)
    row = await reports.find(pool, report_id, scope)
    found = await histories.revisions_of(pool, report_id, number)
    if not found or not (scope.sees_drafts(row) or _was_sent(found[0])):
        raise NotFound("Không có lần trình này")
    one = found[0]
    figures = await known_of(request).revisions.of(pool, report_id, number)
    ids = {rule: explanation_id(one["event_id"], rule) for rule in one["warnings"]}
    kept = await texts.read(pool, [one["event_id"], *ids.values()])
    explanations = {rule: kept[event_id][1] for rule, event_id in ids.items() if event_id in kept}
    note = kept[one["event_id"]][1] if one["event_id"] in kept else None
    return json_response({**one, "figures": figures, "note": note, "explanations": explanations})
