"""Emden-1 over the wire: every change arrives, with the very microsecond at which it happened."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client

from plumbing.opcua_edge import spooled_edge
from plumbing.opcua_plant import options
from plumbing.waiting import until
from werknetz_demo.embedded.process import free_port
from werknetz_simulator.plants import position
from werknetz_simulator.plants.plan import DAY_US, MINUTE_US
from werknetz_simulator.plants.plant import EMDEN_1, StateKind
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.opcua import namespace_of
from werknetz_simulator.protocols.opcua_plant import OpcuaPlant

BROWSE = [{"root": "/Objects/Emden-1", "depth": 8}]


class _Recorder:
    def __init__(self) -> None:
        self.received: list[tuple[int, Any]] = []

    def datachange_notification(self, _node: Any, value: Any, message: Any) -> None:
        at = message.monitored_item.Value.SourceTimestamp
        self.received.append((round(at.timestamp() * 1e6), value))


def _busy_instant(truth: Truth) -> int:
    """Find half an hour, less than five days ago, in which a machine works: plants sleep, too."""
    now = time.time_ns() // 1000
    for back in range(40, 5 * 24 * 60, 10):
        start = now - back * MINUTE_US
        segment = next(truth.segments(EMDEN_1.machines[0], start, start + 1))
        if segment.kind is StateKind.PRODUCING and segment.end_us > start + 2 * MINUTE_US:
            return start
    raise AssertionError("Emden has had five days off")


@pytest.mark.asyncio
async def test_a_subscriber_receives_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(position, "CATCH_UP_MAX_US", 7 * DAY_US)
    since = time.time_ns() // 1000 - 7 * DAY_US
    truth = Truth(EMDEN_1, since_us=since)
    start = _busy_instant(truth)
    url = f"opc.tcp://127.0.0.1:{free_port()}/emden-1"
    served = asyncio.create_task(OpcuaPlant(truth, url, ResumePosition(None, start)).run())
    recorder, machine = _Recorder(), EMDEN_1.machines[0]
    expected = [
        (change.at_us, change.value)
        for change in truth.changes(machine, start, start + 2 * MINUTE_US)
        if change.signal == "good"
    ]
    try:
        client = await _connect(url)
        async with client:
            index = await client.get_namespace_index(namespace_of("emden-1"))
            subscription = await client.create_subscription(50, recorder)
            node = client.get_node(f"ns={index};s={machine.line}.{machine.name}.GoodCount")
            await subscription.subscribe_data_change(node, queuesize=100)
            await until(lambda: set(expected) <= set(recorder.received), within_s=120)
    finally:
        served.cancel()
        await asyncio.gather(served, return_exceptions=True)
    assert expected
    assert set(expected) <= set(recorder.received)


@pytest.mark.asyncio
async def test_it_advances_past_what_a_busy_subscriber_has_acknowledged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The newest message waits for the next request: with changes all the time, one always does."""
    monkeypatch.setattr(position, "CATCH_UP_MAX_US", 7 * DAY_US)
    truth = Truth(EMDEN_1, since_us=time.time_ns() // 1000 - 7 * DAY_US)
    start = _busy_instant(truth)
    port = free_port()
    acknowledged = ResumePosition(None, start)
    plant = OpcuaPlant(truth, f"opc.tcp://127.0.0.1:{port}/emden-1", acknowledged)
    served = asyncio.create_task(plant.run())
    edge_options = options(port, url=f"opc.tcp://127.0.0.1:{port}/emden-1", browse=BROWSE)
    try:
        async with spooled_edge(edge_options, tmp_path):
            await until(lambda: acknowledged.at_us >= start + 10 * MINUTE_US, within_s=240)
    finally:
        served.cancel()
        await asyncio.gather(served, return_exceptions=True)


async def _connect(url: str) -> Client:
    for _ in range(3000):
        try:
            client = Client(url)
            await client.connect_socket()
        except OSError:
            await asyncio.sleep(0.1)
        else:
            client.disconnect_socket()
            await asyncio.sleep(0)
            return Client(url)
    raise TimeoutError(url)
