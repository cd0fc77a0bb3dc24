"""A uvicorn server inside our loop: no signal handlers, bounded in time and connections."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS_MAX: Final = 512
HEADERS_MAX: Final = 16_384
STOP_S: Final = 2
_START_S: Final = 5.0


class TlsWrong(ValueError):
    """Certificate or key cannot be used; the text says why."""


class _Server(uvicorn.Server):
    """Signals are the edge's own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Impatient(H11Protocol):
    """Waits only so long for a request's headers: uvicorn's own waits for ever."""

    header_s: ClassVar[float]
    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._forget()  # uvicorn's own timer waits for the next request's first byte

    def _watch(self) -> None:
        taking = self.cycle is not None and not self.cycle.response_complete
        if taking or self.transport.is_closing():
            self._forget()
        elif self._due is None:
            self._due = self.loop.call_later(self.header_s, self._drop)

    def _forget(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _drop(self) -> None:
        self._due = None
        if not self.transport.is_closing():
            with contextlib.suppress(h11.LocalProtocolError):  # it is beyond words already
                self.conn.send(h11.ConnectionClosed())
            self.transport.close()


class HttpServer:
    """Listens from `start` to `stop`; a port that is taken is an OSError of `start`."""

    def __init__(
        self, app: ASGIApp, *, host: str, port: int, header_s: float,
        tls: tuple[Path, Path] | None = None,
    ) -> None:  # fmt: skip
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._host, self._port = host, port
        self._server = _Server(
            uvicorn.Config(
                app,
                http=type("Impatient", (_Impatient,), {"header_s": header_s}),
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=CONNECTIONS_MAX,
                h11_max_incomplete_event_size=HEADERS_MAX,
                timeout_graceful_shutdown=STOP_S,
                ssl_certfile=tls and tls[0],
                ssl_keyfile=tls and tls[1],
            )
        )
        self._task: asyncio.Task[None] | None = None
        self._socket: socket.socket | None = None

    @property
    def port(self) -> int:
        if self._socket is None:
            return self._port
        return int(self._socket.getsockname()[1])

    @property
    def is_alive(self) -> bool:
        return (
            self._task is not None
            and not self._task.done()
            and all(server.is_serving() for server in self._server.servers)
        )

    async def start(self) -> None:
        try:
            self._server.config.load()
        except OSError as error:  # ssl.SSLError is one
            raise TlsWrong(f"tls: {error}: check the files `cert` and `key`") from error
        self._socket = _listening(self._host, self._port)
        self._task = asyncio.create_task(
            self._server.serve([self._socket]),
            name="webhook server",
        )
        async with asyncio.timeout(_START_S):
            while not self._server.started and not self._task.done():  # noqa: ASYNC110  uvicorn has no event
                await asyncio.sleep(0.005)
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        """End within seconds: who is not answered by then sends again."""
        task, self._task = self._task, None
        self._server.should_exit = True
        if task is not None:
            _, late = await asyncio.wait({task}, timeout=STOP_S + 1)
            if late:
                task.cancel()
                await asyncio.wait({task}, timeout=1)
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay off only where a socket says that it is TCP: with the default
    # protocol 0 every answer would wait 40 ms for the other side's acknowledgement.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(CONNECTIONS_MAX)
    except OSError:
        found.close()
        raise
    return found
