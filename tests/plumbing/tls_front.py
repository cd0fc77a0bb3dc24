"""TLS before a plain server, as stunnel does it: the wheels of PostgreSQL and Valkey have none."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"  # by which PostgreSQL's clients ask for TLS


@asynccontextmanager
async def tls_front(
    backend_port: int, files: tuple[Path, Path], *, is_postgres: bool = False
) -> AsyncIterator[int]:
    """Serve TLS with this certificate and key before a port of the loopback; yield our port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    pipes: set[asyncio.Task[None]] = set()
    serve = partial(_serve, backend_port, context, is_postgres=is_postgres, pipes=pipes)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for pipe in pipes:
            pipe.cancel()
        await asyncio.gather(*pipes, return_exceptions=True)


async def _serve(
    backend_port: int,
    context: ssl.SSLContext,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    is_postgres: bool,
    pipes: set[asyncio.Task[None]],
) -> None:
    task = asyncio.current_task()
    assert task is not None
    pipes.add(task)
    writers = [writer]
    try:
        if is_postgres:
            assert await reader.readexactly(len(SSL_REQUEST)) == SSL_REQUEST
            writer.write(b"S")
            await writer.drain()
        await writer.start_tls(context)
        backend_reader, backend_writer = await asyncio.open_connection("127.0.0.1", backend_port)
        writers.append(backend_writer)
        async with asyncio.TaskGroup() as group:
            group.create_task(_pipe(reader, backend_writer))
            group.create_task(_pipe(backend_reader, writer))
    except (OSError, EOFError, BaseExceptionGroup):
        pass  # the client refused our certificate, or has gone
    finally:
        for end in writers:
            end.close()
        pipes.discard(task)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
