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
    machine = ZWICK_2.machines[0]
    good = {c.value for c in truth.changes(machine, start, now) if c.signal == "good"}

    def payloads_of(kind: str) -> list[dict[str, Any]]:
        topic = f"werk/{machine.line}/{machine.name}/{kind}"
        return [payload for at, payload in list(received) if at == topic]

    try:
        await until(lambda: position.at_us >= now, within_s=120)
        # The broker has them all: they are on their way to us.
        await until(
            lambda: (
                {payload["gut"] for payload in payloads_of("zyklus")} >= good
                and bool(payloads_of("zustand"))
            ),
            within_s=120,
        )
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
        client.disconnect()
        client.loop_stop()
    cycles = payloads_of("zyklus")
    assert all("," in payload["temperatur"] and len(payload["zeit"]) == 26 for payload in cycles)
    assert set(payloads_of("zustand")[0]) == {"zeit", "zustand", "auftrag", "soll_s"}


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
