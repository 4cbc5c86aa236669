"""Submitting one's own report to the leader, filled in or nil."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from fastapi import APIRouter, Request, Response

from kernel import texts
from kernel.auth import Principal
from kernel.calendar import today
from kernel.event_store import Recorded
from kernel.handler import Outcome
from kernel.sheet.model import Value
from kernel.sheet.validation import empty_required, validate
from kernel.web import etag, if_match, json_response, now_of, read_body

from .. import commands
from ..calculation.figures import nils
from ..calculation.route import Place, resolve
from ..events import ReportSubmittedToLeader, Step
from . import bodies
from .asking import Change, Keep, Opened, Writer, around, change, known_of
from .editing import recomputed

router = APIRouter(tags=["trình"])


@router.post("/reports/{report_id}/submit", summary="Trình lãnh đạo", operation_id="submitToLeader", openapi_extra=bodies.SUBMIT)
async def submit(request: Request, caller: Writer, report_id: UUID) -> Response:
    """Against the version in If-Match and no other. With `normalise` the differences shown are accepted with it."""
    seen, body = if_match(request), await read_optional(request, bodies.Submit)
    asked = _Asked(seen, body.note, body.explanations, accept=body.normalise)
    return _submitted(request, await change(request, caller, report_id, asked.by(request, caller)))


@router.post(
    "/reports/{report_id}/nil", summary="Không phát sinh cả biểu: điền và trình", operation_id="reportNil", openapi_extra=bodies.NIL
)
async def report_nil(request: Request, caller: Writer, report_id: UUID) -> Response:
    """Fills every required input with nil and, unless told otherwise, submits."""
    seen, body = if_match(request), await read_optional(request, bodies.Nil)
    if body.submit:
        asked = _Asked(seen, body.note, body.explanations, accept=True, is_nil=True)
        return _submitted(request, await change(request, caller, report_id, asked.by(request, caller)))

    async def filling(opened: Opened) -> Change:
        typable = (await around(request, opened)).carried.typable
        cells = list(nils(opened.form.sheet, opened.report.cells, typable))
        return Change(commands.ReportNil(cells, seen, caller.id))

    return _submitted(request, await change(request, caller, report_id, filling))


async def read_optional(request: Request, type_: Any) -> Any:
    """The body, or what it is without one."""
    return await read_body(request, type_) if (await request.body()).strip() else type_()


class _Asked:
    """One request to submit."""

    def __init__(self, seen: int, note: str, explanations: Mapping[str, str], *, accept: bool, is_nil: bool = False) -> None:
        self._seen, self._accept, self._is_nil = seen, accept, is_nil
        self._note = texts.seal(note)
        self._explanations = {rule: texts.seal(text) for rule, text in explanations.items() if text.strip()}

    def by(self, request: Request, caller: Principal) -> Any:
        async def submitting(opened: Opened) -> Change:
            return Change(await self._command(request, opened, caller), (self._keeping(opened),))

        return submitting

    async def _command(self, request: Request, opened: Opened, caller: Principal) -> commands.Submit:
        surroundings, report, sheet = await around(request, opened), opened.report, opened.form.sheet
        entered = nils(sheet, report.cells, surroundings.carried.typable) if self._is_nil else {}
        cells: dict[str, Value] = {**report.cells, **entered}
        found = recomputed(opened, surroundings, cells)
        is_final = self._accept or not found
        figures = {**cells, **{key: new for key, (_, new) in found.items()}}
        return commands.Submit(
            seen=self._seen,
            by=caller.id,
            route=route_of(request, opened),
            differences=found,
            sources=surroundings.carried.sources,
            findings=validate(sheet, figures, surroundings.previous) if is_final else (),
            empty=empty_required(sheet, figures) if is_final else (),
            entered=entered,
            accept=self._accept,
            explained={rule: sealed.digest for rule, sealed in self._explanations.items()},
            note=self._note.digest,
        )

    def _keeping(self, opened: Opened) -> Keep:
        subject = f"report/{opened.report.known.report_id}"

        async def keep(connection: Any, recorded: Sequence[Recorded]) -> None:
            for one in recorded:
                if isinstance(one.event, ReportSubmittedToLeader):
                    await texts.keep(connection, one.event_id, self._note, subject=subject)
                    for rule in one.event.warnings:
                        await texts.keep(connection, explanation_id(one.event_id, rule), self._explanations[rule], subject=subject)

        return keep


def explanation_id(event_id: UUID, rule: str) -> UUID:
    """Under which the explanation of a rule's warning is kept beside the note of a submit."""
    return uuid5(event_id, f"explanation/{rule}")


def route_of(request: Request, opened: Opened) -> tuple[Step, ...]:
    """The form's route for this report today; of a given plan the giver owns it."""
    report, form = opened.report, opened.form
    is_given = report.entered_by is not None and form.kind == "plan"
    owner_id = report.entered_by if is_given and report.entered_by else form.owner_id
    place = Place(report.holder, report.known.unit_id, owner_id, today(now_of(request)))
    return resolve(form.route, place, known_of(request).tree)


def _submitted(request: Request, outcome: Outcome) -> Response:
    report, tree = outcome.state, known_of(request).tree
    names = {step.unit_id: node.name for step in report.route if (node := tree.get(step.unit_id)) is not None}
    route = [
        {"action": step.action, "role": step.role, "unit_id": step.unit_id, "unit_name": names.get(step.unit_id, "")}
        for step in report.route
    ]
    body = {"version": outcome.version, "state": report.state, "revision": report.revision, "route": route}
    return json_response(body, headers={"ETag": etag(outcome.version)})
