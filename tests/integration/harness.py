"""One service under test: the real app on a real database of its own, the other services played by the test."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from joserfc import jwt

from kernel.auth import ALGORITHM, private_key
from kernel.in_process import InProcessBus
from kernel.migrate import drop
from kernel.runtime import Runtime, Wiring
from kernel.settings import Settings
from kernel.testing import FakeClock, Publisher

KEY_ID = "test-identity"


@dataclass
class ServiceUnderTest:
    """`client` calls the app; `as_user` gives headers of a signed-in person; `publishers` play the other services."""

    app: FastAPI
    client: httpx.AsyncClient
    settings: Settings
    clock: FakeClock
    publishers: dict[str, Publisher] = field(default_factory=dict)

    @property
    def runtime(self) -> Runtime:
        runtime: Runtime = self.app.state.runtime
        return runtime

    def as_user(self, *grants: tuple[str, UUID], user: UUID | None = None, sectors: tuple[str, ...] = ()) -> dict[str, str]:
        """Authorization of a person who holds these (role, unit) grants."""
        now = self.clock().timestamp()
        claims: dict[str, Any] = {
            "iss": "identity",
            "sub": str(user or uuid.uuid5(uuid.NAMESPACE_URL, repr(grants))),
            "iat": int(now),
            "exp": int(now) + 3600,
            "grants": [{"role": role, "units": [str(unit)], "sectors": list(sectors)} for role, unit in grants],
        }
        key = private_key(self.settings, "identity")
        return {"Authorization": "Bearer " + jwt.encode({"alg": ALGORITHM, "kid": KEY_ID}, claims, key, algorithms=[ALGORITHM])}

    async def hears(self, publisher: str, type_: str, subject: str, payload: Any, **more: Any) -> None:
        """The service receives the next message of `publisher` and has kept it when this returns."""
        one = self.publishers.setdefault(publisher, Publisher(publisher))
        await self.runtime.inboxes[publisher].receive([one.says(type_, subject, payload, **more)])
        await self.runtime._release_across_inboxes(self.runtime.inboxes[publisher])


class _Feeds:
    """Serves `/log` of played publishers and identity's keys."""

    def __init__(self, settings: Settings, publishers: dict[str, Publisher]) -> None:
        self._settings, self._publishers = settings, publishers

    def peer(self, name: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(lambda request: self._answer(name, request)), base_url=f"http://{name}")

    def _answer(self, name: str, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("jwks.json"):
            key = private_key(self._settings, "identity").as_dict(private=False)
            return httpx.Response(200, json={"keys": [{**key, "kid": KEY_ID}]})
        after, limit = int(request.url.params["after"]), int(request.url.params["limit"])
        bodies = self._publishers[name].bodies[after : after + limit] if name in self._publishers else []
        return httpx.Response(200, content=b"".join(body + b"\n" for body in bodies))


@asynccontextmanager
async def service_under_test(
    create_app: Callable[..., FastAPI], name: str, postgres_url: str, clock: FakeClock | None = None, **settings: Any
) -> AsyncIterator[ServiceUnderTest]:
    """Starts the service on a database of its own and drops that afterwards."""
    namespace = f"t{uuid.uuid4().hex[:10]}"
    configured = Settings(database_url=postgres_url, namespace=namespace, captcha="never", **settings)
    publishers: dict[str, Publisher] = {}
    fake = clock or FakeClock()
    wiring = Wiring(InProcessBus({}), _Feeds(configured, publishers).peer)
    app = create_app(configured, wiring, fake)
    try:
        transport = httpx.ASGITransport(app=app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield ServiceUnderTest(app, client, configured, fake, publishers)
    finally:
        await drop(configured, name)
