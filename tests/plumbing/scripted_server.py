"""A TCP server with scripted replies: invalid, truncated, or none."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Reply = Callable[[bytes], bytes | None]  # None: no reply


class HangUp(Exception):
    """Raised by a reply function to close the connection instead."""


@asynccontextmanager
async def scripted_server(reply: Reply) -> AsyncIterator[int]:
    """Listen on loopback and yield the port. Each read is one request."""
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            while request := await reader.read(4096):
                response = reply(request)
                if response is not None:
                    writer.write(response)
                    await writer.drain()
        except (OSError, HangUp):
            return  # one side has closed the connection, as the test intends
        finally:
            writers.discard(writer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in list(writers):
            writer.transport.abort()
        await asyncio.sleep(0.05)
