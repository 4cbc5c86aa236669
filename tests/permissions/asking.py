"""What a row of the permission table asks, and how it is asked as somebody. Judges nothing."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from .province import Province


@dataclass(frozen=True)
class Ask:
    """A well-formed call: places of the path, query, JSON body or file, the version seen, the refresh cookie.

    `named` is the id that strangers must not tell from an unknown one.
    """

    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    file: bytes | None = None
    seen: int | str | None = None
    cookie: str = ""
    named: str = ""

    def of_another(self) -> "Ask":
        """The same about an id that nothing has."""
        unknown = str(uuid4())

        def swapped(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: swapped(one) for key, one in value.items()}
            if isinstance(value, list):
                return [swapped(one) for one in value]
            return unknown if str(value) == self.named else value

        return Ask(swapped(self.path), swapped(self.query), swapped(self.body), self.file, self.seen, self.cookie)


MakeAsk = Callable[[Province], Ask | Awaitable[Ask]]


def ask(
    *, query: dict[str, Any] | None = None, body: Any = None, file: bytes | None = None, seen: int | str | None = None, **path: Any
) -> Ask:
    """What is asked of the things that the path names; the last of them is the one that strangers don't know of."""
    places = {name: str(value) for name, value in path.items()}
    return Ask(places, query or {}, body, file, seen, named=next(reversed(places.values()), ""))


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    problem: dict[str, Any]

    @property
    def told(self) -> tuple[int, dict[str, Any]]:
        """All that somebody can tell the answer by."""
        return self.status, {key: value for key, value in self.problem.items() if key != "correlation_id"}


async def put(province: Province, caller: str, service: str, route: str, asked: Ask) -> Answer:
    """Asks once, as `caller`, without a server: only the head of an answer that would go on for ever is waited for."""
    method, template = route.split(" ", 1)
    address = f"/api/{service}{template}"
    for name, value in asked.path.items():
        address = address.replace(f"{{{name}}}", value)
    assert "{" not in address, f"{route}: {address}"
    headers = province.headers(caller)
    if asked.seen is not None:
        headers["If-Match"] = f'"{asked.seen}"'
    if asked.cookie:
        headers["Cookie"] = f"ktxh_refresh={asked.cookie}"
    if template == "/stream":
        return await _head_of_stream(province, address, headers)
    files = {"file": ("tep.xlsx", asked.file)} if asked.file is not None else None
    response = await province.http.request(method, address, params=asked.query, json=asked.body, files=files, headers=headers)
    content_type = response.headers.get("content-type", "")
    return Answer(response.status_code, content_type, response.json() if content_type == "application/problem+json" else {})


async def _head_of_stream(province: Province, path: str, headers: dict[str, str]) -> Answer:
    """Leaves as soon as the answer begins."""
    begun: list[dict[str, Any]] = []
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
    }
    scope |= {"raw_path": path.encode(), "root_path": "", "query_string": b"", "headers": raw, "server": ("system", 80), "state": {}}
    asked: list[bool] = []

    async def receive() -> dict[str, Any]:
        asked.append(True)
        return {"type": "http.request", "body": b"", "more_body": False} if len(asked) == 1 else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        begun.append(message)

    await province.system.app(scope, receive, send)
    content_type = dict(begun[0]["headers"]).get(b"content-type", b"").decode()
    return Answer(begun[0]["status"], content_type, json.loads(begun[1]["body"]) if "problem" in content_type else {})
