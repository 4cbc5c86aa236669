"""Other departments' systems: an id and a secret, shown once; revoking ends their token at once. And the keys that sign all tokens."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from kernel.auth import Allow, Principal
from kernel.errors import NotFound
from kernel.web import context_of, json_response

from ..calculation.sealing import digest
from ..calculation.tokens import new_client_secret
from ..commands import DisableUser, RegisterUser
from ..domain.user import USER
from ..events import Grant
from ..projections import sessions as projections
from ..queries import sessions as queries
from ..queries import units as unit_queries
from .bodies import ClientBody
from .desk import desk_of, run, user_stream

router = APIRouter()

CLIENTS = "ứng dụng kết nối"

Administrator = Annotated[Principal, Depends(Allow("administrator"))]


@router.post("/clients", status_code=201, tags=[CLIENTS], summary="Đăng ký hệ thống nhận số liệu", operation_id="register_client")
async def register_client(request: Request, caller: Administrator, body: ClientBody) -> Response:
    """The secret is shown here and never again."""
    desk, context = desk_of(request), await context_of(request, caller)
    client_id, secret = context.event_id("user", 0), new_client_secret()
    grant = Grant("subscriber", body.unit_id, tuple(body.sectors))

    async def project(connection: Any, recorded: Any, state: Any) -> None:
        await projections.add_client(connection, client_id, body.name.strip(), digest(secret), body.unit_id, grant.sectors, desk.clock())
        await desk.users(connection, recorded, state)

    async def command_in(connection: Any) -> RegisterUser:
        return RegisterUser(client_id, (grant,), await unit_queries.in_force(connection, [body.unit_id], desk.today()))

    outcome = await run(desk, USER, user_stream(client_id), command_in, context, project=project)
    shown = {} if outcome.is_repeat else {"client_secret": secret}
    return json_response({"id": client_id, "client_id": client_id, **shown}, 201, {"Cache-Control": "no-store"})


@router.get("/clients", tags=[CLIENTS], summary="Các hệ thống nhận số liệu", operation_id="list_clients")
async def list_clients(request: Request, _: Administrator) -> Response:
    return json_response({"items": await queries.list_clients(desk_of(request).pool)})


@router.post("/clients/{client_id}/revoke", tags=[CLIENTS], summary="Thu hồi, có hiệu lực ngay", operation_id="revoke_client")
async def revoke_client(request: Request, caller: Administrator, client_id: UUID) -> Response:
    desk = desk_of(request)
    if not any(client["id"] == client_id for client in await queries.list_clients(desk.pool)):
        raise NotFound()

    async def command_in(connection: Any) -> DisableUser:
        await projections.revoke_client(connection, client_id, desk.clock())
        return DisableUser(client_id, desk.not_before(), other_administrators=0)

    await run(desk, USER, user_stream(client_id), command_in, await context_of(request, caller), project=desk.users)
    return json_response({"id": client_id})


@router.get("/.well-known/jwks.json", tags=["khóa ký"], summary="Khóa công khai để kiểm tra token", operation_id="published_keys")
async def published_keys(request: Request, _: Annotated[Principal, Depends(Allow(anyone=True))]) -> Response:
    return json_response(await desk_of(request).keyring.published(), headers={"Cache-Control": "public, max-age=60"})


@router.post("/keys/rotate", tags=["khóa ký"], summary="Đổi khóa ký; không ai phải đăng nhập lại", operation_id="rotate_keys")
async def rotate_keys(request: Request, _: Administrator) -> Response:
    key = await desk_of(request).keyring.rotate()
    return json_response({"key_id": key.key_id})
