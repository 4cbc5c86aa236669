"""Identity listens to nobody. What it does of itself when a day or an hour has come is here."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from kernel.handler import handle_in
from kernel.inbox import Consumption
from kernel.runtime import Runtime

from .api.desk import ADMINISTRATORS_LOCK, Desk, user_stream
from .commands import WithdrawEndedGrants
from .domain.user import USER
from .projections import sessions
from .queries import users as queries

TIDY_SECONDS = 60.0
TOKEN_ENDS_SECONDS = 2.0


def consumptions(runtime: Runtime) -> Sequence[Consumption]:
    return ()


async def withdraw_ended_grants(work: Any, desk: Desk) -> int:
    """Grants in units that have ended by today fall away; returns how many people that concerned."""
    await work.lock([ADMINISTRATORS_LOCK])
    concerned = await queries.users_with_ended_grants(work.connection, desk.today())
    for user_id, units in sorted(concerned.items()):
        await queries.locked_account(work.connection, user_id)
        command = WithdrawEndedGrants(user_id, units, desk.not_before())
        await handle_in(work, desk.store, USER, user_stream(user_id), command, desk.own_context(), project=desk.users)
    return len(concerned)


async def keep_tidy(desk: Desk) -> None:
    """Each minute: grants whose unit has ended overnight, what has run out, a signing key that has grown old."""
    await asyncio.sleep(TIDY_SECONDS)
    async with desk.store.begin() as work:
        await withdraw_ended_grants(work, desk)
    settings = desk.settings
    await sessions.tidy_up(desk.pool, desk.clock(), timedelta(hours=settings.first_passwords_hours), desk.sessions_live())
    await desk.keyring.load(timedelta(days=settings.signing_key_days))


async def hear_of_token_ends(desk: Desk) -> None:
    """Another replica of identity may have ended somebody's tokens."""
    await asyncio.sleep(TOKEN_ENDS_SECONDS)
    await desk.runtime.not_before.load(desk.pool)
