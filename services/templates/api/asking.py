"""What the routes of this service take from a request, and how a retry of several streams at once is recognised."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid5

from fastapi import Depends, Query, Request

from kernel.auth import Allow, Principal
from kernel.calendar import today
from kernel.errors import IdempotencyKeyReused, NotFound
from kernel.event_store import AlreadyAppended, Context
from kernel.runtime import Runtime
from kernel.tree import Tree
from kernel.web import now_of

from ..events import TYPES, Template
from ..queries.scope import designing_unit
from ..queries.templates import Draft, get_draft

Reader = Annotated[Principal, Depends(Allow(any_user=True))]
Compiler = Annotated[Principal, Depends(Allow("compiler"))]
Administrator = Annotated[Principal, Depends(Allow("administrator"))]
Limit = Annotated[int, Query(ge=1, le=500)]


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def tree_of(request: Request) -> Tree:
    tree: Tree = request.app.state.tree
    return tree


def today_of(request: Request) -> date:
    """The day of this request on Vietnam's clock."""
    return today(now_of(request))


def unit_in_charge(request: Request, principal: Principal, owner_id: UUID | None, sector: str) -> UUID:
    """The unit in which the caller may work on such a template. Raises NotFound: unknown and not yours are not told apart."""
    unit = designing_unit(principal, tree_of(request), owner_id, sector)
    if unit is None:
        raise NotFound("Không có biểu mẫu này, hoặc biểu mẫu không thuộc phạm vi phụ trách của đơn vị bạn")
    return unit


async def draft_in_charge(request: Request, principal: Principal, code: str) -> Draft:
    """The draft (or newest version) of a template that the caller may work on. Raises NotFound."""
    draft = await get_draft(runtime_of(request).pool, code)
    if draft is None:
        raise NotFound("Không có biểu mẫu này, hoặc biểu mẫu không thuộc phạm vi phụ trách của đơn vị bạn")
    unit_in_charge(request, principal, draft.template.owner_id, draft.template.sector)
    return draft


def actions_on(request: Request, principal: Principal, template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the caller may do with a template in this service and, where not, why."""
    is_in_charge = "compiler" in principal.roles and designing_unit(principal, tree_of(request), template["owner_id"], template["sector"])
    if not is_in_charge:
        why = {"allowed": False, "why": "Biểu mẫu không thuộc phạm vi phụ trách của đơn vị bạn"}
        return {"edit": why, "publish": why, "assign": why}
    unpublished = {"allowed": False, "why": "Biểu mẫu chưa được ban hành"}
    return {"edit": {"allowed": True}, "publish": {"allowed": True}, "assign": {"allowed": True} if template["latest"] else unpublished}


def per_stream(context: Context) -> Context:
    """For one request over several streams: ids that differ from stream to stream and that a retry meets again."""
    return replace(context, event_id=lambda stream, n: uuid5(context.event_id(stream, n), stream))


async def refuse_another_body(runtime: Runtime, repeated: AlreadyAppended, context: Context) -> None:
    """The same Idempotency-Key again: fine for the same request, refused for another one."""
    async with runtime.store.begin() as work:
        stored = await work.find(repeated.event_id, TYPES)
    if stored is None or stored.request_hash != context.request_hash:
        raise IdempotencyKeyReused()


def template_head(template: Template) -> dict[str, Any]:
    return {"owner_id": template.owner_id, "sector": template.sector, "latest": template.version}
