"""Decisions and withdrawals, of one report or of many."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from kernel import texts
from kernel.auth import Allow, Principal

from ..commands import Decide, Withdraw
from .running import MOST_IN_BULK, Chosen, call_of, done, each, run_on_report

router = APIRouter()

Deciding = Annotated[Principal, Depends(Allow("leader", "verifier", "compiler"))]
Reporting = Annotated[Principal, Depends(Allow("data_entry", "leader"))]


class Decisions(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "decision": "return",
                    "note": "Xin kiểm tra lại các ô đã nêu",
                    "reports": [{"id": "0d0c2f54-5a58-5c6e-9d4f-0f8d5f0f6a11", "revision": 1, "cells": ["kham_benh.thang_nay"]}],
                }
            ]
        }
    )
    decision: Literal["send", "reject", "verify", "approve", "return"]
    reports: list[Chosen] = Field(min_length=1, max_length=MOST_IN_BULK)
    note: str = Field("", max_length=4000)


class Withdrawals(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"reports": [{"id": "0d0c2f54-5a58-5c6e-9d4f-0f8d5f0f6a11", "revision": 1, "note": "Còn thiếu số liệu"}]}]
        }
    )
    reports: list[Chosen] = Field(min_length=1, max_length=MOST_IN_BULK)
    note: str = Field("", max_length=4000)


@router.post("/decisions", tags=["chờ duyệt"], summary="Gửi, từ chối, thẩm định, duyệt, trả lại một hoặc nhiều", operation_id="decide")
async def decide(request: Request, caller: Deciding, body: Decisions) -> Response:
    """Trả lời theo từng báo cáo: `done`, `already` hoặc `refused`; một báo cáo duy nhất bị từ chối thì trả lỗi của nó."""
    call = await call_of(request, caller)

    async def one(n: int) -> dict[str, Any]:
        chosen = body.reports[n]
        note = texts.seal(chosen.note.strip() or body.note)
        outcome, item = await run_on_report(
            call,
            chosen.id,
            note,
            lambda item, seats: Decide(
                item, body.decision, chosen.revision, caller.id, seats, note.digest, tuple(chosen.cells), chosen.due_on
            ),
            cells=chosen.cells,
            n=n,
        )
        return done(chosen.id, chosen.revision, outcome, item)

    return await each([(chosen.id, chosen.revision) for chosen in body.reports], one)


@router.post("/withdrawals", tags=["chờ duyệt"], summary="Thu hồi báo cáo đã trình hoặc đã gửi", operation_id="withdraw")
async def withdraw(request: Request, caller: Reporting, body: Withdrawals) -> Response:
    """Lần trình bị thu hồi không còn giá trị; báo cáo trở lại nhập liệu."""
    call = await call_of(request, caller)

    async def one(n: int) -> dict[str, Any]:
        chosen = body.reports[n]
        note = texts.seal(chosen.note.strip() or body.note)
        outcome, item = await run_on_report(
            call, chosen.id, note, lambda item, seats: Withdraw(item, chosen.revision, caller.id, seats, note.digest), n=n
        )
        return done(chosen.id, chosen.revision, outcome, item)

    return await each([(chosen.id, chosen.revision) for chosen in body.reports], one)
