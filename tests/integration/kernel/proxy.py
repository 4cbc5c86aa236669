"""A wire that can be cut: stands between a client and a server, and closes or holds what passes. For tests that must lose connections."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Wire:
    """`url` leads through it. `cut` closes every connection, `hold` lets nothing pass until `release`."""

    def __init__(self, target: str) -> None:
        self._parts = urlsplit(target)
        self._passes = asyncio.Event()
        self._passes.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.url = ""

    async def cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    def hold(self) -> None:
        self._passes.clear()

    def release(self) -> None:
        self._passes.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there, back = await asyncio.open_connection(self._parts.hostname, self._parts.port or 5672)
        self._writers |= {writer, back}
        ways = [asyncio.create_task(self._pass_on(reader, back)), asyncio.create_task(self._pass_on(there, writer))]
        self._tasks |= set(ways)
        await asyncio.gather(*ways, return_exceptions=True)
        self._writers -= {writer, back}
        for end in (writer, back):
            end.close()
            with contextlib.suppress(OSError):
                await end.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._passes.wait()
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def wire_to(target: str) -> AsyncIterator[Wire]:
    wire = Wire(target)
    server = await asyncio.start_server(wire._connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire.url = wire._parts._replace(netloc=f"{wire._parts.netloc.rpartition('@')[0]}@127.0.0.1:{port}").geturl()
    try:
        yield wire
    finally:
        wire.release()
        server.close()
        await wire.cut()
        for task in wire._tasks:
            task.cancel()
        await asyncio.gather(*wire._tasks, return_exceptions=True)
