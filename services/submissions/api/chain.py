"""The log's own proof: the chain recomputed, and single entries proved without the rest."""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from kernel.auth import Allow, Principal, public_keys
from kernel.errors import Malformed
from kernel.web import json_response

from ..queries import chain
from .asking import runtime_of

router = APIRouter(tags=["nhật ký"])
Verifier = Annotated[Principal, Depends(Allow("operator", services=True))]


@router.get("/log/verify", summary="Kiểm chứng chuỗi băm của nhật ký (NDJSON, vừa kiểm vừa báo)", operation_id="verifyLog")
async def verify(
    request: Request,
    _: Verifier,
    checkpoint: Annotated[str | None, Query(description="điểm kiểm đã lưu ở nơi khác, dạng JSON")] = None,
    deep: Annotated[bool, Query(description="so cả nội dung lưu với nội dung đã băm (chậm hơn)")] = False,
) -> Response:
    """One line per window with what was counted, and a last one with `done`, `ok` and every problem."""
    definition = runtime_of(request).definition
    contents = chain.Contents(definition.name, definition.types, definition.publish) if deep else None
    return StreamingResponse(_lines(request, _read(checkpoint), contents), media_type="application/x-ndjson")


def _read(text: str | None) -> chain.Checkpoint | None:
    try:
        return None if text is None else msgspec.json.decode(text, type=chain.Checkpoint)
    except msgspec.MsgspecError as failure:
        raise Malformed("checkpoint phải là JSON của một điểm kiểm") from failure


async def _lines(request: Request, kept_outside: chain.Checkpoint | None, contents: chain.Contents | None) -> AsyncIterator[bytes]:
    runtime, began = runtime_of(request), time.perf_counter()
    key = public_keys(runtime.settings)[runtime.definition.name]
    async for so_far, is_done in chain.verified(runtime.pool, key, kept_outside, contents):
        line: dict[str, Any] = {"verified": so_far.seq, "problems": len(so_far.problems), "done": is_done}
        if is_done:
            line |= {
                "ok": not so_far.problems,
                "head": so_far.head.hex(),
                "root": so_far.root().hex(),
                "checkpoints": so_far.checkpoints,
                "found": so_far.problems,
                "seconds": f"{time.perf_counter() - began:.3f}",
            }
        yield msgspec.json.encode(line) + b"\n"


@router.get("/log/{seq}/proof", summary="Bằng chứng một sự kiện nằm trong nhật ký (RFC 6962)", operation_id="proveEntry")
async def proof(request: Request, _: Verifier, seq: Annotated[int, Path(ge=1)]) -> Response:
    """The siblings from the entry's hash to the root that the newest checkpoint signs."""
    proved = await chain.prove(runtime_of(request).pool, seq)
    path = [{"side": step.side, "hash": step.hash.hex()} for step in proved.path]
    body = {"seq": seq, "event_id": proved.event_id, "entry_hash": proved.entry_hash, "path": path, "checkpoint": proved.checkpoint}
    return json_response(body)
