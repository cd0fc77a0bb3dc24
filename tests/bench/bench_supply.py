"""Supply at the size of a group: loading it as events, and asking for what matters of it.

The load is what ingest, projector and reconcile do, against a bare COPY of the same rows. Questions
go through the API in this process; their time is that of CPU, ours and PostgreSQL's.
"""

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx2

from bench.cpu import median_s
from bench.measure import Measure
from bench.supply_load import Cost, Load, load, load_alone, seconds_of_workers
from bench.supply_set import Size, SupplySet
from werknetz_core.access.keys import generate_key
from werknetz_core.app import create_app
from werknetz_core.migrate import upgrade_async
from werknetz_core.settings import CoreSettings
from werknetz_demo.embedded.postgres import Postgres

QUESTION_MAX_S = 1.0
SHORT = 0.2
RATE_MIN = 20_000
"""Events that one CPU second of a worker projects and reconciles."""
WORKERS = 2
SPEED_UP_MIN = 1.6
"""For two cores, of which PostgreSQL needs its part."""
GROWTH = 4
GROWTH_MAX = 1.3  # of the cost of an event
ROUNDS = 5
QUESTIONS = {
    "supply: stock projection, all, 28 days": "stock_projection?limit=1000",
    "supply: days of supply, all": "days_of_supply?limit=1000",
    "supply: lines that will stop": "shortage_warnings?under=bench",
    "supply-caused downtime, 7 days": "losses/supply-caused?under=bench&start=-7d",
    "supply: stock levels, a page of 1000": "stock_levels?limit=1000",
    "supply: call-offs as known at a moment": "call_offs?known_at=now",
}


def measures(short: bool) -> list[Measure]:
    return asyncio.run(_measure_all(Size().times(SHORT) if short else Size()))


async def _measure_all(size: Size) -> list[Measure]:
    now = datetime.now(UTC)
    small = await load_alone(SupplySet(size.times(1 / GROWTH), now))
    with tempfile.TemporaryDirectory(prefix="werknetz-bench-") as folder:
        server = Postgres(Path(folder) / "postgres", throwaway=True)
        await server.start()
        try:
            await upgrade_async(server.url)
            large = await load(server, SupplySet(size, now))
            measures_of_load = _load_measures(small, large)
            questions = await _questions(server)
        finally:
            await server.stop()
    alone, together = [
        await seconds_of_workers(SupplySet(size.times(1 / GROWTH), now), workers)
        for workers in (1, WORKERS)
    ]
    side_by_side = Measure(
        f"supply: {WORKERS} workers side by side", f"{alone:.1f} to {together:.1f} s",
        alone / together, SPEED_UP_MIN,
    )  # fmt: skip
    return [*measures_of_load, side_by_side, *questions]


def _load_measures(small: Load, large: Load) -> list[Measure]:
    plain, whole = large.rows / large.plain_s, large.rows / large.whole_s
    return [
        Measure(
            f"supply: {large.rows:,} events to all that follows",
            f"{whole:,.0f} rows/s; bare COPY {plain:,.0f}",
            whole / plain,
        ),
        Measure(
            f"supply: events/CPU s of the worker, of {RATE_MIN:,}",
            f"{1 / large.worker_s:,.0f}: {_parts(large, lambda cost: cost.worker_s)}",
            1 / large.worker_s / RATE_MIN,
            1.0,
        ),
        Measure(
            "supply: … PostgreSQL",
            f"{1 / large.server_s:,.0f}: {_parts(large, lambda cost: cost.server_s)}",
        ),
        Measure(
            f"supply: worker an event, {GROWTH} × the events",
            f"{small.worker_s * 1e6:.0f} to {large.worker_s * 1e6:.0f} µs CPU",
            large.worker_s / small.worker_s,
            GROWTH_MAX,
            at_most=True,
        ),
        Measure(
            f"supply: … PostgreSQL, {GROWTH} × the events",
            f"{small.server_s * 1e6:.0f} to {large.server_s * 1e6:.0f} µs CPU",
            large.server_s / small.server_s,
            GROWTH_MAX,
            at_most=True,
        ),
    ]


def _parts(load: Load, seconds: Callable[[Cost], float]) -> str:
    projected, reconciled = (
        seconds(cost) / load.rows for cost in (load.projected, load.reconciled)
    )
    return f"{projected * 1e6:.0f} µs to project, {reconciled * 1e6:.0f} to reconcile"


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
