"""The values that a connector delivers, by address."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from werknetz.connector.contract import Connector, Delivery
from werknetz.events.batch import GapClosed, GapOpened, Unmapped


@dataclass
class ReceivedValues:
    """The last value, status and time of each address; all gaps and unreadable input."""

    values: dict[str, Any] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    at_us: dict[str, int] = field(default_factory=dict)
    gaps: list[GapOpened | GapClosed] = field(default_factory=list)
    unreadable: list[Unmapped] = field(default_factory=list)

    def add(self, delivery: Delivery) -> None:
        for reading in delivery.all_readings():
            self._store(reading.source, reading.value, reading.status, reading.source_time_us or 0)
        for block in delivery.blocks:
            values = block.value if block.strings is None else np.array(block.strings, object)
            columns = (block.address, values, block.status, block.source_time_us)
            for index, value, status, at_us in zip(*(c.tolist() for c in columns), strict=True):
                self._store(block.addresses[index], value, status, at_us)
        self.gaps += delivery.gaps
        self.unreadable += delivery.unreadable

    def _store(self, address: str, value: Any, status: int, at_us: int) -> None:
        self.values[address], self.status[address], self.at_us[address] = value, status, at_us


async def read_until(
    connector: Connector,
    received: ReceivedValues,
    condition: Callable[[ReceivedValues], bool],
    *,
    within_s: float = 60,
) -> None:
    """Read and acknowledge until `condition` holds; raise TimeoutError otherwise."""
    async with asyncio.timeout(within_s):
        while not condition(received):
            delivery = await connector.read()
            received.add(delivery)
            await delivery.acknowledge()
