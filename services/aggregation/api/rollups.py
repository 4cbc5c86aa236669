"""Figures of a form at a node: the rollup."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from kernel.web import json_response

from ..queries import figures as figures_
from ..queries.look import looking, point_of
from .asking import AsOf, Lens, Reader, Restating

routes = APIRouter(tags=["số liệu tổng hợp"])

EXAMPLE = {
    "seq": 1520,
    "lens": "approved",
    "template": "YT-THANG",
    "version": 1,
    "period": "2026-03",
    "unit": {"id": "018f…", "code": "52", "name": "Gia Lai", "level": "province"},
    "coverage": {"reported": 118, "expected": 135},
    "policy": {"mode": "mark", "share": "1"},
    "cells": {"r1.th_thang": {"value": {"number": "1310"}, "given": 118, "expected": 135, "marked": True}},
    "source": {"kind": "units"},
}


@routes.get(
    "/rollups/{template}/{period}/{unit}",
    summary="Số liệu của một biểu mẫu, một kỳ, tại một đơn vị",
    description="Số liệu cộng từ các đơn vị báo cáo, công thức tính lại tại đơn vị, kèm tỷ lệ đã báo cáo và số thứ tự nhật ký.",
    responses={200: {"content": {"application/json": {"example": EXAMPLE}}}},
)
async def get_rollup(
    request: Request,
    caller: Reader,
    template: str,
    period: str,
    unit: UUID,
    as_of: AsOf = None,
    lens: Lens = "approved",
    figures: Restating = "as_reported",
) -> Response:
    async with looking(request) as look:
        _, node, rows = await figures_.seen(look, caller, template, period, unit)
        seq = await point_of(look, as_of, request)
        found = await figures_.figures_at(look, template, period, unit, figures_.LENS[lens], seq, restated=figures == "restated")
        answer: dict[str, Any] = {
            "seq": seq,
            "figures": figures,
            "unit": figures_.unit_words(node),
            **figures_.form_words(found, rows),
            "cells": figures_.cells_words(found, rows),
            "source": figures_.source_words(found),
            "waiting": await figures_.waiting_reports(look, template, period, unit),
        }
    return json_response(answer)
