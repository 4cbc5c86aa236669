"""What the routes of approvals have in common: a report read under its lock, a command run on it, an answer per report."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, Field

from kernel import texts
from kernel.auth import Principal
from kernel.errors import Malformed, NotFound, Rejected
from kernel.event_store import Context, UnitOfWork, ids_by_key
from kernel.handler import Outcome, Prepared, handle_prepared
from kernel.runtime import Runtime
from kernel.web import context_of, json_response

from .. import queries
from ..commands import Command, Item, Seats
from ..domain import decider, state_word
from ..projections import projecting

MOST_IN_BULK = 500


class Chosen(BaseModel):
    """One report of a bulk decision, at the revision that the person has seen."""

    id: UUID
    revision: int = Field(ge=1)
    note: str = Field("", max_length=4000)
    cells: list[str] = Field([], max_length=1000)
    due_on: date | None = None


async def each(reports: list[Chosen], one: Callable[[Chosen], Awaitable[dict[str, Any]]]) -> Response:
    """One transaction per report; those that can't be decided don't stop the others. A single one answers with its problem."""
    if len(reports) == 1:
        return json_response({"items": [await one(reports[0])]})
    items = []
    for chosen in reports:
        try:
            items.append(await one(chosen))
        except Rejected as refusal:
            items.append(
                {
                    "id": chosen.id,
                    "revision": chosen.revision,
                    "outcome": "refused",
                    "rule": refusal.rule(),
                    "title": refusal.title,
                    "detail": refusal.detail,
                    **refusal.parameters,
                }
            )
    return json_response({"items": items})


async def on_report(
    request: Request, caller: Principal, chosen: Chosen, note: texts.Sealed, command: Callable[[Item, Seats], Command]
) -> dict[str, Any]:
    outcome, item = await run_on_report(request, caller, chosen.id, note, command, tuple(chosen.cells))
    return {
        "id": chosen.id,
        "revision": chosen.revision,
        "outcome": "done" if outcome.events and not outcome.is_repeat else "already",
        "state": state_word(item, outcome.state) or "drafting",
        "event_id": outcome.events[0].event_id if outcome.events else None,
    }


async def run_on_report(
    request: Request,
    caller: Principal,
    report_id: UUID,
    note: texts.Sealed,
    command: Callable[[Item, Seats], Command],
    cells: tuple[str, ...] = (),
) -> tuple[Outcome, Item]:
    """Reads the report under its lock, checks that the caller may know of it, and runs the command."""
    runtime: Runtime = request.app.state.runtime
    stream = f"report/{report_id}"
    seen: list[Item] = []

    async def prepare(work: UnitOfWork) -> Prepared:
        item = await queries.get_item(work.connection, report_id)
        if item is None or not may_see_item(request, caller, item):
            raise NotFound("Không tìm thấy báo cáo")
        await _check_cells(work, item, cells)
        seen.append(item)

        async def project(connection: Any, recorded: Any, state: Any) -> None:
            await projecting(item)(connection, recorded, state)
            await texts.keep(connection, recorded[0].event_id, note, subject=stream)

        return Prepared(decider(item), command(item, queries.seats_of(caller)), project)

    outcome = await handle_prepared(runtime.store, stream, prepare, await _context(request, caller, report_id))
    return outcome, seen[0]


async def _context(request: Request, caller: Principal, report_id: UUID) -> Context:
    """Each report of a bulk call has ids of its own under the one Idempotency-Key."""
    context = await context_of(request, caller)
    if not context.is_repeatable:
        return context
    key = request.headers["idempotency-key"].strip()
    return replace(context, event_id=ids_by_key(caller.id, f"{key}/{report_id}"))


async def _check_cells(work: UnitOfWork, item: Item, cells: tuple[str, ...]) -> None:
    if not cells:
        return
    unknown = await work.connection.fetch(
        "SELECT c FROM unnest($1::text[]) AS c WHERE NOT EXISTS (SELECT FROM template_copy t JOIN item i"
        " ON i.template = t.code AND i.version = t.version WHERE i.report_id = $2 AND c = ANY(t.cells))",
        *(list(cells), item.report_id),
    )
    if unknown:
        raise Malformed("Có ô không thuộc biểu mẫu", cells=[row["c"] for row in unknown])


def may_see_item(request: Request, caller: Principal, item: Item) -> bool:
    route_units = [step.unit_id for step in (*item.route, *item.last_route)]
    return queries.may_see(caller, request.app.state.tree, item.unit_id, item.sector, route_units)


async def visible(request: Request, caller: Principal, connection: Any, report_id: UUID) -> Item:
    item = await queries.get_item(connection, report_id)
    if item is None or not may_see_item(request, caller, item):
        raise NotFound("Không tìm thấy báo cáo")
    return item


def allowed(refusal: Rejected | None) -> dict[str, Any]:
    """Whether a caller may do something and, where not, why."""
    if refusal is None:
        return {"allowed": True}
    return {"allowed": False, "rule": refusal.rule(), "why": refusal.detail or refusal.title}
