"""Published versions: they never change, so they may be kept for ever by whoever reads them."""

from fastapi import APIRouter, Request, Response

from kernel.errors import NotFound
from kernel.web import etag, json_response

from ..calculation.comparison import compare
from ..events import Template
from ..queries import templates
from .asking import Reader, actions_on, runtime_of, template_head

router = APIRouter(tags=["biểu mẫu"])

KEPT_FOR_EVER = "private, max-age=31536000, immutable"


async def published(request: Request, code: str, version: int | None) -> Template:
    """A published version, or the newest. Raises NotFound."""
    template = await templates.get_version(runtime_of(request).pool, code, version)
    if template is None:
        raise NotFound("Không có biểu mẫu hoặc phiên bản này")
    return template


@router.get("/templates/{code}", summary="Biểu mẫu: phiên bản mới nhất và việc bạn được làm", operation_id="get_template")
async def get_template(request: Request, caller: Reader, code: str) -> Response:
    template = await published(request, code, None)
    return json_response({"template": template, "actions": actions_on(request, caller, template_head(template))})


@router.get("/templates/{code}/versions", summary="Các phiên bản đã ban hành", operation_id="list_versions")
async def list_versions(request: Request, _: Reader, code: str) -> Response:
    items = await templates.list_versions(runtime_of(request).pool, code)
    if not items:
        raise NotFound("Không có biểu mẫu này, hoặc biểu mẫu chưa được ban hành")
    return json_response({"items": items, "next": None})


@router.get("/templates/{code}/versions/{version}", summary="Một phiên bản biểu mẫu", operation_id="get_version")
async def get_version(request: Request, _: Reader, code: str, version: int) -> Response:
    document = await templates.get_document(runtime_of(request).pool, code, version)
    if document is None:
        raise NotFound("Không có biểu mẫu hoặc phiên bản này")
    return Response(document, media_type="application/json", headers={"ETag": etag(version), "Cache-Control": KEPT_FOR_EVER})


@router.get("/templates/{code}/versions/{version}/compare/{other}", summary="So sánh hai phiên bản", operation_id="compare_versions")
async def compare_versions(request: Request, _: Reader, code: str, version: int, other: int) -> Response:
    before, after = await published(request, code, version), await published(request, code, other)
    return json_response({"code": code, "from": version, "to": other, **compare(before, after)})
