"""The pump over the link in memory: accept what is on disk, wait when it is full, stop soon."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest

from werknetz.connector.contract import ConnectionLost, ConnectorStatus, Delivery, Reading
from werknetz.connector.mapping import mapping_of
from werknetz.connector.yamlform import form_of
from werknetz.events.batch import GapOpened, Points, Record, Samples
from werknetz.events.batch import Lane as LaneName
from werknetz.events.codec import GENESIS, columns_of, decode
from werknetz.link.memory import MemoryCoreLink, MemoryEdgeLink, MemoryServer
from werknetz.link.receiver import Receiver
from werknetz.link.redis import START
from werknetz.link.watermark import Watermark, greet
from werknetz.link.wire import (
    Envelope,
    Hello,
    WantedMapping,
    Welcome,
    link_name,
    to_core_of,
)
from werknetz_edge import lane as lane_module
from werknetz_edge import pump as pump_module
from werknetz_edge.follow import Follower
from werknetz_edge.lane import Lane
from werknetz_edge.pump import Pump

LIFE = UUID(int=3)
MAPPING = (
    "name: m\nversion: {}\nequipment: n/p\nunmapped: store-as-is\n"
    "rules:\n- source: scaled\n  scale: {}\n"
)
LANES: dict[str, LaneName] = {"live": "live", "backfill": "backfill"}


class Counter:
    """A source that counts up and gives again what was not acknowledged."""

    def __init__(self, end: int, lane: str = "live", size: int = 1) -> None:
        self.status = ConnectorStatus()
        self.end = end
        self.lane = lane
        self.size = size
        self.acknowledged = 0
        self.connects = 0
        self.closed = 0

    async def connect(self) -> None:
        self.connects += 1

    async def read(self) -> Delivery:
        await asyncio.sleep(0)
        if self.acknowledged == 3 and self.connects == 1:
            raise ConnectionLost("cut")
        if self.acknowledged >= self.end:
            await asyncio.Event().wait()
        value = self.acknowledged + 1
        readings = [Reading(f"n{n}", float(value), source_time_us=value) for n in range(self.size)]
        return Delivery(readings, acknowledge=self._acknowledge, lane=self.lane)

    async def _acknowledge(self) -> None:
        self.acknowledged += 1

    async def close(self) -> None:
        self.closed += 1


class Core:
    """A writer over a watermark in memory."""

    def __init__(self, server: MemoryServer) -> None:
        self.link = MemoryCoreLink(server)
        self.rows: dict[str, Watermark] = {}
        self.applied: list[Envelope] = []

    async def serve(self) -> None:
        positions: dict[str, str] = {}
        while True:
            for name in await self.link.connectors():
                positions.setdefault(name, START)
            for entry in await self.link.read(positions, 20):
                positions[entry.connector] = entry.position
                await self._take(entry.connector, to_core_of(entry.fields))

    async def _take(self, name: str, message: Hello | Envelope) -> None:
        row = self.rows.get(name, Watermark(message.spool_id, 0, 0, GENESIS))
        if isinstance(message, Hello):
            answer = greet(row, message, LIFE)
            if isinstance(answer, Welcome):
                self.rows[name] = Watermark(row.spool_id, answer.epoch, row.last_seq, row.last_hash)
            await self.link.reply(name, [answer])
            return
        plan = Receiver(name, LIFE).plan(row, [message], 0.0)
        self.rows[name] = plan.watermark
        self.applied += plan.run
        await self.link.reply(name, plan.answers)

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


def pump_of(
    source: Counter, server: MemoryServer, folder: Path, bytes_max: int = 50_000_000
) -> tuple[Pump, dict[str, Lane]]:
    lanes: dict[str, Lane] = {}
    mapping = mapping_of(form_of(MAPPING.format(1, 1.0), file="m"), ())

    def open_lane(name: str) -> Lane:
        lane = LANES[name]
        link = MemoryEdgeLink(server, link_name("press", lane))
        lanes[name] = Lane("press", folder, mapping, link, lane=lane, bytes_max=bytes_max)
        return lanes[name]

    follower = Follower(folder / "press.mapping.yaml", mapping)
    pump = Pump(source, open_lane, protocol="count", retention_us=0, follower=follower)
    return pump, lanes


async def run_until(
    true: Callable[[], bool], pump: Pump, *others: Awaitable[None], within_s: float = 20.0
) -> None:
    stop = asyncio.Event()
    tasks = [asyncio.ensure_future(other) for other in others]
    running = asyncio.ensure_future(pump.run(stop))
    try:
        async with asyncio.timeout(within_s):
            while not true() and not running.done():  # noqa: ASYNC110  what is waited for has no event
                await asyncio.sleep(0.02)
    finally:
        stop.set()
        await running
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.asyncio
async def test_every_value_arrives_once_and_in_order(tmp_path: Path) -> None:
    server, source = MemoryServer(), Counter(20)
    core = Core(server)
    pump, lanes = pump_of(source, server, tmp_path)

    def arrived() -> bool:
        return len(core.values()) == 20 and "press" in server.statuses

    await run_until(arrived, pump, core.serve())
    assert core.values() == [float(n) for n in range(1, 21)]
    assert (source.connects, source.status.state) == (2, "stopped")
    assert lanes["live"].sender.acked > 0


@pytest.mark.asyncio
async def test_without_a_core_it_keeps_and_waits_and_sends_after_a_restart(tmp_path: Path) -> None:
    server = MemoryServer(down=True)
    pump, _ = pump_of(Counter(10), server, tmp_path)
    source = pump._connector
    assert isinstance(source, Counter)
    await run_until(lambda: source.acknowledged == 10, pump)
    server.down = False
    core = Core(server)
    again, _ = pump_of(Counter(0), server, tmp_path)
    await run_until(lambda: len(core.values()) == 10, again, core.serve())


@pytest.mark.asyncio
async def test_a_full_spool_stops_the_source_and_says_so(tmp_path: Path) -> None:
    server = MemoryServer(down=True)
    source = Counter(10_000, size=400)
    source.connects = 1
    pump, lanes = pump_of(source, server, tmp_path, bytes_max=1_000_000)
    await run_until(lambda: "input waits" in source.status.detail, pump)
    taken = source.acknowledged
    assert 3 < taken < 200
    server.down = False
    core = Core(server)
    more = Counter(taken + 20, size=400)
    more.acknowledged, more.connects = taken, 1
    again, lanes = pump_of(more, server, tmp_path, bytes_max=1_000_000)
    await run_until(lambda: more.acknowledged == taken + 20, again, core.serve(), within_s=40)
    causes = [
        record.cause
        for envelope in core.applied
        for record in decode(envelope.payload).records
        if isinstance(record, GapOpened)
    ]
    assert "spool_full" in causes
    assert lanes["live"].spool.base_seq > 0


@pytest.mark.asyncio
async def test_backfill_has_a_lane_of_its_own(tmp_path: Path) -> None:
    server = MemoryServer()
    core = Core(server)
    pump, lanes = pump_of(Counter(5, lane="backfill"), server, tmp_path)
    await run_until(lambda: len(core.values()) == 5, pump, core.serve())
    lanes_said = {envelope.lane for envelope in core.applied if envelope.connector != "press"}
    assert lanes_said == {"backfill"}
    assert set(lanes) == {"live", "backfill"}


class Slow(Counter):
    """Gives a value every few milliseconds, of an address that the mapping scales."""

    async def read(self) -> Delivery:
        await asyncio.sleep(0.005)
        value = self.acknowledged + 1
        reading = Reading("scaled", float(value), source_time_us=value)
        return Delivery([reading], acknowledge=self._acknowledge)


def wanted(version: int, scale: float) -> WantedMapping:
    document = MAPPING.format(version, scale)
    digest = mapping_of(form_of(document, file="m"), ()).digest
    return WantedMapping("m", version, digest, document)


@pytest.mark.asyncio
async def test_a_new_mapping_is_used_between_two_deliveries_and_no_value_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump_module, "STATUS_EVERY_S", 0.05)
    server = MemoryServer()
    core, source = Core(server), Slow(0)
    pump, _ = pump_of(source, server, tmp_path)

    def both() -> bool:
        found = core.values()
        if len(found) > 10:
            server.wanted["press"] = wanted(2, 1000.0)
        kept = (tmp_path / "press.mapping.yaml").exists()
        return kept and max(found, default=0.0) >= 1000.0 and min(found) < 1000.0

    await run_until(both, pump, core.serve())
    base = [v / 1000.0 if v >= 1000.0 else v for v in core.values()]
    assert base == [float(n) for n in range(1, len(base) + 1)]
    labels = [
        record.mapping.rpartition("@")[2]
        for envelope in core.applied
        for record in decode(envelope.payload).records
        if isinstance(record, Points)
        for record in record.points
        if record.signal == "scaled"
    ]
    assert labels == ["1", "2"]


@pytest.mark.asyncio
async def test_a_mapping_that_fails_at_its_first_delivery_is_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(lane_module.Normalizer):
        def normalize(self, delivery: Delivery, arrival_us: int) -> list[Record]:
            named = delivery.readings[0].source == "scaled"
            if self.mapping.version == 2 and named:
                raise ZeroDivisionError("a bug that only this mapping meets")
            return super().normalize(delivery, arrival_us)

    monkeypatch.setattr(lane_module, "Normalizer", Broken)
    monkeypatch.setattr(pump_module, "STATUS_EVERY_S", 0.05)
    server = MemoryServer(wanted={"press": wanted(2, 1000.0)})
    core, source = Core(server), Slow(0)
    pump, _ = pump_of(source, server, tmp_path)

    def failed() -> bool:
        status = server.statuses.get("press")
        return status is not None and status.mapping_state == "failed" and len(core.values()) > 30

    await run_until(failed, pump, core.serve())
    status = server.statuses["press"]
    assert "ZeroDivisionError" in status.mapping_detail
    assert status.mapping == "m@1"
    assert core.values() == [float(n) for n in range(1, len(core.values()) + 1)]
    assert not (tmp_path / "press.mapping.yaml").exists()
