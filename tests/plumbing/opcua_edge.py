"""An OPC UA connector with its pump and a real spool; its core is away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from math import isnan
from pathlib import Path
from typing import Any

from plumbing.opcua_plant import at
from werknetz.connector.contract import Connector, ConnectorStatus
from werknetz.connector.mapping.mapping import STORE_AS_IS
from werknetz.events.batch import GapClosed, GapOpened, Record, Samples
from werknetz.events.codec import columns_of, decode
from werknetz.link.memory import MemoryEdgeLink, MemoryServer
from werknetz_edge.opcua import create
from werknetz_edge.pipeline.lane import Lane
from werknetz_edge.pipeline.pump import Pump


class SpooledEdge:
    """A pump whose core is away: all that it has accepted is in the spool."""

    def __init__(self, options: dict[str, Any], folder: Path) -> None:
        def create_again() -> Connector:
            return create("cell", options, folder)

        link = MemoryEdgeLink(MemoryServer(down=True), "cell")
        self.lane = Lane("cell", folder, STORE_AS_IS, link, bytes_max=50_000_000)
        self.pump = Pump(
            create_again(), lambda _: self.lane, protocol="opcua", retention_us=0,
            create=create_again,
        )  # fmt: skip

    @property
    def status(self) -> ConnectorStatus:
        return self.pump._connector.status

    async def records(self) -> list[Record]:
        batches = await self.lane.on_disk(lambda: self.lane.spool.read(1, 10**9))
        return [record for batch in batches for record in decode(batch.payload).records]

    async def samples(self, name: str) -> list[tuple[float, int, int]]:
        """Return value, status and time of a variable, in the order in which they were stored."""
        return await self._samples_of(at(name))

    async def values_of(self, address: str) -> list[float]:
        """Return the numbers of an address of another server."""
        return [value for value, _, _ in await self._samples_of(address) if not isnan(value)]

    async def _samples_of(self, address: str) -> list[tuple[float, int, int]]:
        records = await self.records()
        points = await self.lane.on_disk(self.lane.spool.points)
        numbers = {point.number for point in points if point.source == address}
        rows = []
        for record in records:
            if isinstance(record, Samples):
                columns = columns_of(record)
                for n, point in enumerate(columns.point.tolist()):
                    if point in numbers:
                        row = float(columns.value[n]), int(columns.status[n]), int(columns.time[n])
                        rows.append(row)
        return rows

    async def values(self, name: str) -> list[float]:
        """Return the numbers of a variable, without those that are no number."""
        return [value for value, _, _ in await self.samples(name) if not isnan(value)]

    async def gaps(self) -> list[tuple[GapOpened, GapClosed | None]]:
        records = await self.records()
        closed = {r.gap_id: r for r in records if isinstance(r, GapClosed)}
        return [(r, closed.get(r.gap_id)) for r in records if isinstance(r, GapOpened)]

    async def until_value(self, name: str, value: float, *, within_s: float = 90) -> list[float]:
        """Return all values once one of at least `value` is there."""
        async with asyncio.timeout(within_s):
            while max(values := await self.values(name), default=-1.0) < value:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        return values

    async def until_running(self, within_s: float = 90) -> None:
        await self.until(lambda: self.status.state == "running", within_s)

    async def until(self, is_true: Callable[[], bool], within_s: float = 90) -> None:
        async with asyncio.timeout(within_s):
            while not is_true():  # noqa: ASYNC110  the status has no event
                await asyncio.sleep(0.02)


@asynccontextmanager
async def spooled_edge(options: dict[str, Any], folder: Path) -> AsyncIterator[SpooledEdge]:
    """Run the connector until the end of the block."""
    running, stop = SpooledEdge(options, folder), asyncio.Event()
    task = asyncio.create_task(running.pump.run(stop))
    try:
        yield running
    finally:
        stop.set()
        await task
