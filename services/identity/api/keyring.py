"""The key that signs tokens: read from the table, made when there is none, changed without logging anyone out."""

import json
from datetime import datetime, timedelta
from typing import Any

import structlog

from kernel.auth import KEYS_ASKED_AGAIN_SECONDS
from kernel.clock import Clock

from ..calculation.sealing import SealIsBroken, sealed, unsealed
from ..calculation.tokens import SigningKey, new_signing_key, read_signing_key
from ..projections import sessions as projections
from ..queries import sessions as queries

log = structlog.get_logger()

KEYS_LOCK = "signing-keys"

KNOWN_TO_ALL = timedelta(seconds=KEYS_ASKED_AGAIN_SECONDS + 1)
"""A service that meets an unknown key asks again, unless it has just asked: whoever asked before the key was there may ask by then."""


class Keyring:
    """Signs with the newest key that every service can know by now; others are published until their last tokens have ended."""

    def __init__(self, store: Any, sealing_key: bytes, clock: Clock) -> None:
        self._store, self._sealing_key, self._clock = store, sealing_key, clock
        self._keys: list[tuple[datetime, SigningKey]] = []

    @property
    def current(self) -> SigningKey:
        """The newest whose time has come."""
        now = self._clock()
        return next((key for signs_from, key in self._keys if signs_from <= now), self._keys[-1][1])

    async def load(self, oldest: timedelta) -> None:
        """Takes up the keys that aren't retired; makes one if there is none that can be read, or the newest is older than `oldest`."""
        async with self._store.begin() as work:
            await work.lock([KEYS_LOCK])
            rows = await queries.living_keys(work.connection)
            self._keys = [(row["signs_from"], key) for row in rows if (key := self._read(row)) is not None]
            is_old = bool(rows) and self._clock() - rows[0]["created_at"] > oldest
            if not self._keys or is_old:
                await self._add(work.connection)

    async def rotate(self) -> SigningKey:
        """A new key, published from now on, signing as soon as nobody's copy of the key set can be older than that."""
        async with self._store.begin() as work:
            await work.lock([KEYS_LOCK])
            return await self._add(work.connection)

    async def published(self) -> dict[str, Any]:
        """The key set as JSON Web Keys (RFC 7517)."""
        return {"keys": [json.loads(key) for key in await queries.published_keys(self._store.pool, self._clock())]}

    def _read(self, row: Any) -> SigningKey | None:
        try:
            return read_signing_key(row["key_id"], unsealed(self._sealing_key, row["sealed"], row["key_id"]))
        except SealIsBroken:
            log.warning("signing key can't be read with today's secret; a new one is made", key_id=row["key_id"])
            return None

    async def _add(self, connection: Any) -> SigningKey:
        key, now = new_signing_key(), self._clock()
        box = sealed(self._sealing_key, key.private_bytes(), key.key_id)
        signs_from = now + KNOWN_TO_ALL if self._keys else now
        await projections.add_key(connection, key.key_id, json.dumps(key.public_jwk()), box, now, signs_from)
        self._keys = [(signs_from, key), *self._keys]
        return key
