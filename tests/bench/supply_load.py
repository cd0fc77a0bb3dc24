"""Loads a supply set as events and lets the worker derive all rows; measures CPU time.

The times of the worker (this process) and of PostgreSQL are measured separately: a deployment
has several workers, but one PostgreSQL.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from uuid import UUID

import asyncpg

from bench.cpu import used_by_s
from bench.supply_set import CONNECTOR, Row, SupplySet
from werknetz.store.ingest.events import ADD_EVENTS
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.postgres import Postgres
from werknetz_worker.projection.projector import project
from werknetz_worker.session import WorkerConnections
from werknetz_worker.settings import WorkerSettings
from werknetz_worker.stock.reconcile import reconcile_dirty_stock
from werknetz_worker.supply.reconcile import reconcile_dirty_relations

BATCH = 5_000
SETTLED_WITHIN_S = 900.0
SPOOL = UUID(int=1)
COLUMNS = ("event_id", "kind", "connector_id", "spool_id", "seq", "source", "at", "mapping", "body")


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of one step, and the seconds that passed."""

    worker_s: float
    server_s: float
    passed_s: float

    @classmethod
    async def of(cls, work: Awaitable[object], server_pid: int) -> Self:
        server, worker, began = used_by_s([server_pid]), time.process_time(), time.perf_counter()
        await work
        passed = time.perf_counter() - began
        return cls(time.process_time() - worker, used_by_s([server_pid]) - server, passed)


@dataclass(frozen=True, slots=True)
class Load:
    """`rows`: number of events; `plain_s`: a bare COPY of the same rows."""

    rows: int
    plain_s: float
    added: Cost
    projected: Cost
    reconciled: Cost

    @property
    def whole_s(self) -> float:
        return self.added.passed_s + self.projected.passed_s + self.reconciled.passed_s

    @property
    def worker_s(self) -> float:
        """CPU seconds of the worker for one event."""
        return (self.projected.worker_s + self.reconciled.worker_s) / self.rows

    @property
    def server_s(self) -> float:
        """CPU seconds of PostgreSQL for one event that the worker derives from."""
        return (self.projected.server_s + self.reconciled.server_s) / self.rows


async def load_alone(supply_set: SupplySet) -> Load:
    """Load into a PostgreSQL of its own."""
    with TemporaryDirectory(prefix="werknetz-bench-") as folder:
        server = Postgres(Path(folder) / "postgres", throwaway=True)
        await server.start()
        try:
            await upgrade_async(server.url)
            return await load(server, supply_set)
        finally:
            await server.stop()


async def load(server: Postgres, supply_set: SupplySet) -> Load:
    rows = list(supply_set.rows())
    pid = server.pid
    assert pid is not None
    database = await asyncpg.connect(server.url, timeout=60)
    worker = await WorkerConnections.open(WorkerSettings(server.url))
    try:
        await supply_set.prepare(database)
        plain = await Cost.of(_copy(database, rows), pid)
        added = await Cost.of(add_events(database, rows), pid)
        await database.execute("ANALYZE")
        projected = await Cost.of(project(worker.pool, seconds_max=SETTLED_WITHIN_S), pid)
        await supply_set.line_up(database)
        await database.execute("ANALYZE")
        reconciled = await Cost.of(_reconcile(worker), pid)
        await _demand_whole(database, supply_set, rows)
        await database.execute("ANALYZE")
    finally:
        await worker.close()
        await database.close()
    return Load(len(rows), plain.passed_s, added, projected, reconciled)


async def _reconcile(worker: WorkerConnections) -> None:
    await reconcile_dirty_relations(worker.pool, worker.watermarks, seconds_max=SETTLED_WITHIN_S)
    await reconcile_dirty_stock(worker.pool, worker.watermarks, seconds_max=SETTLED_WITHIN_S)


async def _copy(database: asyncpg.Connection, rows: Sequence[Row]) -> None:
    """The same rows with the same indexes, and nothing else."""
    await database.execute("CREATE TABLE plain (LIKE business_events INCLUDING ALL)")
    await database.copy_records_to_table(
        "plain", columns=COLUMNS,
        records=[(r.event_id, r.kind, CONNECTOR, SPOOL, r.seq, r.source, r.at, "m@1", r.body)
                 for r in rows],
    )  # fmt: skip
    await database.execute("DROP TABLE plain")


async def add_events(database: asyncpg.Connection, rows: Sequence[Row]) -> None:
    """As ingest does: a batch a transaction, in the order of ids."""
    for start in range(0, len(rows), BATCH):
        batch = sorted(rows[start : start + BATCH], key=lambda row: row.event_id.bytes)
        await database.fetch(
            ADD_EVENTS, CONNECTOR, SPOOL, [r.event_id for r in batch], [r.kind for r in batch],
            [r.seq for r in batch], [r.source for r in batch], [""] * len(batch),
            [r.at for r in batch], ["m@1"] * len(batch), [b""] * len(batch),
            [r.body for r in batch], [r.event_id.bytes for r in batch], [None] * len(batch),
            [b""] * len(batch), [*range(len(batch))],
        )  # fmt: skip


async def _demand_whole(
    database: asyncpg.Connection, supply_set: SupplySet, rows: Sequence[Row]
) -> None:
    """A load that lost something, or left something to do, is no load."""
    called_off = sum(row.kind == "delivery_called_off" for row in rows)
    for statement, expected in (
        ("SELECT count(*) FROM business_events", len(rows)),
        ("SELECT count(*) FROM events_to_project", 0),
        ("SELECT count(*) FROM call_off_entries WHERE relation_id IS NOT NULL", called_off),
        ("SELECT sum(entries) FROM call_offs", called_off),
        ("SELECT count(*) FROM dirty_relations", 0),
        ("SELECT count(*) FROM dirty_stock", 0),
        ("SELECT count(*) FROM partners", supply_set.size.suppliers),
        ("SELECT count(*) FROM locations", supply_set.size.locations),
    ):
        matches = await database.fetchval(statement)
        if matches != expected:
            raise AssertionError(f"{statement}: {matches}, not {expected}")


_LEFT = """
SELECT (SELECT count(*) FROM events_to_project) + (SELECT count(*) FROM dirty_relations)
    + (SELECT count(*) FROM dirty_stock)"""


async def seconds_of_workers(supply_set: SupplySet, workers: int) -> float:
    """Return the seconds in which worker processes side by side derive everything."""
    with TemporaryDirectory(prefix="werknetz-bench-") as folder:
        server = Postgres(Path(folder) / "postgres", throwaway=True)
        await server.start()
        try:
            await upgrade_async(server.url)
            database = await asyncpg.connect(server.url, timeout=60)
            await supply_set.prepare(database)
            await add_events(database, list(supply_set.rows()))
            await database.execute("ANALYZE")
            await database.close()
            return await _run_workers(server.url, workers)
        finally:
            await server.stop()


async def _run_workers(url: str, workers: int) -> float:
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.supply_load", url, stdin=pipe, stdout=pipe
        )
        for _ in range(workers)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    began = time.perf_counter()
    outcomes = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    seconds = time.perf_counter() - began
    assert all(process.returncode == 0 for process in processes), outcomes
    return seconds


async def _work(url: str) -> None:
    worker = await WorkerConnections.open(WorkerSettings(url))
    print("ready", flush=True)
    sys.stdin.readline()
    while await worker.pool.fetchval(_LEFT):
        if not await project(worker.pool, seconds_max=SETTLED_WITHIN_S):
            await _reconcile(worker)
    await worker.close()


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1]))
