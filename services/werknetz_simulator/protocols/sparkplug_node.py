"""A Sparkplug B edge node: session, births with aliases, data, and the death as MQTT will."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from werknetz.protocols.sparkplug_b_pb2 import DataType
from werknetz_simulator.plants.machine import PlantMachine
from werknetz_simulator.plants.truth import SignalChange
from werknetz_simulator.protocols.broker_tls import set_up_tls
from werknetz_simulator.protocols.names.sparkplug import METRICS
from werknetz_simulator.protocols.sparkplug_payload import SimulatedMetric, encode_payload

REBIRTH: Final = "Node Control/Rebirth"
TYPES: Final = {
    "state": DataType.String,
    "order": DataType.String,
    "pri": DataType.Double,
    "temperature": DataType.Double,
}
ALIASES: Final = {signal: number for number, signal in enumerate(METRICS, start=1)}


class SparkplugEdgeNode:
    """The thread of paho only sets `host_is_online` and `is_born`; the plant's thread publishes."""

    def __init__(
        self, url: str, group: str, name: str, machines: Sequence[PlantMachine], host: str
    ) -> None:
        self.machines = machines
        self.host_is_online = False
        self.is_born = False
        self._group, self._name = group, name
        self._state_topic = f"spBv1.0/STATE/{host}"
        self._aliases = {machine: 10 * n for n, machine in enumerate(machines, start=1)}
        self._seq = -1
        self._bd_seq = time.time_ns() // 1_000_000_000 % 256  # differs at each start
        self._client = self._create_client(url)

    @property
    def can_publish(self) -> bool:
        return self.host_is_online and self._client.is_connected()

    def start(self) -> None:
        self._client.loop_start()

    def stop(self, at_ms: int) -> None:
        """Publish the death, as the broker does after a kill; then wait for paho."""
        if self._client.is_connected():
            self._client.publish(self._topic("NDEATH"), self._death_payload(at_ms), qos=1)
        self._client.disconnect()
        self._client.loop_stop()

    def publish_birth(self, at_ms: int, values: Mapping[tuple[PlantMachine, str], Any]) -> None:
        """Publish every metric with name, alias and current value."""
        self.is_born = True  # set first: a rebirth request that arrives meanwhile is then served
        self._seq = -1
        control = SimulatedMetric(False, DataType.Boolean, at_ms, name=REBIRTH)
        self._publish("NBIRTH", [self._bd_metric(at_ms), control], at_ms)
        for machine in self.machines:
            metrics = [
                self._metric(machine, signal, values[machine, signal], at_ms, name=name)
                for signal, name in METRICS.items()
                if (machine, signal) in values
            ]
            self._publish("DBIRTH", metrics, at_ms, machine.name)

    def publish_data(
        self, machine: PlantMachine, changes: Iterable[SignalChange], at_ms: int, *, late: bool
    ) -> None:
        metrics = [
            self._metric(machine, c.signal, c.value, -(-c.at_us // 1000), is_historical=late)
            for c in changes
        ]
        self._publish("DDATA", metrics, at_ms, machine.name)

    def _metric(
        self,
        machine: PlantMachine,
        signal: str,
        value: Any,
        at_ms: int,
        *,
        name: str = "",
        is_historical: bool = False,
    ) -> SimulatedMetric:
        alias = self._aliases[machine] + ALIASES[signal]
        return SimulatedMetric(
            value, TYPES.get(signal, DataType.UInt16), at_ms, name, alias, is_historical
        )

    def _bd_metric(self, at_ms: int) -> SimulatedMetric:
        return SimulatedMetric(self._bd_seq, DataType.UInt64, at_ms, name="bdSeq")

    def _death_payload(self, at_ms: int) -> bytes:
        return encode_payload([self._bd_metric(at_ms)], at_ms=at_ms)

    def _publish(
        self, kind: str, metrics: Sequence[SimulatedMetric], at_ms: int, device: str = ""
    ) -> None:
        self._seq = (self._seq + 1) % 256
        content = encode_payload(metrics, at_ms=at_ms, seq=self._seq)
        self._client.publish(self._topic(kind, device), content, qos=0)

    def _topic(self, kind: str, device: str = "") -> str:
        return f"spBv1.0/{self._group}/{kind}/{self._name}" + (f"/{device}" if device else "")

    def _create_client(self, url: str) -> Client:
        parts = urlsplit(url)
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{self._group}-{self._name}",
            clean_session=True,
            protocol=MQTTv311,
        )
        if parts.username:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        set_up_tls(client, parts)
        client.max_queued_messages_set(10_000)
        client.reconnect_delay_set(1, 5)
        client.connect_timeout = 5.0
        client.will_set(
            self._topic("NDEATH"), self._death_payload(time.time_ns() // 1_000_000), qos=1
        )
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        client.connect_async(parts.hostname or "127.0.0.1", port, keepalive=20)
        return client

    def _on_connect(self, client: Client, *_: object) -> None:
        self.is_born = self.host_is_online = False
        client.subscribe([(self._state_topic, 1), (self._topic("NCMD"), 0)])

    def _on_disconnect(self, client: Client, *_: object) -> None:
        """Use the next bdSeq for the will and the birth of the next session."""
        self.is_born = self.host_is_online = False
        self._bd_seq = (self._bd_seq + 1) % 256
        client.will_set(
            self._topic("NDEATH"), self._death_payload(time.time_ns() // 1_000_000), qos=1
        )

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if message.topic != self._state_topic:
            self.is_born = self.is_born and REBIRTH.encode() not in message.payload
            return
        try:
            self.host_is_online = json.loads(message.payload)["online"] is True
        except (ValueError, KeyError, TypeError):
            self.host_is_online = False  # `OFFLINE`, as hosts before version 3 publish it
        self.is_born = self.is_born and self.host_is_online
