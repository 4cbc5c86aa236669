"""Accounts, people and grants, within what the caller may see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from contracts.vocabulary import ROLE_WORDS
from kernel.auth import GrantClaim
from kernel.vietnamese import fold

from ..domain.user import SYSTEM_ROLES

_UNIT_THEN = """LEFT JOIN LATERAL (
    SELECT code, name, full_name, level, sectors, valid_to FROM unit_version
    WHERE unit_version.unit_id = user_grant.unit_id AND valid_from <= $2 ORDER BY valid_from DESC LIMIT 1) AS unit ON true"""


@dataclass(frozen=True)
class Account:
    user_id: UUID
    username: str
    password_hash: str
    must_change: bool
    is_disabled: bool
    name: str
    phone: str
    language: str


@dataclass(frozen=True)
class GrantView:
    """A grant in force. `succeeds`: ended units that its unit acts for."""

    role: str
    unit_id: UUID
    code: str
    name: str
    full_name: str
    level: str
    sectors: tuple[str, ...]
    succeeds: tuple[UUID, ...] = ()

    def claim(self) -> GrantClaim:
        return GrantClaim(self.role, (self.unit_id, *self.succeeds), self.sectors)

    def shown(self) -> dict[str, Any]:
        unit = {"id": self.unit_id, "code": self.code, "name": self.full_name, "level": self.level}
        return {"role": self.role, "role_word": ROLE_WORDS[self.role], "unit": unit, "sectors": self.sectors}


_ACCOUNT = (
    "SELECT account.user_id, username, password_hash, must_change, is_disabled, name, phone, language"
    " FROM account JOIN person USING (user_id)"
)


async def account_named(connection: Any, username: str) -> Account | None:
    row = await connection.fetchrow(f"{_ACCOUNT} WHERE username = $1", username)
    return None if row is None else Account(**dict(row))


async def account_of(connection: Any, user_id: UUID) -> Account | None:
    row = await connection.fetchrow(f"{_ACCOUNT} WHERE account.user_id = $1", user_id)
    return None if row is None else Account(**dict(row))


async def locked_account(connection: Any, user_id: UUID) -> Account | None:
    """The account, locked until the transaction ends. Tokens are issued and ended only under this lock: a token
    issued with what was true before is older than the moment that ends it."""
    row = await connection.fetchrow(f"{_ACCOUNT} WHERE account.user_id = $1 FOR NO KEY UPDATE OF account", user_id)
    return None if row is None else Account(**dict(row))


async def grants_in_force(connection: Any, user_id: UUID, today: date) -> list[GrantView]:
    """The user's grants today, with what their units succeed; those in ended units are left out."""
    return (await grants_of(connection, [user_id], today)).get(user_id, [])


async def grants_of(connection: Any, user_ids: Sequence[UUID], today: date) -> dict[UUID, list[GrantView]]:
    rows = await connection.fetch(
        f"SELECT user_grant.*, unit.code, unit.name, unit.full_name, unit.level, unit.sectors AS unit_sectors, unit.valid_to"
        f" FROM user_grant {_UNIT_THEN} WHERE user_id = ANY($1) ORDER BY user_id, place",
        *(list(user_ids), today),
    )
    alive = [row for row in rows if _is_in_force(row, today)]
    succeeded = await _succeeded_units(connection, {row["unit_id"] for row in alive}, today)
    found: dict[UUID, list[GrantView]] = {}
    for row in alive:
        found.setdefault(row["user_id"], []).append(_grant(row, succeeded.get(row["unit_id"], ())))
    return found


def _is_in_force(row: Any, today: date) -> bool:
    if row["role"] in SYSTEM_ROLES:
        return True
    return row["code"] is not None and (row["valid_to"] is None or row["valid_to"] > today)


def _grant(row: Any, succeeds: tuple[UUID, ...]) -> GrantView:
    if row["code"] is None:
        return GrantView(row["role"], row["unit_id"], "", "Toàn hệ thống", "Toàn hệ thống", "country", tuple(row["sectors"]))
    of_unit = row["unit_sectors"] if row["level"] == "department" else ()
    sectors = tuple(row["sectors"]) or tuple(of_unit)
    return GrantView(row["role"], row["unit_id"], row["code"], row["name"], row["full_name"], row["level"], sectors, succeeds)


async def _succeeded_units(connection: Any, unit_ids: Iterable[UUID], today: date) -> dict[UUID, tuple[UUID, ...]]:
    """unit → ended units whose reports its people act for, also through successors that have ended themselves."""
    rows = await connection.fetch(
        """WITH RECURSIVE back(unit_id, ended) AS (
             SELECT to_unit, from_unit FROM succession WHERE to_unit = ANY($1) AND acts AND effective_on <= $2
             UNION
             SELECT back.unit_id, from_unit FROM succession JOIN back ON to_unit = back.ended WHERE acts AND effective_on <= $2
           ) SELECT unit_id, array_agg(ended ORDER BY ended) AS ended FROM back GROUP BY unit_id""",
        *(list(unit_ids), today),
    )
    return {row["unit_id"]: tuple(row["ended"]) for row in rows}


@dataclass(frozen=True)
class UserFilter:
    """`scope`: only users with a grant in these units; None for everybody."""

    scope: tuple[UUID, ...] | None
    unit: UUID | None = None
    role: str = ""
    q: str = ""


async def list_users(connection: Any, wanted: UserFilter, after: str, limit: int) -> list[Any]:
    """Rows of accounts with their people, by user name, after the name `after`."""
    scope = None if wanted.scope is None else list(wanted.scope)
    rows = await connection.fetch(
        """SELECT account.user_id, username, name, phone, is_disabled, must_change, created_at, last_login_at
           FROM account JOIN person USING (user_id)
           WHERE username > $1
           AND ($2::uuid[] IS NULL OR EXISTS (SELECT FROM user_grant g WHERE g.user_id = account.user_id AND g.unit_id = ANY($2)))
           AND (($3::uuid IS NULL AND $4 = '') OR EXISTS (SELECT FROM user_grant g WHERE g.user_id = account.user_id
                AND ($3::uuid IS NULL OR g.unit_id = $3) AND ($4 = '' OR g.role = $4)))
           AND ($5 = '' OR ' ' || folded LIKE '% ' || $5 || '%' OR strpos(username, lower($6)) > 0)
           ORDER BY username LIMIT $7""",
        *(after, scope, wanted.unit, wanted.role, fold(wanted.q), wanted.q.strip(), limit),
    )
    return list(rows)


async def names_of(connection: Any, user_ids: Sequence[UUID], today: date) -> dict[str, dict[str, Any]]:
    """id → name, unit and roles, of whoever exists or existed."""
    rows = await connection.fetch("SELECT user_id, name FROM person WHERE user_id = ANY($1)", list(user_ids))
    grants = await grants_of(connection, user_ids, today)
    return {str(row["user_id"]): _named(row["name"], grants.get(row["user_id"], [])) for row in rows}


def _named(name: str, grants: Sequence[GrantView]) -> dict[str, Any]:
    roles = list(dict.fromkeys(ROLE_WORDS[grant.role] for grant in grants))
    return {"name": name, "unit": grants[0].full_name if grants else "", "roles": roles}


async def taken_usernames(connection: Any, usernames: Iterable[str]) -> frozenset[str]:
    rows = await connection.fetch("SELECT username FROM account WHERE username = ANY($1)", list(usernames))
    return frozenset(row["username"] for row in rows)


async def other_administrators(connection: Any, user_id: UUID) -> int:
    """How many other people can administer now. The caller holds the lock on administrators."""
    return int(
        await connection.fetchval(
            "SELECT count(DISTINCT user_id) FROM user_grant JOIN account USING (user_id)"
            " WHERE role = 'administrator' AND NOT is_disabled AND user_id <> $1",
            user_id,
        )
    )


async def users_with_ended_grants(connection: Any, today: date) -> dict[UUID, frozenset[UUID]]:
    """user → ended units in which he still holds a grant that hangs on the unit."""
    rows = await connection.fetch(
        f"SELECT user_id, array_agg(DISTINCT user_grant.unit_id) AS units FROM user_grant {_UNIT_THEN.replace('$2', '$1')}"
        " WHERE unit.valid_to <= $1 AND NOT role = ANY($2) GROUP BY user_id",
        *(today, sorted(SYSTEM_ROLES)),
    )
    return {row["user_id"]: frozenset(row["units"]) for row in rows}


async def has_users(connection: Any) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM account)"))
