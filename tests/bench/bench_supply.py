"""Supply at the size of a group: loading it as events, and asking for what matters of it.

The load is what ingest, projector and reconcile do, against a bare COPY of the same rows. Questions
go through the API in this process; their time is that of CPU, ours and PostgreSQL's.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx2

from bench.cpu import median_s
from bench.measure import Measure
from bench.supply_set import CONNECTOR, Row, Size, SupplySet
from werknetz.store.ingest.events import ADD_EVENTS
from werknetz_core.access.keys import generate_key
from werknetz_core.app import create_app
from werknetz_core.migrate import upgrade_async
from werknetz_core.settings import CoreSettings
from werknetz_demo.embedded.postgres import Postgres
from werknetz_worker.projection.projector import project
from werknetz_worker.stock.reconcile import reconcile_dirty_stock
from werknetz_worker.supply.reconcile import reconcile_dirty_relations
from werknetz_worker.watermarks import WatermarkPublisher

QUESTION_MAX_S = 1.0
SHORT = 0.05
BATCH = 5_000
ROUNDS = 5
SETTLED_WITHIN_S = 900.0
SPOOL = UUID(int=1)
COLUMNS = ("event_id", "kind", "connector_id", "spool_id", "seq", "source", "at", "mapping", "body")
QUESTIONS = {
    "supply: stock projection, all, 28 days": "stock_projection?limit=1000",
    "supply: days of supply, all": "days_of_supply?limit=1000",
    "supply: lines that will stop": "shortage_warnings?under=bench",
    "supply-caused downtime, 7 days": "losses/supply-caused?under=bench&start=-7d",
    "supply: stock levels, a page of 1000": "stock_levels?limit=1000",
    "supply: call-offs as known at a moment": "call_offs?known_at=now",
}


@dataclass(frozen=True, slots=True)
class Load:
    rows: int
    plain_s: float
    added_s: float
    projected_s: float
    reconciled_s: float

    @property
    def whole_s(self) -> float:
        return self.added_s + self.projected_s + self.reconciled_s


def measures(short: bool) -> list[Measure]:
    return asyncio.run(_measure_all(Size().times(SHORT) if short else Size()))


async def _measure_all(size: Size) -> list[Measure]:
    with tempfile.TemporaryDirectory(prefix="werknetz-bench-") as folder:
        server = Postgres(Path(folder) / "postgres", throwaway=True)
        await server.start()
        try:
            await upgrade_async(server.url)
            supply_set = SupplySet(size, datetime.now(UTC))
            load = await _load(server.url, supply_set)
            return [*_load_measures(load), *await _questions(server)]
        finally:
            await server.stop()


def _load_measures(load: Load) -> list[Measure]:
    plain, whole = load.rows / load.plain_s, load.rows / load.whole_s
    parts = (
        f"add {load.added_s:.1f} s, project {load.projected_s:.1f} s, "
        f"reconcile {load.reconciled_s:.1f} s"
    )
    return [
        Measure(
            f"supply: {load.rows:,} events to all that follows",
            f"{whole:,.0f} rows/s; bare COPY {plain:,.0f}",
            whole / plain,
        ),
        Measure("supply: … of it", parts),
    ]


async def _load(url: str, supply_set: SupplySet) -> Load:
    rows = list(supply_set.rows())
    database = await asyncpg.connect(url, timeout=60)
    pool = await asyncpg.create_pool(url, min_size=1, max_size=2, timeout=60)
    try:
        await supply_set.prepare(database)
        plain_s = await _took(_copy(database, rows))
        added_s = await _took(_add(database, rows))
        await database.execute("ANALYZE")
        projected_s = await _took(_project(pool))
        await supply_set.line_up(database)
        await database.execute("ANALYZE")
        reconciled_s = await _took(_reconcile(pool))
        await _demand_whole(database, supply_set, rows)
        await database.execute("ANALYZE")
    finally:
        await pool.close()
        await database.close()
    return Load(len(rows), plain_s, added_s, projected_s, reconciled_s)


async def _project(pool: asyncpg.Pool) -> None:
    await project(pool, seconds_max=SETTLED_WITHIN_S)


async def _reconcile(pool: asyncpg.Pool) -> None:
    nobody = WatermarkPublisher(None)
    await reconcile_dirty_relations(pool, nobody, seconds_max=SETTLED_WITHIN_S)
    await reconcile_dirty_stock(pool, nobody, seconds_max=SETTLED_WITHIN_S)


async def _copy(database: asyncpg.Connection, rows: Sequence[Row]) -> None:
    """The same rows with the same indexes, and nothing else."""
    await database.execute("CREATE TABLE plain (LIKE business_events INCLUDING ALL)")
    await database.copy_records_to_table(
        "plain", columns=COLUMNS,
        records=[(r.event_id, r.kind, CONNECTOR, SPOOL, r.seq, r.source, r.at, "m@1", r.body)
                 for r in rows],
    )  # fmt: skip
    await database.execute("DROP TABLE plain")


async def _add(database: asyncpg.Connection, rows: Sequence[Row]) -> None:
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


async def _questions(server: Postgres) -> list[Measure]:
    pid = server.pid
    assert pid is not None
    key = generate_key()
    database = await asyncpg.connect(server.url, timeout=60)
    await database.execute(
        "INSERT INTO api_keys (prefix, hash, name, role) VALUES ($1, $2, 'bench', 'viewer')",
        key.prefix, key.hash,
    )  # fmt: skip
    await database.close()
    app = create_app(CoreSettings(server.url, rate_per_s=0))
    transport = httpx2.ASGITransport(app=app)
    matches = []
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://core", timeout=60) as client,
    ):
        for name, path in QUESTIONS.items():

            async def request(path: str = path) -> None:
                answer = await client.get(f"/api/v1/{path}", headers={"X-API-Key": key.key})
                if answer.status_code != httpx2.codes.OK or not answer.json()["items"]:
                    raise AssertionError(f"{path}: {answer.status_code} {answer.text[:300]}")

            cpu_s = await median_s(request, pid, ROUNDS)
            matches.append(
                Measure(name, f"{cpu_s * 1000:.0f} ms CPU", cpu_s, QUESTION_MAX_S, at_most=True)
            )
    return matches


async def _took(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began
