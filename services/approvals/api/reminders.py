"""Reminders to those who are late."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from kernel import texts
from kernel.auth import Allow, Principal
from kernel.web import json_response

from .. import queries
from ..commands import Item, Remind
from .shared import MOST_IN_BULK, Chosen, each, on_report, visible

router = APIRouter()

Reminding = Annotated[Principal, Depends(Allow("leader", "verifier", "compiler"))]
Reading = Annotated[Principal, Depends(Allow("data_entry", "leader", "verifier", "compiler", "executive"))]


class Reminders(BaseModel):
    reports: list[UUID] = Field(min_length=1, max_length=MOST_IN_BULK)
    text: str = Field(min_length=1, max_length=4000)


@router.post("/reminders", tags=["đôn đốc"], summary="Đôn đốc một hoặc nhiều báo cáo", operation_id="remind")
async def remind(request: Request, caller: Reminding, body: Reminders) -> Response:
    note = texts.seal(body.text)

    async def one(chosen: Chosen) -> dict[str, Any]:
        return await on_report(request, caller, chosen, note, lambda item, seats: _reminder(item, caller.id, note.digest))

    return await each([Chosen(id=report, revision=1, note="", cells=[], due_on=None) for report in body.reports], one)


def _reminder(item: Item, actor: str, digest: str) -> Remind:
    """Addressed to whoever holds the ball in the reporting unit: its leader once it was submitted, else its officer."""
    to_role = "leader" if item.revision > item.approved_revision and not item.is_closed else "data_entry"
    return Remind(item, item.unit_id, to_role, actor, digest)


@router.get("/reminders", tags=["đôn đốc"], summary="Các lần đôn đốc của một báo cáo", operation_id="listReminders")
async def list_reminders(request: Request, caller: Reading, report: UUID) -> Response:
    async with request.app.state.runtime.pool.acquire() as connection:
        await visible(request, caller, connection, report)
        return json_response({"items": await queries.list_reminders(connection, report)})
