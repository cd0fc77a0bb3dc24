"""One connection to one broker, in a thread of its own: the only module that uses paho's client.

Received messages are queued; acknowledgements are queued by the connector and sent in order. A full
message queue stops reading, so that the broker receives no acknowledgements and stops sending.
"""

import asyncio
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz.runtime.tls_refusal import explain_refusal
from werknetz_edge.mqtt.broker import BrokerConfig
from werknetz_edge.mqtt.client import (
    BatchClient,
    Publication,
    build_client,
    connect_client,
    subscribe_options,
    tls_peer_of,
)
from werknetz_edge.mqtt.gathering import MESSAGES_ENOUGH
from werknetz_edge.mqtt.packets import MqttMessage

REPLY_TIMEOUT_S: Final = 15.0
QUEUE_BYTES_MAX: Final = 64_000_000
READS_PER_TURN: Final = 8
PUBLISHES_MAX: Final = 16
_POLL_S: Final = 0.25
_POLL_MS: Final = 250
_MISC_S: Final = 0.25
_PAUSE_MS: Final = 1  # a burst of messages is one read, not one for each
_GATHERING_PAUSE_MS: Final = 10  # while nobody takes messages before many more are here
_CONFIGURATION_ERRORS: Final = {
    0x84,
    0x85,
    0x86,
    0x87,
    0x8A,
    0x8C,
    0x90,
}  # protocol, id, password, rights


@dataclass(slots=True)
class MqttSession:
    """One connection; each connect makes a new object."""

    config: BrokerConfig
    client_id: str
    will: Publication | None = None
    queue: deque[MqttMessage] = field(default_factory=deque)
    session_present: bool = False
    failure: str = ""  # why the session has ended
    rejected: str = ""  # a configuration error, with the remedy
    is_ended: bool = False
    received_s: float = 0.0  # when the last message came, monotonic
    _received_bytes: int = 0  # written by the thread
    _taken_bytes: int = 0  # written by the loop
    _acks: deque[int] = field(default_factory=deque)
    _publishes: deque[Publication] = field(default_factory=deque)
    _grants: list[ReasonCode] | None = None
    _connected: bool = False
    _stopping: bool = False
    _event: asyncio.Event = field(default_factory=asyncio.Event)
    _signalled: bool = False
    _awaited: int = 1  # messages in the queue, for which there is a signal
    _loop: asyncio.AbstractEventLoop | None = None
    _client: BatchClient | None = None
    _thread: threading.Thread | None = None
    _wake_sockets: tuple[socket.socket, socket.socket] | None = None

    async def open(self) -> None:
        """Connect; raise ConfigurationRejected, ConnectionLost or OSError."""
        self._loop = asyncio.get_running_loop()
        self._client = await asyncio.to_thread(self._build_client)
        self._wake_sockets = socket.socketpair()
        for end in self._wake_sockets:
            end.setblocking(False)
        self._thread = threading.Thread(target=self._run_thread, name=self.client_id, daemon=True)
        self._thread.start()
        await self._wait_for(lambda: self._connected, "no answer to CONNECT")

    @property
    def server_certificate(self) -> bytes | None:
        """The certificate that the broker has shown, in DER; None: without TLS, or closed."""
        connection = None if self._client is None else self._client.socket()
        try:
            return connection.getpeercert(True) if isinstance(connection, ssl.SSLSocket) else None
        except (OSError, ValueError):  # closed meanwhile
            return None

    async def subscribe(self, filters: list[str]) -> None:
        """Subscribe at QoS 1; raise ConfigurationRejected where the broker grants less."""
        assert self._client is not None  # noqa: S101  open() came before
        self._grants = None
        result, _ = self._client.subscribe(
            [(topic, subscribe_options(self.config)) for topic in filters]
        )
        if result != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise ConnectionLost(f"SUBSCRIBE could not be sent: {result.name}")
        self._wake_thread()
        await self._wait_for(lambda: self._grants is not None, "no answer to SUBSCRIBE")
        grants: list[ReasonCode] = self._grants or []
        for topic, grant in zip(filters, grants, strict=False):
            if grant.value != 1:
                raise ConfigurationRejected(
                    f"the broker grants {grant} for {topic!r}, not QoS 1: "
                    "allow this user to read it, at QoS 1 or higher"
                )

    async def wait(self, timeout_s: float, count: int = 1) -> None:
        """Return when there are `count` messages, when it has ended, or after the time."""
        if len(self.queue) >= count or self.is_ended:
            return
        self._awaited = count
        self._event.clear()
        self._signalled = False
        if len(self.queue) >= count or self.is_ended:  # they arrived before `clear`
            return
        await self._wait_for_signal(timeout_s)

    def take_messages(self, count_max: int, bytes_max: int) -> list[MqttMessage]:
        messages: list[MqttMessage] = []
        size = 0
        while self.queue and len(messages) < count_max and size < bytes_max:
            message = self.queue.popleft()
            size += len(message.payload)
            messages.append(message)
        was_full = self._is_full
        self._taken_bytes += size
        if was_full:
            self._wake_thread()
        return messages

    def acknowledge(self, mids: list[int]) -> None:
        """Send these PUBACKs in this order; never on a later connection."""
        if not self.is_ended:
            self._acks.extend(mids)
            self._wake_thread()

    def publish(self, publication: Publication) -> bool:
        """Queue a message for sending; False where the queue is full: try again later."""
        if len(self._publishes) >= PUBLISHES_MAX:
            return False
        self._publishes.append(publication)
        self._wake_thread()
        return True

    @property
    def is_alive(self) -> bool:
        return not self.is_ended and self._thread is not None and self._thread.is_alive()

    async def close(self) -> None:
        """Send queued acknowledgements, disconnect and end the thread; the session persists."""
        self._stopping = True
        self._wake_thread()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 4.0)
        if self._wake_sockets is not None and not (self._thread and self._thread.is_alive()):
            for end in self._wake_sockets:
                end.close()
            self._wake_sockets = None

    @property
    def _is_full(self) -> bool:
        full = len(self.queue) >= self.config.receive_maximum
        return full or self._received_bytes - self._taken_bytes >= QUEUE_BYTES_MAX

    def _build_client(self) -> BatchClient:
        client = build_client(self.config, self.client_id, self.will)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_messages = self._on_messages
        return client

    def _run_thread(self) -> None:
        try:
            assert self._client is not None  # noqa: S101  open() made it
            connect_client(self._client, self.config)
            self._run_loop()
        except (OSError, ValueError) as error:
            refusal = explain_refusal(error, tls_peer_of(self.config))
            self.failure = self.failure or str(refusal or error)
            if refusal is not None:
                self.rejected = str(refusal)
        except BaseException as error:  # the connector must see why the thread has ended
            self.failure = f"{type(error).__name__}: {error}"
            raise
        finally:
            self.is_ended = True
            self._signal()

    def _run_loop(self) -> None:
        client, wake = self._client, self._wake_sockets
        assert client is not None and wake is not None  # noqa: S101, PT018  open() made both
        poll, pause = select.poll(), select.poll()
        for waiting in (poll, pause):
            waiting.register(wake[0], select.POLLIN)
        watched = -1, 0
        misc_s = disconnect_s = 0.0
        while (sock := client.socket()) is not None:
            required = sock.fileno(), self._poll_events(client)
            if watched != required:
                watched = _register_socket(poll, watched, required)
            pending = getattr(sock, "pending", int)() > 0 and not self._is_full
            ready = dict(poll.poll(0 if pending else _POLL_MS))
            if ready and wake[0].fileno() not in ready:
                ready.update(pause.poll(self._pause_ms))
            if ready.pop(wake[0].fileno(), 0):
                wake[0].recv(4096)
            if ready or pending:
                self._read_socket(client)
            self._send_pending(client)
            now_s = time.monotonic()
            if now_s - misc_s >= _MISC_S:
                misc_s = now_s
                client.loop_misc()
            if self._stopping:
                disconnect_s = disconnect_s or now_s + 1.0
                client.disconnect()
                client.loop_write()
                if now_s > disconnect_s:
                    break

    def _poll_events(self, client: BatchClient) -> int:
        reads = 0 if self._is_full else select.POLLIN
        return reads | (select.POLLOUT if client.want_write() else 0)

    def _read_socket(self, client: BatchClient) -> None:
        for _ in range(READS_PER_TURN):
            if self._is_full or not client.receive():
                return

    @property
    def _pause_ms(self) -> int:
        is_gathering = not self._signalled and self._awaited >= MESSAGES_ENOUGH
        return _GATHERING_PAUSE_MS if is_gathering else _PAUSE_MS

    def _send_pending(self, client: BatchClient) -> None:
        if self._acks:
            client.acknowledge([self._acks.popleft() for _ in range(len(self._acks))])
        while self._publishes:
            publication = self._publishes.popleft()
            client.publish(
                publication.topic, publication.payload, publication.qos, publication.retain
            )
        if client.want_write():
            client.loop_write()

    def _on_connect(
        self, _client: Client, _data: Any, flags: ConnectFlags, reason: ReasonCode, _more: Any
    ) -> None:
        if reason.is_failure:
            self.failure = f"the broker refuses the connection: {reason}"
            if reason.value in _CONFIGURATION_ERRORS:
                self.rejected = f"{self.failure}; check user, password and client_id"
        else:
            self.session_present = flags.session_present
            self._connected = True
        self._signal()

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, grants: list[ReasonCode], _more: Any
    ) -> None:
        self._grants = grants
        self._signal()

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: Any, reason: ReasonCode, _more: Any
    ) -> None:
        self.failure = self.failure or f"disconnected: {reason}"

    def _on_messages(self, messages: Sequence[MqttMessage]) -> None:
        self._received_bytes += sum([len(message.payload) for message in messages])
        self.queue.extend(messages)
        self.received_s = time.monotonic()
        if not self._signalled and len(self.queue) >= self._awaited:
            self._signal()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        """Queue a message at QoS 2, of a broker that upgrades the granted QoS."""
        try:
            topic: str | None = message.topic
        except UnicodeDecodeError:
            topic = None
        payload = bytes(message.payload)
        queued = MqttMessage(topic, payload, message.mid, message.qos, message.dup, message.retain)
        self._on_messages([queued])

    def _signal(self) -> None:
        self._signalled = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    def _wake_thread(self) -> None:
        if self._wake_sockets is not None and not self.is_ended:
            try:
                self._wake_sockets[1].send(b"\0")
            except BlockingIOError:
                return  # the thread has not read the previous byte yet: it wakes up anyway

    async def _wait_for(self, is_reached: Any, timeout_reason: str) -> None:
        deadline = time.monotonic() + REPLY_TIMEOUT_S
        while not is_reached():
            if self.rejected:
                raise ConfigurationRejected(self.rejected)
            if self.is_ended:
                raise ConnectionLost(self.failure or "the connection was closed")
            if time.monotonic() > deadline:
                raise ConnectionLost(timeout_reason)
            self._event.clear()
            if not is_reached() and not self.is_ended:
                await self._wait_for_signal(_POLL_S)

    async def _wait_for_signal(self, timeout_s: float) -> None:
        # Not asyncio.wait_for: up to Python 3.11 it may swallow a cancellation.
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            return


def _register_socket(
    poll: select.poll, watched: tuple[int, int], required: tuple[int, int]
) -> tuple[int, int]:
    """Watch a socket for events; for none, not even for its end, which would not wait."""
    (old, old_events), (new, events) = watched, required
    if old_events and (old != new or not events):
        poll.unregister(old)
    if events:
        poll.register(new, events)
    return required
