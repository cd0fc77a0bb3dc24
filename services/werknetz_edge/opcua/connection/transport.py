"""asyncua's client with bounded messages, responses as bytes and no background tasks.

The library's own connect() is not used: it starts a supervisor, a watchdog and a publish loop
that acknowledges messages before they are on disk.
"""

import asyncio
from typing import Any, Final

from asyncua.client.client import Client
from asyncua.client.ua_client import UaClient, UASocketProtocol
from asyncua.common.connection import TransportLimits
from asyncua.common.shortcuts import Shortcuts

from werknetz_edge.opcua.stack import ua

MESSAGE_MAX: Final = 16 * 1024 * 1024
CHUNKS_MAX: Final = 512
_CHUNK_MAX: Final = 65_535
_SESSION_MS: Final = 120_000  # the server frees a lost session after this time
_CHANNEL_MS: Final = 3_600_000


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


class OpcuaClient(Client):
    """One connection; never reused after a loss (asyncua issue 1660)."""

    def __init__(self, url: str, timeout_s: float) -> None:
        super().__init__(url, timeout_s)
        self.wire = OpcuaTransport(timeout_s)
        self.uaclient = self.wire
        self.nodes = Shortcuts(self.wire.session)
        self.max_messagesize = MESSAGE_MAX
        self.max_chunkcount = CHUNKS_MAX
        self.session_timeout = _SESSION_MS
        self.secure_channel_timeout = _CHANNEL_MS

    def set_security_policy(self, policy: Any) -> None:
        self.security_policy = policy
        self.wire.set_security(policy)

    async def open_channel(self) -> None:
        await self.connect_socket()
        await self.send_hello()
        await self.open_secure_channel()

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
        return SessionTicket(self.wire.session.authentication_token, self._server_nonce)

    async def renew_forever(self) -> None:
        """Renew the channel at 75 % of its life (Part 4, 5.5.2.1)."""
        while True:
            await asyncio.sleep(self.secure_channel_timeout * 0.75 / 1000)
            await self.open_secure_channel(renew=True)
            self.wire.revolve_security_token()

    async def stop(self, *, close_session: bool) -> None:
        """Close session, channel and socket, in bounded time."""
        try:
            if close_session and self.wire.is_connected:
                async with asyncio.timeout(2):
                    await self.wire.close_session(delete_subscriptions=True)
            if self.wire.is_connected:
                async with asyncio.timeout(1):
                    await self.wire.close_secure_channel()
        except (OSError, ua.UaError):
            pass  # the server is gone; the socket is closed below
        finally:
            self.disconnect_socket()


class SessionTicket:
    """What is needed to resume a lost session."""

    def __init__(self, token: Any, nonce: Any) -> None:
        self.token = token
        self.nonce = nonce
