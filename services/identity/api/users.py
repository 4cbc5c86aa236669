"""Users one by one: list, register, change, disable, enable, reset a password; names for everybody."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from contracts.vocabulary import Role
from kernel.auth import Allow, Principal
from kernel.errors import Malformed, NotFound
from kernel.web import context_of, json_response

from ..calculation import passwords
from ..calculation.usernames import USERNAME, tidy_username
from ..commands import ChangeGrants, DisableUser, EnableUser, EndSessions, RegisterUser
from ..domain.session import OnlyYourOfficers
from ..domain.user import SYSTEM_ROLES, SYSTEM_UNIT, USER
from ..events import Grant
from ..projections import sessions as session_projections
from ..projections import users as projections
from ..queries import units as unit_queries
from ..queries import users as queries
from .bodies import GrantBody, UserBody, UserChangeBody
from .desk import ADMINISTRATORS_LOCK, USERNAMES_LOCK, Desk, desk_of, run, user_stream
from .first_passwords import hand_out
from .units import read_ids

router = APIRouter(tags=["người dùng"])

MOST_NAMES = 500
OFFICERS = frozenset({"data_entry", "verifier", "compiler"})
"""Whose passwords their own leader may reset."""

Administrator = Annotated[Principal, Depends(Allow("administrator"))]
AdministratorOrLeader = Annotated[Principal, Depends(Allow("administrator", "leader"))]
AnySession = Annotated[Principal, Depends(Allow(any_user=True, services=True))]


class UsernameIsUnusable(Malformed):
    title = "Tên đăng nhập gồm 3–100 ký tự a–z, 0–9, dấu chấm, gạch ngang, gạch dưới"


class UnitIsMissing(Malformed):
    title = "Cần chọn đơn vị cho vai trò này"


class SubscribersAreClients(Malformed):
    title = "Hệ thống nhận số liệu được đăng ký ở mục ứng dụng kết nối, không phải người dùng"


@router.get("/users/names", summary="Tên người theo id", operation_id="names_of_users")
async def names_of_users(request: Request, _: AnySession, ids: str) -> Response:
    desk, wanted = desk_of(request), read_ids(ids)
    if len(wanted) > MOST_NAMES:
        raise Malformed(f"Nhiều nhất {MOST_NAMES} id mỗi lần", field="ids")
    return json_response(await queries.names_of(desk.pool, wanted, desk.today()))


@router.get("/users", summary="Người dùng trong phạm vi của tôi", operation_id="list_users")
async def list_users(
    request: Request,
    caller: AdministratorOrLeader,
    unit: UUID | None = None,
    role: Role | None = None,
    q: Annotated[str, Query(max_length=100)] = "",
    cursor: str = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    desk = desk_of(request)
    wanted = queries.UserFilter(_scope(caller), unit, role or "", q)
    rows = await queries.list_users(desk.pool, wanted, cursor, limit + 1)
    grants = await queries.grants_of(desk.pool, [row["user_id"] for row in rows], desk.today())
    items = [_view(row, grants.get(row["user_id"], [])) for row in rows[:limit]]
    return json_response({"items": items, "next": items[-1]["username"] if len(rows) > limit else None})


@router.post("/users", status_code=201, summary="Thêm người dùng", operation_id="register_user")
async def register_user(request: Request, caller: Administrator, body: UserBody) -> Response:
    """Without `password` a first one is made and shown here, once. A password given by an administrator is to be changed, too."""
    desk, context = desk_of(request), await context_of(request, caller)
    username, grants = tidy_username(body.username), granted(body.grants)
    if USERNAME.fullmatch(username) is None:
        raise UsernameIsUnusable()
    is_development = desk.settings.mode == "development"
    if body.password is not None and not is_development:
        passwords.check_choice(body.password, username, desk.settings.password_minimum, desk.settings.password_classes)
    first = body.password or passwords.first_password()
    must_change = body.password is None or not is_development
    user_id = context.event_id("user", 0)
    account = projections.NewAccount(user_id, username, body.name.strip(), await desk.hashing.hashed(first), must_change)

    async def project(connection: Any, recorded: Sequence[Any], state: Any) -> None:
        await projections.add_accounts(connection, [account], desk.clock())
        await desk.users(connection, recorded, state)

    async def command_in(connection: Any) -> RegisterUser:
        return RegisterUser(user_id, grants, await _units_in_force(desk, connection, grants))

    outcome = await run(desk, USER, user_stream(user_id), command_in, context, project=project, locks=[USERNAMES_LOCK])
    is_shown = body.password is None and not outcome.is_repeat
    return json_response({"id": user_id, **({"first_password": first} if is_shown else {})}, 201, {"Cache-Control": "no-store"})


@router.put("/users/{user_id}", summary="Sửa họ tên, vai trò", operation_id="change_user")
async def change_user(request: Request, caller: Administrator, user_id: UUID, body: UserChangeBody) -> Response:
    desk = desk_of(request)
    await _must_exist(desk, user_id)
    if body.grants is not None:
        await _change_grants(request, caller, user_id, granted(body.grants))
    if body.name is not None:
        await projections.rename(desk.pool, user_id, body.name.strip())
    return json_response(await _one(desk, user_id))


async def _change_grants(request: Request, caller: Principal, user_id: UUID, grants: tuple[Grant, ...]) -> None:
    desk = desk_of(request)

    async def command_in(connection: Any) -> ChangeGrants:
        await queries.locked_account(connection, user_id)
        in_force = await _units_in_force(desk, connection, grants)
        return ChangeGrants(user_id, grants, in_force, desk.not_before(), await queries.other_administrators(connection, user_id))

    context = await context_of(request, caller)
    await run(desk, USER, user_stream(user_id), command_in, context, project=desk.users, locks=[ADMINISTRATORS_LOCK])


@router.post("/users/{user_id}/disable", summary="Khóa tài khoản, có hiệu lực ngay", operation_id="disable_user")
async def disable_user(request: Request, caller: Administrator, user_id: UUID) -> Response:
    desk = desk_of(request)
    await _must_exist(desk, user_id)

    async def command_in(connection: Any) -> DisableUser:
        await queries.locked_account(connection, user_id)
        return DisableUser(user_id, desk.not_before(), await queries.other_administrators(connection, user_id))

    context = await context_of(request, caller)
    await run(desk, USER, user_stream(user_id), command_in, context, project=desk.users, locks=[ADMINISTRATORS_LOCK])
    return json_response(await _one(desk, user_id))


@router.post("/users/{user_id}/enable", summary="Mở khóa tài khoản", operation_id="enable_user")
async def enable_user(request: Request, caller: Administrator, user_id: UUID) -> Response:
    desk = desk_of(request)
    await _must_exist(desk, user_id)

    async def command_in(connection: Any) -> EnableUser:
        return EnableUser(user_id)

    await run(desk, USER, user_stream(user_id), command_in, await context_of(request, caller), project=desk.users)
    return json_response(await _one(desk, user_id))


@router.post("/users/{user_id}/reset-password", summary="Đặt lại mật khẩu lần đầu", operation_id="reset_password")
async def reset_password(request: Request, caller: AdministratorOrLeader, user_id: UUID) -> Response:
    """A new first password, shown once; whoever is signed in with the old one is signed out."""
    desk = desk_of(request)
    await _may_reset(desk, caller, user_id)
    account = await _must_exist(desk, user_id)
    first = passwords.first_password()
    password_hash = await desk.hashing.hashed(first)

    async def command_in(connection: Any) -> EndSessions:
        await queries.locked_account(connection, user_id)
        await projections.set_password(connection, user_id, password_hash, must_change=True)
        await session_projections.end_all(connection, user_id, desk.clock(), "password reset")
        return EndSessions(user_id, desk.not_before())

    await run(desk, USER, user_stream(user_id), command_in, desk.context(caller), project=desk.users)
    shown = await hand_out(desk, [(account.username, first, user_id)])
    body = {"id": user_id, "username": account.username, "first_password": first, **shown}
    return json_response(body, headers={"Cache-Control": "no-store"})


def granted(bodies: Sequence[GrantBody]) -> tuple[Grant, ...]:
    """Grants as asked for; roles of the whole system need no unit. Raises UnitIsMissing, SubscribersAreClients."""
    return tuple(_granted(body) for body in bodies)


def _granted(body: GrantBody) -> Grant:
    if body.role == "subscriber":
        raise SubscribersAreClients()
    if body.unit_id is None and body.role not in SYSTEM_ROLES:
        raise UnitIsMissing(role=body.role)
    return Grant(body.role, body.unit_id or SYSTEM_UNIT, tuple(body.sectors))


def _scope(caller: Principal) -> tuple[UUID, ...] | None:
    """A leader sees the people of his own unit, an administrator everybody."""
    return None if "administrator" in caller.roles else tuple(caller.units_of("leader"))


async def _may_reset(desk: Desk, caller: Principal, user_id: UUID) -> None:
    """Raises NotFound outside the caller's scope, OnlyYourOfficers for those above or beside a leader."""
    scope = _scope(caller)
    if scope is None:
        return
    grants = (await queries.grants_of(desk.pool, [user_id], desk.today())).get(user_id, [])
    if not any(grant.unit_id in scope for grant in grants):
        raise NotFound()
    if any(grant.unit_id not in scope or grant.role not in OFFICERS for grant in grants):
        raise OnlyYourOfficers()


async def _must_exist(desk: Desk, user_id: UUID) -> queries.Account:
    account = await queries.account_of(desk.pool, user_id)
    if account is None:
        raise NotFound()
    return account


async def _units_in_force(desk: Desk, connection: Any, grants: Sequence[Grant]) -> frozenset[UUID]:
    return await unit_queries.in_force(connection, {grant.unit_id for grant in grants}, desk.today())


async def _one(desk: Desk, user_id: UUID) -> dict[str, Any]:
    account = await _must_exist(desk, user_id)
    grants = await queries.grants_of(desk.pool, [user_id], desk.today())
    return {
        "id": user_id,
        "username": account.username,
        "name": account.name,
        "is_disabled": account.is_disabled,
        "must_change_password": account.must_change,
        "grants": [grant.shown() for grant in grants.get(user_id, [])],
    }


def _view(row: Any, grants: Sequence[queries.GrantView]) -> dict[str, Any]:
    return {
        "id": row["user_id"],
        "username": row["username"],
        "name": row["name"],
        "is_disabled": row["is_disabled"],
        "must_change_password": row["must_change"],
        "created_at": row["created_at"],
        "last_login_at": row["last_login_at"],
        "grants": [grant.shown() for grant in grants],
    }
