"""A uvicorn server inside the edge's event loop, without signal handlers and with limits."""

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

from werknetz.runtime.background import BackgroundTask

CONNECTIONS_MAX: Final = 512
HEADERS_MAX: Final = 16_384
STOP_S: Final = 2
_START_S: Final = 5.0


class TlsFilesInvalid(ValueError):
    """Certificate or key cannot be used; the text names the reason."""


class _Server(uvicorn.Server):
    """A server without signal handlers: the edge has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _HeaderTimeoutProtocol(H11Protocol):
    """Limits the time for a request's headers: uvicorn's own protocol waits for ever."""

    header_timeout_s: ClassVar[float]
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._stop_timer()  # uvicorn's own timer waits for the next request's first byte

    def _start_timer(self) -> None:
        is_handling = self.cycle is not None and not self.cycle.response_complete
        if is_handling or self.transport.is_closing():
            self._stop_timer()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.header_timeout_s, self._disconnect)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _disconnect(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            with contextlib.suppress(h11.LocalProtocolError):  # the connection has failed already
                self.conn.send(h11.ConnectionClosed())
            self.transport.close()


class HttpServer:
    """Listens from `start` to `stop`; `start` raises OSError where the port is in use."""

    def __init__(
        self, app: ASGIApp, *, host: str, port: int, header_s: float,
        tls: tuple[Path, Path] | None = None,
    ) -> None:  # fmt: skip
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._host, self._port = host, port
        self._server = _Server(
            uvicorn.Config(
                app,
                http=type("Protocol", (_HeaderTimeoutProtocol,), {"header_timeout_s": header_s}),
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
        # No restart: when the server ends, the connector closes and the pump connects again.
        self._task = BackgroundTask("webhook server", self._serve, restart=False)
        self._ended = asyncio.Event()
        self._socket: socket.socket | None = None

    @property
    def port(self) -> int:
        if self._socket is None:
            return self._port
        return int(self._socket.getsockname()[1])

    @property
    def is_alive(self) -> bool:
        return self._task.status().state == "running" and all(
            server.is_serving() for server in self._server.servers
        )

    async def start(self) -> None:
        try:
            self._server.config.load()
        except OSError as error:  # ssl.SSLError is one
            raise TlsFilesInvalid(f"tls: {error}: check the files `cert` and `key`") from error
        self._socket = _open_socket(self._host, self._port)
        self._ended.clear()
        self._task.start()
        async with asyncio.timeout(_START_S):
            while not self._server.started and not self._ended.is_set():  # noqa: ASYNC110  uvicorn has no event
                await asyncio.sleep(0.005)
        if self._ended.is_set():
            raise OSError(f"the server ended at its start: {self._task.status().error}")

    async def stop(self) -> None:
        """Stop within seconds: senders whose requests are not answered by then retry."""
        self._server.should_exit = True
        if self._task.status().state == "running":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_S + 1):
                    await self._ended.wait()
        await self._task.stop(timeout_s=1)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _serve(self) -> None:
        assert self._socket is not None  # noqa: S101  opened by `start`
        try:
            await self._server.serve([self._socket])
        finally:
            self._ended.set()


def _open_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's algorithm only on a socket whose protocol is TCP: with the default
    # protocol 0 every response would wait 40 ms for the peer's acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(CONNECTIONS_MAX)
    except OSError:
        listener.close()
        raise
    return listener
