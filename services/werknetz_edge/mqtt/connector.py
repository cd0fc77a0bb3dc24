"""The MQTT connector: QoS 1, acknowledged after the spool's commit, one session for ever."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

from werknetz.connector.contract import (
    HEARTBEAT,
    ConnectionLost,
    ConnectorStatus,
    Delivery,
    Reading,
)
from werknetz.events.batch import GapClosed, GapOpened, Unmapped
from werknetz_edge.mqtt.client import Publication
from werknetz_edge.mqtt.config import MqttConfig
from werknetz_edge.mqtt.payload import PayloadReader
from werknetz_edge.mqtt.redelivery import AcceptedMessages, mark_of
from werknetz_edge.mqtt.session import MqttMessage, MqttSession
from werknetz_edge.mqtt.session_file import SessionFile

MESSAGES_MAX: Final = 2_000  # of one delivery
BYTES_MAX: Final = 4_000_000
_REMEMBER_EVERY_S: Final = 30.0
_MICRO: Final = 1_000_000


@dataclass(slots=True, eq=False)
class _Given:
    """A delivery that was given out: its acknowledgements go in the order of arrival."""

    session: MqttSession
    mids: list[int]
    stored: bool = False


@dataclass(slots=True)
class MqttConnector:
    connector_id: str
    config: MqttConfig
    memory: SessionFile
    status: ConnectorStatus = field(default_factory=ConnectorStatus)
    _session: MqttSession | None = None
    _known: AcceptedMessages = field(default_factory=AcceptedMessages)
    _given: deque[_Given] = field(default_factory=deque)
    _gaps: list[GapOpened | GapClosed] = field(default_factory=list)
    _reader: PayloadReader | None = None
    _heard_at: float = 0.0
    _beat_sent_at: float = 0.0
    _beat_heard_at: float = 0.0
    _remembered_at: float = 0.0
    _retained: int = 0
    _again: int = 0

    @property
    def client_id(self) -> str:
        return self.config.client_id or f"werknetz-{self.connector_id}"

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        self._known.add(checkpoints)

    async def connect(self) -> None:
        await self.close()
        self.status.state = "connecting"
        self._reader = PayloadReader(self.config.topics, self.config.payload_max_bytes)
        session = self._session = MqttSession(self.config, self.client_id)
        self._known.generation += 1
        filters = [topic.filter for topic in self.config.topics]
        if self.config.heartbeat is not None:
            filters.append(self.config.heartbeat)
        try:
            await session.open()
            before = self.memory.load()
            known = before is not None and before.client_id == self.client_id
            lost = known and not session.session_present
            # Subscribing again makes a 3.1.1 broker repeat its retained messages.
            same = before is not None and before.filters == filters
            if self.config.protocol == "5" or not (session.session_present and same):
                await session.subscribe(filters)
        except BaseException:
            self.status.state, self.status.detail = "connecting", session.failure
            if session.rejected:
                self.status.state, self.status.detail = "rejected", session.rejected
            await self.close()
            raise
        if lost and before is not None:
            self._open_gap(before.last_us)
        self._heard_at = self._beat_heard_at = time.monotonic()
        self._beat_sent_at = 0.0
        self.memory.save(self.client_id, filters, _now_us())
        self.status.state, self.status.detail = "running", ""
        self.status.details["session"] = "kept" if session.session_present else "new"
        self.status.details["protocol"] = self.config.protocol

    async def read(self) -> Delivery:
        while True:
            session = self._session
            if session is None:
                raise ConnectionLost("not connected")
            if self._gaps:
                gaps, self._gaps = self._gaps, []
                return Delivery(gaps=gaps)
            await session.wait(min(1.0, self.config.silence_s / 3))
            if session.queue:
                delivery = self._delivery(session)
                if delivery is not None:
                    return delivery
            elif not session.is_alive:
                self.status.detail = session.failure
                raise ConnectionLost(session.failure or "the network thread has ended")
            self._watch(session)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        if self.status.state not in {"starting", "rejected"}:
            self.status.state = "stopped"

    def _delivery(self, session: MqttSession) -> Delivery | None:
        messages = session.take(MESSAGES_MAX, BYTES_MAX)
        now_us = _now_us()
        readings: list[Reading] = []
        unreadable: list[Unmapped] = []
        marks: list[bytes] = []
        given = _Given(session, [m.mid for m in messages if m.qos == 1])
        for message in messages:
            if message.topic is not None and message.topic == self.config.heartbeat:
                self._beat_heard_at = time.monotonic()
                readings.append(_beat(message, now_us))
                continue
            mark = mark_of(message)
            if self._known.is_redelivered(message, mark, unique=self._is_unique(message)):
                self._again += 1
                self.status.details["given_again"] = str(self._again)
                continue
            marks.append(mark)
            self._known.add([mark])
            self._read_message(message, now_us, readings, unreadable)
        if marks:
            self._heard_at = time.monotonic()
            self.status.last_good_us, self.status.state, self.status.detail = now_us, "running", ""
        self._given.append(given)
        if not marks and not readings:
            self._stored(given)  # all of it is on disk already
            return None

        async def acknowledge() -> None:
            self._stored(given)

        return Delivery(
            readings=readings, unreadable=unreadable, acknowledge=acknowledge, checkpoints=marks
        )

    def _is_unique(self, message: MqttMessage) -> bool:
        return (
            message.topic is not None
            and self._reader is not None
            and self._reader.is_unique(message.topic)
        )

    def _read_message(
        self, message: MqttMessage, now_us: int, readings: list[Reading], unreadable: list[Unmapped]
    ) -> None:
        assert self._reader is not None  # noqa: S101  connect() made it
        if message.retained:
            self._retained += 1
            self.status.details["retained"] = str(self._retained)
        if message.topic is None:
            reason = "the topic is not UTF-8"
            unreadable.append(
                Unmapped("(unreadable topic)", reason, message.payload[:65536], now_us)
            )
            return
        found = self._reader.read(
            message.topic, message.payload, retained=message.retained, at_us=now_us
        )
        if isinstance(found, Unmapped):
            unreadable.append(found)
        else:
            readings += found

    def _stored(self, given: _Given) -> None:
        """Acknowledge in the order of arrival [MQTT-4.6.0-2], on the connection it came by."""
        given.stored = True
        while self._given and self._given[0].stored:
            first = self._given.popleft()
            first.session.acknowledge(first.mids)

    def _open_gap(self, from_us: int) -> None:
        """The broker has forgotten our session: what it kept for us is lost."""
        gap = GapOpened(
            gap_id=uuid4(), source=self.connector_id, signals=[], from_us=from_us,
            cause="session_not_present", detail=f"client id {self.client_id}",
        )  # fmt: skip
        self._gaps += [gap, GapClosed(gap_id=gap.gap_id, to_us=_now_us())]

    def _watch(self, session: MqttSession) -> None:
        now = time.monotonic()
        if now - self._heard_at > self.config.silence_s and self.status.state == "running":
            self.status.state = "silent"
            self.status.detail = f"nothing came for {self.config.silence_s:g} s"
        if now - self._remembered_at > _REMEMBER_EVERY_S:
            self._remembered_at = now
            self.memory.save_time(_now_us())
        if self.config.heartbeat is None:
            return
        period_s = self.config.silence_s / 3
        if now - self._beat_sent_at >= period_s:
            self._beat_sent_at = now
            session.publish(Publication(self.config.heartbeat, str(_now_us()).encode()))
        if now - self._beat_heard_at > self.config.silence_s:
            raise ConnectionLost("our own heartbeat did not come back: the broker hangs")


def create(connector_id: str, options: dict[str, object], folder: Path) -> MqttConnector:
    config = MqttConfig.model_validate(options)
    return MqttConnector(connector_id, config, SessionFile(folder / "mqtt_session.json"))


def _beat(message: MqttMessage, now_us: int) -> Reading:
    """Its value is the way's length: seconds from our publishing to our hearing."""
    try:
        sent_us = int(message.payload)
    except ValueError:
        sent_us = now_us
    return Reading(HEARTBEAT, (now_us - sent_us) / _MICRO, source_time_us=now_us)


def _now_us() -> int:
    return time.time_ns() // 1_000
