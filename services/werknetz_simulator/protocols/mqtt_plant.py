"""Zwick-2 as machines that publish German JSON at QoS 1.

The position advances only when the broker has acknowledged a message, so that it is published
again if the plant or the broker dies in between.
"""

import asyncio
import json
import time
from collections import deque
from typing import Final
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from werknetz_simulator.plants.machine import Plant, PlantMachine
from werknetz_simulator.plants.plan import MINUTE_US, SECOND_US, instant_of
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.broker_tls import set_up_tls
from werknetz_simulator.protocols.names.mqtt import CYCLE_FIELDS, STATE_FIELDS, TIME_FORM, topic_of

TICK_S: Final = 0.1
UNACKNOWLEDGED_MAX: Final = 1000  # messages in flight; then publishing pauses
STEP_MAX_US: Final = 10 * MINUTE_US
TEMPERATURE_EVERY_US: Final = (
    30 * SECOND_US
)  # a message for the temperature alone when no part is made


class MqttPlant:
    def __init__(self, truth: Truth, url: str, position: ResumePosition) -> None:
        self._truth, self._url, self._position = truth, url, position
        self._published_us = position.at_us
        self._unacknowledged: deque[tuple[int, int]] = deque()  # message id, instant
        self._acknowledged: set[int] = set()  # filled by the thread of paho, emptied by ours
        self._values: dict[tuple[PlantMachine, str], str | int | float] = {}
        self._zone = ZoneInfo(self.plant.plan.time_zone)

    @property
    def plant(self) -> Plant:
        return self._truth.plant

    async def run(self) -> None:
        """Publish until cancelled; the thread of paho reconnects as often as needed."""
        client = self._create_client()
        client.loop_start()
        try:
            self._published_us = self._position.resume_us(time.time_ns() // 1000)
            self._publish_snapshot(client)
            while True:
                self._tick(client, time.time_ns() // 1000)
                await asyncio.sleep(TICK_S)
        finally:
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)

    def _create_client(self) -> Client:
        parts = urlsplit(self._url)
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{self.plant.name}-machines",
            clean_session=True,
            protocol=MQTTv311,
        )
        if parts.username:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        client.max_inflight_messages_set(100)
        client.max_queued_messages_set(2 * UNACKNOWLEDGED_MAX)
        client.reconnect_delay_set(1, 5)
        client.on_publish = lambda _client, _userdata, mid, *_: self._acknowledged.add(mid)
        client.connect_timeout = 5.0
        set_up_tls(client, parts)
        port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        client.connect_async(parts.hostname or "127.0.0.1", port, keepalive=20)
        return client

    def _publish_snapshot(self, client: Client) -> None:
        for machine in self.plant.machines:
            for change in self._truth.snapshot(machine, self._published_us):
                self._values[machine, change.signal] = change.value
            self._publish(client, machine, "zustand", self._published_us)
            self._publish(client, machine, "zyklus", self._published_us)

    def _tick(self, client: Client, now_us: int) -> None:
        self._truth.refresh()
        while self._unacknowledged and self._unacknowledged[0][0] in self._acknowledged:
            number, at_us = self._unacknowledged.popleft()
            self._acknowledged.discard(number)
            self._position.advance(at_us - 1)
        if len(self._unacknowledged) >= UNACKNOWLEDGED_MAX or not client.is_connected():
            return
        until_us = min(now_us, self._published_us + STEP_MAX_US)
        instants = self._truth.changes_by_instant(
            self._published_us, until_us, temperature_every_us=TEMPERATURE_EVERY_US
        )
        for at_us, machine, changes in instants:
            signals = set()
            for change in changes:
                self._values[machine, change.signal] = change.value
                signals.add(change.signal)
            if signals & STATE_FIELDS.keys():
                self._publish(client, machine, "zustand", at_us)
            if signals - STATE_FIELDS.keys():
                self._publish(client, machine, "zyklus", at_us)
        self._published_us = until_us
        if not self._unacknowledged:
            self._position.advance(until_us)

    def _publish(self, client: Client, machine: PlantMachine, message: str, at_us: int) -> None:
        payload = json.dumps(self._payload(machine, message, at_us), ensure_ascii=False)
        info = client.publish(topic_of(machine, message), payload.encode(), qos=1)
        if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            raise OverflowError(f"{self.plant.name}: more messages are queued than paho accepts")
        self._unacknowledged.append((info.mid, at_us))

    def _payload(
        self, machine: PlantMachine, message: str, at_us: int
    ) -> dict[str, str | int | float]:
        local = instant_of(at_us).astimezone(self._zone)
        payload: dict[str, str | int | float] = {"zeit": f"{local:{TIME_FORM}}"}
        if message == "zyklus":
            for signal in self.plant.counts:
                payload[CYCLE_FIELDS[signal]] = self._values[machine, signal]
            payload["temperatur"] = _with_comma(self._values[machine, "temperature"])
            return payload
        for signal, field in STATE_FIELDS.items():
            value = self._values[machine, signal]
            payload[field] = value if isinstance(value, str) else _with_comma(value)
        return payload


def _with_comma(value: str | float) -> str:
    return str(value).replace(".", ",")
