"""Accepts connections: counts them from the TCP connection on, and starts TLS."""

import asyncio
import math
from asyncio.sslproto import SSLProtocol
from typing import Any, ClassVar, Final

from uvicorn.config import Config
from uvicorn.server import ServerState

from werknetz.runtime.http_server.address import client_of, is_loopback
from werknetz.runtime.http_server.connections import ConnectionPhase, ConnectionTable
from werknetz.runtime.http_server.limits import HttpLimits
from werknetz.runtime.http_server.protocol import LimitedProtocol
from werknetz.runtime.http_server.tls import ServerTls

_TLS_CLOSE_S: Final = 2.0


class AcceptedConnection(asyncio.Protocol):
    """One accepted connection. uvicorn creates it; subclasses of `acceptor_of` bind the server."""

    limits: ClassVar[HttpLimits]
    table: ClassVar[ConnectionTable]
    tls: ClassVar[ServerTls | None]

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:  # fmt: skip
        self._loop = _loop or asyncio.get_running_loop()
        self._http = LimitedProtocol(
            config, server_state, app_state, self._loop,
            limits=self.limits, on_lost=lambda: self.table.remove(self),
        )  # fmt: skip
        self._tcp: asyncio.Transport | None = None
        self._unsent_mark: tuple[float, int] | None = None
        self.client = ""
        self.client_max = self.limits.connections_per_address_max

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  a server's connection
        self._tcp = transport
        peer = transport.get_extra_info("peername")
        host = str(peer[0]) if isinstance(peer, tuple) else ""
        self.client = client_of(host)
        self.client_max = self.limits.connections_max_of(host, is_loopback=is_loopback(host))
        self._http.parser.refusal = self.table.add(self)
        inner: asyncio.BaseProtocol = self._http
        if self.tls is not None:
            waiter = self._loop.create_future()
            waiter.cancel()  # nobody waits for the handshake
            inner = SSLProtocol(
                self._loop, self._http, self.tls.context, waiter, server_side=True,
                ssl_handshake_timeout=math.ceil(self.limits.header_s),
                ssl_shutdown_timeout=_TLS_CLOSE_S,
            )  # fmt: skip
        transport.set_protocol(inner)
        inner.connection_made(transport)

    def phase(self) -> ConnectionPhase:
        if self._tcp is None or self._tcp.is_closing():
            return ConnectionPhase.ENDING
        if not self._is_open:
            return ConnectionPhase.OPENING
        return self._http.phase()

    def give_way(self) -> None:
        if self._tcp is None:
            return
        if self._is_open:
            self._http.give_way()
        if self._unsent:
            self._tcp.abort()
        else:
            self._tcp.close()

    def check(self, now_s: float) -> None:
        if self._tcp is None:
            return
        is_over = self._is_stuck(now_s)
        if self._is_open:
            is_over = self._http.check(now_s) or is_over
        elif self._tcp.is_closing():
            self.table.remove(self)  # the handshake failed
        if is_over:
            self._tcp.abort()

    @property
    def _is_open(self) -> bool:
        """Whether HTTP has begun: with TLS, after the handshake."""
        return self._http.flow is not None

    @property
    def _unsent(self) -> int:
        """Bytes that wait for the client to read."""
        if self._tcp is None:
            return 0
        unsent = self._tcp.get_write_buffer_size()
        if self.tls is not None and self._is_open and not self._http.transport.is_closing():
            unsent += self._http.transport.get_write_buffer_size()
        return unsent

    def _is_stuck(self, now_s: float) -> bool:
        """Return whether the client reads less than it must."""
        unsent, mark = self._unsent, self._unsent_mark
        if unsent == 0:
            self._unsent_mark = None
            return False
        if mark is None or unsent > mark[1]:
            self._unsent_mark = (now_s, unsent)
            return False
        if now_s - mark[0] < self.limits.write_s:
            return False
        self._unsent_mark = (now_s, unsent)
        return mark[1] - unsent < self.limits.write_s * self.limits.write_bytes_per_s


def acceptor_of(
    server_limits: HttpLimits, server_table: ConnectionTable, server_tls: ServerTls | None
) -> type[AcceptedConnection]:
    """Return the protocol class of one server."""

    class BoundConnection(AcceptedConnection):
        limits = server_limits
        table = server_table
        tls = server_tls

    return BoundConnection
