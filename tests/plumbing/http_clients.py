"""A small application behind the HTTP server, and clients that write bytes to its socket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from werknetz.runtime.http_server.limits import HttpLimits
from werknetz.runtime.http_server.server import HttpServer

HELLO = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
LAST_HELLO = b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
BODY_BYTES_MAX = 200_000
LARGE_BYTES = 40_000_000
PATIENCE_S = 60


@dataclass
class Stage:
    """A running server. `release` lets requests of /wait end; `paths` are those it answered."""

    server: HttpServer
    release: asyncio.Event = field(default_factory=asyncio.Event)
    paths: list[str] = field(default_factory=list)
    clients: list[str] = field(default_factory=list)
    waiting: int = 0

    async def hello(self, request: Request) -> Response:
        self.paths.append(request.url.path)
        self.clients.append(request.client.host if request.client else "")
        return PlainTextResponse(f"{request.url.scheme} hello")

    async def wait(self, _: Request) -> Response:
        self.waiting += 1
        await self.release.wait()
        self.waiting -= 1
        return PlainTextResponse("done")

    async def large(self, _: Request) -> Response:
        return Response(b"x" * LARGE_BYTES)

    async def count(self, request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def ignore(self, _: Request) -> Response:
        return PlainTextResponse("ignored", 401)

    @property
    def open(self) -> int:
        return len(self.server._server.table)


@asynccontextmanager
async def start_stage(
    limits: HttpLimits | None = None, tls: tuple[Path, Path] | None = None
) -> AsyncIterator[Stage]:
    app = Starlette(middleware=[Middleware(RequestBodyLimitMiddleware, BODY_BYTES_MAX)])
    server = HttpServer(app, host="127.0.0.1", port=0, limits=limits, tls=tls)
    stage = Stage(server)
    app.router.routes += [
        Route("/hello", stage.hello),
        Route("/wait", stage.wait),
        Route("/large", stage.large),
        Route("/count", stage.count, methods=["POST"]),
        Route("/ignore", stage.ignore, methods=["POST"]),
    ]
    await server.start()
    try:
        yield stage
    finally:
        stage.release.set()
        await server.stop()


@dataclass
class RawClient:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read_all(self) -> bytes:
        """Return what the server sends until it closes."""
        parts: list[bytes] = []
        async with asyncio.timeout(PATIENCE_S):
            try:
                while part := await self.reader.read(1_000_000):
                    parts.append(part)
            except ConnectionError:
                pass  # it closed while data were on their way to it
        return b"".join(parts)

    async def read_answer(self) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return head + await self.reader.readexactly(length)

    async def exchange(self, *parts: bytes) -> bytes:
        for part in parts:
            try:
                self.writer.write(part)
                await self.writer.drain()
            except ConnectionError:
                break  # answered before the end of the request
            await asyncio.sleep(0)
        return await self.read_all()

    def close(self) -> None:
        self.writer.close()


async def connect(stage: Stage, *, source: str = "127.0.0.1", buffer: int = 0) -> RawClient:
    """Connect from an address of the loopback; `buffer` limits what the kernel receives."""
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    connection.setblocking(False)
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.bind((source, 0))
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", stage.server.port))
        return RawClient(*await asyncio.open_connection(sock=connection, limit=2**16))


async def exchange(stage: Stage, *parts: bytes, source: str = "127.0.0.1") -> bytes:
    """Send a request in parts on a connection of its own; return all that comes back."""
    client = await connect(stage, source=source)
    try:
        return await client.exchange(*parts)
    finally:
        client.close()
