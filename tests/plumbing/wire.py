"""A TCP connection that can be cut: between a connector and its source."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Wire:
    """A TCP connection that can be cut, between a connector and its source."""

    host: str
    port: int
    listening: int = 0
    mutes_server: bool = False  # what the server sends is lost; the connection stays
    mutes_client: bool = False
    delay_s: float = 0.0  # of everything that the server sends
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def show(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.listening)
        self.listening = self._server.sockets[0].getsockname()[1]

    async def hide(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.cut_connections()

    async def cut_connections(self) -> None:
        await asyncio.sleep(0.05)  # a connection that the kernel has is not yet ours
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0.05)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        both = {writer}
        self._open.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
            both.add(far_writer)
            self._open.add(far_writer)
            await asyncio.gather(
                _pump(reader, far_writer, lambda: self.mutes_client),
                _pump(far_reader, writer, lambda: self.mutes_server, self.delay_s),
            )
        finally:
            self._open -= both
            for stream in both:
                stream.transport.abort()


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    is_mute: Callable[[], bool],
    delay_s: float = 0.0,
) -> None:
    try:
        while chunk := await reader.read(65_536):
            if is_mute():
                continue
            if delay_s:
                await asyncio.sleep(delay_s)
            writer.write(chunk)
            await writer.drain()
    except OSError:
        writer.transport.abort()
    finally:
        writer.transport.abort()
