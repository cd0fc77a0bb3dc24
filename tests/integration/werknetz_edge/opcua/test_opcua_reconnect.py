"""A value that a server re-sends to a new subscription is one row, after any restart."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plumbing.opcua_plant import at, options, plant
from plumbing.waiting import until
from werknetz.connector.mapping.mapping import STORE_AS_IS
from werknetz.events.batch import GapOpened, Record, Samples
from werknetz.events.codec import columns_of, decode
from werknetz.link.memory import MemoryEdgeLink, MemoryServer
from werknetz_demo.embedded.process import free_port
from werknetz_edge.opcua import create
from werknetz_edge.opcua.stack import ua
from werknetz_edge.pipeline.lane import Lane
from werknetz_edge.pipeline.pump import Pump
from werknetz_edge.spool import last_values

NAMES = ("Count", "Temp", "Large", "On", "Order", "Since", "Axes", "Range")
WITHIN_S = 60
Row = tuple[str, int, str]  # address, time, value


STARTS: list[datetime] = []


@pytest.fixture(autouse=True)
def start() -> None:
    STARTS.append(datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=10))


def clock(second: int) -> datetime:
    """Return an instant of this test that the clock check believes: recent, and not ahead."""
    return STARTS[-1] + timedelta(seconds=second)


def with_time(minute: int, temp: float) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """Give every variable the source time that it has kept, and Temp a newer value."""

    async def prepare(nodes: dict[str, Any]) -> None:
        for node in nodes.values():
            variant = (await node.read_data_value()).Value
            await node.write_value(ua.DataValue(variant, ua.StatusCode(0), clock(0)))
        await change(nodes, "Temp", temp, minute)

    return prepare


async def change(nodes: dict[str, Any], name: str, value: Any, minute: int) -> None:
    kind = (await nodes[name].read_data_value()).Value.VariantType
    await nodes[name].write_value(
        ua.DataValue(ua.Variant(value, kind), ua.StatusCode(0), clock(minute))
    )


class Edge:
    """A pump whose core is away: all that it has accepted is in the spool."""

    def __init__(self, port: int, folder: Path) -> None:
        connector = create("cell", options(port), folder)
        self.status = connector.status
        link = MemoryEdgeLink(MemoryServer(down=True), "cell")
        self.lane = Lane("cell", folder, STORE_AS_IS, link, bytes_max=50_000_000)
        self.pump = Pump(connector, lambda _: self.lane, protocol="opcua", retention_us=0)

    async def records(self) -> list[Record]:
        batches = await self.lane.on_disk(lambda: self.lane.spool.read(1, 10**9))
        return [record for batch in batches for record in decode(batch.payload).records]

    async def rows(self) -> list[Row]:
        records = await self.records()
        points = await self.lane.on_disk(self.lane.spool.points)
        sources = {point.number: point.source for point in points}
        rows: list[Row] = []
        for record in records:
            if isinstance(record, Samples):
                columns = columns_of(record)
                texts = dict(zip(columns.text_row.tolist(), columns.text, strict=True))
                for n, point in enumerate(columns.point.tolist()):
                    value = texts.get(n, str(float(columns.value[n])))
                    rows.append((sources[point], int(columns.time[n]), value))
        return [row for row in rows if row[0] != "heartbeat"]

    async def until(self, true: Callable[[list[Row]], bool]) -> list[Row]:
        async with asyncio.timeout(WITHIN_S):
            while not true(rows := await self.rows()):  # noqa: ASYNC110  a disk sets no event
                await asyncio.sleep(0.1)
        return rows

    async def gaps(self) -> list[str]:
        return [record.cause for record in await self.records() if isinstance(record, GapOpened)]


@asynccontextmanager
async def edge(port: int, folder: Path, *, killed: bool = False) -> AsyncIterator[Edge]:
    """With `killed`, it ends without a last word to its spool."""
    running, stop = Edge(port, folder), asyncio.Event()
    task = asyncio.create_task(running.pump.run(stop))
    try:
        yield running
    finally:
        if killed:
            running.lane.last_values = last_values.LastValues(running.lane.spool)
        stop.set()
        await task


def values(rows: list[Row], name: str) -> list[str]:
    return [value for address, _, value in rows if address == at(name)]


def everything(rows: list[Row]) -> bool:
    return {address for address, _, _ in rows} >= {at(name) for name in NAMES if name != "Axes"} | {
        f"{at('Axes')}[{n}]" for n in range(3)
    }


def assert_unique(rows: list[Row]) -> None:
    assert [row for row, times in Counter(rows).items() if times > 1] == []


def has(name: str, value: Any) -> Callable[[list[Row]], bool]:
    return lambda rows: everything(rows) and str(value) in values(rows, name)


@pytest.mark.asyncio
async def test_a_server_that_restarts(tmp_path: Path) -> None:
    port = free_port()
    async with edge(port, tmp_path) as running:
        for minute in range(3):  # only the values that changed meanwhile are stored, once
            async with plant(port, prepare=with_time(minute, 20.0 + minute)):
                await running.until(has("Temp", 20.0 + minute))
                await until(lambda: running.status.state == "running", within_s=WITHIN_S)
            await until(lambda: running.status.state != "running", within_s=WITHIN_S)
        rows = await running.rows()
        assert_unique(rows)
        assert values(rows, "Temp") == ["20.0", "21.0", "22.0"]
        assert values(rows, "Order") == ["A-17"]
        # The third one is recorded as soon as an attempt to connect has failed.
        assert (await running.gaps())[1:3] == ["connection_lost", "connection_lost"]


@pytest.mark.asyncio
async def test_a_subscription_that_the_server_ends(tmp_path: Path) -> None:
    port = free_port()
    async with (
        plant(port, prepare=with_time(0, 20.0)) as (server, nodes),
        edge(port, tmp_path) as running,
    ):
        await running.until(everything)
        service = server.iserver.subscription_service
        before = set(service.subscriptions)
        ours = [key for key, rows in service.subscriptions.items() if rows.pub_request_callback]
        await service.delete_subscriptions(ours)
        await change(nodes, "Count", 7, minute=5)
        await until(lambda: bool(set(service.subscriptions) - before), within_s=WITHIN_S)
        await running.until(has("Count", 7.0))
        await change(nodes, "Count", 8, minute=6)
        rows = await running.until(has("Count", 8.0))
        assert_unique(rows)
        assert values(rows, "Count") == ["0.0", "7.0", "8.0"]


@pytest.mark.asyncio
@pytest.mark.parametrize("killed", [False, True])
async def test_an_edge_that_restarts(tmp_path: Path, *, killed: bool) -> None:
    port = free_port()
    async with plant(port, prepare=with_time(0, 20.0)) as (_, nodes):
        for turn in range(1, 3):
            async with edge(port, tmp_path, killed=killed) as running:
                await change(nodes, "Count", turn, minute=turn)
                rows = await running.until(has("Count", float(turn)))
                # An order that goes back to what it was is news: only its time is another.
                await change(nodes, "Order", "B-1", minute=2 * turn)
                await running.until(lambda rows, n=turn: values(rows, "Order").count("B-1") == n)  # type: ignore[misc]  # mypy cannot type a default
                await change(nodes, "Order", "A-17", minute=2 * turn + 1)
                rows = await running.until(
                    lambda rows, n=turn + 1: values(rows, "Order").count("A-17") == n  # type: ignore[misc]  # mypy cannot type a default
                )
                assert_unique(rows)
    assert values(rows, "Temp") == ["20.0"]
