"""A publisher's log over HTTP: how an inbox pulls what the bus did not bring. Reads with a service token."""

import time
from collections.abc import Callable

import httpx
from joserfc.jwk import OKPKey

from .auth import SERVICE_TOKEN_SECONDS, service_token


class ServiceIdentity:
    """A service's own token, renewed before it ends."""

    def __init__(self, key: OKPKey, service: str) -> None:
        self._key, self._service = key, service
        self._token, self._renew_at = "", 0.0

    def headers(self) -> dict[str, str]:
        if time.time() >= self._renew_at:
            self._token = service_token(self._key, self._service)
            self._renew_at = time.time() + SERVICE_TOKEN_SECONDS / 2
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
