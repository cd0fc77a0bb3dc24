"""One edge with a wrong mapping and one with the right mapping, over the same input."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest_asyncio

from plumbing.delivery import FakeSpool
from plumbing.servers import INGEST, url_as
from werknetz.connector.contract import Delivery, Reading, SourceMessage, SourceRecord, hash_message
from werknetz.connector.normalize import Normalizer
from werknetz.connector.raw import encode_delivery
from werknetz.domain.bucket import microseconds_of
from werknetz.link.receiver import Receiver
from werknetz.runtime.background import BackgroundTask
from werknetz.store.session import Database, PoolOptions
from werknetz_core.ingest.apply import Applier
from werknetz_core.ingest.durability import load_incarnation
from werknetz_core.ingest.leases import accept_hello
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_core.mappings.replay_normalizer import parse_mapping_document
from werknetz_core.mappings.replays import runner

from ..conftest import LINE, NOW, World  # noqa: TID252 - the fixture's world

SECOND = 1_000_000
MAPPING = """
name: presses-{machine}
version: {version}
time_zone: Europe/Berlin
enums:
  zustand: {{LAEUFT: producing, STEHT: idle{codes}}}
rules:
- source: "{{m}}#zustand"
  equipment: {line}/{machine}
  signal: state
  role: state
  states: zustand
- source: "{{m}}#gut"
  equipment: {line}/{machine}
  signal: good
  role: good_count
- source: "{{m}}#temp"
  equipment: {line}/{machine}
  signal: temperature
  decimal: {decimal}
  unit: degC
- source: "{{m}}#druck"
  equipment: {line}/{machine}
  signal: pressure
  source_unit: {pressure}
  unit: bar
events:
- source: lager
  kind: stock_counted
  fields:
    material: teil
    quantity: {{field: menge, decimal: {decimal}{thousands}}}
    warehouse: {{constant: {machine}}}
"""
CODES = ("LAEUFT", "STEHT", "LAEUFT", "STOERUNG", "LAEUFT", "RUESTEN")


def document(machine: str, version: int, *, right: bool) -> str:
    return MAPPING.format(
        machine=machine, version=version, line=LINE,
        codes=", STOERUNG: malfunction, RUESTEN: setup" if right else "",
        decimal="comma" if right else "point",
        thousands=", thousands: '.'" if right else "",
        pressure="mbar" if right else "bar",
    )  # fmt: skip


@dataclass
class Edge:
    """Does what an edge does: normalizes, stores the raw input, and sends; here to the writer."""

    world: World
    machine: str
    spool: FakeSpool = field(init=False)
    normalizer: Normalizer = field(init=False)

    def __post_init__(self) -> None:
        self.spool = FakeSpool(f"plc-{self.machine}")
        self._applier = Applier(PartitionMaker(ahead_days=0))

    async def start(self, text: str) -> None:
        mapping = parse_mapping_document(text, "m")
        self.normalizer = Normalizer(mapping, self.spool.connector)
        incarnation = await load_incarnation(self.world.database)
        self._receiver = Receiver(self.spool.connector, incarnation)
        response = await accept_hello(
            self.world.database, self.spool.connector, self.spool.hello(), incarnation
        )
        self.spool.epoch = response.epoch

    async def send(self, delivery: Delivery, arrival_us: int) -> None:
        records = self.normalizer.normalize(delivery, arrival_us)
        raw = encode_delivery(delivery, arrival_us, self.normalizer.mapping.label)
        assert raw is not None
        envelope = self.spool.add(*records, raw)
        await self._applier.apply(self.world.database, self._receiver, [envelope])

    async def report_repeats(self, arrival_us: int) -> None:
        """Send the counted repeats, as a minute later."""
        if records := self.normalizer.take_all_unmapped(arrival_us):
            envelope = self.spool.add(*records)
            await self._applier.apply(self.world.database, self._receiver, [envelope])


def deliveries(start_us: int, machine: str) -> list[tuple[int, Delivery]]:
    """Two hours of a press that writes German numbers, with a stock list every half hour."""
    items = []
    for n in range(240):
        at_us = start_us + n * 30 * SECOND
        readings = [
            Reading("p#zustand", CODES[n // 10 % len(CODES)], source_time_us=at_us),
            Reading("p#gut", n * 3, source_time_us=at_us),
            Reading("p#temp", f"4{n % 10},{n % 7}", source_time_us=at_us),
            Reading("p#druck", 5_000 + n, source_time_us=at_us),
        ]
        records, messages = [], []
        if n % 60 == 0:
            body = f"liste {n}".encode()
            records = [
                SourceRecord(
                    "lager", {"teil": f"T{k}", "menge": f"1.{k}00,5"},
                    f"{machine} {n} {k}".encode(), item=f"line {k}", source_time_us=at_us,
                    message_hash=hash_message(body),
                )
                for k in range(3)
            ]  # fmt: skip
            messages = [SourceMessage("lager", body, hash_message(body))]
        items.append((at_us, Delivery(readings, records=records, messages=messages)))
    return items


@pytest_asyncio.fixture(autouse=True)
async def replays(world: World) -> AsyncIterator[None]:
    """Replays run beside the writer of data, with its rights."""
    database = Database(url_as(world.url, INGEST), PoolOptions("replays", 1, 60))
    async with BackgroundTask("replays", lambda: runner.run(database)):
        yield
    await database.close()


@pytest_asyncio.fixture
async def edges(world: World) -> AsyncIterator[tuple[Edge, Edge]]:
    """One edge with a wrong mapping and one with the right mapping, over the same input."""
    start_us = microseconds_of(NOW - timedelta(hours=3, minutes=7))  # in the early shift
    wrong, right = Edge(world, "press-w"), Edge(world, "press-r")
    await wrong.start(document("press-w", 1, right=False))
    await right.start(document("press-r", 1, right=True))
    for edge in (wrong, right):
        for at_us, delivery in deliveries(start_us, edge.machine):
            await edge.send(delivery, at_us + 1)
        await edge.report_repeats(at_us + 90 * SECOND)
    world.now[0] = datetime.now(UTC) + timedelta(seconds=1)  # after all that was stored
    yield wrong, right


async def post(
    world: World, path: str, body: dict[str, Any], key: str = "engineer"
) -> httpx2.Response:
    headers = {"X-API-Key": world.keys[key]}
    return await world.client.post(f"/api/v1{path}", json=body, headers=headers)
