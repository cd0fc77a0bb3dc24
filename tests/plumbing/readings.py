"""What deliveries of a connector say, as plain values by address."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from werknetz.connector.contract import Connector, Delivery
from werknetz.events.batch import GapClosed, GapOpened, Unmapped


@dataclass
class ReceivedValues:
    """The last value and status of each address, and everything else."""

    values: dict[str, Any] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    at_us: dict[str, int] = field(default_factory=dict)
    gaps: list[GapOpened | GapClosed] = field(default_factory=list)
    unreadable: list[Unmapped] = field(default_factory=list)

    def take(self, delivery: Delivery) -> None:
        for reading in delivery.readings:
            self._note(reading.source, reading.value, reading.status, reading.source_time_us or 0)
        for block in delivery.blocks:
            columns = (block.address, block.value, block.status, block.source_time_us)
            for index, value, status, at_us in zip(*(c.tolist() for c in columns), strict=True):
                self._note(block.addresses[index], value, status, at_us)
        self.gaps += delivery.gaps
        self.unreadable += delivery.unreadable

    def _note(self, address: str, value: Any, status: int, at_us: int) -> None:
        self.values[address], self.status[address], self.at_us[address] = value, status, at_us


async def read_until(
    connector: Connector,
    seen: ReceivedValues,
    is_true: Callable[[ReceivedValues], bool],
    *,
    within_s: float = 15,
) -> None:
    """Read and acknowledge until it is true; raise TimeoutError, or what the connector raises."""
    async with asyncio.timeout(within_s):
        while not is_true(seen):
            delivery = await connector.read()
            seen.take(delivery)
            await delivery.acknowledge()
