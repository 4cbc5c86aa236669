"""Units and their changes go into the tree and the log; a reorganisation moves reports to the successors; tokens end early."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from contracts.identity import UnitChangedV1, UnitRegisteredV1, UnitsReorganisedV1, UserChangedV1, UserDisabledV1
from contracts.ids import report_id_of
from contracts.tree import keep_reorganisation, keep_unit
from kernel.event_store import UnitOfWork
from kernel.inbox import React
from kernel.message import Envelope
from kernel.runtime import Runtime

from .. import commands, events
from ..queries.known import Known
from .writing import copy, tell_report

_OF_ENDED = """
SELECT report_id, template, form_version, sector, period, unit_id, assignment_id, assigned_by, entered_by, due_on, first_day, last_day
FROM report WHERE unit_id = ANY($1) AND last_day >= $2 AND state <> 'cancelled' AND approved_revision = 0 ORDER BY report_id
"""
_WAITING_FOR = "SELECT report_id FROM report WHERE route_units && $1 ORDER BY report_id"


def reactions(runtime: Runtime, known: Known) -> Mapping[str, tuple[type, React]]:
    reacting = _Identity(runtime, known)
    return {
        "vn.ktxh.identity.unit_registered.v1": (UnitRegisteredV1, reacting.registered),
        "vn.ktxh.identity.unit_changed.v1": (UnitChangedV1, reacting.changed),
        "vn.ktxh.identity.units_reorganised.v1": (UnitsReorganisedV1, reacting.reorganised),
        "vn.ktxh.identity.user_changed.v1": (UserChangedV1, reacting.user_changed),
        "vn.ktxh.identity.user_disabled.v1": (UserDisabledV1, reacting.user_disabled),
    }


class _Identity:
    def __init__(self, runtime: Runtime, known: Known) -> None:
        self._runtime, self._known = runtime, known

    async def registered(self, work: UnitOfWork, envelope: Envelope, unit: UnitRegisteredV1) -> None:
        await self._unit(work, envelope, events.UnitRegistered, unit)

    async def changed(self, work: UnitOfWork, envelope: Envelope, unit: UnitChangedV1) -> None:
        await self._unit(work, envelope, events.UnitChanged, unit)

    async def _unit(self, work: UnitOfWork, envelope: Envelope, event: type[events.Copied], unit: UnitRegisteredV1) -> None:
        await keep_unit(self._known.tree, work.connection, unit)
        labels = {"province": unit.province_code or "-", "unit": unit.code or "-"}
        await copy(work, self._runtime, envelope, f"unit/{unit.unit_id}", event, unit, **labels)

    async def reorganised(self, work: UnitOfWork, envelope: Envelope, change: UnitsReorganisedV1) -> None:
        await keep_reorganisation(self._known.tree, work.connection, change)
        await copy(work, self._runtime, envelope, f"reorganisation/{change.reorganisation_id}", events.UnitsReorganised, change)
        rows = await work.connection.fetch(_OF_ENDED, list(change.ended), change.effective_on)
        openings: dict[UUID, commands.Assign] = {}
        for row in rows:
            openings |= {opening.key.report_id: opening for opening in self._openings(row, change)}
        waiting = await work.connection.fetch(_WAITING_FOR, list(change.ended))
        touched = {row["report_id"] for row in (*rows, *waiting)} | openings.keys()
        await work.lock([f"report/{report_id}" for report_id in touched])
        for row in rows:
            cancel = commands.Cancel(row["assignment_id"] or change.reorganisation_id, "reorganisation")
            await tell_report(work, self._runtime, envelope, row["report_id"], cancel, reaction="end")
        for report_id, opening in openings.items():
            await tell_report(work, self._runtime, envelope, report_id, opening, reaction="succeed")
        await self._pass_over(work, envelope, change, [row["report_id"] for row in waiting])

    def _openings(self, row: Any, change: UnitsReorganisedV1) -> list[commands.Assign]:
        """The successors' reports of the same form and period, due as the ended unit's was."""
        successors = [one.to_unit for one in change.successions if one.from_unit == row["unit_id"]]
        return [self._opening(row, unit_id) for unit_id in successors if unit_id in self._known.tree and row["due_on"] is not None]

    def _opening(self, row: Any, unit_id: UUID) -> commands.Assign:
        node = self._known.tree.get(unit_id)
        assert node is not None
        key = commands.ReportKey(
            report_id=report_id_of(row["template"], row["period"], unit_id),
            template=row["template"],
            period=row["period"],
            unit_id=unit_id,
            sector=row["sector"],
            province=node.province_code or "-",
            unit_code=node.code or "-",
        )
        return commands.Assign(
            key=key,
            assignment_id=row["assignment_id"],
            version=row["form_version"],
            due_on=row["due_on"],
            first_day=row["first_day"],
            last_day=row["last_day"],
            assigned_by=row["assigned_by"],
            entered_by=row["entered_by"],
        )

    async def _pass_over(self, work: UnitOfWork, envelope: Envelope, change: UnitsReorganisedV1, report_ids: list[UUID]) -> None:
        """Steps of ended units are passed over where nobody acts for them."""
        succeeded = {one.from_unit for one in change.successions if one.acts}
        gone = frozenset(change.ended) - succeeded
        for report_id in report_ids if gone else []:
            await tell_report(work, self._runtime, envelope, report_id, commands.PassStepOver(gone), reaction="pass-over")

    async def user_changed(self, work: UnitOfWork, envelope: Envelope, user: UserChangedV1) -> None:
        if user.not_before is not None:
            await self._runtime.not_before.note(work.connection, user.user_id, user.not_before)

    async def user_disabled(self, work: UnitOfWork, envelope: Envelope, user: UserDisabledV1) -> None:
        await self._runtime.not_before.note(work.connection, user.user_id, user.not_before)
