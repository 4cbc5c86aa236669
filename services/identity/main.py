"""Identity's composition: what its app is made of, and what happens before it answers. Holds no rule."""

import asyncio
import weakref
from datetime import timedelta
from pathlib import Path

import structlog
from fastapi import FastAPI

from kernel.auth import Allow, Tokens
from kernel.event_store import uuid7
from kernel.handler import handle_in
from kernel.runtime import Definition, Runtime, Wiring
from kernel.service import Clock, service_app, utc_now
from kernel.settings import Settings

from . import consumers
from .api import clients, first_passwords, many_users, sessions, unit_changes, units, users
from .api.desk import ADMINISTRATORS_LOCK, Desk, Hashing, user_stream
from .api.keyring import Keyring
from .commands import RegisterUser
from .domain.user import SYSTEM_UNIT, USER
from .events import Grant
from .projections.users import NewAccount, add_accounts
from .publishing import publish
from .queries.users import has_users
from .settings import IdentitySettings, identity_settings

log = structlog.get_logger()

NAME = "identity"
MIGRATIONS = Path(__file__).parent / "migrations"
FIRST_ADMINISTRATOR = "quantri"

ROUTERS = [sessions.router, units.router, unit_changes.router, first_passwords.router, many_users.router, users.router, clients.router]


def create_app(settings: Settings, wiring: Wiring, clock: Clock = utc_now) -> FastAPI:
    """`clock` says what time it is, for all services alike: sessions and tokens run on it too."""
    configured = identity_settings(settings)

    async def on_start(app: FastAPI, runtime: Runtime) -> None:
        desk = await _desk(configured, runtime, clock)
        app.state.desk = desk
        app.state.tokens = Tokens(configured, desk.keyring.published, runtime.not_before, clock)
        await _create_first_administrator(desk)
        runtime.start_task("tidy up", lambda: consumers.keep_tidy(desk))
        runtime.start_task("hear of token ends", lambda: consumers.hear_of_token_ends(desk))

    return service_app(
        configured,
        Definition(NAME, USER.types, publish, MIGRATIONS),
        wiring,
        title="KTXH – Định danh",
        description="Đơn vị, người dùng, vai trò, phiên đăng nhập và khóa ký.",
        routers=ROUTERS,
        consumptions=consumers.consumptions,
        log_readers=Allow(services=True),
        on_start=on_start,
        clock=clock,
    )


async def _desk(settings: IdentitySettings, runtime: Runtime, clock: Clock) -> Desk:
    keyring = Keyring(runtime.store, settings.derived("identity-keys"), clock)
    await keyring.load(timedelta(days=settings.signing_key_days))
    return Desk(
        settings=settings,
        runtime=runtime,
        keyring=keyring,
        hashing=Hashing(settings.hashing_slots),
        drawing=asyncio.Semaphore(2),
        clock=clock,
        sign_ins=weakref.WeakValueDictionary(),
    )


async def _create_first_administrator(desk: Desk) -> None:
    """Somebody must be able to create the others. Only where nobody is there yet."""
    password = desk.settings.first_administrator_password
    if password is None:
        return
    async with desk.store.begin() as work:
        await work.lock([ADMINISTRATORS_LOCK])
        if await has_users(work.connection):
            return
        user_id, grants = uuid7(), (Grant("administrator", SYSTEM_UNIT),)
        must_change = desk.settings.mode == "production"
        password_hash = await desk.hashing.hashed(password.get_secret_value())
        account = NewAccount(user_id, FIRST_ADMINISTRATOR, "Quản trị hệ thống", password_hash, must_change, grants)
        await add_accounts(work.connection, [account], desk.clock())
        command = RegisterUser(user_id, grants, frozenset())
        await handle_in(work, desk.store, USER, user_stream(user_id), command, desk.own_context(), project=desk.users)
    log.info("first administrator created", username=FIRST_ADMINISTRATOR)
