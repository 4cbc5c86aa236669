"""First passwords: in the answer, and as a printable list that waits sealed for one reading. Nobody can ask for them again."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from contracts.vocabulary import ROLE_WORDS
from kernel.auth import Allow, Principal
from kernel.errors import NotFound

from ..calculation.printing import Slip, page, workbook
from ..calculation.sealing import SealIsBroken, digest, keyed_digest, sealed, unsealed
from ..projections import sessions as projections
from ..queries import users as queries
from .desk import Desk, desk_of

router = APIRouter(tags=["người dùng"])

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PURPOSE = "first-passwords"


async def hand_out(desk: Desk, listed: Sequence[tuple[str, str, UUID]]) -> dict[str, Any]:
    """Where the list of (user name, first password, user id) can be fetched, once: {batch, first_passwords: {html, xlsx}}."""
    grants = await queries.grants_of(desk.pool, [user_id for _, _, user_id in listed], desk.today())
    return await keep(desk, [_slip(username, first, grants.get(user_id, [])) for username, first, user_id in listed])


async def keep(desk: Desk, slips: Sequence[Slip]) -> dict[str, Any]:
    """The address itself is the key: without it the row can't be read, whatever else is known."""
    batch = secrets.token_urlsafe(24)
    readable = [msgspec.structs.replace(slip, role=", ".join(ROLE_WORDS[role] for role in slip.role.split(", ") if role)) for slip in slips]
    box = sealed(_key(desk, batch), msgspec.json.encode(readable), PURPOSE)
    await projections.keep_first_passwords(desk.pool, digest(batch), box, desk.clock())
    files = {kind: f"/users/first-passwords/{batch}.{kind}" for kind in ("html", "xlsx")}
    return {"batch": batch, "first_passwords": files}


@router.get("/users/first-passwords/{batch}.{kind}", summary="Mật khẩu lần đầu để in, tải được một lần", operation_id="first_passwords")
async def first_passwords(
    request: Request, _: Annotated[Principal, Depends(Allow("administrator", "leader"))], batch: str, kind: Literal["html", "xlsx"]
) -> Response:
    desk = desk_of(request)
    oldest = desk.clock() - timedelta(hours=desk.settings.first_passwords_hours)
    box = await projections.take_first_passwords(desk.pool, digest(batch), oldest)
    if box is None:
        raise NotFound("Danh sách đã được tải, đã hết hạn hoặc không tồn tại")
    try:
        slips = msgspec.json.decode(unsealed(_key(desk, batch), box, PURPOSE), type=list[Slip])
    except SealIsBroken as failure:
        raise NotFound() from failure
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    if kind == "html":
        return Response(page(slips), media_type="text/html; charset=utf-8", headers=headers)
    headers["Content-Disposition"] = 'attachment; filename="tai-khoan.xlsx"'
    return Response(workbook(slips), media_type=XLSX, headers=headers)


def _key(desk: Desk, batch: str) -> bytes:
    return keyed_digest(desk.settings.derived("identity-first-passwords"), batch)


def _slip(username: str, first: str, grants: Sequence[queries.GrantView]) -> Slip:
    roles = ", ".join(dict.fromkeys(grant.role for grant in grants))
    return Slip(username, first, roles, grants[0].full_name if grants else "")
