"""A machine that answers as it is told: nonsense, halves, or nothing at all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Reply = Callable[[bytes], bytes | None]  # None: silence


class HangUp(Exception):
    """Raised by a reply: the machine ends the connection instead."""


@asynccontextmanager
async def scripted_server(reply: Reply) -> AsyncIterator[int]:
    """Listen on loopback; yield the port. What arrives at once is one request."""
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            while request := await reader.read(4096):
                answer = reply(request)
                if answer is not None:
                    writer.write(answer)
                    await writer.drain()
        except (OSError, HangUp):
            return  # one of the two has gone: that is what it is for
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
