"""What identity's routes share: settings, store, the hashing queue, the signing key, the clock. Holds no rule."""

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import Request

from kernel.auth import Principal
from kernel.clock import Clock
from kernel.decider import Decider
from kernel.event_store import AlreadyAppended, Context, Interrupted, uuid7
from kernel.handler import ATTEMPTS, Outcome, Project, handle, handle_in
from kernel.postgres import PostgresStore
from kernel.runtime import Runtime
from kernel.vietnamese import LOCAL_TIME

from ..calculation import passwords
from ..calculation.tokens import end_of
from ..domain.session import SignInIsBusy
from ..projections.users import projecting
from ..settings import IdentitySettings
from .keyring import Keyring

TREE_LOCK = "units"
"""Whoever changes the tree holds it: codes, parents and reorganisations look across streams."""

ADMINISTRATORS_LOCK = "administrators"
USERNAMES_LOCK = "usernames"
"""Whoever makes accounts holds it, so that a name found free is free until it is taken."""

MOST_WAITING = 500


class Hashing:
    """Argon2id in threads, a few at a time: each takes 19 MiB and 25 ms of a core. Says busy rather than queue without end."""

    def __init__(self, slots: int) -> None:
        self._slots = asyncio.Semaphore(slots)
        self._waiting = 0

    async def hashed(self, password: str) -> str:
        return str(await self._run(passwords.hashed, password))

    async def matches(self, password_hash: str, password: str) -> bool:
        return bool(await self._run(passwords.matches, password_hash, password))

    async def _run(self, work: Callable[..., Any], *arguments: str) -> Any:
        if self._waiting >= MOST_WAITING:
            raise SignInIsBusy()
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work, *arguments)
        finally:
            self._waiting -= 1


@dataclass(frozen=True)
class Desk:
    settings: IdentitySettings
    runtime: Runtime
    keyring: Keyring
    hashing: Hashing
    drawing: asyncio.Semaphore
    clock: Clock
    sign_ins: "weakref.WeakValueDictionary[bytes, asyncio.Lock]"

    @property
    def store(self) -> PostgresStore:
        return self.runtime.store

    @property
    def pool(self) -> Any:
        return self.runtime.pool

    @property
    def users(self) -> Project:
        return projecting(self.runtime.not_before)

    def today(self) -> date:
        return self.clock().astimezone(LOCAL_TIME).date()

    def not_before(self) -> datetime:
        """Ends every token issued until now."""
        return end_of(self.clock())

    def context(self, principal: Principal) -> Context:
        """For commands that are harmless to repeat, or that go to many streams at once."""
        return Context(principal.id, self.clock(), str(uuid7()))

    def own_context(self) -> Context:
        return Context("identity", self.clock(), str(uuid7()))

    def sessions_live(self) -> timedelta:
        return timedelta(hours=self.settings.session_hours)


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def run(
    desk: Desk,
    decider: Decider[Any, Any],
    stream_id: str,
    command_in: Callable[[Any], Awaitable[Any]],
    context: Context,
    *,
    project: Project,
    locks: Sequence[str] = (),
) -> Outcome:
    """Runs the command that `command_in(connection)` makes of what the tables say under `locks`, all in one transaction.

    These locks come before the stream's own, in every transaction: the tree, administrators, an account, a session, streams.
    """
    command, attempt = None, 1
    while True:
        try:
            async with desk.store.begin() as work:
                if locks:
                    await work.lock(locks)
                command = await command_in(work.connection)
                return await handle_in(work, desk.store, decider, stream_id, command, context, project=project)
        except AlreadyAppended:
            return await handle(desk.store, decider, stream_id, command, context, project=project)
        except Interrupted:
            if attempt == ATTEMPTS:
                raise
            attempt += 1


def user_stream(user_id: UUID) -> str:
    return f"user/{user_id}"


def unit_stream(unit_id: UUID) -> str:
    return f"unit/{unit_id}"
