"""The Sparkplug B connector: a host application over the MQTT connector's connection.

Data arrive at QoS 0 and no broker stores them: messages sent while we were disconnected are lost.
The sequence numbers or a birth show the loss, and it becomes a gap. Messages at QoS 1 are
acknowledged after the commit.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from werknetz.connector.contract import ConnectorStatus, Delivery
from werknetz_edge.mqtt.client import Publication
from werknetz_edge.mqtt.connection import BrokerConnection, PendingAck, now_us
from werknetz_edge.mqtt.packets import MqttMessage
from werknetz_edge.mqtt.redelivery import checkpoint_of
from werknetz_edge.mqtt.session import MqttSession
from werknetz_edge.mqtt.session_file import SessionFile, StoredSession
from werknetz_edge.sparkplug.alive_metrics import AliveMetricsFile
from werknetz_edge.sparkplug.config import SparkplugConfig
from werknetz_edge.sparkplug.decoding.payload import UnreadableSparkplugPayload, parse_payload
from werknetz_edge.sparkplug.host import Host
from werknetz_edge.sparkplug.rebirth import RebirthRequester
from werknetz_edge.sparkplug.results import MessageResults
from werknetz_edge.sparkplug.state import HostState
from werknetz_edge.sparkplug.topic import state_topic, subscription_filters

MESSAGES_MAX: Final = 2_000  # handled in one turn
VALUES_MAX: Final = 50_000  # after which a turn handles no further message
_CHUNK: Final = 50
_CHUNK_BYTES: Final = 1_000_000
_WAIT_S: Final = 0.2  # time-outs and requests are checked at least this often
_TICK_S: Final = 0.1  # a tick checks every node: not after each message
_DETAILS_EVERY_S: Final = 1.0
_SAVE_EVERY_S: Final = 5.0  # a gap may begin earlier by this much
_SAVE_PAUSE: Final = 20.0  # pause after saving the alive metrics, in multiples of its duration


@dataclass(slots=True)
class SparkplugConnector:
    connector_id: str
    config: SparkplugConfig
    session_file: SessionFile
    metrics_file: AliveMetricsFile
    status: ConnectorStatus = field(default_factory=ConnectorStatus)
    host: Host = field(init=False)
    connection: BrokerConnection = field(init=False)
    _state: HostState | None = None
    _is_first: bool = True  # no connection yet in this process
    _ready: deque[Delivery] = field(default_factory=deque)
    _undelivered: int = 0  # deliveries that are not on disk yet
    _details_s: float = 0.0
    _duplicates: int = 0  # messages dropped since the last delivery
    _tick_s: float = 0.0
    _session_saved_s: float = 0.0
    _metrics_due_s: float = 0.0

    def __post_init__(self) -> None:
        config = self.config
        self.connection = BrokerConnection(
            self.connector_id, config, self.session_file, self.status
        )
        self.host = Host(
            self.connector_id,
            reorder_s=config.reorder_s,
            rebirths=RebirthRequester(config.rebirth_every_s, config.rebirth_requests),
            payload_max=config.payload_max_bytes,
        )

    @property
    def client_id(self) -> str:
        return self.connection.client_id

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        self.connection.restore_checkpoints(checkpoints)

    async def connect(self) -> None:
        await self.close()
        topic = state_topic(self.config.host_id or self.connector_id)
        state = self._state = HostState(topic, now_us() // 1000)
        filters = [*subscription_filters(self.config.groups), topic]
        try:
            session, stored = await self.connection.open(
                filters, will=state.will, always_subscribe=True
            )
        except BaseException:
            await self.close()
            raise
        await self._resume(session, stored, filters)
        session.publish(state.birth)
        self.status.state, self.status.detail = "running", ""
        self.status.details["host_id"] = topic.rpartition("/")[2]

    async def gather(self, limit_s: float) -> None:
        if not self._ready:
            await self.connection.gather(limit_s)

    async def read(self) -> Delivery:
        while True:
            session = self.connection.require_session()
            if self._ready:
                return self._count_delivery(self._ready.popleft())
            await session.wait(_WAIT_S)
            was_alive = session.is_alive
            handled = self._handle_messages(session)
            self._run_timers(session)
            if self.host.births_changed and time.monotonic() >= self._metrics_due_s:
                await self._save_metrics()
            if not (was_alive or handled or self._ready):
                raise self.connection.loss_of(session)

    async def close(self) -> None:
        session = self.connection.session
        if session is not None:
            if session.is_alive and self._state is not None:
                session.publish(self._state.death(now_us() // 1000))
            if not self._is_first:
                self.status.details.update(self.host.details())
                if self.host.births_changed:
                    await self._save_metrics()
            self._save_session_time(every_s=0.0)
        await self.connection.close()

    async def _resume(
        self, session: MqttSession, stored: StoredSession | None, filters: list[str]
    ) -> None:
        """Record what may be lost since the last connection; question nodes that stay silent."""
        now_s = time.monotonic()
        if self._is_first:
            self.host.load_alive_metrics(await asyncio.to_thread(self.metrics_file.load), now_s)
            cause, detail = "connection_lost", "no process was connected, and data come at QoS 0"
            is_lost = True
        else:
            self.host.on_reconnect(now_s)
            cause, detail = "session_not_present", f"client id {self.client_id}"
            is_lost = not session.session_present
        self._is_first = False
        if stored is not None and is_lost:
            gap = self.connection.gap_since(stored.moment, cause, detail)
            self._ready.append(Delivery(gaps=gap))
        # Until that gap is on disk, it must begin at the same time after another restart.
        last_us = now_us() if stored is None else stored.last_us
        await asyncio.to_thread(self.session_file.save, self.client_id, filters, last_us)

    async def _save_metrics(self) -> None:
        """Save the alive metrics before the births are delivered; after many births, not each."""
        started_s = time.monotonic()
        await asyncio.to_thread(self.metrics_file.save, self.host.alive_metrics())
        duration_s = time.monotonic() - started_s
        self._metrics_due_s = started_s + duration_s * _SAVE_PAUSE

    def _handle_messages(self, session: MqttSession) -> bool:
        """Handle the queued messages; False where there were none."""
        count, host = 0, self.host
        while session.queue and count < MESSAGES_MAX and host.size < VALUES_MAX:
            messages = session.take_messages(_CHUNK, _CHUNK_BYTES)
            count += len(messages)
            for message in messages:
                self._handle_message(session, message)
        if count:
            self.connection.note_messages()
        return count > 0

    def _handle_message(self, session: MqttSession, message: MqttMessage) -> None:
        connection, pending = self.connection, None
        if message.qos:
            checkpoint = checkpoint_of(_without_death_time(message))
            pending = connection.expect_ack(PendingAck(session, [message.mid], checkpoint))
            if connection.is_redelivered(message, checkpoint):
                self._duplicates += 1
                connection.mark_stored([pending])
                return
        if self._state is not None and message.topic == self._state.topic:
            self._answer_state(session, self._state, message)
            connection.mark_stored([] if pending is None else [pending])
            return
        if pending is not None:
            connection.accepted.add([pending.checkpoint])
        topic = "(unreadable topic)" if message.topic is None else message.topic
        self.host.handle_message(
            topic, message.payload, at_us=now_us(), now_s=time.monotonic(), token=pending
        )

    def _answer_state(self, session: MqttSession, state: HostState, message: MqttMessage) -> None:
        answer = state.contradict(message.payload)
        if answer is None:
            return
        birth, is_other = answer
        session.publish(birth)
        if is_other:
            text = "another client reports this host offline: does a second host use its host_id?"
            self.host.notes.add("state", text)

    def _run_timers(self, session: MqttSession) -> None:
        now_s = time.monotonic()
        if now_s - self._tick_s >= _TICK_S:
            self._tick_s = now_s
            command = self.host.tick(now_s, now_us())
            if command is not None:
                session.publish(Publication(command.topic, command.payload, qos=0))
        for results in self.host.take_results():
            self._ready += self._deliveries(results)
        if now_s - self._details_s >= _DETAILS_EVERY_S:
            self._details_s = now_s
            self.status.details.update(self.host.details())
        self.connection.check_silence(now_s)
        self._save_session_time(every_s=_SAVE_EVERY_S)

    def _deliveries(self, results: MessageResults) -> list[Delivery]:
        """History goes first and unacknowledged: a repeated row is stored once."""
        deliveries: list[Delivery] = []
        if results.history:
            deliveries.append(Delivery(readings=results.history, lane="backfill"))
        pending = [token for token in results.tokens if isinstance(token, PendingAck)]

        async def acknowledge() -> None:
            self.connection.mark_stored(pending)

        columns, duplicates = results.columns, self._duplicates
        self._duplicates = 0
        deliveries.append(
            Delivery(
                duplicates=duplicates,
                readings=results.readings,
                blocks=[self.host.block_of(columns)] if columns.index else (),
                gaps=results.gaps,
                unreadable=results.unreadable,
                acknowledge=acknowledge,
                checkpoints=[token.checkpoint for token in pending],
            )
        )
        return deliveries

    def _count_delivery(self, delivery: Delivery) -> Delivery:
        acknowledge = delivery.acknowledge
        self._undelivered += 1

        async def acknowledge_and_count() -> None:
            self._undelivered -= 1
            await acknowledge()

        delivery.acknowledge = acknowledge_and_count
        return delivery

    def _save_session_time(self, *, every_s: float) -> None:
        """Save where a gap would begin: the last time at which every message was on disk."""
        now_s = time.monotonic()
        if self._undelivered or self._ready or now_s - self._session_saved_s < every_s:
            return
        self._session_saved_s = now_s
        # Messages that wait for their turn are not on disk, but wait no longer than this.
        self.session_file.save_time(now_us() - int(self.config.reorder_s * 1e6))


def create(connector_id: str, options: dict[str, object], folder: Path) -> SparkplugConnector:
    config = SparkplugConfig.model_validate(options)
    session_file = SessionFile(folder / "sparkplug_session.json")
    metrics_file = AliveMetricsFile(folder / "sparkplug_nodes.json")
    return SparkplugConnector(connector_id, config, session_file, metrics_file)


def _without_death_time(message: MqttMessage) -> MqttMessage:
    """A death as the node wrote it: brokers that know Sparkplug (NATS) change its time each try."""
    if message.topic is None or "/NDEATH/" not in message.topic:
        return message
    try:
        death = parse_payload(message.payload)
    except UnreadableSparkplugPayload:
        return message
    death.ClearField("timestamp")
    return replace(message, payload=death.SerializeToString(deterministic=True))
