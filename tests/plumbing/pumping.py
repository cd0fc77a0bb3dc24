"""A pump, a connector that counts, and a writer with its watermark in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from werknetz.connector.contract import ConnectionLost, ConnectorStatus, Delivery, Reading
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.yaml_format import parse_yaml
from werknetz.events.batch import LaneName, Samples
from werknetz.events.codec import GENESIS, columns_of, decode
from werknetz.link.memory import MemoryCoreLink, MemoryEdgeLink, MemoryServer
from werknetz.link.receiver import Receiver
from werknetz.link.redis import START, RedisEdgeLink
from werknetz.link.watermark import Watermark, answer_hello
from werknetz.link.wire import BatchEnvelope, Hello, Welcome, decode_to_core, link_name_of
from werknetz_edge.pipeline.lane import EdgeLink, Lane
from werknetz_edge.pipeline.mapping_rollout import MappingRollout
from werknetz_edge.pipeline.pump import Pump

INCARNATION = UUID(int=3)
MAPPING = (
    "name: m\nversion: {}\nequipment: n/p\nunmapped: store-as-is\n"
    "rules:\n- source: scaled\n  scale: {}\n"
)

LANES: dict[str, LaneName] = {"live": "live", "backfill": "backfill"}


class CountingConnector:
    """A connector that counts up and redelivers unacknowledged values."""

    def __init__(self, end: int, lane: str = "live", size: int = 1, *, ends: bool = False) -> None:
        self.status = ConnectorStatus()
        self.end = end
        self.lane = lane
        self.size = size
        self.acknowledged = 0
        self.connects = 0
        self.closed = 0
        self.ends = ends
        self.is_waiting = False

    async def connect(self) -> None:
        self.connects += 1

    async def read(self) -> Delivery:
        await asyncio.sleep(0)
        if self.acknowledged == 3 and self.connects == 1:
            raise ConnectionLost("session dropped")
        if self.acknowledged >= self.end:
            self.is_waiting = True
            if self.ends:
                self.status.state = "finished"
            await asyncio.Event().wait()
        value = self.acknowledged + 1
        readings = [Reading(f"n{n}", float(value), source_time_us=value) for n in range(self.size)]
        return Delivery(readings, acknowledge=self._acknowledge, lane=self.lane, is_history=True)

    async def _acknowledge(self) -> None:
        self.acknowledged += 1

    async def close(self) -> None:
        self.closed += 1


class Core:
    """A writer with its watermark in memory."""

    def __init__(self, server: MemoryServer) -> None:
        self.link = MemoryCoreLink(server)
        self.rows: dict[str, Watermark] = {}
        self.applied: list[BatchEnvelope] = []

    async def serve(self) -> None:
        positions: dict[str, str] = {}
        while True:
            for name in await self.link.list_connectors():
                positions.setdefault(name, START)
            for entry in await self.link.read(positions, 20):
                positions[entry.connector] = entry.position
                await self._take(entry.connector, decode_to_core(entry.fields))

    async def _take(self, name: str, message: Hello | BatchEnvelope) -> None:
        row = self.rows.get(name, Watermark(message.spool_id, 0, 0, GENESIS))
        if isinstance(message, Hello):
            answer = answer_hello(row, message, INCARNATION)
            if isinstance(answer, Welcome):
                self.rows[name] = Watermark(row.spool_id, answer.epoch, row.last_seq, row.last_hash)
            await self.link.finish({}, {name: [answer]})
            return
        plan = Receiver(name, INCARNATION).plan(row, [message], 0.0)
        self.rows[name] = plan.watermark
        self.applied += plan.run
        await self.link.finish({}, {name: plan.replies})

    def values(self) -> list[float]:
        return [
            value
            for envelope in self.applied
            for record in decode(envelope.payload).records
            if isinstance(record, Samples)
            for value, at in zip(
                columns_of(record).value.tolist(), columns_of(record).time.tolist(), strict=True
            )
            if at < 1_000_000_000  # not the heartbeat
        ]


def make_pump(
    source: CountingConnector, server: MemoryServer | str, folder: Path, bytes_max: int = 50_000_000
) -> tuple[Pump, dict[str, Lane]]:
    """Return a pump and its lanes, with a link in memory or through the Redis of a URL."""
    lanes: dict[str, Lane] = {}
    mapping = parse_mapping(parse_yaml(MAPPING.format(1, 1.0), file="m"), ())

    def open_lane(name: str) -> Lane:
        lane = LANES[name]
        link: EdgeLink
        if isinstance(server, str):
            link = RedisEdgeLink.connect(server, link_name_of("press", lane))
        else:
            link = MemoryEdgeLink(server, link_name_of("press", lane))
        lanes[name] = Lane("press", folder, mapping, link, lane=lane, bytes_max=bytes_max)
        return lanes[name]

    rollout = MappingRollout(folder / "press.mapping.yaml", mapping)
    pump = Pump(source, open_lane, protocol="count", retention_us=0, rollout=rollout)
    return pump, lanes


async def run_until(
    condition: Callable[[], bool], pump: Pump, *others: Awaitable[None], within_s: float = 90.0
) -> None:
    stop = asyncio.Event()
    tasks = [asyncio.ensure_future(other) for other in others]
    running = asyncio.ensure_future(pump.run(stop))
    try:
        async with asyncio.timeout(within_s):
            while not condition() and not running.done():  # noqa: ASYNC110  the condition has no event
                await asyncio.sleep(0.02)
    finally:
        stop.set()
        await running
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
