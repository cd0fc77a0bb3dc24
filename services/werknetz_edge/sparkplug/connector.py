"""The Sparkplug B connector: a host application over the MQTT connector's session.

Data come at QoS 0 and nobody keeps them: what was said while we were away is lost, found by the
sequence or by a birth, and told as a gap. What comes at QoS 1 is acknowledged after the commit.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from uuid import uuid4

from werknetz.connector.contract import ConnectionLost, ConnectorStatus, Delivery
from werknetz.events.batch import GapClosed, GapOpened
from werknetz_edge.mqtt.client import Publication
from werknetz_edge.mqtt.redelivery import AcceptedMessages, mark_of
from werknetz_edge.mqtt.session import MqttMessage, MqttSession
from werknetz_edge.mqtt.session_file import SessionFile
from werknetz_edge.sparkplug.alive_metrics import AliveMetricsFile
from werknetz_edge.sparkplug.config import SparkplugConfig
from werknetz_edge.sparkplug.decoding.payload import UnreadableSparkplugPayload, parse_payload
from werknetz_edge.sparkplug.host import Host
from werknetz_edge.sparkplug.rebirth import RebirthRequester
from werknetz_edge.sparkplug.results import MessageResults
from werknetz_edge.sparkplug.state import HostState
from werknetz_edge.sparkplug.topic import state_topic, subscription_filters

MESSAGES_MAX: Final = 2_000  # taken from the session at once
VALUES_MAX: Final = 50_000  # after which no further message is opened
_CHUNK: Final = 50
_CHUNK_BYTES: Final = 1_000_000
_TURN_S: Final = 0.2  # time alone brings things: waiting ends, requests are due
_TICK_S: Final = 0.1  # it looks at every node: not for each message
_SAY_EVERY_S: Final = 1.0
_REMEMBER_EVERY_S: Final = 5.0  # as much as a gap may begin too early
_SAVE_PAUSE: Final = 20.0  # times as long as saving took


@dataclass(slots=True, eq=False)
class _Owed:
    """A message at QoS 1: acknowledged when it and all before it are on disk."""

    session: MqttSession
    mid: int
    mark: bytes
    stored: bool = False


@dataclass(slots=True)
class SparkplugConnector:
    connector_id: str
    config: SparkplugConfig
    memory: SessionFile
    alive_metrics: AliveMetricsFile
    status: ConnectorStatus = field(default_factory=ConnectorStatus)
    _host: Host | None = None
    _state: HostState | None = None
    _session: MqttSession | None = None
    _known: AcceptedMessages = field(default_factory=AcceptedMessages)
    _owed: deque[_Owed] = field(default_factory=deque)
    _ready: deque[Delivery] = field(default_factory=deque)
    _given: int = 0  # deliveries that are not on disk yet
    _again: int = 0
    _heard_at: float = 0.0
    _said_at: float = 0.0
    _ticked_at: float = 0.0
    _remembered_at: float = 0.0
    _save_at: float = 0.0

    @property
    def client_id(self) -> str:
        return self.config.client_id or f"werknetz-{self.connector_id}"

    @property
    def host(self) -> Host:
        if self._host is None:
            config = self.config
            self._host = Host(
                self.connector_id,
                reorder_s=config.reorder_s,
                rebirths=RebirthRequester(config.rebirth_every_s, config.rebirth_requests),
                payload_max=config.payload_max_bytes,
            )
        return self._host

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        self._known.add(checkpoints)

    async def connect(self) -> None:
        await self.close()
        self.status.state = "connecting"
        topic = state_topic(self.config.host_id or self.connector_id)
        state = self._state = HostState(topic, _now_us() // 1000)
        session = self._session = MqttSession(self.config, self.client_id, state.will)
        self._known.generation += 1
        filters = [*subscription_filters(self.config.groups), topic]
        try:
            await session.open()
            await session.subscribe(filters)
        except BaseException:
            self.status.state, self.status.detail = "connecting", session.failure
            if session.rejected:
                self.status.state, self.status.detail = "rejected", session.rejected
            await self.close()
            raise
        await self._resume(session, filters)
        session.publish(state.birth)
        self._heard_at = time.monotonic()
        self.status.state, self.status.detail = "running", ""
        self.status.details["session"] = "kept" if session.session_present else "new"
        self.status.details["host_id"] = topic.rpartition("/")[2]

    async def read(self) -> Delivery:
        while True:
            session = self._session
            if session is None:
                raise ConnectionLost("not connected")
            if self._ready:
                return self._give(self._ready.popleft())
            await session.wait(_TURN_S)
            was_alive = session.is_alive
            heard = self._hear(session)
            self._turn(session)
            if self.host.births_changed and time.monotonic() >= self._save_at:
                await self._save_roster()
            if not (was_alive or heard or self._ready):
                self.status.detail = session.failure
                raise ConnectionLost(session.failure or "the network thread has ended")

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            if session.is_alive and self._state is not None:
                session.publish(self._state.death(_now_us() // 1000))
            if self._host is not None:
                self.status.details.update(self._host.details())
                if self._host.births_changed:
                    await self._save_roster()
            self._remember(within_s=0.0)
            await session.close()
        if self.status.state not in {"starting", "rejected"}:
            self.status.state = "stopped"

    async def _resume(self, session: MqttSession, filters: list[str]) -> None:
        """Say what may be lost since we last heard, and be in doubt of nodes that do not speak."""
        now_us, now_s = _now_us(), time.monotonic()
        before = await asyncio.to_thread(self.memory.load)
        known = before is not None and before.client_id == self.client_id
        if self._host is None:
            self.host.load_alive_metrics(await asyncio.to_thread(self.alive_metrics.load), now_s)
            cause, detail = "connection_lost", "data come at QoS 0: while we were away nobody heard"
        else:
            self.host.on_reconnect(now_s)
            cause, detail = "session_not_present", f"client id {self.client_id}"
        lost = cause == "connection_lost" or not session.session_present
        if before is not None and known and lost:
            gap = GapOpened(uuid4(), self.connector_id, [], before.last_us, cause, detail)
            self._ready.append(Delivery(gaps=[gap, GapClosed(gap.gap_id, now_us)]))
        # Until that gap is on disk it must begin where it begins now.
        last_us = before.last_us if before is not None and known else now_us
        await asyncio.to_thread(self.memory.save, self.client_id, filters, last_us)

    async def _save_roster(self) -> None:
        """Before what made it new is given out; of many births not each, so that we keep up."""
        began = time.monotonic()
        await asyncio.to_thread(self.alive_metrics.save, self.host.alive_metrics())
        took_s = time.monotonic() - began
        self._save_at = began + took_s * _SAVE_PAUSE

    def _hear(self, session: MqttSession) -> bool:
        """Open what has come; False where nothing had."""
        heard, host = 0, self.host
        while session.queue and heard < MESSAGES_MAX and host.size < VALUES_MAX:
            messages = session.take(_CHUNK, _CHUNK_BYTES)
            heard += len(messages)
            for message in messages:
                self._take(session, message)
        if heard:
            self._heard_at = time.monotonic()
            self.status.last_good_us, self.status.state = _now_us(), "running"
            self.status.detail = ""
        return heard > 0

    def _take(self, session: MqttSession, message: MqttMessage) -> None:
        owed = None
        if message.qos:
            mark = mark_of(_timeless(message))
            owed = _Owed(session, message.mid, mark)
            self._owed.append(owed)
            if self._known.is_redelivered(message, mark):
                self._again += 1
                self.status.details["given_again"] = str(self._again)
                self._stored([owed])
                return
        if self._state is not None and message.topic == self._state.topic:
            self._hear_of_us(session, message)
            self._stored([] if owed is None else [owed])
            return
        if owed is not None:
            self._known.add([owed.mark])
        topic = "(unreadable topic)" if message.topic is None else message.topic
        self.host.handle_message(
            topic, message.payload, at_us=_now_us(), now_s=time.monotonic(), token=owed
        )

    def _hear_of_us(self, session: MqttSession, message: MqttMessage) -> None:
        assert self._state is not None  # noqa: S101  the caller looked
        answer = self._state.contradict(message.payload)
        if answer is None:
            return
        birth, is_other = answer
        session.publish(birth)
        if is_other:
            text = "another says that this host is offline: is there a second one of its host_id?"
            self.host.notes.add("state", text)

    def _turn(self, session: MqttSession) -> None:
        now_s = time.monotonic()
        if now_s - self._ticked_at >= _TICK_S:
            self._ticked_at = now_s
            request = self.host.tick(now_s, _now_us())
            if request is not None:
                session.publish(Publication(request.topic, request.payload, qos=0))
        for part in self.host.take_results():
            self._ready += self._deliveries(part)
        if now_s - self._said_at >= _SAY_EVERY_S:
            self._said_at = now_s
            self.status.details.update(self.host.details())
        if now_s - self._heard_at > self.config.silence_s and self.status.state == "running":
            self.status.state = "silent"
            self.status.detail = f"nothing came for {self.config.silence_s:g} s"
        self._remember(within_s=_REMEMBER_EVERY_S)

    def _deliveries(self, part: MessageResults) -> list[Delivery]:
        """History first and unacknowledged: should it be stored twice, it is there once."""
        found: list[Delivery] = []
        if part.history:
            found.append(Delivery(readings=part.history, lane="backfill"))
        owed = [token for token in part.tokens if isinstance(token, _Owed)]

        async def acknowledge() -> None:
            self._stored(owed)

        columns = part.columns
        found.append(
            Delivery(
                readings=part.readings,
                blocks=[columns.block(self.host.addresses)] if columns.index else (),
                gaps=part.gaps,
                unreadable=part.unreadable,
                acknowledge=acknowledge,
                checkpoints=[token.mark for token in owed],
            )
        )
        return found

    def _give(self, delivery: Delivery) -> Delivery:
        acknowledge = delivery.acknowledge
        self._given += 1

        async def counted() -> None:
            self._given -= 1
            await acknowledge()

        delivery.acknowledge = counted
        return delivery

    def _stored(self, owed: Sequence[_Owed]) -> None:
        """Acknowledge in the order of arrival [MQTT-4.6.0-2], on the connection it came by."""
        for each in owed:
            each.stored = True
        while self._owed and self._owed[0].stored:
            first = self._owed.popleft()
            first.session.acknowledge([first.mid])

    def _remember(self, *, within_s: float) -> None:
        """Where a gap would begin: the last time at which all that was heard was on disk."""
        now_s = time.monotonic()
        if self._given or self._ready or now_s - self._remembered_at < within_s:
            return
        self._remembered_at = now_s
        # What waits for its turn is not on disk, but never longer than that.
        self.memory.save_time(_now_us() - int(self.config.reorder_s * 1e6))


def create(connector_id: str, options: dict[str, object], folder: Path) -> SparkplugConnector:
    config = SparkplugConfig.model_validate(options)
    memory = SessionFile(folder / "sparkplug_session.json")
    return SparkplugConnector(
        connector_id, config, memory, AliveMetricsFile(folder / "sparkplug_nodes.json")
    )


def _timeless(message: MqttMessage) -> MqttMessage:
    """A death as the node wrote it: brokers that know Sparkplug (NATS) set its time at each try."""
    if message.topic is None or "/NDEATH/" not in message.topic:
        return message
    try:
        death = parse_payload(message.payload)
    except UnreadableSparkplugPayload:
        return message
    death.ClearField("timestamp")
    return replace(message, payload=death.SerializeToString(deterministic=True))


def _now_us() -> int:
    return time.time_ns() // 1_000
