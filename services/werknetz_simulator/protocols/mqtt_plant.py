"""Zwick-2 as machines that publish German JSON at QoS 1.

A message counts as said when the broker has acknowledged it: only then does the position move,
so that a plant or broker that dies in between says it again.
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

from werknetz_simulator.plants.machine import PlantMachine, Plant
from werknetz_simulator.plants.plan import MINUTE_US, SECOND_US, instant_of
from werknetz_simulator.plants.position import Position
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.mqtt import CYCLE_WORDS, STATE_WORDS, TIME_FORM, topic_of

TURN_S: Final = 0.1
WAITING_MAX: Final = 1000  # messages without an acknowledgement; more wait in the story itself
STEP_MAX_US: Final = 10 * MINUTE_US
SILENT_MAX_US: Final = 30 * SECOND_US  # without a part, a message for the temperature alone


class MqttPlant:
    def __init__(self, truth: Truth, url: str, position: Position) -> None:
        self._truth, self._url, self._position = truth, url, position
        self._told_us = position.at_us
        self._waiting: deque[tuple[int, int]] = deque()  # message id, instant
        self._confirmed: set[int] = set()  # filled by paho's thread, emptied by ours
        self._values: dict[tuple[PlantMachine, str], str | int | float] = {}
        self._zone = ZoneInfo(self.plant.plan.time_zone)

    @property
    def plant(self) -> Plant:
        return self._truth.plant

    async def run(self) -> None:
        """Publish until cancelled; paho's own thread connects again, as often as needed."""
        client = self._client()
        client.loop_start()
        try:
            self._told_us = self._position.bounded(time.time_ns() // 1000)
            self._show(client)
            while True:
                self._turn(client, time.time_ns() // 1000)
                await asyncio.sleep(TURN_S)
        finally:
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)

    def _client(self) -> Client:
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
        client.max_queued_messages_set(2 * WAITING_MAX)
        client.reconnect_delay_set(1, 5)
        client.on_publish = lambda _client, _userdata, mid, *_: self._confirmed.add(mid)
        client.connect_timeout = 5.0
        if parts.scheme == "mqtts":
            client.tls_set()
        port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        client.connect_async(parts.hostname or "127.0.0.1", port, keepalive=20)
        return client

    def _show(self, client: Client) -> None:
        for machine in self.plant.machines:
            for change in self._truth.snapshot(machine, self._told_us):
                self._values[machine, change.signal] = change.value
            self._publish(client, machine, "zustand", self._told_us)
            self._publish(client, machine, "zyklus", self._told_us)

    def _turn(self, client: Client, now_us: int) -> None:
        self._truth.refresh()
        while self._waiting and self._waiting[0][0] in self._confirmed:
            number, at_us = self._waiting.popleft()
            self._confirmed.discard(number)
            self._position.advance(at_us - 1)
        if len(self._waiting) >= WAITING_MAX or not client.is_connected():
            return
        until_us = min(now_us, self._told_us + STEP_MAX_US)
        moments = self._truth.changes_by_instant(self._told_us, until_us, temperature_every_us=SILENT_MAX_US)
        for at_us, machine, changes in moments:
            signals = set()
            for change in changes:
                self._values[machine, change.signal] = change.value
                signals.add(change.signal)
            if signals & STATE_WORDS.keys():
                self._publish(client, machine, "zustand", at_us)
            if signals - STATE_WORDS.keys():
                self._publish(client, machine, "zyklus", at_us)
        self._told_us = until_us
        if not self._waiting:
            self._position.advance(until_us)

    def _publish(self, client: Client, machine: PlantMachine, message: str, at_us: int) -> None:
        payload = json.dumps(self._payload(machine, message, at_us), ensure_ascii=False)
        info = client.publish(topic_of(machine, message), payload.encode(), qos=1)
        if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            raise OverflowError(f"{self.plant.name}: more messages wait than paho may keep")
        self._waiting.append((info.mid, at_us))

    def _payload(self, machine: PlantMachine, message: str, at_us: int) -> dict[str, str | int | float]:
        local = instant_of(at_us).astimezone(self._zone)
        said: dict[str, str | int | float] = {"zeit": f"{local:{TIME_FORM}}"}
        if message == "zyklus":
            for signal in self.plant.counts:
                said[CYCLE_WORDS[signal]] = self._values[machine, signal]
            said["temperatur"] = _german(self._values[machine, "temperature"])
            return said
        for signal, word in STATE_WORDS.items():
            value = self._values[machine, signal]
            said[word] = value if isinstance(value, str) else _german(value)
        return said


def _german(value: str | float) -> str:
    return str(value).replace(".", ",")
