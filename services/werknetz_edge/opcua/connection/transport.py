"""asyncua's client with bounded messages, responses as bytes and no background tasks.

The library's own connect() is not used: it starts a supervisor, a watchdog and a publish loop
that acknowledges messages before they are on disk.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from asyncua.client.client import Client
from asyncua.client.ua_client import UaClient, UASocketProtocol
from asyncua.common.connection import TransportLimits
from asyncua.common.shortcuts import Shortcuts

from werknetz_edge.opcua.stack import ua

MESSAGE_MAX: Final = 16 * 1024 * 1024
CHUNKS_MAX: Final = 512
_CHUNK_MAX: Final = 65_535
SESSION_S: Final = 120.0  # the server frees a lost session after this time, or a longer outage
_CHANNEL_MS: Final = 3_600_000
_log: Final = logging.getLogger(__name__)


class _Limits(TransportLimits):
    """Our limits for receiving, the server's for sending; the library uses one for both."""

    def update_client_limits(self, msg: Any) -> None:
        self.max_send_buffer = min(msg.ReceiveBufferSize or _CHUNK_MAX, _CHUNK_MAX)
        self.max_recv_buffer = min(msg.SendBufferSize or MESSAGE_MAX, MESSAGE_MAX)


class _Protocol(UASocketProtocol):
    def data_received(self, data: bytes) -> None:
        if len(self.receive_buffer or b"") + len(data) > 2 * MESSAGE_MAX:
            self.disconnect_socket()
            return
        super().data_received(data)

    def post(self, request: Any) -> asyncio.Future[Any]:
        """Send without waiting; the future gets the bytes of the response."""
        return self._send_request(request, timeout=0)

    @property
    def is_secured(self) -> bool:
        return bool(self._connection.is_open())

    def date_tokens(self, now: datetime) -> None:
        for token in (self._connection.security_token, self._connection.next_security_token):
            if token.TokenId:
                token.CreatedAt = now


class OpcuaTransport(UaClient):
    """The library's transport with our limits and with responses as bytes."""

    protocol: _Protocol | None

    def _make_protocol(self) -> UASocketProtocol:
        limits = _Limits(_CHUNK_MAX, _CHUNK_MAX, CHUNKS_MAX, MESSAGE_MAX)
        self.protocol = _Protocol(self._timeout, self.security_policy, limits)
        self.protocol.pre_request_hook = self._pre_request_hook
        self.protocol.on_connection_lost = self._on_transport_lost
        self.protocol.is_session_closing = self._is_session_closing
        return self.protocol

    def post(self, request: Any) -> asyncio.Future[Any]:
        if self.protocol is None:
            raise ConnectionError("the connection is closed")
        return self.protocol.post(request)

    async def request(self, request: Any) -> bytes:
        """Send and return the bytes of the response. Raises ua.UaStatusCodeError."""
        return bytes(await self._send_request(request))

    @property
    def is_connected(self) -> bool:
        return self.protocol is not None and self.protocol.transport is not None

    @property
    def has_channel(self) -> bool:
        """Whether a secure channel is open; without one the library cannot encrypt a request."""
        return self.is_connected and self.protocol is not None and self.protocol.is_secured

    def use_local_clock(self) -> None:
        """Date the channel's tokens by our clock: the library compares the server's with ours."""
        if self.protocol is not None:
            self.protocol.date_tokens(datetime.now(UTC))


class OpcuaClient(Client):
    """One connection; never reused after a loss (asyncua issue 1660)."""

    def __init__(
        self,
        url: str,
        timeout_s: float,
        session_s: float = SESSION_S,
        addresses: Sequence[str] = (),
    ) -> None:
        """`addresses`: those to connect to, instead of what the name in the URL has then."""
        super().__init__(url, timeout_s)
        self._addresses = addresses
        self.wire = OpcuaTransport(timeout_s)
        self.uaclient = self.wire
        self.nodes = Shortcuts(self.wire.session)
        self.max_messagesize = MESSAGE_MAX
        self.max_chunkcount = CHUNKS_MAX
        self.session_timeout = int(1000 * max(session_s, SESSION_S))
        self.start_us: int | None = None  # of the server: a restart has another
        self.secure_channel_timeout = _CHANNEL_MS

    def set_security_policy(self, policy: Any) -> None:
        self.security_policy = policy
        self.wire.set_security(policy)

    async def open_channel(self) -> None:
        await self.connect_socket()
        await self.send_hello()
        await self.open_secure_channel()
        self.wire.use_local_clock()

    async def connect_socket(self) -> None:
        """Connect to the first address that answers. Raises OSError."""
        host, port = self.server_url.hostname, self.server_url.port
        if host is None or port is None:
            raise OSError(f"{self.server_url.geturl()} has no host or no port")
        *others, last = self._addresses or (host,)
        for address in others:
            with suppress(OSError):
                await self.wire.connect_socket(address, port)
                return
        await self.wire.connect_socket(last, port)

    async def start_session(self) -> None:
        """Create and activate a new session."""
        await self.create_session()
        await self._activate_with_credentials()

    async def resume_session(
        self, ticket: "SessionTicket", tokens: list[Any], certificate: bytes | None
    ) -> None:
        """Resume the session of a lost connection (Part 4, 6.7). Raises if the server closed it."""
        self.wire.session.restore_authentication_token(ticket.token)
        self._server_nonce = ticket.nonce
        self._policy_ids = tokens
        if not self.security_policy.peer_certificate:
            self.security_policy.peer_certificate = certificate
        await self._activate_with_credentials()

    @property
    def ticket(self) -> "SessionTicket":
        return SessionTicket(
            self.wire.session.authentication_token, self._server_nonce, self.start_us
        )

    async def renew_forever(self) -> None:
        """Renew the channel at 75 % of its life (Part 4, 5.5.2.1)."""
        while True:
            await asyncio.sleep(self.secure_channel_timeout * 0.75 / 1000)
            await self.open_secure_channel(renew=True)
            self.wire.use_local_clock()
            self.wire.revolve_security_token()

    async def stop(self, *, close_session: bool) -> None:
        """Close session, channel and socket, in bounded time. Never raises."""
        try:
            if close_session and self.wire.has_channel:
                async with asyncio.timeout(2):
                    await self.wire.close_session(delete_subscriptions=True)
            if self.wire.has_channel:
                async with asyncio.timeout(1):
                    await self.wire.close_secure_channel()
        except (OSError, ua.UaError) as error:
            _log.debug("%s not closed, the server is gone: %r", self.server_url.netloc, error)
        except Exception:  # noqa: BLE001  whatever the library meets in a half-open channel
            _log.exception("%s not closed", self.server_url.netloc)
        finally:
            self.disconnect_socket()


@dataclass(slots=True)
class SessionTicket:
    """What is needed to resume a lost session, again and again until the server refuses."""

    token: Any
    nonce: Any
    start_us: int | None = None  # when the server was started
    silent_attempts: int = 0  # resumptions that the server did not answer
