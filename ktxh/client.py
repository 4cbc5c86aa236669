"""A person (or an operator's shell) at the HTTP APIs: signs in, stays signed in, asks again when told to wait. Knows no rule."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

PATIENCE_SECONDS = 60.0
LATER = frozenset({"not-arrived-yet", "not-ready"})
"""Rules that say: it is on its way, ask again."""


class Problem(Exception):
    """The API refused; `rule` is the broken rule's name, `body` the whole problem."""

    def __init__(self, status: int, body: dict[str, Any], asked: str) -> None:
        self.status, self.body = status, body
        self.rule = str(body.get("type", "")).rsplit("/", 1)[-1]
        super().__init__(f"{asked}: {status} {self.rule}: {body.get('detail') or body.get('title')} {_rest(body)}".strip())


def _rest(body: dict[str, Any]) -> str:
    rest = {key: value for key, value in body.items() if key not in ("type", "title", "status", "detail", "correlation_id")}
    return str(rest)[:400] if rest else ""


class Person:
    """One account at one system. `http` has the system's address as base URL; paths begin with the service's name.

    `vouched` gives the headers under which a scripted person signs in without a captcha.
    """

    def __init__(self, http: httpx.AsyncClient, username: str, password: str, vouched: Callable[[], dict[str, str]] = dict) -> None:
        self.username, self._password, self._vouched = username, password, vouched
        self._http = http
        self._token = ""
        self._signing_in = asyncio.Lock()

    async def get(self, path: str, **params: Any) -> Any:
        return (await self.call("GET", path, params=params)).json()

    async def post(self, path: str, body: Any = None, *, version: int | None = None, **params: Any) -> Any:
        response = await self.call("POST", path, json=body if body is not None else {}, version=version, params=params)
        return response.json() if response.content else None

    async def patch(self, path: str, body: Any, *, version: int) -> Any:
        return (await self.call("PATCH", path, json=body, version=version)).json()

    async def put(self, path: str, body: Any, *, version: int | None = None) -> Any:
        response = await self.call("PUT", path, json=body, version=version)
        return response.json() if response.content else None

    async def call(
        self, method: str, path: str, *, version: int | None = None, also_later: frozenset[str] = frozenset(), **more: Any
    ) -> httpx.Response:
        """The response of an accepted call. What is on its way is asked for again for PATIENCE_SECONDS. Raises Problem."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        headers = _headers(method, version, more)
        pause = 0.02
        while True:
            try:
                response = await self._once(method, path, headers, more)
            except httpx.TransportError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            else:
                if response.status_code < 400:
                    return response
                problem = _problem(response, f"{method} {path} ({self.username})")
                is_temporary = response.status_code in (502, 503) or problem.rule in LATER | also_later
                if not is_temporary or asyncio.get_running_loop().time() > deadline:
                    raise problem
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)

    async def _once(self, method: str, path: str, headers: dict[str, str], more: dict[str, Any]) -> httpx.Response:
        if not self._token:
            await self.sign_in()
        for _ in range(3):
            token = self._token
            headers["Authorization"] = f"Bearer {token}"
            response = await self._http.request(method, f"/api/{path}", headers=headers, **more)
            if response.status_code != 401:
                break
            if token == self._token:
                await self.sign_in()
        return response

    async def sign_in(self) -> None:
        """Signs in anew. Raises Problem where name or password is wrong."""
        async with self._signing_in:
            account = {"username": self.username, "password": self._password}
            response = await self._http.post("/api/identity/sessions", json=account, headers=self._vouched())
            if response.status_code >= 400:
                raise _problem(response, f"sign in ({self.username})")
            self._token = response.json()["access_token"]


def _headers(method: str, version: int | None, more: dict[str, Any]) -> dict[str, str]:
    """A change is asked for under one key however often it is sent, so that a lost answer doesn't make it happen twice."""
    headers: dict[str, str] = {}
    if version is not None:
        headers["If-Match"] = f'"{version}"'
    if method != "GET":
        key = uuid4().hex
        headers["Idempotency-Key"] = key
        if "files" in more:  # the same bytes each time: by itself httpx makes up a new boundary
            headers["Content-Type"] = f"multipart/form-data; boundary={key}"
    return headers


def _problem(response: httpx.Response, asked: str) -> Problem:
    try:
        body = response.json()
    except ValueError:
        body = {"detail": response.text[:200]}
    return Problem(response.status_code, body if isinstance(body, dict) else {}, asked)
