"""Accounts, people and grants as rows. What a user's events say goes into the grants; names and hashes never come from events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from kernel.auth import NotBefore
from kernel.errors import Rejected
from kernel.event_store import Recorded
from kernel.handler import Project
from kernel.vietnamese import fold, sort_key

from ..events import Grant, SessionsEnded, UserChanged, UserDisabled, UserEnabled, UserRegistered
from . import sessions


class UsernameIsTaken(Rejected):
    title = "Tên đăng nhập đã có người dùng"


@dataclass(frozen=True)
class NewAccount:
    user_id: UUID
    username: str
    name: str
    password_hash: str
    must_change: bool
    grants: tuple[Grant, ...] = ()


async def add_accounts(connection: Any, accounts: Sequence[NewAccount], now: datetime) -> None:
    """Raises UsernameIsTaken; then the transaction is lost."""
    try:
        await connection.executemany(
            "INSERT INTO account (user_id, username, password_hash, must_change, created_at) VALUES ($1, $2, $3, $4, $5)",
            [(one.user_id, one.username, one.password_hash, one.must_change, now) for one in accounts],
        )
    except asyncpg.UniqueViolationError as failure:
        raise UsernameIsTaken() from failure
    await connection.executemany(
        "INSERT INTO person (user_id, name, sort_key, folded) VALUES ($1, $2, $3, $4)",
        [(one.user_id, one.name, sort_key(one.name), fold(one.name)) for one in accounts],
    )


async def rename(connection: Any, user_id: UUID, name: str) -> None:
    await connection.execute(
        "UPDATE person SET name = $2, sort_key = $3, folded = $4 WHERE user_id = $1", user_id, name, sort_key(name), fold(name)
    )


async def change_person(connection: Any, user_id: UUID, name: str, phone: str | None, language: str | None) -> None:
    await rename(connection, user_id, name)
    await connection.execute(
        "UPDATE person SET phone = coalesce($2, phone), language = coalesce($3, language) WHERE user_id = $1", user_id, phone, language
    )


async def set_password(connection: Any, user_id: UUID, password_hash: str, *, must_change: bool) -> None:
    await connection.execute(
        "UPDATE account SET password_hash = $2, must_change = $3 WHERE user_id = $1", user_id, password_hash, must_change
    )


async def put_grants(connection: Any, grants: Sequence[tuple[UUID, tuple[Grant, ...]]]) -> None:
    """Of new users, in one round trip."""
    await connection.executemany(
        "INSERT INTO user_grant VALUES ($1, $2, $3, $4, $5)",
        [
            (user_id, place, grant.role, grant.unit_id, list(grant.sectors))
            for user_id, listed in grants
            for place, grant in enumerate(listed)
        ],
    )


def projecting(not_before: NotBefore) -> Project:
    """The projection of user streams: grants into rows, and what ends early is refused by this service at once."""

    async def project(connection: Any, recorded: Sequence[Recorded], state: Any) -> None:
        for one in recorded:
            await _project(connection, one.event, not_before)

    return project


async def _project(connection: Any, event: Any, not_before: NotBefore) -> None:
    match event:
        case UserRegistered(user_id, grants):
            await put_grants(connection, [(user_id, grants)])
        case UserChanged(user_id, grants, moment):
            await _replace_grants(connection, user_id, grants)
            if moment is not None:
                await not_before.note(connection, user_id, moment)
        case UserDisabled(user_id, moment):
            await connection.execute("UPDATE account SET is_disabled = true WHERE user_id = $1", user_id)
            await sessions.end_all(connection, user_id, moment, "disabled")
            await not_before.note(connection, user_id, moment)
        case UserEnabled(user_id):
            await connection.execute("UPDATE account SET is_disabled = false WHERE user_id = $1", user_id)
        case SessionsEnded(user_id, _, moment):
            await not_before.note(connection, user_id, moment)


async def _replace_grants(connection: Any, user_id: UUID, grants: tuple[Grant, ...]) -> None:
    await connection.execute("DELETE FROM user_grant WHERE user_id = $1", user_id)
    await put_grants(connection, [(user_id, grants)])
