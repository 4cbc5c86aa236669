"""Every decision goes into its report's stream under its own id, with the effect that it still has there. None is refused."""

from collections.abc import Mapping

from contracts import approvals as said
from contracts.submissions import ReportKey, TextErasedV1
from kernel.event_store import UnitOfWork
from kernel.inbox import React
from kernel.message import Envelope
from kernel.runtime import Runtime

from .. import commands, events
from .writing import copy, tell_report


def reactions(runtime: Runtime) -> Mapping[str, tuple[type, React]]:
    reacting = _Approvals(runtime)
    decisions: dict[str, tuple[type, commands.Decision]] = {
        "report_sent": (said.ReportSentV1, "send"),
        "report_rejected": (said.ReportRejectedV1, "reject"),
        "report_verified": (said.ReportVerifiedV1, "verify"),
        "report_approved": (said.ReportApprovedV1, "approve"),
        "report_returned": (said.ReportReturnedV1, "return"),
        "submission_withdrawn": (said.SubmissionWithdrawnV1, "withdraw"),
    }
    table: dict[str, tuple[type, React]] = {
        f"vn.ktxh.approvals.{name}.v1": (payload, reacting.deciding(decision)) for name, (payload, decision) in decisions.items()
    }
    return table | {
        "vn.ktxh.approvals.reopening_requested.v1": (said.ReopeningRequestedV1, reacting.requested),
        "vn.ktxh.approvals.reopening_granted.v1": (said.ReopeningGrantedV1, reacting.granted),
        "vn.ktxh.approvals.reopening_refused.v1": (said.ReopeningRefusedV1, reacting.refused),
        "vn.ktxh.approvals.reminder_sent.v1": (said.ReminderSentV1, reacting.reminded),
        "vn.ktxh.approvals.text_erased.v1": (TextErasedV1, reacting.text_erased),
    }


class _Approvals:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def deciding(self, decision: commands.Decision) -> React:
        async def decided(work: UnitOfWork, envelope: Envelope, taken: said.DecisionV1) -> None:
            command = commands.LogDecision(
                decision=decision,
                decision_id=envelope.id,
                at=envelope.time,
                revision=taken.revision,
                step=taken.step,
                unit=taken.unit,
                role=taken.role,
                decided_by=taken.decided_by,
                figures_hash=taken.figures_hash,
                reason=taken.reason,
                cells=taken.cells,
                due_on=taken.due_on,
                last=getattr(taken, "last", False),
            )
            await self._log(work, envelope, taken, command)

        return decided

    async def requested(self, work: UnitOfWork, envelope: Envelope, asked: said.ReopeningRequestedV1) -> None:
        command = commands.LogReopening("requested", asked.reopening_id, asked.revision, asked.requested_by, asked.reason, asked.cells)
        await self._log(work, envelope, asked, command)

    async def granted(self, work: UnitOfWork, envelope: Envelope, granted: said.ReopeningGrantedV1) -> None:
        command = commands.LogReopening(
            "granted", granted.reopening_id, granted.revision, granted.decided_by, granted.reason, due_on=granted.due_on
        )
        await self._log(work, envelope, granted, command)

    async def refused(self, work: UnitOfWork, envelope: Envelope, refused: said.ReopeningRefusedV1) -> None:
        command = commands.LogReopening("refused", refused.reopening_id, refused.revision, refused.decided_by, refused.reason)
        await self._log(work, envelope, refused, command)

    async def reminded(self, work: UnitOfWork, envelope: Envelope, sent: said.ReminderSentV1) -> None:
        command = commands.LogReminder(sent.to_unit, sent.to_role, sent.sent_by, sent.text, sent.automatic, sent.kind)
        await self._log(work, envelope, sent, command)

    async def text_erased(self, work: UnitOfWork, envelope: Envelope, erased: TextErasedV1) -> None:
        await copy(work, self._runtime, envelope, f"text/{erased.event_id}", events.TextErased, erased)

    async def _log(self, work: UnitOfWork, envelope: Envelope, said_of: ReportKey, command: commands.Command) -> None:
        await tell_report(work, self._runtime, envelope, said_of.report_id, command, keeps_id=True)
