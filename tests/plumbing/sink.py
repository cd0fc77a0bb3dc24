"""A spool in memory: reads a connector in the background and acknowledges its deliveries."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from werknetz.connector.contract import ConnectionLost, Connector, Delivery, Reading
from werknetz.events.batch import GapClosed, GapOpened, Unmapped


@dataclass
class Sink:
    deliveries: list[Delivery] = field(default_factory=list)

    @asynccontextmanager
    async def reading(self, connector: Connector) -> AsyncIterator[None]:
        """Store all deliveries until the end of the block; then close the connector."""
        task = asyncio.create_task(self._read(connector))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await connector.close()

    async def _read(self, connector: Connector) -> None:
        while True:
            try:
                delivery = await connector.read()
            except ConnectionLost:
                await asyncio.sleep(0.1)
                await connector.connect()
                continue
            self.deliveries.append(delivery)
            await delivery.acknowledge()

    def readings(self, lane: str = "live") -> list[Reading]:
        """Return all readings, those of columns too, in the order in which the core stores them."""
        readings: list[Reading] = []
        for delivery in self.deliveries:
            if delivery.lane != lane:
                continue
            readings += delivery.all_readings()
            for block in delivery.blocks:
                values = block.value if block.strings is None else np.array(block.strings, object)
                columns = (block.address, values, block.status, block.source_time_us)
                rows = zip(*(column.tolist() for column in columns), strict=True)
                readings += [Reading(block.addresses[a], v, s, t) for a, v, s, t in rows]
        return readings

    def last(self) -> dict[str, Reading]:
        """Return the latest reading of each address."""
        readings: dict[str, Reading] = {}
        for reading in self.readings():
            before = readings.get(reading.source)
            if before is None or (before.source_time_us or 0) <= (reading.source_time_us or 0):
                readings[reading.source] = reading
        return readings

    def values(self, address: str) -> list[Any]:
        return [reading.value for reading in self.readings() if reading.source == address]

    @property
    def opened(self) -> list[GapOpened]:
        return [gap for d in self.deliveries for gap in d.gaps if isinstance(gap, GapOpened)]

    @property
    def closed(self) -> list[GapClosed]:
        return [gap for d in self.deliveries for gap in d.gaps if isinstance(gap, GapClosed)]

    @property
    def unreadable(self) -> list[Unmapped]:
        return [refused for d in self.deliveries for refused in d.unreadable]
