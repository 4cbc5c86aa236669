"""What submissions' log says of reports: which have an approved revision, which were cancelled. Figures are left unread."""

from collections.abc import Mapping

from contracts.approvals import LoggedDecisionV1
from contracts.submissions import ReportCancelledV1, ReportKey
from kernel.event_store import UnitOfWork
from kernel.inbox import Consumption, React, one_by_one
from kernel.message import Envelope

from .opening import pin


class Recorded(ReportKey, frozen=True, omit_defaults=True):
    """What is wanted of HistoryRecorded: never its figures."""

    version: int
    revision: int


async def _decided(work: UnitOfWork, envelope: Envelope, said: LoggedDecisionV1) -> None:
    """A send is the approval too where no step follows it: the state says so."""
    if said.effect == "applied" and (said.last or said.state == "approved"):
        await _note_approved(work, said, said.revision)


async def _approved(work: UnitOfWork, envelope: Envelope, said: LoggedDecisionV1) -> None:
    if said.effect == "applied":
        await _note_approved(work, said, said.revision)


async def _history(work: UnitOfWork, envelope: Envelope, said: Recorded) -> None:
    await _note_approved(work, said, said.revision)
    await pin(work, said.template, said.period, said.version)


async def _cancelled(work: UnitOfWork, envelope: Envelope, said: ReportCancelledV1) -> None:
    """Without effect where an approval came first: then the report stands."""
    if said.effect == "none":
        return
    await work.connection.execute(
        "UPDATE expected_report SET is_cancelled = true WHERE report_id = $1 AND assignment_id = $2", said.report_id, said.assignment_id
    )


async def _note_approved(work: UnitOfWork, report: ReportKey, revision: int) -> None:
    await work.connection.execute(
        "INSERT INTO approved_report AS a VALUES ($1, $2, $3, $4) ON CONFLICT (report_id) DO UPDATE"
        " SET revision = greatest(a.revision, excluded.revision)",
        *(report.report_id, report.template, report.period, revision),
    )


def submissions() -> Consumption:
    reactions: Mapping[str, tuple[type, React]] = {
        "vn.ktxh.report_approved.v1": (LoggedDecisionV1, _approved),
        "vn.ktxh.report_sent.v1": (LoggedDecisionV1, _decided),
        "vn.ktxh.history_recorded.v1": (Recorded, _history),
        "vn.ktxh.report_cancelled.v1": (ReportCancelledV1, _cancelled),
    }
    return one_by_one("submissions", reactions)
