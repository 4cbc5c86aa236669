"""What aggregation hears: submissions' log, in batches, for all that figures depend on; identity for tokens that end early."""

from collections.abc import Callable, Sequence
from typing import Any

from contracts.identity import UserChangedV1, UserDisabledV1
from kernel.event_store import UnitOfWork
from kernel.inbox import Consumption, one_by_one
from kernel.message import Envelope
from kernel.runtime import Runtime

from .projections import batch, generation, notices
from .projections.memory import Memory
from .projections.messages import BY_TYPE


def consumptions(runtime: Runtime, memory: Memory, moved: Callable[[], None]) -> Sequence[Consumption]:
    """`moved` is called after each batch that has been applied, for those who wait for news."""

    async def apply(work: UnitOfWork, messages: Sequence[tuple[Envelope, Any]]) -> None:
        number = await generation.hold_live(work.connection)
        applied = await batch.apply(work.connection, memory, number, messages)
        await notices.tell(work.connection, messages, applied.folded)
        moved()

    async def end_tokens(work: UnitOfWork, envelope: Envelope, payload: UserChangedV1 | UserDisabledV1) -> None:
        if payload.not_before is not None:
            await runtime.not_before.note(work.connection, payload.user_id, payload.not_before)

    return (
        Consumption("submissions", BY_TYPE, apply, locks_subjects=False),
        one_by_one(
            "identity",
            {
                "vn.ktxh.identity.user_changed.v1": (UserChangedV1, end_tokens),
                "vn.ktxh.identity.user_disabled.v1": (UserDisabledV1, end_tokens),
            },
        ),
    )
