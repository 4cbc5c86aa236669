"""Captcha, sign-in, refresh, sign-out, one's own account."""

import asyncio
import base64
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from kernel.auth import Allow, Principal
from kernel.errors import Malformed, NotFound
from kernel.event_store import uuid7
from kernel.web import json_response, problem

from ..calculation import captcha, passwords
from ..calculation.sealing import SealIsBroken, sealed, unsealed
from ..commands import EndSessions
from ..domain.session import SessionHasEnded
from ..domain.user import USER
from ..projections import sessions as projections
from ..projections import users as user_projections
from ..queries import sessions as queries
from ..queries import users as user_queries
from ..queries.users import Account
from .bodies import MeBody, PasswordBody, SignInBody
from .desk import Desk, desk_of, run, user_stream
from .sign_in import Entry, SignedIn, answer, check_current_password, client_sign_in, refresh, sign_in, sign_out

router = APIRouter(tags=["phiên đăng nhập"])

COOKIE = "ktxh_refresh"
COOKIE_PATH = "/api/identity/sessions"
NO_STORE = {"Cache-Control": "no-store"}

Anyone = Annotated[Principal, Depends(Allow(anyone=True))]
AnyUser = Annotated[Principal, Depends(Allow(any_user=True))]
AnyUserEvenFirst = Annotated[Principal, Depends(Allow(any_user=True, before_password_change=True))]


@router.post("/captcha", summary="Mã kiểm tra mới: hình và âm thanh", operation_id="new_captcha")
async def new_captcha(request: Request, _: Anyone) -> Response:
    desk, answer_text, captcha_id = desk_of(request), captcha.new_answer(), uuid7()
    async with desk.drawing:
        image = await asyncio.to_thread(captcha.picture, answer_text)
    kept = captcha.answer_digest(desk.settings.derived("identity-captcha"), str(captcha_id), answer_text)
    await projections.add_captcha(desk.pool, captcha_id, kept, desk.clock())
    box = sealed(desk.settings.derived("identity-captcha-sound"), answer_text.encode(), str(captcha_id))
    spoken = base64.urlsafe_b64encode(box).decode()
    body = {
        "id": captcha_id,
        "image": "data:image/png;base64," + base64.b64encode(image).decode(),
        "audio": f"{request.scope.get('root_path', '')}/captcha/{captcha_id}/audio.wav?spoken={spoken}",
    }
    return json_response(body, headers=NO_STORE)


@router.get("/captcha/{captcha_id}/audio.wav", summary="Nghe mã kiểm tra", operation_id="captcha_audio")
async def captcha_audio(request: Request, _: Anyone, captcha_id: UUID, spoken: str = "") -> Response:
    """The answer travels sealed in the address, so that only its digest is kept here."""
    desk = desk_of(request)
    if not await projections.is_captcha_open(desk.pool, captcha_id, desk.clock()):
        raise NotFound()
    try:
        box = base64.urlsafe_b64decode(spoken)
        code = unsealed(desk.settings.derived("identity-captcha-sound"), box, str(captcha_id)).decode()
    except (SealIsBroken, ValueError) as failure:
        raise NotFound() from failure
    async with desk.drawing:
        wave = await asyncio.to_thread(captcha.sound, code)
    return Response(wave, media_type="audio/wav", headers=NO_STORE)


@router.post("/sessions", summary="Đăng nhập", operation_id="sign_in")
async def post_session(request: Request, caller: Anyone, body: SignInBody) -> Response:
    """A person's sign-in sets the refresh cookie; a department's system (`client_id`, `client_secret`) gets a token only."""
    desk, address = desk_of(request), _address(request)
    if body.client_id is not None:
        return json_response(await client_sign_in(desk, body.client_id, body.client_secret, address), headers=NO_STORE)
    if not body.username or not body.password:
        raise Malformed("Cần nhập tên đăng nhập và mật khẩu")
    is_trusted = caller.kind == "service"
    entry = Entry(body.username, body.password, address, body.captcha_id, body.captcha_answer, is_trusted)
    return _signed_in(desk, await sign_in(desk, entry))


@router.post("/sessions/refresh", summary="Gia hạn phiên bằng cookie", operation_id="refresh_session")
async def refresh_session(request: Request, _: Anyone) -> Response:
    token = request.cookies.get(COOKIE, "")
    try:
        return _signed_in(desk_of(request), await refresh(desk_of(request), token))
    except SessionHasEnded as ended:
        response = problem(ended.rule(), ended.title, ended.status)
        response.delete_cookie(COOKIE, path=COOKIE_PATH)
        return response


@router.delete("/sessions/current", status_code=204, summary="Đăng xuất", operation_id="sign_out")
async def delete_session(request: Request, caller: Anyone) -> Response:
    session = UUID(caller.session) if caller.session else None
    await sign_out(desk_of(request), session, request.cookies.get(COOKIE))
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path=COOKIE_PATH)
    return response


@router.get("/me", summary="Tôi là ai, có những vai trò nào", operation_id="get_me")
async def get_me(request: Request, caller: AnyUserEvenFirst) -> Response:
    desk = desk_of(request)
    account = await _own_account(desk, caller)
    grants = await user_queries.grants_in_force(desk.pool, account.user_id, desk.today())
    settings = desk.settings
    body = {
        "id": account.user_id,
        "username": account.username,
        "name": account.name,
        "phone": account.phone,
        "language": account.language,
        "must_change_password": account.must_change,
        "grants": [grant.shown() for grant in grants],
        "password_rule": passwords.rule_in_words(settings.password_minimum, settings.password_classes),
    }
    return json_response(body)


@router.put("/me", status_code=204, summary="Sửa họ tên, điện thoại, ngôn ngữ", operation_id="change_me")
async def put_me(request: Request, caller: AnyUser, body: MeBody) -> Response:
    desk = desk_of(request)
    account = await _own_account(desk, caller)
    await user_projections.change_person(desk.pool, account.user_id, body.name.strip(), body.phone, body.language)
    return Response(status_code=204)


@router.put("/me/password", summary="Đổi mật khẩu; các phiên khác kết thúc", operation_id="change_password")
async def put_password(request: Request, caller: AnyUserEvenFirst, body: PasswordBody) -> Response:
    """Answers like a sign-in, with a fresh token for this session: the one shown has ended with all others."""
    desk = desk_of(request)
    account, session = await _own_account(desk, caller), UUID(caller.session)
    await check_current_password(desk, account, body.current)
    passwords.check_choice(body.new, account.username, desk.settings.password_minimum, desk.settings.password_classes)
    if body.new == body.current:
        raise passwords.PasswordIsTheOldOne()
    password_hash = await desk.hashing.hashed(body.new)

    async def command_in(connection: object) -> EndSessions:
        await user_queries.locked_account(connection, account.user_id)
        await user_projections.set_password(connection, account.user_id, password_hash, must_change=False)
        await projections.end_all(connection, account.user_id, desk.clock(), "password changed", but=session)
        return EndSessions(account.user_id, desk.not_before())

    await run(desk, USER, user_stream(account.user_id), command_in, desk.context(caller), project=desk.users)
    async with desk.store.begin() as work:
        renewed = await user_queries.locked_account(work.connection, account.user_id)
        if renewed is None or renewed.is_disabled:
            raise SessionHasEnded()
        return json_response(await answer(desk, work.connection, renewed, session), headers=NO_STORE)


async def _own_account(desk: Desk, caller: Principal) -> Account:
    """Of a signed-in person. Raises SessionHasEnded where the session or the account is over."""
    account = await user_queries.account_of(desk.pool, UUID(caller.id))
    if account is None or not caller.session or not await queries.is_session_open(desk.pool, UUID(caller.session)):
        raise SessionHasEnded()
    return account


def _signed_in(desk: Desk, signed_in: SignedIn) -> Response:
    response = json_response(signed_in.body, headers=NO_STORE)
    response.set_cookie(
        COOKIE,
        signed_in.refresh_token,
        max_age=desk.settings.session_hours * 3600,
        path=COOKIE_PATH,
        secure=desk.settings.cookie_secure,
        httponly=True,
        samesite="strict",
    )
    return response


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
