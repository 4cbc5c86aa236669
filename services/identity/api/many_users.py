"""Many users at once: by rule for all units of a level, or from a list made in Excel."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from contracts.vocabulary import ROLE_WORDS, SECTOR_WORDS
from kernel.auth import Allow, Principal
from kernel.errors import Malformed, RoleMayNot
from kernel.event_store import Context, uuid7
from kernel.handler import handle_in
from kernel.sheet.xlsx_raw import RawSheet
from kernel.sheet.xlsx_untrusted import read_untrusted
from kernel.uploads import described, read_upload
from kernel.web import json_response

from ..calculation import passwords, users_sheet
from ..calculation.printing import Slip
from ..calculation.usernames import ROLE_SUFFIXES, Proposal, proposals
from ..commands import RegisterUser
from ..domain.user import USER
from ..events import Grant
from ..projections import users as projections
from ..projections.users import NewAccount
from ..queries import units as unit_queries
from ..queries import users as queries
from .bodies import GenerateBody
from .desk import USERNAMES_LOCK, Desk, desk_of, user_stream
from .first_passwords import keep

router = APIRouter(tags=["người dùng"])

BATCH = 200
HASHED_TOGETHER = 4  # so that people who sign in meanwhile come in between
NO_STORE = {"Cache-Control": "no-store"}

Administrator = Annotated[Principal, Depends(Allow("administrator"))]


class RoleHasNoRule(Malformed):
    title = "Không có quy tắc đặt tên tài khoản cho vai trò này"


class CommonPasswordInProduction(RoleMayNot):
    title = "Mật khẩu chung chỉ dùng được ở chế độ thử nghiệm"


class UsersSheetHasErrors(Malformed):
    title = "Danh sách có lỗi; chưa tài khoản nào được tạo"


@router.post("/users/generate", summary="Tạo tài khoản cho mọi đơn vị của một cấp", operation_id="generate_users")
async def generate_users(request: Request, caller: Administrator, body: GenerateBody) -> Response:
    """`<tên đơn vị>.nhaplieu` and so on; names that exist are skipped, so that it can be called again."""
    desk = desk_of(request)
    unruly = [role for role in body.roles if role not in ROLE_SUFFIXES]
    if unruly:
        raise RoleHasNoRule(roles=unruly)
    if body.password is not None and desk.settings.mode == "production":
        raise CommonPasswordInProduction()
    units = await unit_queries.named_units(desk.pool, body.level, body.units, desk.today())
    proposed = proposals(units, list(dict.fromkeys(body.roles)), ROLE_WORDS)
    taken = await queries.taken_usernames(desk.pool, [one.username for one in proposed])
    wanted = [_from_rule(one) for one in proposed if one.username not in taken]
    created = await _create(desk, wanted, desk.context(caller), body.password)
    made = [one for one in proposed if one.username in created]
    answer = {
        "created": [_shown(one) | created[one.username].shown() for one in made],
        "skipped": [_shown(one) for one in proposed if one.username not in created],
    }
    slips = [_slip_of_rule(one, created[one.username].first_password) for one in made]
    printable = {} if body.password is not None else await keep(desk, slips)
    return json_response(answer | printable, headers=NO_STORE)


@router.post(
    "/users/import",
    summary="Tạo tài khoản từ tệp Excel",
    operation_id="import_users",
    openapi_extra=described("Cột: Tên đăng nhập, Họ tên, Mã đơn vị, Vai trò, Lĩnh vực"),
)
async def import_users(
    request: Request,
    caller: Administrator,
    dry_run: Annotated[bool, Query(description="Chỉ kiểm tra")] = False,
) -> Response:
    """All errors at once, each with its cell; with any error nobody is created."""
    desk = desk_of(request)
    users, errors = await _read(desk, await _sheets((await read_upload(request)).data))
    if dry_run:
        listed = [{"username": user.username, "name": user.name, "grants": user.grants} for user in users]
        return json_response({"users": listed, "errors": errors})
    if errors:
        raise UsersSheetHasErrors(errors=[_as_json(error) for error in errors])
    created = await _create(desk, [(user.username, user.name, user.grants) for user in users], desk.context(caller), None)
    slips = await _slips(desk, users, created)
    skipped = [user.username for user in users if user.username not in created]
    return json_response({"created": slips, "skipped": skipped} | await keep(desk, slips), headers=NO_STORE)


async def _sheets(data: bytes) -> list[RawSheet]:
    return await read_untrusted(data)


async def _read(desk: Desk, sheets: Sequence[RawSheet]) -> tuple[list[users_sheet.ListedUser], list[users_sheet.CellError]]:
    codes, usernames = users_sheet.codes_and_names(sheets)
    known = users_sheet.Known(
        units=await unit_queries.ids_by_code(desk.pool, codes, desk.today()),
        roles=users_sheet.role_words(ROLE_WORDS),
        sectors=users_sheet.words_to_codes(SECTOR_WORDS),
        usernames=await queries.taken_usernames(desk.pool, usernames),
    )
    return users_sheet.read_users(sheets, known)


Wanted = tuple[str, str, tuple[Grant, ...]]
"""(user name, name of the person, grants)."""


@dataclass(frozen=True)
class Created:
    user_id: UUID
    first_password: str

    def shown(self) -> dict[str, Any]:
        return {"id": self.user_id, "first_password": self.first_password}


async def _create(desk: Desk, wanted: Sequence[Wanted], context: Context, common: str | None) -> dict[str, Created]:
    """By user name; whose name was taken meanwhile is left out. Hashes first, so that no transaction waits for Argon2id."""
    shared_hash = await desk.hashing.hashed(common) if common else None
    accounts: list[NewAccount] = []
    firsts_by_name: dict[str, str] = {}
    for start in range(0, len(wanted), HASHED_TOGETHER):
        chunk = wanted[start : start + HASHED_TOGETHER]
        firsts = [common or passwords.first_password() for _ in chunk]
        hashes = [shared_hash] * len(chunk) if shared_hash else await asyncio.gather(*map(desk.hashing.hashed, firsts))
        for (username, name, grants), first, password_hash in zip(chunk, firsts, hashes, strict=True):
            accounts.append(NewAccount(uuid7(), username, name, password_hash, common is None, grants))
            firsts_by_name[username] = first
    created: dict[str, Created] = {}
    for start in range(0, len(accounts), BATCH):
        for one in await _register(desk, accounts[start : start + BATCH], context):
            created[one.username] = Created(one.user_id, firsts_by_name[one.username])
    return created


async def _register(desk: Desk, batch: Sequence[NewAccount], context: Context) -> list[NewAccount]:
    """Those of the batch whose names are still free, in one transaction."""
    async with desk.store.begin() as work:
        await work.lock([USERNAMES_LOCK])
        taken = await queries.taken_usernames(work.connection, [one.username for one in batch])
        accounts = [one for one in batch if one.username not in taken]
        units = {grant.unit_id for one in accounts for grant in one.grants}
        in_force = await unit_queries.in_force(work.connection, units, desk.today())
        for one in accounts:
            command = RegisterUser(one.user_id, one.grants, in_force)
            await handle_in(work, desk.store, USER, user_stream(one.user_id), command, context)
        await projections.add_accounts(work.connection, accounts, desk.clock())
        await projections.put_grants(work.connection, [(one.user_id, one.grants) for one in accounts])
    return accounts


def _from_rule(proposal: Proposal) -> Wanted:
    return proposal.username, proposal.name, (Grant(proposal.role, proposal.unit.unit_id),)


def _shown(proposal: Proposal) -> dict[str, Any]:
    unit = proposal.unit
    return {
        "username": proposal.username,
        "role": proposal.role,
        "unit_id": unit.unit_id,
        "unit_code": unit.code,
        "unit_name": unit.full_name,
    }


def _slip_of_rule(proposal: Proposal, first: str) -> Slip:
    return Slip(proposal.username, first, proposal.role, proposal.unit.full_name, proposal.unit.code)


async def _slips(desk: Desk, users: Sequence[users_sheet.ListedUser], created: Mapping[str, Created]) -> list[Slip]:
    names = await unit_queries.latest_names(desk.pool, {grant.unit_id for user in users for grant in user.grants})
    return [_slip(user, created[user.username].first_password, names) for user in users if user.username in created]


def _slip(user: users_sheet.ListedUser, first: str, names: Mapping[UUID, Mapping[str, Any]]) -> Slip:
    units = ", ".join(dict.fromkeys(str(names[grant.unit_id]["name"]) for grant in user.grants))
    return Slip(user.username, first, ", ".join(dict.fromkeys(grant.role for grant in user.grants)), units)


def _as_json(error: users_sheet.CellError) -> dict[str, str]:
    return {"sheet": error.sheet, "a1": error.a1, "rule": error.rule, "message": error.message}
