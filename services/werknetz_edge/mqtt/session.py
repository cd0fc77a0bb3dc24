"""One connection to one broker, in a thread of its own: the only place that touches paho.

Messages go out through one bounded queue; acknowledgements come in through another and are
sent here, in order. A full queue stops the reading, so the broker sees no acknowledgements.
"""

import asyncio
import selectors
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz_edge.mqtt.broker import BrokerConfig
from werknetz_edge.mqtt.client import Publication, build_client, connect_client, subscribe_options

REPLY_TIMEOUT_S: Final = 15.0
QUEUE_BYTES_MAX: Final = 64_000_000
READS_AT_ONCE: Final = 200
PUBLISHES_MAX: Final = 16
_TURN_S: Final = 0.25
_REFUSED_US: Final = {0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C, 0x90}  # protocol, id, password, rights


@dataclass(frozen=True, slots=True)
class MqttMessage:
    """What the broker gave; `mid` is valid on this session only."""

    topic: str | None  # None: not UTF-8
    payload: bytes
    mid: int
    qos: int
    dup: bool
    retained: bool


@dataclass(slots=True)
class MqttSession:
    """Dies with its connection: `Session` is the connection's generation."""

    config: BrokerConfig
    client_id: str
    will: Publication | None = None
    queue: deque[MqttMessage] = field(default_factory=deque)
    session_present: bool = False
    failure: str = ""  # why it ended
    rejected: str = ""  # what a person has to do
    ended: bool = False
    _queue_bytes: int = 0
    _acks: deque[int] = field(default_factory=deque)
    _publishes: deque[Publication] = field(default_factory=deque)
    _grants: list[ReasonCode] | None = None
    _connected: bool = False
    _stopping: bool = False
    _received: int = 0
    _event: asyncio.Event = field(default_factory=asyncio.Event)
    _signalled: bool = False
    _loop: asyncio.AbstractEventLoop | None = None
    _client: Client | None = None
    _thread: threading.Thread | None = None
    _wake: tuple[socket.socket, socket.socket] | None = None

    async def open(self) -> None:
        """Connect; raise ConfigurationRejected, ConnectionLost or OSError."""
        self._loop = asyncio.get_running_loop()
        self._client = await asyncio.to_thread(self._build)
        self._wake = socket.socketpair()
        for end in self._wake:
            end.setblocking(False)
        self._thread = threading.Thread(target=self._main, name=self.client_id, daemon=True)
        self._thread.start()
        await self._until(lambda: self._connected, "no answer to CONNECT")

    async def subscribe(self, filters: list[str]) -> None:
        """Subscribe at QoS 1; raise ConfigurationRejected where the broker grants less."""
        assert self._client is not None  # noqa: S101  open() came before
        self._grants = None
        result, _ = self._client.subscribe(
            [(topic, subscribe_options(self.config)) for topic in filters]
        )
        if result != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise ConnectionLost(f"SUBSCRIBE could not be sent: {result.name}")
        self._rouse()
        await self._until(lambda: self._grants is not None, "no answer to SUBSCRIBE")
        grants: list[ReasonCode] = self._grants or []
        for topic, grant in zip(filters, grants, strict=False):
            if grant.value != 1:
                raise ConfigurationRejected(
                    f"the broker grants {grant} for {topic!r}, not QoS 1: "
                    "allow this user to read it, at QoS 1 or higher"
                )

    async def wait(self, timeout_s: float) -> None:
        """Return when there are messages, when the session has ended, or after the time."""
        if self.queue or self.ended:
            return
        self._event.clear()
        self._signalled = False
        if self.queue or self.ended:  # it came between the look and the clearing
            return
        await self._signal_within(timeout_s)

    def take(self, count_max: int, bytes_max: int) -> list[MqttMessage]:
        taken: list[MqttMessage] = []
        size = 0
        while self.queue and len(taken) < count_max and size < bytes_max:
            message = self.queue.popleft()
            size += len(message.payload)
            taken.append(message)
        was_full = self._is_full
        self._queue_bytes -= size
        if was_full:
            self._rouse()
        return taken

    def acknowledge(self, mids: list[int]) -> None:
        """Send these PUBACKs, in this order, on this connection or never."""
        if not self.ended:
            self._acks.extend(mids)
            self._rouse()

    def publish(self, said: Publication) -> bool:
        """Queue it for sending; False where the queue is full: say it again later."""
        if len(self._publishes) >= PUBLISHES_MAX:
            return False
        self._publishes.append(said)
        self._rouse()
        return True

    @property
    def is_alive(self) -> bool:
        return not self.ended and self._thread is not None and self._thread.is_alive()

    async def close(self) -> None:
        """Send what is acknowledged, disconnect, end the thread; the broker keeps the session."""
        self._stopping = True
        self._rouse()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 4.0)
        if self._wake is not None and not (self._thread and self._thread.is_alive()):
            for end in self._wake:
                end.close()
            self._wake = None

    @property
    def _is_full(self) -> bool:
        full = len(self.queue) >= self.config.receive_maximum
        return full or self._queue_bytes >= QUEUE_BYTES_MAX

    def _build(self) -> Client:
        client = build_client(self.config, self.client_id, self.will)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _main(self) -> None:
        try:
            assert self._client is not None  # noqa: S101  open() made it
            connect_client(self._client, self.config)
            self._run()
        except (OSError, ValueError) as error:
            self.failure = self.failure or f"{error}"
            if "CERTIFICATE" in str(error).upper():
                self.rejected = f"{error}: name the authority that signed it in `ca`"
        except BaseException as error:  # a thread that ends must say so, whatever ended it
            self.failure = f"{type(error).__name__}: {error}"
            raise
        finally:
            self.ended = True
            self._signal()

    def _run(self) -> None:
        client, wake = self._client, self._wake
        assert client is not None and wake is not None  # noqa: S101, PT018  open() made both
        with selectors.DefaultSelector() as selector:
            selector.register(wake[0], selectors.EVENT_READ)
            watched: tuple[Any, int] = (None, 0)
            bye_at: float | None = None
            while (sock := client.socket()) is not None:
                wanted = self._interest(client)
                if watched != (sock, wanted):
                    _watch(selector, watched[0], sock, wanted)
                    watched = (sock, wanted)
                pending = getattr(sock, "pending", int)() > 0 and not self._is_full
                ready = {key.fileobj for key, _ in selector.select(0.0 if pending else _TURN_S)}
                if wake[0] in ready:
                    wake[0].recv(4096)
                if (sock in ready or pending) and not self._is_full:
                    self._read(client)
                self._send(client)
                client.loop_misc()
                if self._stopping:
                    bye_at = bye_at or time.monotonic() + 1.0
                    client.disconnect()
                    client.loop_write()
                    if time.monotonic() > bye_at:
                        break

    def _interest(self, client: Client) -> int:
        reads = 0 if self._is_full else selectors.EVENT_READ
        return reads | (selectors.EVENT_WRITE if client.want_write() else 0)

    def _read(self, client: Client) -> None:
        for _ in range(READS_AT_ONCE):
            before = self._received
            if client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return
            if self._received == before or self._is_full or client.socket() is None:
                return

    def _send(self, client: Client) -> None:
        while self._acks:
            client.ack(self._acks.popleft(), 1)
        while self._publishes:
            said = self._publishes.popleft()
            client.publish(said.topic, said.payload, said.qos, said.retain)
        if client.want_write():
            client.loop_write()

    def _on_connect(
        self, _client: Client, _data: Any, flags: ConnectFlags, reason: ReasonCode, _more: Any
    ) -> None:
        if reason.is_failure:
            self.failure = f"the broker refuses the connection: {reason}"
            if reason.value in _REFUSED_US:
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

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._received += 1
        try:
            topic: str | None = message.topic
        except UnicodeDecodeError:
            topic = None
        payload = bytes(message.payload)
        self._queue_bytes += len(payload)
        self.queue.append(
            MqttMessage(topic, payload, message.mid, message.qos, message.dup, message.retain)
        )
        if not self._signalled:
            self._signal()

    def _signal(self) -> None:
        self._signalled = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    def _rouse(self) -> None:
        if self._wake is not None and not self.ended:
            try:
                self._wake[1].send(b"\0")
            except BlockingIOError:
                return  # it is roused already

    async def _until(self, reached: Any, complaint: str) -> None:
        deadline = time.monotonic() + REPLY_TIMEOUT_S
        while not reached():
            if self.rejected:
                raise ConfigurationRejected(self.rejected)
            if self.ended:
                raise ConnectionLost(self.failure or "the connection was closed")
            if time.monotonic() > deadline:
                raise ConnectionLost(complaint)
            self._event.clear()
            if not reached() and not self.ended:
                await self._signal_within(_TURN_S)

    async def _signal_within(self, timeout_s: float) -> None:
        # Not wait_for: up to Python 3.11 it swallows a cancellation that meets the signal.
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            return


def _watch(selector: selectors.BaseSelector, old: Any, sock: Any, wanted: int) -> None:
    if old is not None and old in selector.get_map():
        selector.unregister(old)
    if wanted:
        selector.register(sock, wanted)
