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
async def test_past_messages_are_published(mqtt_url: str) -> None:
    now = time.time_ns() // 1000
    truth = Truth(ZWICK_2, since_us=now - 30 * DAY_US)
    start = now - 30 * MINUTE_US
    received: list[tuple[str, dict[str, Any]]] = []
    client = _listener(mqtt_url, received)
    position = ResumePosition(None, start)
    publishing = asyncio.create_task(MqttPlant(truth, mqtt_url, position).run())
    try:
        await until(lambda: position.at_us >= now, within_s=20)
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
        client.disconnect()
        client.loop_stop()
    machine = ZWICK_2.machines[0]
    cycles = [
        payload
        for topic, payload in received
        if topic == f"werk/{machine.line}/{machine.name}/zyklus"
    ]
    good = [c.value for c in truth.changes(machine, start, now) if c.signal == "good"]
    assert {payload["gut"] for payload in cycles} >= set(good)
    assert all("," in payload["temperatur"] and len(payload["zeit"]) == 26 for payload in cycles)
    states = [
        payload
        for topic, payload in received
        if topic == f"werk/{machine.line}/{machine.name}/zustand"
    ]
    assert states
    assert set(states[0]) == {"zeit", "zustand", "auftrag", "soll_s"}


def _listener(url: str, received: list[tuple[str, dict[str, Any]]]) -> Client:
    parts = urlsplit(url)
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"ear-{time.time_ns()}")
    if parts.username:
        client.username_pw_set(parts.username, parts.password)

    def on_message(_client: Client, _userdata: object, message: MQTTMessage) -> None:
        received.append((message.topic, json.loads(message.payload)))

    client.on_message = on_message
    client.connect(parts.hostname or "", parts.port or 1883)
    client.subscribe("werk/#", qos=1)
    client.loop_start()
    return client
