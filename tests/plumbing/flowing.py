"""Connectors in this process that count up without a pause: real spools and senders, any core."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from plumbing.ingesting import books_of
from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.yaml_format import parse_yaml
from werknetz.link.redis import RedisEdgeLink
from werknetz_edge.pipeline.lane import Lane
from werknetz_edge.spool.spool_file import clock_us

PATIENCE_S = 120.0
MAPPING = "name: flow\nversion: 1\nequipment: n/{}\nunmapped: store-as-is\nrules: []\n"
COUNTS = """
SELECT count(*), count(DISTINCT value), coalesce(max(value), 0) FROM samples
JOIN signals ON signals.id = signal_id WHERE signals.key LIKE '%' || $1 || ':n'"""


class FlowingConnector:
    """One connector; `stored` values are on its disk, and must all arrive, once."""

    def __init__(self, name: str, folder: Path, redis_url: str, *, values: int) -> None:
        mapping = parse_mapping(parse_yaml(MAPPING.format(name), file="flow"), ())
        link = RedisEdgeLink.connect(redis_url, name)
        self.name = name
        self.lane = Lane(name, folder, mapping, link, bytes_max=100_000_000)
        self.stored = 0
        self._values = values

    @property
    def is_acknowledged(self) -> bool:
        sender = self.lane.sender
        return sender.acked == self.lane.spool.last_seq and not sender.is_fenced

    async def store(self) -> None:
        numbers = range(self.stored + 1, self.stored + 1 + self._values)
        now_us = clock_us()
        readings = [
            Reading("n", float(number), source_time_us=now_us + number % self._values)
            for number in numbers
        ]
        await self.lane.store(Delivery(readings))
        self.stored += self._values

    async def run(self, every_s: float, flow: "Flow") -> None:
        """Store values until the flow stops; send and receive until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.lane.send())
            group.create_task(self.lane.receive())
            while not flow.is_settling:
                if not flow.is_held:
                    await self.store()
                await asyncio.sleep(every_s)


class Flow:
    """All connectors. While it is held, they store nothing more."""

    def __init__(self, connectors: Sequence[FlowingConnector]) -> None:
        self.connectors = connectors
        self.is_held = False
        self.is_settling = False

    @property
    def names(self) -> list[str]:
        return [connector.name for connector in self.connectors]

    @property
    def acknowledged(self) -> int:
        """The batches that the core has acknowledged so far."""
        return sum(connector.lane.sender.acked for connector in self.connectors)

    async def progress(self, batches: int) -> None:
        """Return when so many more batches are acknowledged."""
        target = self.acknowledged + batches
        async with asyncio.timeout(PATIENCE_S):
            while self.acknowledged < target:  # noqa: ASYNC110  the core sets no event here
                await asyncio.sleep(0.05)

    async def settle(self) -> None:
        """Stop the sources; wait until everything is acknowledged."""
        self.is_settling = True
        async with asyncio.timeout(PATIENCE_S):
            while not all(connector.is_acknowledged for connector in self.connectors):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def check(self, database_url: str) -> None:
        """Demand that each value is stored once, and that the books balance."""
        database = await asyncpg.connect(database_url, timeout=60)
        try:
            for connector in self.connectors:
                count, distinct, largest = await database.fetchrow(COUNTS, connector.name)
                stored = connector.stored
                assert stored, f"{connector.name} has stored nothing"
                assert (count, distinct, largest) == (stored, stored, stored), connector.name
                await books_of(database, connector.name)
        finally:
            await database.close(timeout=60)


@asynccontextmanager
async def flowing(
    folder: Path,
    redis_url: str,
    count: int,
    *,
    every_s: float = 0.1,
    values: int = 20,
) -> AsyncIterator[Flow]:
    """Run so many connectors, each of which stores `values` values every `every_s`."""
    connectors = [
        FlowingConnector(f"flow-{number}", folder, redis_url, values=values)
        for number in range(count)
    ]
    flow = Flow(connectors)
    running = [asyncio.create_task(connector.run(every_s, flow)) for connector in connectors]
    try:
        yield flow
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for connector in connectors:
            await connector.lane.close()
