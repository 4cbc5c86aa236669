"""Signs the log now and then: a checkpoint names its head and the root of its tree, and goes into the log and outside the database."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import uuid5

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kernel.auth import private_key
from kernel.event_store import NAMESPACE, AlreadyAppended, Context
from kernel.handler import handle
from kernel.runtime import Runtime
from kernel.service import Clock

from ..calculation.merkle import root_of
from ..domain import COPIES, Copy
from ..events import CheckpointSigned
from ..queries.chain import signed_words, tile_roots
from ..settings import Settings

log = structlog.get_logger()
STREAM = "checkpoint/log"
LOOK_EVERY = 1.0
_WHERE_IT_STANDS = """
SELECT (SELECT coalesce(max(seq), 0) FROM ledger) AS head,
    (SELECT max((payload ->> 'seq')::bigint) FROM event WHERE stream_id = 'checkpoint/log') AS signed,
    (SELECT max(occurred_at) FROM event WHERE stream_id = 'checkpoint/log') AS signed_at
"""


def signing(runtime: Runtime, settings: Settings, clock: Clock) -> Callable[[], Awaitable[None]]:
    """The task that looks every second whether a checkpoint is due."""

    async def sign_when_due() -> None:
        while True:
            if await is_due(runtime, settings, clock()):
                await sign(runtime, settings, clock())
            await asyncio.sleep(LOOK_EVERY)

    return sign_when_due


async def is_due(runtime: Runtime, settings: Settings, now: datetime) -> bool:
    """After so many events; or after so long, if there is anything since but the last checkpoint itself."""
    row = await runtime.pool.fetchrow(_WHERE_IT_STANDS)
    assert row is not None
    new = row["head"] - (row["signed"] or 0)
    if new >= settings.checkpoint_every:
        return True
    is_old = row["signed_at"] is None or (now - row["signed_at"]).total_seconds() >= settings.checkpoint_seconds
    return new > 1 and is_old


async def sign(runtime: Runtime, settings: Settings, now: datetime) -> CheckpointSigned | None:
    """Signs the log as far as it is sequenced; None where that was signed already."""
    row = await runtime.pool.fetchrow("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1")
    if row is None:
        return None
    seq, head = row["seq"], bytes(row["hash"]).hex()
    root = root_of(await tile_roots(runtime.pool, seq)).hex()
    signature = _key(runtime, settings).sign(signed_words(seq, head, root)).hex()
    event = CheckpointSigned(seq, head, root, f"service/{runtime.definition.name}", signature)
    context = Context(runtime.definition.name, now, f"checkpoint-{seq}", event_id=lambda stream, n: uuid5(NAMESPACE, f"checkpoint/{seq}"))
    try:
        await handle(runtime.store, COPIES, STREAM, Copy(event), context)
    except AlreadyAppended:
        return None
    await _keep_outside(settings, event)
    return event


def _key(runtime: Runtime, settings: Settings) -> Ed25519PrivateKey:
    d = str(private_key(settings, runtime.definition.name).as_dict(private=True)["d"])
    return Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(d + "=" * (-len(d) % 4)))


async def _keep_outside(settings: Settings, event: CheckpointSigned) -> None:
    words: dict[str, Any] = msgspec.to_builtins(event)
    log.info("checkpoint signed", **words)
    if settings.checkpoint_file is not None:
        line = msgspec.json.encode(words) + b"\n"
        await asyncio.to_thread(_append, settings, line)


def _append(settings: Settings, line: bytes) -> None:
    assert settings.checkpoint_file is not None
    with settings.checkpoint_file.open("ab") as file:
        file.write(line)
