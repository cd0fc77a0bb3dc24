"""A CSV end to end (file, spool, apply, PostgreSQL) against `COPY … CSV` of the same file.

As samples and as business events; each against a plain table of the same columns, in one run.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

from bench.measure import Measure
from plumbing.delivery import FakeSpool
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import parse_yaml
from werknetz.link.receiver import Receiver
from werknetz_core.ingest.apply import Applier
from werknetz_core.ingest.durability import load_incarnation
from werknetz_core.ingest.leases import accept_hello
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.postgres import Postgres
from werknetz_edge.spool.spool_file import open_spool
from werknetz_edge.tables import create

MAPPING = """
mapping:
  name: bench
  version: 1
  rules:
    - {source: "log/{m}#good", equipment: "n/p/a/l/{m}", signal: good}
    - {source: "log/{m}#temp", equipment: "n/p/a/l/{m}", signal: temp, unit: degC}
  events:
    - source: stock
      kind: stock_counted
      fields: {material: m, quantity: good, warehouse: w}
"""
READINGS = {
    "name": "log", "as": "readings", "address": "log/{m}", "texts": "w",
    "time": {"column": "t", "zone": "UTC"},
}  # fmt: skip
RECORDS = {"name": "stock", "as": "records", "key": ["t", "m"]}


def measures(short: bool) -> list[Measure]:
    with tempfile.TemporaryDirectory(prefix="werknetz-bench-") as folder:
        Path(folder).chmod(0o755)  # the server may run as another user
        return asyncio.run(_measure(Path(folder), 10_000 if short else 60_000))


async def _measure(folder: Path, rows: int) -> list[Measure]:
    server = Postgres(folder / "postgres", throwaway=True)
    await server.start()
    try:
        await upgrade_async(server.url)
        results = []
        for name, source in (("samples", READINGS), ("events", RECORDS)):
            werknetz_s = await _measure_werknetz(server.url, folder / name, rows, source)
            copy_s = await _measure_copy(server, folder, rows)
            figure = f"{rows / werknetz_s:,.0f} rows/s (COPY CSV {rows / copy_s:,.0f})"
            results.append(Measure(f"CSV to {name}, file to table", figure, copy_s / werknetz_s))
    finally:
        await server.stop()
    return results


def _file(path: Path, rows: int) -> Path:
    with path.open("w") as file:
        file.write("t,m,good,temp,w\n")
        for n in range(rows):
            at = f"2025-11-24 {n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}"
            file.write(f"{at},m{n % 20},{n},{20 + n % 90 / 10},w{n % 3}\n")
    path.chmod(0o644)
    return path


async def _measure_werknetz(url: str, folder: Path, rows: int, source: dict[str, Any]) -> float:
    """The steps of pump and writer in sequence: read, map, store; then apply."""
    drop = folder / "drop"
    drop.mkdir(parents=True)
    _file(drop / "large.csv", rows)
    inbox = {"folder": str(drop), "settle_s": 0, "poll_s": 0.01, "pattern": "*.csv"}
    connector = create("bench", {"inbox": inbox, "sources": [source]}, folder)
    normalizer = Normalizer(parse_mapping(parse_yaml(MAPPING, file="bench")), "bench")
    file = open_spool(folder / "bench.spool", "bench", bytes_max=10**9)
    link = FakeSpool(f"bench-{folder.name}")
    applier = Applier(PartitionMaker(ahead_days=1))
    user = await asyncpg.connect(url)
    receiver = Receiver(link.connector, await load_incarnation(user))
    try:
        await accept_hello(user, link.connector, link.hello(), receiver.incarnation)
        started, rows_read = time.perf_counter(), 0
        await connector.connect()
        while rows_read < rows:
            delivery = await connector.read()
            records = normalizer.normalize(delivery, time.time_ns() // 1000)
            await asyncio.to_thread(file.spool.append, records, delivery.checkpoints)
            await delivery.acknowledge()
            rows_read += len(delivery.records) + sum(len(b.address) // 2 for b in delivery.blocks)
            await applier.apply(user, receiver, [link.add(*records)])
        return time.perf_counter() - started
    finally:
        await connector.close()
        file.close()
        await user.close()


async def _measure_copy(server: Postgres, folder: Path, rows: int) -> float:
    path = _file(folder / "rows.csv", rows)
    owner = await asyncpg.connect(server.superuser_url)
    try:
        await owner.execute(
            "DROP TABLE IF EXISTS plain; CREATE TABLE plain"
            " (t timestamptz, m text, good float8, temp float8, w text);"
            " CREATE INDEX ON plain (m, t)"
        )
        started = time.perf_counter()
        await owner.execute(f"COPY plain FROM '{path}' (FORMAT csv, HEADER)")
        return time.perf_counter() - started
    finally:
        await owner.close()
