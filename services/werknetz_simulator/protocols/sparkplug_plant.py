"""Brati-4 as Sparkplug B edge nodes, one per line, with store-and-forward.

A birth carries current values; older changes are forwarded after it as historical. Sparkplug data
have no acknowledgement: messages in flight when the host dies are lost.
"""

import asyncio
import time
from itertools import groupby
from typing import Any, Final

from werknetz_simulator.plants.machine import PlantMachine
from werknetz_simulator.plants.plan import MINUTE_US, SECOND_US
from werknetz_simulator.plants.position import ResumePosition
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.sparkplug import host_of
from werknetz_simulator.protocols.sparkplug_node import SparkplugEdgeNode

TICK_S: Final = 0.25
STEP_MAX_US: Final = 10 * MINUTE_US
TEMPERATURE_EVERY_US: Final = 30 * SECOND_US
HISTORICAL_US: Final = 10 * SECOND_US  # older changes are flagged as historical
MS: Final = 1000


class SparkplugPlant:
    def __init__(self, truth: Truth, url: str, position: ResumePosition) -> None:
        self._truth, self._position = truth, position
        plant = truth.plant
        self._nodes = [
            SparkplugEdgeNode(url, plant.name, line, tuple(machines), host_of(plant))
            for line, machines in groupby(plant.machines, key=lambda machine: machine.line)
        ]
        self._node_of = {m: node for node in self._nodes for m in node.machines}
        self._published_us = 0

    async def run(self) -> None:
        """Publish until cancelled; the threads of paho reconnect as often as needed."""
        self._published_us = _whole_ms(self._position.resume_us(time.time_ns() // 1000))
        for node in self._nodes:
            node.start()
        try:
            while True:
                self._tick(_whole_ms(time.time_ns() // 1000))
                await asyncio.sleep(TICK_S)
        finally:
            at_ms = time.time_ns() // 1_000_000
            await asyncio.gather(*(asyncio.to_thread(node.stop, at_ms) for node in self._nodes))

    def _tick(self, now_us: int) -> None:
        self._truth.refresh()
        if not all(node.can_publish for node in self._nodes):
            return
        for node in self._nodes:
            if not node.is_born:
                node.publish_birth(now_us // MS, self._values(node, now_us))
        until_us = min(now_us, self._published_us + STEP_MAX_US)
        for machine in self._truth.plant.machines:
            changes = self._truth.changes(
                machine, self._published_us, until_us, temperature_every_us=TEMPERATURE_EVERY_US
            )
            if changes:
                late = changes[0].at_us < now_us - HISTORICAL_US
                self._node_of[machine].publish_data(machine, changes, until_us // MS, late=late)
        self._published_us = max(self._published_us, until_us)
        self._position.advance(self._published_us)

    def _values(self, node: SparkplugEdgeNode, at_us: int) -> dict[tuple[PlantMachine, str], Any]:
        return {
            (machine, change.signal): change.value
            for machine in node.machines
            for change in self._truth.snapshot(machine, at_us)
        }


def _whole_ms(at_us: int) -> int:
    """Round down to milliseconds, the resolution of Sparkplug timestamps."""
    return at_us - at_us % MS
