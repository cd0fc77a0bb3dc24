"""Zwick-2 over the wire: German JSON, each message once the broker has it."""

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from plumbing.waiting import until
from werknetz_simulator.plants.plan import DAY_US, MINUTE_US
from werknetz_simulator.plants.plant import ZWICK_2
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.mqtt_plant import MqttPlant


@pytest.mark.asyncio
async def test_what_happened_meanwhile_is_told(mqtt_url: str) -> None:
    now = time.time_ns() // 1000
    truth = Truth(ZWICK_2, since_us=now - 30 * DAY_US)
    start = now - 30 * MINUTE_US
    heard: list[tuple[str, dict[str, Any]]] = []
    client = _listener(mqtt_url, heard)
    position = ResumePosition(None, start)
    told = asyncio.create_task(MqttPlant(truth, mqtt_url, position).run())
    try:
        await until(lambda: position.at_us >= now, within_s=20)
    finally:
        told.cancel()
        await asyncio.gather(told, return_exceptions=True)
        client.disconnect()
        client.loop_stop()
    machine = ZWICK_2.machines[0]
    cycles = [
        said for topic, said in heard if topic == f"werk/{machine.line}/{machine.name}/zyklus"
    ]
    good = [c.value for c in truth.changes(machine, start, now) if c.signal == "good"]
    assert {said["gut"] for said in cycles} >= set(good)
    assert all("," in said["temperatur"] and len(said["zeit"]) == 26 for said in cycles)
    states = [
        said for topic, said in heard if topic == f"werk/{machine.line}/{machine.name}/zustand"
    ]
    assert states
    assert set(states[0]) == {"zeit", "zustand", "auftrag", "soll_s"}


def _listener(url: str, heard: list[tuple[str, dict[str, Any]]]) -> Client:
    parts = urlsplit(url)
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"ear-{time.time_ns()}")
    if parts.username:
        client.username_pw_set(parts.username, parts.password)

    def hear(_client: Client, _userdata: object, message: MQTTMessage) -> None:
        heard.append((message.topic, json.loads(message.payload)))

    client.on_message = hear
    client.connect(parts.hostname or "", parts.port or 1883)
    client.subscribe("werk/#", qos=1)
    client.loop_start()
    return client
