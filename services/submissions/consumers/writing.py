"""The write path of reactions: one command in the transaction of the message that causes it."""

import contextlib
from typing import Any

import msgspec

from kernel.event_store import AlreadyAppended, UnitOfWork
from kernel.handler import handle_in
from kernel.inbox import caused_by
from kernel.message import Envelope
from kernel.runtime import Runtime

from ..commands import Command
from ..domain import COPIES, REPORTS, Copy
from ..events import Copied
from ..projections import project


async def tell_report(
    work: UnitOfWork,
    runtime: Runtime,
    envelope: Envelope,
    report_id: Any,
    command: Command,
    *,
    reaction: str = "log",
    keeps_id: bool = False,
) -> None:
    """Runs the command on the report; what an earlier delivery has done already is left as it is."""
    context = caused_by(envelope, reaction, keeps_id=keeps_id)
    with contextlib.suppress(AlreadyAppended):
        await handle_in(work, runtime.store, REPORTS, f"report/{report_id}", command, context, project=project)


async def copy(
    work: UnitOfWork, runtime: Runtime, envelope: Envelope, stream: str, event: type[Copied], payload: Any, **labels: str
) -> None:
    """Logs a copy of the message in `stream`, under the id that it always gets there."""
    copied = event(msgspec.to_builtins(payload), **labels)
    with contextlib.suppress(AlreadyAppended):
        await handle_in(work, runtime.store, COPIES, stream, Copy(copied), caused_by(envelope, "log"))
