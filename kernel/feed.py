"""A publisher's log over HTTP: how an inbox pulls what the bus did not bring. Reads with a service token."""

from collections.abc import Callable

import httpx
from joserfc.jwk import OKPKey

from .auth import SERVICE_TOKEN_SECONDS, service_token
from .clock import Clock, utc_now


class ServiceIdentity:
    """A service's own token, renewed before it ends."""

    def __init__(self, key: OKPKey, service: str, clock: Clock = utc_now) -> None:
        self._key, self._service, self._clock = key, service, clock
        self._token, self._good = "", (0.0, 0.0)

    def headers(self) -> dict[str, str]:
        now = self._clock().timestamp()
        if not self._good[0] <= now < self._good[1]:
            self._token = service_token(self._key, self._service, now)
            self._good = (now, now + SERVICE_TOKEN_SECONDS / 2)
        return {"Authorization": f"Bearer {self._token}"}


class HttpFeed:
    """`GET /log` of one publisher. `peer()` gives the client whose base URL is the publisher's."""

    def __init__(self, peer: Callable[[], httpx.AsyncClient], identity: ServiceIdentity) -> None:
        self._peer, self._identity = peer, identity

    async def fetch(self, after: int, limit: int) -> list[bytes]:
        """Raises OSError when the publisher is away: that is nobody's fault and is tried again."""
        try:
            response = await self._peer().get("/log", params={"after": after, "limit": limit}, headers=self._identity.headers())
            response.raise_for_status()
        except httpx.HTTPError as failure:
            raise ConnectionError(f"log not readable: {failure!r}") from failure
        return [line for line in response.content.split(b"\n") if line]
