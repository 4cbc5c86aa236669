"""The bus protocol: windows of ledger entries out, windows of message bodies in. Two transports speak it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from .ledger import Entry

Receive = Callable[[Sequence[bytes]], Awaitable[None]]
"""Takes a window of message bodies of one publisher, in arrival order. When it returns, all of it has been kept."""

Listeners = Mapping[str, Sequence[str]]
"""publisher → services that listen to it."""


class PublishFailed(Exception):
    """The window, or its rest after `confirmed` entries, was not taken; send it again from there."""

    def __init__(self, confirmed: int, why: str) -> None:
        super().__init__(f"{confirmed} entries confirmed, then: {why}")
        self.confirmed = confirmed


class Bus(Protocol):
    """At least once, in order per publisher unless something failed; duplicates and gaps are the inbox's to heal."""

    async def start(self) -> None: ...

    async def publish(self, publisher: str, window: Sequence[Entry]) -> None:
        """Returns when every listener's queue (or inbox) has the whole window. Raises PublishFailed."""

    async def subscribe(self, consumer: str, publisher: str, receive: Receive) -> None: ...

    async def stop(self) -> None: ...
