"""The connection of a connector to its broker, for MQTT and Sparkplug alike.

It opens and subscribes the session, recognises redelivered messages, acknowledges in the order of
arrival, and watches for silence.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from werknetz.connector.contract import CertificateEnd, ConnectionLost, ConnectorStatus
from werknetz.events.batch import GapClosed, GapOpened
from werknetz.runtime.moment import Moment, current_moment, span_of
from werknetz_edge.certificates import ends_of_tls
from werknetz_edge.mqtt.broker import BrokerConfig
from werknetz_edge.mqtt.client import Publication
from werknetz_edge.mqtt.gathering import GatherTimer
from werknetz_edge.mqtt.packets import MqttMessage
from werknetz_edge.mqtt.redelivery import AcceptedMessages
from werknetz_edge.mqtt.session import MqttSession
from werknetz_edge.mqtt.session_file import SessionFile, StoredSession


def now_us() -> int:
    return time.time_ns() // 1_000


@dataclass(slots=True, eq=False)
class PendingAck:
    """Messages that are acknowledged when they, and all messages before them, are on disk."""

    session: MqttSession
    mids: list[int]
    checkpoint: bytes = b""
    is_stored: bool = False


@dataclass(slots=True)
class BrokerConnection:
    connector_id: str
    config: BrokerConfig
    session_file: SessionFile
    status: ConnectorStatus
    session: MqttSession | None = None
    last_message_s: float = 0.0
    accepted: AcceptedMessages = field(default_factory=AcceptedMessages)
    gathering: GatherTimer = field(default_factory=lambda: GatherTimer(time.monotonic))
    _redelivered: int = 0
    _pending: deque[PendingAck] = field(default_factory=deque)

    @property
    def client_id(self) -> str:
        return self.config.client_id or f"werknetz-{self.connector_id}"

    async def open(
        self,
        filters: list[str],
        *,
        will: Publication | None = None,
        always_subscribe: bool = False,
    ) -> tuple[MqttSession, StoredSession | None]:
        """Connect and subscribe. Returns what an earlier connection of this client id stored.

        Raises ConfigurationRejected, ConnectionLost or OSError.
        """
        self.status.state = "connecting"
        session = self.session = MqttSession(self.config, self.client_id, will)
        self.accepted.generation += 1
        try:
            self.status.begin("connect to the broker")
            await session.open()
            stored = await asyncio.to_thread(self.session_file.load)
            # Subscribing again makes a 3.1.1 broker repeat its retained messages.
            stored_filters = stored.filters if stored is not None else None
            is_subscribed = session.session_present and stored_filters == filters
            if always_subscribe or not is_subscribed:
                self.status.begin("subscribe")
                await session.subscribe(filters)
        except BaseException:
            self.status.state, self.status.detail = "connecting", session.failure
            if session.rejected:
                self.status.state, self.status.detail = "rejected", session.rejected
            raise
        self.last_message_s = time.monotonic()
        self.status.certificates = await asyncio.to_thread(self._load_certificates, session)
        self.status.details["session"] = "resumed" if session.session_present else "new"
        is_own = stored is not None and stored.client_id == self.client_id
        return session, stored if is_own else None

    def _load_certificates(self, session: MqttSession) -> tuple[CertificateEnd, ...]:
        try:
            own = self.config.cert.read_bytes() if self.config.cert is not None else None
        except OSError:
            own = None
        return ends_of_tls(session.server_certificate, own)

    async def close(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            await session.close()
        if self.status.state not in {"starting", "rejected"}:
            self.status.state = "stopped"

    async def gather(self, limit_s: float) -> None:
        """Let messages gather; return early where the broker waits, or the session has ended."""
        session = self.session
        if session is None:
            return
        timer = self.gathering
        timer.begin(limit_s)
        while session.is_alive:
            remaining_s = timer.remaining_s(len(session.queue), session.received_s)
            if remaining_s <= 0:
                return
            await session.wait(remaining_s, timer.enough)

    def require_session(self) -> MqttSession:
        if self.session is None:
            raise ConnectionLost("not connected")
        return self.session

    def loss_of(self, session: MqttSession) -> ConnectionLost:
        """Report why the session has ended, as an exception to raise."""
        self.status.detail = session.failure
        return ConnectionLost(session.failure or "the network thread has ended")

    def gap_since(self, start: Moment, cause: str, detail: str) -> tuple[GapOpened, GapClosed]:
        """Return the gap from that moment until now, whatever the clock did meanwhile."""
        from_us, to_us = span_of(start, current_moment())
        gap = GapOpened(uuid4(), self.connector_id, [], from_us, cause, detail)
        return gap, GapClosed(gap.gap_id, to_us)

    def is_redelivered(
        self, message: MqttMessage, checkpoint: bytes, *, unique: bool = False
    ) -> bool:
        """Whether the message was accepted before; count it."""
        if not self.accepted.is_redelivered(message, checkpoint, unique=unique):
            return False
        self._redelivered += 1
        self.status.details["redelivered"] = str(self._redelivered)
        return True

    def expect_ack(self, pending: PendingAck) -> PendingAck:
        """Queue messages, in the order of arrival, to be acknowledged by `mark_stored`."""
        self._pending.append(pending)
        return pending

    def mark_stored(self, stored: Iterable[PendingAck]) -> None:
        """Acknowledge in the order of arrival [MQTT-4.6.0-2], on the connection of arrival."""
        for pending in stored:
            pending.is_stored = True
        while self._pending and self._pending[0].is_stored:
            first = self._pending.popleft()
            first.session.acknowledge(first.mids)

    def note_messages(self) -> None:
        self.last_message_s = time.monotonic()
        self.status.last_good_us = now_us()
        self.status.state, self.status.detail = "running", ""

    def check_silence(self, now_s: float) -> None:
        if now_s - self.last_message_s > self.config.silence_s and self.status.state == "running":
            self.status.state = "silent"
            self.status.detail = f"no message for {self.config.silence_s:g} s"

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        self.accepted.add(checkpoints)
