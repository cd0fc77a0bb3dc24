"""The MQTT connector: QoS 1, acknowledged after the spool's commit, one persistent session."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from werknetz.connector.contract import (
    HEARTBEAT,
    CheckpointColumn,
    ConnectionLost,
    ConnectorStatus,
    Delivery,
    Reading,
    UniformMessages,
)
from werknetz.connector.quarantine import RAW_MAX
from werknetz.events.batch import GapClosed, GapOpened, Unmapped
from werknetz_edge.mqtt.client import Publication
from werknetz_edge.mqtt.config import MqttConfig
from werknetz_edge.mqtt.connection import BrokerConnection, PendingAck, now_us
from werknetz_edge.mqtt.packets import MqttMessage
from werknetz_edge.mqtt.payload import PayloadReader
from werknetz_edge.mqtt.redelivery import CHECKPOINT_BYTES, checkpoint_of
from werknetz_edge.mqtt.session import MqttSession
from werknetz_edge.mqtt.session_file import SessionFile

MESSAGES_MAX: Final = 2_000  # of one delivery
BYTES_MAX: Final = 4_000_000
_SAVE_EVERY_S: Final = 30.0
_MICRO: Final = 1_000_000


@dataclass(slots=True)
class _Content:
    """What the messages of a delivery contain."""

    by_topic: dict[str | None, list[MqttMessage]] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    uniform: list[UniformMessages] = field(default_factory=list)
    unreadable: list[Unmapped] = field(default_factory=list)
    checkpoints: list[bytes] = field(default_factory=list)
    ignored: int = 0
    duplicates: int = 0


@dataclass(slots=True)
class MqttConnector:
    connector_id: str
    config: MqttConfig
    session_file: SessionFile
    status: ConnectorStatus = field(default_factory=ConnectorStatus)
    connection: BrokerConnection = field(init=False)
    _reader: PayloadReader = field(init=False)
    _gaps: list[GapOpened | GapClosed] = field(default_factory=list)
    _heartbeat_sent_s: float = 0.0
    _heartbeat_received_s: float = 0.0
    _saved_s: float = 0.0
    _retained: int = 0

    def __post_init__(self) -> None:
        self.connection = BrokerConnection(
            self.connector_id, self.config, self.session_file, self.status
        )
        self.connection.accepted.needs_index = any(topic.unique for topic in self.config.topics)
        self._reader = PayloadReader(self.config.topics, self.config.payload_max_bytes)

    @property
    def client_id(self) -> str:
        return self.connection.client_id

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        self.connection.restore_checkpoints(checkpoints)

    async def connect(self) -> None:
        await self.close()
        filters = [topic.filter for topic in self.config.topics]
        if self.config.heartbeat is not None:
            filters.append(self.config.heartbeat)
        try:
            # With MQTT 5 a broker sends retained messages at the first subscription only.
            session, stored = await self.connection.open(
                filters, always_subscribe=self.config.protocol == "5"
            )
        except BaseException:
            await self.close()
            raise
        if stored is not None and not session.session_present:
            # The broker has deleted our session, and the messages it held for us.
            detail = f"client id {self.client_id}"
            gap = self.connection.gap_since(stored.moment, "session_not_present", detail)
            self._gaps += gap
        self._heartbeat_received_s = time.monotonic()
        self._heartbeat_sent_s = 0.0
        await asyncio.to_thread(self.session_file.save, self.client_id, filters, now_us())
        self.status.state, self.status.detail = "running", ""
        self.status.details["protocol"] = self.config.protocol

    async def gather(self, limit_s: float) -> None:
        await self.connection.gather(limit_s)

    async def read(self) -> Delivery:
        while True:
            session = self.connection.require_session()
            if self._gaps:
                gaps, self._gaps = self._gaps, []
                return Delivery(gaps=gaps)
            await session.wait(min(1.0, self.config.silence_s / 3))
            if session.queue:
                delivery = self._delivery(session)
                if delivery is not None:
                    return delivery
            elif not session.is_alive:
                raise self.connection.loss_of(session)
            self._watch(session)

    async def close(self) -> None:
        await self.connection.close()

    def _delivery(self, session: MqttSession) -> Delivery | None:
        messages = session.take_messages(MESSAGES_MAX, BYTES_MAX)
        arrival_us = now_us()
        mids = [message.mid for message in messages if message.qos == 1]
        pending = self.connection.expect_ack(PendingAck(session, mids))
        content = _Content()
        self._sort(messages, arrival_us, content)
        for topic, alike in content.by_topic.items():
            self._read_topic(topic, alike, arrival_us, content)
        checkpoints = CheckpointColumn(CHECKPOINT_BYTES, b"".join(content.checkpoints))
        if checkpoints:
            self.connection.note_messages()
        if not checkpoints and not content.readings and not content.duplicates:
            self.connection.mark_stored([pending])
            return None

        async def acknowledge() -> None:
            self.connection.mark_stored([pending])

        return Delivery(
            readings=content.readings,
            uniform=content.uniform,
            unreadable=content.unreadable,
            acknowledge=acknowledge,
            checkpoints=checkpoints,
            ignored=content.ignored,
            duplicates=content.duplicates,
        )

    def _sort(self, messages: Sequence[MqttMessage], arrival_us: int, content: "_Content") -> None:
        """Sort messages by topic; drop those that are redelivered or ignored."""
        accepted, config_of = self.connection.accepted, self._reader.config_of
        new: list[bytes] = []  # checkpoints that `accepted` does not have yet
        by_topic, heartbeat = content.by_topic, self.config.heartbeat
        for message in messages:
            topic = message.topic
            if topic is not None and topic == heartbeat:
                self._heartbeat_received_s = time.monotonic()
                content.readings.append(_heartbeat_reading(message, arrival_us))
                continue
            config = config_of(topic or "")
            checkpoint = checkpoint_of(message)
            unique = config.unique and topic is not None
            if message.dup or unique:
                accepted.add(new)
                new.clear()
                if self.connection.is_redelivered(message, checkpoint, unique=unique):
                    content.duplicates += 1
                    continue
            content.checkpoints.append(checkpoint)
            new.append(checkpoint)
            if message.retained and config.retained == "ignore":
                content.ignored += 1
            elif topic in by_topic:
                by_topic[topic].append(message)
            else:
                by_topic[topic] = [message]
        accepted.add(new)

    def _read_topic(
        self, topic: str | None, messages: list[MqttMessage], arrival_us: int, content: "_Content"
    ) -> None:
        """Read all messages of a topic in one way, so that their order stays."""
        if topic is not None and not any(message.retained for message in messages):
            payloads = [message.payload for message in messages]
            uniform = self._reader.read_uniform(topic, payloads)
            if uniform is not None:
                content.uniform.append(uniform)
                return
        for message in messages:
            self._read_message(message, arrival_us, content.readings, content.unreadable)

    def _read_message(
        self,
        message: MqttMessage,
        arrival_us: int,
        readings: list[Reading],
        unreadable: list[Unmapped],
    ) -> None:
        if message.retained:
            self._retained += 1
            self.status.details["retained"] = str(self._retained)
        if message.topic is None:
            reason = "the topic is not UTF-8"
            size = len(message.payload)
            unreadable.append(
                Unmapped(
                    "(unreadable topic)", reason, message.payload[:RAW_MAX], arrival_us,
                    size=size if size > RAW_MAX else 0,
                )
            )  # fmt: skip
            return
        result = self._reader.read(
            message.topic, message.payload, retained=message.retained, at_us=arrival_us
        )
        if isinstance(result, Unmapped):
            unreadable.append(result)
        else:
            readings += [
                replace(reading, may_be_old=True) if message.retained else reading
                for reading in result.readings
            ]
            unreadable += result.unreadable

    def _watch(self, session: MqttSession) -> None:
        now_s = time.monotonic()
        self.connection.check_silence(now_s)
        if now_s - self._saved_s > _SAVE_EVERY_S:
            self._saved_s = now_s
            self.session_file.save_time(now_us())
        if self.config.heartbeat is None:
            return
        period_s = self.config.silence_s / 3
        if now_s - self._heartbeat_sent_s >= period_s:
            self._heartbeat_sent_s = now_s
            session.publish(Publication(self.config.heartbeat, str(now_us()).encode()))
        if now_s - self._heartbeat_received_s > self.config.silence_s:
            raise ConnectionLost("our own heartbeat did not come back: the broker hangs")


def create(connector_id: str, options: dict[str, object], folder: Path) -> MqttConnector:
    config = MqttConfig.model_validate(options)
    return MqttConnector(connector_id, config, SessionFile(folder / "mqtt_session.json"))


def _heartbeat_reading(message: MqttMessage, arrival_us: int) -> Reading:
    """Its value is the round-trip time in seconds."""
    try:
        sent_us = int(message.payload)
    except ValueError:
        sent_us = arrival_us
    return Reading(HEARTBEAT, (arrival_us - sent_us) / _MICRO, source_time_us=arrival_us)
