"""The app factory and what all HTTP APIs here do alike: problems, ETags, idempotency, correlation, one log line per request."""

import hashlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from .auth import Allow, Principal
from .errors import Malformed, NotFound, NotReady, PayloadIsTooLarge, Rejected, VersionIsMissing, VersionIsStale
from .event_store import Conflict, Context, Interrupted, ids_by_key, uuid7
from .message import traceparent
from .postgres import AWAY, is_away

log = structlog.get_logger()

PROBLEM_TYPE = "/problems/"
MAX_BODY_BYTES = 30_000_000
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(title: str, *, version: str, description: str, lifespan: Lifespan, service: str = "") -> FastAPI:
    """An app with the shared behaviour and no routes yet. `service` is its name in the log lines."""
    app = FastAPI(title=title, version=version, description=description, lifespan=lifespan)
    app.add_middleware(_Canonical, service=service or title)
    app.add_exception_handler(Rejected, _rejected)
    app.add_exception_handler(Conflict, _conflict)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _of_the_framework)
    for failure in (*AWAY, asyncpg.InterfaceError, Interrupted):
        app.add_exception_handler(failure, _away)
    return app


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`body` (structs, dataclasses, Decimals, UUIDs, dates) as JSON; decimals become strings."""
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json", headers=headers)


def problem(rule: str, title: str, status: int, detail: str = "", headers: dict[str, str] | None = None, /, **parameters: Any) -> Response:
    """RFC 9457 problem+json; `type` ends in the broken rule's name, its parameters lie in the body."""
    body = {**parameters, "type": PROBLEM_TYPE + rule, "title": title, "status": status, "detail": detail or title}
    correlation = structlog.contextvars.get_contextvars().get("correlation_id")
    if correlation:
        body["correlation_id"] = correlation
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/problem+json", headers=headers)


async def _rejected(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, Rejected)
    structlog.contextvars.bind_contextvars(rejected=failure.rule())
    wait = getattr(failure, "retry_after", None)
    headers = {"Retry-After": str(wait)} if wait else None
    return problem(failure.rule(), failure.title, failure.status, failure.detail, headers, **failure.parameters)


async def _conflict(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, Conflict)
    return await _rejected(request, VersionIsStale(current=failure.current))


async def _unreadable(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, RequestValidationError)
    refusal = await _why_not_allowed(request)
    if refusal is not None:
        return await _rejected(request, refusal)
    errors = [
        {
            "at": ".".join(str(part) for part in error["loc"]),
            "message": _IN_WORDS.get(error["type"], "Giá trị không hợp lệ"),
            "why": error["msg"],
        }
        for error in failure.errors()
    ]
    return problem("malformed", Malformed.title, 422, errors=errors)


async def _why_not_allowed(request: Request) -> Rejected | None:
    """FastAPI parses a JSON body before it asks who calls: whoever may not call is told that, and nothing of the body."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    for dependency in getattr(dependant, "dependencies", ()):
        if isinstance(dependency.call, Allow):
            try:
                await dependency.call(request)
            except Rejected as refusal:
                return refusal
    return None


_IN_WORDS = {
    "json_invalid": "Không phải JSON hợp lệ",
    "missing": "Thiếu trường này",
    "extra_forbidden": "Không có trường này",
    "string_too_short": "Quá ngắn",
    "string_too_long": "Quá dài",
    "too_short": "Quá ít phần tử",
    "too_long": "Quá nhiều phần tử",
    "int_parsing": "Phải là số nguyên",
    "bool_parsing": "Phải là true hoặc false",
    "uuid_parsing": "Phải là mã UUID",
    "date_from_datetime_parsing": "Phải là ngày dạng 2026-03-31",
    "literal_error": "Không thuộc các giá trị cho phép",
}
"""pydantic's error types as a person reads them; its own words go along as `why`."""


async def _of_the_framework(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, HTTPException)
    if failure.status_code == 400:
        return problem("malformed", Malformed.title, 422, "Nội dung gửi lên không đọc được")
    if failure.status_code == 404:
        return problem("not-found", NotFound.title, 404, "Không có địa chỉ này")
    if failure.status_code == 413:
        return await _rejected(request, PayloadIsTooLarge())
    return problem("http-error", "Yêu cầu không thực hiện được", failure.status_code, why=str(failure.detail))


async def _away(request: Request, failure: Exception) -> Response:
    """The database or a peer doesn't answer, or undid the transaction: nothing has changed that was confirmed; try again."""
    if not isinstance(failure, Interrupted) and not is_away(failure):
        return await _unexpected(request, failure)
    log.warning("not available", why=repr(failure))
    return await _rejected(request, NotReady())


async def _unexpected(request: Request, failure: Exception) -> Response:
    log.error("unexpected error", exc_info=failure)
    return problem("unexpected-error", "Có lỗi ngoài dự kiến; xin thử lại hoặc báo bộ phận hỗ trợ kèm mã lỗi", 500)


class _Canonical:
    """Pure ASGI: binds the correlation id, bounds the body, writes one log line per request."""

    def __init__(self, app: Any, service: str) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        correlation = headers.get(b"x-correlation-id", b"").decode("latin-1")[:64] or str(uuid7())
        if not all(c.isalnum() or c in "-_." for c in correlation):
            correlation = str(uuid7())
        around = structlog.contextvars.get_contextvars()  # of the caller, where a peer calls within this process
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(service=self._service, correlation_id=correlation)
        began, seen = time.perf_counter(), {"status": 500, "has_begun": False}

        async def tell(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                seen["status"], seen["has_begun"] = message["status"], True
                message["headers"] = [*message.get("headers", []), (b"x-correlation-id", correlation.encode())]
            await send(message)

        try:
            if _stated_length(headers) > MAX_BODY_BYTES:
                await problem(PayloadIsTooLarge.rule(), PayloadIsTooLarge.title, PayloadIsTooLarge.status)(scope, receive, tell)
            else:
                await self._app(scope, _bounded(receive), tell)
        except Exception as failure:
            if not seen["has_begun"]:
                await (await _unexpected(Request(scope), failure))(scope, receive, tell)
            raise  # the server logs it, and a test sees it
        finally:
            self._say(scope, seen["status"], began)
            structlog.contextvars.clear_contextvars()
            structlog.contextvars.bind_contextvars(**around)

    def _say(self, scope: Any, status: int, began: float) -> None:
        principal: Principal | None = scope.get("state", {}).get("principal")
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            actor=principal.id if principal else "",
            ms=round((time.perf_counter() - began) * 1000, 1),
        )


def _stated_length(headers: dict[bytes, bytes]) -> int:
    stated = headers.get(b"content-length", b"")
    return int(stated) if stated.isdigit() else 0


def _bounded(receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    """Counts the body as it comes, for requests that don't say its length."""
    total = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MAX_BODY_BYTES:
            raise HTTPException(PayloadIsTooLarge.status)
        return message

    return counted


def etag(version: int) -> str:
    return f'"{version}"'


def if_match(request: Request) -> int:
    """The version that the caller has seen, from `If-Match`. Raises VersionIsMissing or Malformed."""
    text = request.headers.get("if-match")
    if text is None:
        raise VersionIsMissing()
    try:
        return int(text.strip().removeprefix("W/").strip('"'))
    except ValueError as failure:
        raise Malformed("If-Match phải là phiên bản đã nhận ở ETag") from failure


async def read_body(request: Request, type_: Any) -> Any:
    """The JSON body as `type_` (a msgspec Struct or anything msgspec converts to). Raises Malformed naming the place."""
    try:
        return msgspec.json.decode(await request.body(), type=type_)
    except msgspec.ValidationError as failure:
        raise Malformed(f"Nội dung gửi lên không đúng cấu trúc: {_told(str(failure))}", why=str(failure)) from failure
    except (msgspec.DecodeError, UnicodeDecodeError) as failure:
        raise Malformed("Nội dung gửi lên không phải JSON hợp lệ") from failure


_WORDS = (
    ("Object missing required field", "thiếu trường"),
    ("Object contains unknown field", "không có trường"),
    ("Expected", "cần"),
    (", got", ", nhận được"),
    (" - at", ", tại"),
)


def _told(message: str) -> str:
    """What msgspec says, in the words of whoever sent it; rare wordings leave only the place."""
    told = message
    for theirs, ours in _WORDS:
        told = told.replace(theirs, ours)
    if told.startswith(("thiếu", "không", "cần")):
        return told
    _, at, place = told.rpartition(", tại ")
    return f"giá trị không hợp lệ{at}{place if at else ''}"


async def context_of(request: Request, principal: Principal) -> Context:
    """The command's context: caller, moment, correlation, and ids that a retry with the same Idempotency-Key meets."""
    correlation = structlog.contextvars.get_contextvars().get("correlation_id", "")
    clock: Callable[[], datetime] = getattr(request.app.state, "clock", _now)
    key = request.headers.get("idempotency-key", "").strip()
    trace = traceparent(request.headers.get("traceparent", ""))
    if not key:
        return Context(principal.id, clock(), correlation, trace=trace)
    fingerprint = hashlib.sha256(b"\n".join([request.method.encode(), request.url.path.encode(), await request.body()])).digest()
    return Context(
        actor=principal.id,
        now=clock(),
        correlation_id=correlation,
        trace=trace,
        event_id=ids_by_key(principal.id, key),
        request_hash=fingerprint,
        is_repeatable=True,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def now_of(request: Request) -> datetime:
    """The app's clock: the moment of this request, aware."""
    clock: Callable[[], datetime] = getattr(request.app.state, "clock", _now)
    return clock()


def ndjson(bodies: list[bytes]) -> bytes:
    return b"".join(body + b"\n" for body in bodies)


def dumps(value: Any) -> bytes:
    return orjson.dumps(value)
