"""The bus of one process: hands the same windows to the same inboxes, and returns when they have committed."""

import asyncio
from collections.abc import Sequence

from .bus import Listeners, PublishFailed, Receive
from .ledger import Entry


class InProcessBus:
    """Shared by all services of a process. A window that a listener could not keep is sent again by the relay."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners
        self._receivers: dict[tuple[str, str], Receive] = {}

    async def start(self) -> None:
        pass

    async def subscribe(self, consumer: str, publisher: str, receive: Receive) -> None:
        self._receivers[consumer, publisher] = receive

    async def publish(self, publisher: str, window: Sequence[Entry]) -> None:
        bodies = [entry.body for entry in window]
        expected = self._listeners.get(publisher, ())
        absent = [consumer for consumer in expected if (consumer, publisher) not in self._receivers]
        if absent:
            raise PublishFailed(0, f"not listening yet: {', '.join(absent)}")
        results = await asyncio.gather(*(self._receivers[name, publisher](bodies) for name in expected), return_exceptions=True)
        failed = [result for result in results if isinstance(result, BaseException)]
        if failed:
            raise PublishFailed(0, repr(failed[0])) from failed[0]

    async def stop(self) -> None:
        self._receivers.clear()
