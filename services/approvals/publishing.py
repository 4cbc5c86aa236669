"""Stored events as contracts. Total: a stored type without a contract fails the tests."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

import msgspec

from contracts import approvals as contract
from contracts.submissions import TextErasedV1
from kernel.event_store import Recorded

from .events import (
    ReminderSent,
    ReopeningGranted,
    ReopeningRefused,
    ReopeningRequested,
    ReportApproved,
    ReportRejected,
    ReportReturned,
    ReportSent,
    ReportVerified,
    SubmissionWithdrawn,
    TextErased,
)

CONTRACTS: dict[type, type[msgspec.Struct]] = {
    ReportSent: contract.ReportSentV1,
    ReportRejected: contract.ReportRejectedV1,
    ReportVerified: contract.ReportVerifiedV1,
    ReportReturned: contract.ReportReturnedV1,
    ReportApproved: contract.ReportApprovedV1,
    SubmissionWithdrawn: contract.SubmissionWithdrawnV1,
    ReopeningRequested: contract.ReopeningRequestedV1,
    ReopeningGranted: contract.ReopeningGrantedV1,
    ReopeningRefused: contract.ReopeningRefusedV1,
    ReminderSent: contract.ReminderSentV1,
    TextErased: TextErasedV1,
}


def publish(recorded: Recorded) -> tuple[str, msgspec.Struct]:
    event = recorded.event
    fields: dict[str, Any] = asdict(event)
    for person in ("decided_by", "sent_by"):
        if person in fields:
            fields[person] = UUID(fields[person])
    if isinstance(event, ReopeningRequested):
        fields["requested_by"] = fields.pop("decided_by")
    return f"vn.ktxh.approvals.{event.TYPE}.v{event.VERSION}", CONTRACTS[type(event)](**fields)
