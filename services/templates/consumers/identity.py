"""What identity says: units into the tree, grants into the own copy; a reorganisation moves open reports to the successors."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from contracts.identity import (
    UnitChangedV1,
    UnitRegisteredV1,
    UnitsReorganisedV1,
    UserChangedV1,
    UserDisabledV1,
    UserRegisteredV1,
)
from contracts.tree import keep_reorganisation, keep_unit
from kernel.event_store import UnitOfWork
from kernel.handler import handle_in
from kernel.inbox import Consumption, React, caused_by, one_by_one
from kernel.message import Envelope
from kernel.runtime import Runtime
from kernel.texts import keep, seal
from kernel.tree import Node, Tree

from ..commands import AssignReports, CancelReports
from ..domain.assignment import ASSIGNMENT
from ..projections import project_assignment
from ..queries.assignments import live_units
from ..queries.templates import approved_reports
from .opening import stream_of, to_report


def identity(runtime: Runtime, tree: Tree) -> Consumption:
    async def unit(work: UnitOfWork, envelope: Envelope, said: UnitRegisteredV1) -> None:
        await keep_unit(tree, work.connection, said)

    async def reorganised(work: UnitOfWork, envelope: Envelope, said: UnitsReorganisedV1) -> None:
        await keep_reorganisation(tree, work.connection, said)
        await _move_open_reports(work, runtime, tree, envelope, said)

    async def user(work: UnitOfWork, envelope: Envelope, said: UserRegisteredV1 | UserChangedV1) -> None:
        await _replace_grants(work, said.user_id, said.grants)
        if isinstance(said, UserChangedV1) and said.not_before is not None:
            await runtime.not_before.note(work.connection, said.user_id, said.not_before)

    async def disabled(work: UnitOfWork, envelope: Envelope, said: UserDisabledV1) -> None:
        await _replace_grants(work, said.user_id, ())
        await runtime.not_before.note(work.connection, said.user_id, said.not_before)

    reactions: Mapping[str, tuple[type, React]] = {
        "vn.ktxh.identity.unit_registered.v1": (UnitRegisteredV1, unit),
        "vn.ktxh.identity.unit_changed.v1": (UnitChangedV1, unit),
        "vn.ktxh.identity.units_reorganised.v1": (UnitsReorganisedV1, reorganised),
        "vn.ktxh.identity.user_registered.v1": (UserRegisteredV1, user),
        "vn.ktxh.identity.user_changed.v1": (UserChangedV1, user),
        "vn.ktxh.identity.user_disabled.v1": (UserDisabledV1, disabled),
    }
    return one_by_one("identity", reactions)


async def _replace_grants(work: UnitOfWork, user_id: UUID, grants: Any) -> None:
    await work.connection.execute("DELETE FROM user_grant WHERE user_id = $1", user_id)
    await work.connection.executemany(
        "INSERT INTO user_grant VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, role, unit_id) DO UPDATE SET sectors = excluded.sectors",
        [(user_id, grant.role, grant.unit_id, list(grant.sectors)) for grant in grants],
    )


async def _move_open_reports(work: UnitOfWork, runtime: Runtime, tree: Tree, envelope: Envelope, said: UnitsReorganisedV1) -> None:
    """Unapproved reports of ended units for periods that end on or after the day are cancelled, and the successors' opened."""
    rows = await work.connection.fetch(
        "SELECT r.*, a.first_day, a.assigned_by, t.sector FROM expected_report r JOIN assignment a USING (assignment_id)"
        " JOIN template t ON t.code = r.template LEFT JOIN approved_report p USING (report_id)"
        " WHERE r.unit_id = ANY($1) AND r.last_day >= $2 AND NOT r.is_cancelled AND p.report_id IS NULL ORDER BY r.report_id",
        *(list(said.ended), said.effective_on),
    )
    by_assignment = defaultdict[UUID, list[Any]](list)
    for row in rows:
        by_assignment[row["assignment_id"]].append(row)
    for assignment_id, reports in sorted(by_assignment.items()):
        head = reports[0]
        await work.lock([f"period/{head['template']}/{head['period']}"])
        await _cancel(work, runtime, envelope, assignment_id, reports, said.legal_document)
        await _assign_successors(work, runtime, tree, envelope, assignment_id, reports, said)


async def _cancel(work: UnitOfWork, runtime: Runtime, envelope: Envelope, assignment_id: UUID, reports: list[Any], document: str) -> None:
    sealed = seal(f"Đơn vị đã được sắp xếp lại {document}".strip())
    approved = await approved_reports(work.connection, reports[0]["template"], reports[0]["period"])
    command = CancelReports(sealed.digest, approved, frozenset(row["unit_id"] for row in reports))
    context = caused_by(envelope, "cancel-reports-of-ended-units")
    outcome = await handle_in(work, runtime.store, ASSIGNMENT, stream_of(assignment_id), command, context, project=project_assignment)
    for one in outcome.events:
        await keep(work.connection, one.event_id, sealed, subject=f"report/{one.event.report_id}")


async def _assign_successors(
    work: UnitOfWork, runtime: Runtime, tree: Tree, envelope: Envelope, assignment_id: UUID, reports: list[Any], said: UnitsReorganisedV1
) -> None:
    """A successor's report is due when the first of those that went into it was."""
    due: dict[tuple[date, date | None, int, UUID | None], dict[UUID, Node]] = defaultdict(dict)
    for row in sorted(reports, key=lambda row: row["due_on"]):
        for node in _successors(tree, row["unit_id"], said):
            if not any(node.id in nodes for nodes in due.values()):
                due[row["due_on"], row["closes_on"], row["version"], row["entered_by"]][node.id] = node
    for number, ((due_on, closes_on, version, entered_by), nodes) in enumerate(due.items()):
        head = reports[0]
        command = AssignReports(
            assignment_id=assignment_id,
            template=head["template"],
            version=version,
            sector=head["sector"],
            period=head["period"],
            first_day=head["first_day"],
            last_day=head["last_day"],
            due_on=due_on,
            assigned_by=head["assigned_by"],
            units=tuple(to_report(head["template"], head["period"], node) for node in nodes.values()),
            live=await live_units(work.connection, head["template"], head["period"]),
            closes_on=closes_on,
            entered_by=entered_by,
        )
        context = caused_by(envelope, f"assign-successors-{number}")
        await handle_in(work, runtime.store, ASSIGNMENT, stream_of(assignment_id), command, context, project=project_assignment)


def _successors(tree: Tree, unit_id: UUID, said: UnitsReorganisedV1) -> list[Node]:
    """Units of the same level that the ended one went into."""
    ended = tree.get(unit_id)
    targets = (tree.get(one.to_unit, said.effective_on) for one in said.successions if one.from_unit == unit_id)
    return [node for node in targets if node is not None and ended is not None and node.level == ended.level]
