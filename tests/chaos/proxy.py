"""A TCP proxy that can stop to carry one direction while both connections stay open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

READ_BYTES = 65536


class Proxy:
    """`blocked` holds "up" (towards the server), "down", or both: such bytes are discarded.

    A discarded byte breaks the connection for good, as a lost route does: the ends notice it by
    their own time-outs only. New connections are carried in the same way.
    """

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self.blocked: set[str] = set()
        self._target = (host, port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        with suppress(OSError):
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry("up", reader, server_writer))
                group.create_task(self._carry("down", server_reader, writer))

    async def _carry(
        self, direction: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        is_broken = False
        try:
            while data := await reader.read(READ_BYTES):
                is_broken = is_broken or direction in self.blocked
                if not is_broken:
                    writer.write(data)
                    await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def proxy_to(host: str, port: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(host, port)
    server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
