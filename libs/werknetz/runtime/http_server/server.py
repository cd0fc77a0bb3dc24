"""Runs an application: inside an event loop (`HttpServer`), or as a process (`serve`)."""

import asyncio
import contextlib
import gc
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from werknetz.runtime.background import BackgroundTask
from werknetz.runtime.http_server.acceptor import acceptor_of
from werknetz.runtime.http_server.connections import ConnectionTable
from werknetz.runtime.http_server.forwarded import ForwardedClients
from werknetz.runtime.http_server.limits import HttpLimits
from werknetz.runtime.http_server.requests.ends_with_client import EndsWithClient
from werknetz.runtime.http_server.tls import ServerTls
from werknetz.runtime.log import get_logger

BACKLOG: Final = 512
STOP_S: Final = 2
_START_S: Final = 5.0
_REPORT_TICKS: Final = 300  # 30 s: limits that were reached are logged together
_log: Final = get_logger("runtime.http")


class LimitedServer(uvicorn.Server):
    """A uvicorn server with limits of connections, times and sizes."""

    def __init__(
        self, app: ASGIApp, limits: HttpLimits, tls: ServerTls | None = None, **options: Any
    ) -> None:
        self.table = ConnectionTable(limits)
        self._tls = tls
        self._reported = (0, 0)
        super().__init__(
            uvicorn.Config(
                EndsWithClient(ForwardedClients(app, limits)),
                http=acceptor_of(limits, self.table, tls),
                ws="none",
                interface="asgi3",
                log_config=None,
                access_log=False,  # a URL may contain a key
                server_header=False,
                proxy_headers=False,
                **options,
            )
        )

    async def on_tick(self, counter: int) -> bool:
        self.table.check(asyncio.get_running_loop().time())
        if counter % 10 == 0 and self._tls is not None:
            self._tls.reload()
        if counter % _REPORT_TICKS == 0:
            self._report()
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._tls is not None:
            _log.info("TLS is on: use https:// in the URL")
        self._settle()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.table.close(working=False)
        await super().shutdown(sockets)
        self.table.close(working=True)

    def _settle(self) -> None:
        """Exempt what the application consists of from garbage collection: it stays until the end.

        Else each full collection walks all of it, which took a fifth of a small answer's time.
        """
        gc.collect()
        gc.freeze()

    def _report(self) -> None:
        counts = (self.table.evicted, self.table.refused)
        if counts != self._reported:
            evicted, refused = (
                now - then for now, then in zip(counts, self._reported, strict=True)
            )
            self._reported = counts
            _log.warning(
                "connections exceeded their limit",
                closed_without_request=evicted, refused=refused, open=len(self.table),
            )  # fmt: skip


class _ServerInLoop(LimitedServer):
    """A server without signal handlers: the process has its own, and objects that end before it."""

    def _settle(self) -> None:
        """Leave the objects of the process as they are."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Listens from `start` to `stop`; `start` raises OSError where the port is in use.

    `start` raises TlsFilesInvalid where certificate or key cannot be used.
    """

    def __init__(
        self, app: ASGIApp, *, host: str, port: int, limits: HttpLimits | None = None,
        tls: tuple[Path, Path] | None = None,
    ) -> None:  # fmt: skip
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._app, self._host, self._port = app, host, port
        self._limits = limits or HttpLimits()
        self._tls_files = tls
        self._server = self._create_server(None)
        # No restart: when the server ends, the connector closes and the pump connects again.
        self._task = BackgroundTask("http server", self._serve, restart=False)
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
        self._server = self._create_server(self._tls_files)
        self._socket = open_socket(self._host, self._port)
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

    def _create_server(self, files: tuple[Path, Path] | None) -> LimitedServer:
        tls = None if files is None else ServerTls(*files)
        return _ServerInLoop(
            self._app, self._limits, tls, lifespan="off", timeout_graceful_shutdown=STOP_S
        )

    async def _serve(self) -> None:
        assert self._socket is not None  # noqa: S101  opened by `start`
        try:
            await self._server.serve([self._socket])
        finally:
            self._ended.set()


def open_socket(host: str, port: int) -> socket.socket:
    """Listen on an address; raise OSError where it is in use or not of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's algorithm only on a socket whose protocol is TCP: with the default
    # protocol 0 every response would wait 40 ms for the peer's acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
