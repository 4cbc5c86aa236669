"""What the routes of approvals have in common: a report read under its lock, a command run on it, an answer per report."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, Field

from kernel import texts
from kernel.auth import Principal
from kernel.calendar import today
from kernel.errors import IdempotencyKeyReused, Malformed, NotFound, Rejected
from kernel.event_store import Context, UnitOfWork
from kernel.handler import Outcome, Prepared, handle_prepared
from kernel.runtime import Runtime
from kernel.web import context_of, json_response, now_of

from .. import queries
from ..commands import Command, Item, Seats
from ..domain import decider, state_word
from ..projections import projecting

MOST_IN_BULK = 500
AT_ONCE = 4  # transactions of one bulk call: each waits for the database most of the time


class Chosen(BaseModel):
    """One report of a bulk decision, at the revision that the person has seen."""

    id: UUID
    revision: int = Field(ge=1)
    note: str = Field("", max_length=4000)
    cells: list[str] = Field([], max_length=1000)
    due_on: date | None = None


@dataclass(frozen=True)
class Call:
    """Who calls, what they may know of, and the context of what they ask."""

    runtime: Runtime
    caller: Principal
    seats: Seats
    scope: queries.Scope
    context: Context

    def nth(self, n: int) -> Context:
        """The context of the n-th report of a bulk call: under one Idempotency-Key each has an event id of its own."""
        if not self.context.is_repeatable:
            return self.context
        ids = self.context.event_id
        return replace(self.context, event_id=lambda stream, k: ids(stream, n + k))  # no command says more than one event


def scope_of(request: Request, caller: Principal) -> queries.Scope:
    return queries.scope_of(caller, request.app.state.tree, today(now_of(request)))


async def call_of(request: Request, caller: Principal) -> Call:
    """Raises IdempotencyKeyReused where the caller's key stands for another request, whatever that did."""
    runtime: Runtime = request.app.state.runtime
    context = await context_of(request, caller)
    if context.is_repeatable:
        ids = [context.event_id("", n) for n in range(MOST_IN_BULK)]
        rows = await runtime.pool.fetch("SELECT DISTINCT request_hash FROM event WHERE event_id = ANY($1)", ids)
        if any(row["request_hash"] != context.request_hash for row in rows):
            raise IdempotencyKeyReused()
    return Call(runtime, caller, queries.seats_of(caller), scope_of(request, caller), context)


async def each(ids: Sequence[tuple[UUID, int | None]], one: Callable[[int], Awaitable[dict[str, Any]]]) -> Response:
    """One transaction per report; those that can't be decided don't stop the others. A single one answers with its problem.

    `ids` are (report, revision); `one` takes the place in them. A few go at once, the answers keep the order of the question.
    """
    if len(ids) == 1:
        return json_response({"items": [await one(0)]})
    items: list[dict[str, Any]] = [{}] * len(ids)
    places = iter(range(len(ids)))

    async def work() -> None:
        for n in places:
            try:
                items[n] = await one(n)
            except Rejected as refusal:
                items[n] = _refused(*ids[n], refusal)

    await asyncio.gather(*(work() for _ in range(min(AT_ONCE, len(ids)))))
    return json_response({"items": items})


def _refused(report_id: UUID, revision: int | None, refusal: Rejected) -> dict[str, Any]:
    wait = getattr(refusal, "retry_after", None)
    return {
        **refusal.parameters,
        **({"retry_after": wait} if wait else {}),
        "id": report_id,
        "revision": revision,
        "outcome": "refused",
        "rule": refusal.rule(),
        "title": refusal.title,
        "detail": refusal.detail,
    }


def done(report_id: UUID, revision: int | None, outcome: Outcome, item: Item) -> dict[str, Any]:
    """The answer of one report that was not refused; `state` is the new one, which pages show until the stream confirms it."""
    return {
        "id": report_id,
        "revision": revision,
        "outcome": "done" if outcome.events and not outcome.is_repeat else "already",
        "state": state_word(item, outcome.state) or "drafting",
        "event_id": outcome.events[0].event_id if outcome.events else None,
    }


async def run_on_report(
    call: Call,
    report_id: UUID,
    note: texts.Sealed,
    command: Callable[[Item, Seats], Command],
    *,
    cells: Sequence[str] = (),
    n: int = 0,
) -> tuple[Outcome, Item]:
    """Reads the report under its lock, checks that the caller may know of it, and runs the command. Raises NotFound, Rejected."""
    stream = f"report/{report_id}"
    seen: list[Item] = []

    async def prepare(work: UnitOfWork) -> Prepared:
        item = await visible(work.connection, report_id, call.scope)
        await _check_cells(work, item, cells)
        seen.append(item)
        return Prepared(decider(item), command(item, call.seats), partial(_project, item, note))

    outcome = await handle_prepared(call.runtime.store, stream, prepare, call.nth(n))
    return outcome, seen[0]


async def _project(item: Item, note: texts.Sealed, connection: Any, recorded: Any, state: Any) -> None:
    await projecting(item)(connection, recorded, state)
    await texts.keep(connection, recorded[0].event_id, note, subject=f"report/{item.report_id}")


async def _check_cells(work: UnitOfWork, item: Item, cells: Sequence[str]) -> None:
    if not cells:
        return
    unknown = await work.connection.fetch(
        "SELECT c FROM unnest($1::text[]) AS c WHERE NOT EXISTS (SELECT FROM template_copy t JOIN item i"
        " ON i.template = t.code AND i.version = t.version WHERE i.report_id = $2 AND c = ANY(t.cells))",
        *(list(cells), item.report_id),
    )
    if unknown:
        raise Malformed("Có ô không thuộc biểu mẫu", cells=[row["c"] for row in unknown])


async def visible(connection: Any, report_id: UUID, scope: queries.Scope) -> Item:
    """Raises NotFound where there is none, or it is nothing of the caller's: the two are not told apart."""
    return queries.item_of(await visible_row(connection, report_id, scope))


async def visible_row(connection: Any, report_id: UUID, scope: queries.Scope) -> queries.Row:
    row = await queries.get_row(connection, report_id)
    if row is None or not scope.covers(row):
        raise NotFound("Không tìm thấy báo cáo")
    return row


def allowed(refusal: Rejected | None) -> dict[str, Any]:
    """Whether a caller may do something and, where not, why."""
    if refusal is None:
        return {"allowed": True}
    return {"allowed": False, "rule": refusal.rule(), "why": refusal.detail or refusal.title}
