"""What approvals makes of what others say: who waits for whom (submissions), units and seats (identity), names of forms (templates).

The log has the last word: what it says of a decision's effect is taken over here.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from contracts import identity, templates
from contracts import submissions as log
from contracts.approvals import LoggedDecisionV1, LoggedReopeningV1, LoggedReportSentV1
from contracts.tree import keep_reorganisation, keep_unit
from kernel.errors import AwaitsPrerequisite
from kernel.event_store import UnitOfWork
from kernel.handler import load_state
from kernel.inbox import Consumption, one_by_one
from kernel.message import Envelope
from kernel.runtime import Runtime
from kernel.tree import Tree
from kernel.vietnamese import fold

from .commands import Item, Step
from .domain import Progress, decider, is_reopened
from .projections import place
from .queries import get_row, item_of

BACK_TO_DRAFTING = ("", "assigned", "drafting")
"""States that a move to another version leaves, where more than labels differ."""


def consumptions(runtime: Runtime, tree: Tree) -> Sequence[Consumption]:
    reactions = Reactions(runtime, tree)
    return (
        one_by_one(
            "identity",
            {
                "vn.ktxh.identity.unit_registered.v1": (identity.UnitRegisteredV1, reactions.unit),
                "vn.ktxh.identity.unit_changed.v1": (identity.UnitChangedV1, reactions.unit),
                "vn.ktxh.identity.units_reorganised.v1": (identity.UnitsReorganisedV1, reactions.reorganisation),
                "vn.ktxh.identity.user_registered.v1": (identity.UserRegisteredV1, reactions.seats),
                "vn.ktxh.identity.user_changed.v1": (identity.UserChangedV1, reactions.seats),
                "vn.ktxh.identity.user_disabled.v1": (identity.UserDisabledV1, reactions.no_seats),
            },
        ),
        one_by_one("templates", {"vn.ktxh.templates.template_published.v1": (templates.TemplatePublishedV1, reactions.template)}),
        one_by_one(
            "submissions",
            {
                "vn.ktxh.report_assigned.v1": (templates.ReportAssignedV1, reactions.assigned),
                "vn.ktxh.due_date_changed.v1": (templates.DueDateChangedV1, reactions.due_date),
                "vn.ktxh.report_moved.v1": (templates.ReportMovedV1, reactions.moved),
                "vn.ktxh.report_cancelled.v1": (log.ReportCancelledV1, reactions.cancelled),
                "vn.ktxh.report_submitted_to_leader.v1": (log.ReportSubmittedToLeaderV1, reactions.submitted),
                "vn.ktxh.step_passed_over.v1": (log.StepPassedOverV1, reactions.step_passed_over),
                "vn.ktxh.reopening_dropped.v1": (log.ReopeningDroppedV1, reactions.correction_dropped),
                "vn.ktxh.history_recorded.v1": (log.HistoryRecordedV1, reactions.history),
                "vn.ktxh.report_sent.v1": (LoggedReportSentV1, reactions.logged),
                "vn.ktxh.report_rejected.v1": (LoggedDecisionV1, reactions.logged),
                "vn.ktxh.report_verified.v1": (LoggedDecisionV1, reactions.logged),
                "vn.ktxh.report_returned.v1": (LoggedDecisionV1, reactions.logged),
                "vn.ktxh.report_approved.v1": (LoggedDecisionV1, reactions.logged),
                "vn.ktxh.submission_withdrawn.v1": (LoggedDecisionV1, reactions.logged),
                "vn.ktxh.reopening_granted.v1": (LoggedReopeningV1, reactions.reopening_logged),
                "vn.ktxh.reopening_refused.v1": (LoggedReopeningV1, reactions.reopening_logged),
            },
        ),
    )


class Reactions:
    """One method per contract; each writes rows in the given transaction and says nothing of its own."""

    def __init__(self, runtime: Runtime, tree: Tree) -> None:
        self._runtime, self._tree = runtime, tree

    async def unit(self, work: UnitOfWork, envelope: Envelope, unit: identity.UnitRegisteredV1) -> None:
        await keep_unit(self._tree, work.connection, unit)

    async def reorganisation(self, work: UnitOfWork, envelope: Envelope, change: identity.UnitsReorganisedV1) -> None:
        await keep_reorganisation(self._tree, work.connection, change)

    async def seats(self, work: UnitOfWork, envelope: Envelope, user: identity.UserRegisteredV1 | identity.UserChangedV1) -> None:
        await work.connection.execute("DELETE FROM seat WHERE user_id = $1", user.user_id)
        await work.connection.execute(
            "INSERT INTO seat SELECT $1, role, unit FROM unnest($2::text[], $3::uuid[]) AS s(role, unit) ON CONFLICT DO NOTHING",
            *(user.user_id, [grant.role for grant in user.grants], [grant.unit_id for grant in user.grants]),
        )
        if isinstance(user, identity.UserChangedV1) and user.not_before is not None:
            await self._runtime.not_before.note(work.connection, user.user_id, user.not_before)

    async def no_seats(self, work: UnitOfWork, envelope: Envelope, user: identity.UserDisabledV1) -> None:
        await work.connection.execute("DELETE FROM seat WHERE user_id = $1", user.user_id)
        await self._runtime.not_before.note(work.connection, user.user_id, user.not_before)

    async def template(self, work: UnitOfWork, envelope: Envelope, published: templates.TemplatePublishedV1) -> None:
        template = published.template
        await work.connection.execute(
            "INSERT INTO template_copy VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            *(template.code, template.version, template.name, template.sector, template.owner_id, list(template.sheet.refs)),
        )

    async def assigned(self, work: UnitOfWork, envelope: Envelope, report: templates.ReportAssignedV1) -> None:
        """A cancelled report that is assigned again is entered anew: what it had waiting stays closed."""
        await self._open(work, report.report_id, report.template, report.version, report.period, report.unit_id)
        await work.connection.execute(
            "UPDATE item SET due_on = $2, is_cancelled = false, version = CASE WHEN is_cancelled OR revision = 0 THEN $3 ELSE version END,"
            " assigned_by = $4, entered_by = $5 WHERE report_id = $1",
            *(report.report_id, report.due_on, report.version, report.assigned_by, report.entered_by),
        )
        await self._place(work, report.report_id)

    async def due_date(self, work: UnitOfWork, envelope: Envelope, change: templates.DueDateChangedV1) -> None:
        await work.connection.execute("UPDATE item SET due_on = $2 WHERE report_id = $1", change.report_id, change.due_on)

    async def moved(self, work: UnitOfWork, envelope: Envelope, move: templates.ReportMovedV1) -> None:
        """Where only labels differ, what waits goes on waiting; else it goes back to drafting and the revision is void."""
        await work.connection.execute("UPDATE item SET version = $2 WHERE report_id = $1", move.report_id, move.version)
        if move.state in BACK_TO_DRAFTING:
            await work.connection.execute("UPDATE item SET is_closed = true, first_sent_at = NULL WHERE report_id = $1", move.report_id)
            await self._place(work, move.report_id)

    async def cancelled(self, work: UnitOfWork, envelope: Envelope, report: log.ReportCancelledV1) -> None:
        if report.effect == "none":
            return
        await work.connection.execute(
            "UPDATE item SET is_cancelled = true, is_closed = true, first_sent_at = NULL WHERE report_id = $1", report.report_id
        )
        await self._place(work, report.report_id)

    async def submitted(self, work: UnitOfWork, envelope: Envelope, report: log.ReportSubmittedToLeaderV1) -> None:
        await self._open(work, report.report_id, report.template, report.version, report.period, report.unit_id)
        await work.connection.execute(
            "UPDATE item SET revision = $2, figures_hash = $3, route = $4, submitted_by = $5, submitted_at = $6, submitted_event = $7,"
            " warnings = $8, changed = $9, is_closed = false, version = $10, due_on = $11, has_note = $12,"
            " route_units = array(SELECT DISTINCT unnest($13 || route_units)) WHERE report_id = $1",
            *(report.report_id, report.revision, report.figures_hash, _route(report.route), str(report.submitted_by)),
            *(envelope.time, envelope.id, list(report.warnings), list(report.changed), report.version, report.due_on, bool(report.note)),
            _units(report.route),
        )
        await self._place(work, report.report_id)

    async def step_passed_over(self, work: UnitOfWork, envelope: Envelope, passed: log.StepPassedOverV1) -> None:
        await work.connection.execute(
            "UPDATE item SET route = jsonb_set(route, ARRAY[$2::text, 'passed_over'], 'true') WHERE report_id = $1 AND revision = $3",
            *(passed.report_id, str(passed.step), passed.revision),
        )
        await self._place(work, passed.report_id)

    async def correction_dropped(self, work: UnitOfWork, envelope: Envelope, dropped: log.ReopeningDroppedV1) -> None:
        await self._correction_ended(work, dropped.report_id)
        await work.connection.execute(
            "UPDATE item SET is_closed = true,"
            " first_sent_at = CASE WHEN first_sent_revision > $2 THEN NULL ELSE first_sent_at END WHERE report_id = $1",
            *(dropped.report_id, dropped.revision),
        )
        await self._place(work, dropped.report_id)

    async def history(self, work: UnitOfWork, envelope: Envelope, report: log.HistoryRecordedV1) -> None:
        await self._open(work, report.report_id, report.template, report.version, report.period, report.unit_id)
        await self._correction_ended(work, report.report_id)
        await work.connection.execute(
            "UPDATE item SET revision = $2, approved_revision = $2, figures_hash = $3, route = $4, last_route = $4,"
            " route_units = array(SELECT DISTINCT unnest($5 || route_units)), version = $6, is_closed = false WHERE report_id = $1",
            *(report.report_id, report.revision, report.figures_hash, _route(report.route), _units(report.route), report.version),
        )
        await self._place(work, report.report_id)

    async def logged(self, work: UnitOfWork, envelope: Envelope, decision: LoggedDecisionV1) -> None:
        """What came too late is closed here; what was approved can be reopened by its route."""
        report_id, revision = decision.report_id, decision.revision
        await work.connection.execute("UPDATE decision SET effect = $2 WHERE event_id = $1", envelope.id, decision.effect)
        if decision.effect == "none":
            await work.connection.execute(
                "UPDATE item SET is_closed = is_closed OR revision = $2, voided_revision = greatest(voided_revision, $2),"
                " first_sent_at = CASE WHEN first_sent_revision = $2 THEN NULL ELSE first_sent_at END WHERE report_id = $1",
                *(report_id, revision),
            )
            await self._place(work, report_id)
        elif decision.state == "approved":
            await work.connection.execute(
                "UPDATE item SET approved_revision = $2, last_route = route WHERE report_id = $1", report_id, revision
            )
        elif decision.due_on is not None:
            await work.connection.execute("UPDATE item SET due_on = $2 WHERE report_id = $1", report_id, decision.due_on)

    async def reopening_logged(self, work: UnitOfWork, envelope: Envelope, answer: LoggedReopeningV1) -> None:
        """A grant that no longer fitted reopens nothing."""
        is_grant = envelope.type == "vn.ktxh.reopening_granted.v1"
        await work.connection.execute(
            "UPDATE reopening SET effect = $2 WHERE reopening_id = $1 AND decision_event_id = $3",
            *(answer.reopening_id, answer.effect, envelope.id),
        )
        if is_grant and answer.effect == "none":
            await self._correction_ended(work, answer.report_id)
            await self._place(work, answer.report_id)
        elif is_grant and answer.due_on is not None:
            await work.connection.execute("UPDATE item SET due_on = $2 WHERE report_id = $1", answer.report_id, answer.due_on)

    async def _open(self, work: UnitOfWork, report_id: UUID, template: str, version: int, period: str, unit_id: UUID) -> None:
        """The report's row, made when it is first heard of; its unit and form must have come before."""
        if await work.connection.fetchval("SELECT true FROM item WHERE report_id = $1", report_id):
            return
        unit = self._tree.get(unit_id)
        if unit is None:
            raise AwaitsPrerequisite(f"unit/{unit_id}")
        form = await work.connection.fetchrow("SELECT * FROM template_copy WHERE code = $1 AND version = $2", template, version)
        if form is None:
            raise AwaitsPrerequisite(f"template/{template}")
        await work.connection.execute(
            "INSERT INTO item (report_id, template, version, period, unit_id, unit_code, unit_name, province, sector, owner_id, folded)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
            *(report_id, template, version, period, unit_id, unit.code, unit.name, unit.province_code or "-", form["sector"]),
            *(form["owner_id"], fold(f"{unit.name} {form['name']}")),
        )

    async def _correction_ended(self, work: UnitOfWork, report_id: UUID) -> None:
        """Without an approval decided here; nothing where none was granted."""
        known = await self._known(work, report_id)
        if known is not None and is_reopened(*known):
            await work.connection.execute("UPDATE item SET corrections_ended = corrections_ended + 1 WHERE report_id = $1", report_id)

    async def _place(self, work: UnitOfWork, report_id: UUID) -> None:
        known = await self._known(work, report_id)
        if known is not None:
            await place(work.connection, *known)

    async def _known(self, work: UnitOfWork, report_id: UUID) -> tuple[Item, Progress] | None:
        row = await get_row(work.connection, report_id)
        if row is None:
            return None
        item = item_of(row)
        _, state = await load_state(work, self._runtime.store, decider(item), f"report/{report_id}")
        return item, state


def _route(steps: Sequence[log.ResolvedStep]) -> str:
    """Resolved steps as the item keeps them."""
    kept = [Step(step.action, step.role, step.unit_id, bool(step.passed_over)) for step in steps]
    return msgspec.json.encode(kept).decode()


def _units(steps: Sequence[log.ResolvedStep]) -> list[UUID]:
    return [step.unit_id for step in steps]
