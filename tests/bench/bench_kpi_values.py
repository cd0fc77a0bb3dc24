"""Answers over KPI values: what they cost for a group, a year, many machines and much history.

The elements of the small set are written as workers write them, and rolled up by the worker. The
group of 122 plants has the roll-ups that a worker leaves of it: its buckets alone are 25 GB.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import asyncpg
import duckdb
import httpx2

from bench.cpu import median_s as cpu_median_s
from bench.cpu import used_s
from bench.measure import Measure
from werknetz.domain.bucket import microseconds_of
from werknetz.store.tables import ELEMENT_COLUMNS
from werknetz_core.access.keys import generate_key
from werknetz_core.app import create_app
from werknetz_core.migrate import upgrade_async
from werknetz_core.settings import CoreSettings
from werknetz_demo.embedded.database_users import database_users
from werknetz_demo.embedded.postgres import Postgres
from werknetz_demo.embedded.state import DataFolder
from werknetz_worker.rollups.roll_up import roll_up

NOW: Final = datetime(2026, 11, 20, tzinfo=UTC)
GROUP_BAR_MS: Final = 50.0
FLAT_BAR: Final = 1.5
RECOMPUTED_BAR: Final = 25.0  # rows of PostgreSQL with their index, against tables in memory
ROUNDS: Final = 7
_SUMS: Final = {
    "pot_s": 900, "pbt_s": 900, "apt_s": 700, "pq": 10, "gq": 9, "pri_pq_s": 600, "pri_gq_s": 540,
    "plan_known_s": 900, "pq_known_s": 900, "gq_known_s": 900, "quantity_known_s": 900,
    "judged_s": 900, "judged_apt_s": 700, "judged_pri_pq_s": 600, "judged_pri_gq_s": 540,
    "samples": 9,
}  # fmt: skip
_NAMES: Final = ", ".join(_SUMS)


@dataclass(frozen=True, slots=True)
class Size:
    plants: int
    machines: int  # of a plant of the group
    counts: tuple[int, ...]  # machines of the lines that are compared
    days: int  # of their history
    year: int  # days of the plant of 25 machines


FULL: Final = Size(122, 50, (1, 10, 100), 90, 365)
SHORT: Final = Size(122, 2, (1, 10), 30, 10)


def measures(short: bool) -> list[Measure]:
    return asyncio.run(_measure_all(SHORT if short else FULL))


async def _measure_all(size: Size) -> list[Measure]:
    with tempfile.TemporaryDirectory(prefix="werknetz-bench-") as folder:
        server = Postgres(Path(folder) / "postgres", throwaway=True)
        await server.start()
        try:
            users = database_users(DataFolder(Path(folder)), server.url)
            await upgrade_async(server.url, users.logins, rows_key=users.rows_key)
            pool = await asyncpg.create_pool(server.url, min_size=1, max_size=2, timeout=60)
            key = generate_key()
            await pool.execute(
                "INSERT INTO api_keys (prefix, hash, name, role) VALUES ($1, $2, 'b', 'viewer')",
                key.prefix, key.hash,
            )  # fmt: skip
            app = create_app(
                CoreSettings(users.urls["up"], rate_per_s=0, rows_key=users.rows_key),
                now_us=lambda: microseconds_of(NOW),
            )
            async with (
                app.router.lifespan_context(app),
                httpx2.AsyncClient(
                    transport=httpx2.ASGITransport(app=app), base_url="http://core", timeout=120,
                    headers={"X-API-Key": key.key},
                ) as client,
            ):  # fmt: skip
                world = _World(pool, client, {}, server.pid)
                lines = await _measure_lines(world, size)
                year = await _measure_year(world, size)
                group = await _measure_group(world, size)
            await pool.close()
            return [*group, *lines, *year]
        finally:
            await server.stop()


@dataclass(frozen=True, slots=True)
class _World:
    pool: asyncpg.Pool
    client: httpx2.AsyncClient
    ids: dict[str, int]
    server_pid: int

    async def add(self, path: str, level: str) -> int:
        if path not in self.ids:
            zone = "Europe/Berlin" if level == "plant" else None
            self.ids[path] = await self.pool.fetchval(
                "INSERT INTO equipment (path, level, name, parent_id, time_zone)"
                " VALUES ($1, $2, $1, $3, $4) RETURNING id",
                path, level, self.ids.get(path.rpartition("/")[0]), zone,
            )  # fmt: skip
        return self.ids[path]

    async def line(self, path: str, machines: int) -> list[int]:
        levels = ("enterprise", "plant", "area", "line")
        parts = path.split("/")
        for depth, level in enumerate(levels, start=1):
            await self.add("/".join(parts[:depth]), level)
        return [await self.add(f"{path}/m{n}", "machine") for n in range(machines)]

    async def elements(self, ids: list[int], days: int) -> None:
        await self.pool.execute(
            f"INSERT INTO elements (equipment_id, bucket_at, carry, provisional, {_NAMES})"
            f" SELECT id, at, '{{}}', false, {', '.join(map(str, _SUMS.values()))}"
            " FROM unnest($1::int[]) AS id, generate_series($2::timestamptz,"
            " $3::timestamptz - interval '15 minutes', interval '15 minutes') AS at",
            ids, NOW - timedelta(days=days), NOW, timeout=1800,
        )  # fmt: skip

    async def request(self, path: str) -> None:
        answer = await self.client.get(f"/api/v1/{path}")
        if answer.status_code != httpx2.codes.OK or answer.json()["no_data"]:
            raise AssertionError(answer.text[:300])

    async def measure_answer_s(self, equipment: str, days: int, granularity: str = "1d") -> float:
        """Return the median time of an answer in seconds, of all work in this process."""

        async def request() -> None:
            await self.request(_values_path(equipment, days, granularity))

        await request()
        return await _median_s(request)

    async def measure_with_cpu_s(self, path: str) -> tuple[float, float]:
        """Return the median time of an answer, and the CPU time of core and PostgreSQL."""

        async def request() -> None:
            await self.request(path)

        await request()
        began_s = used_s(self.server_pid)
        median_s = await _median_s(request)
        return median_s, (used_s(self.server_pid) - began_s) / ROUNDS


async def _measure_lines(world: _World, size: Size) -> list[Measure]:
    """One machine's history, then many machines: linear in days and machines, flat otherwise."""
    first = await world.line("lines/p/a/l1", 1)
    await world.elements(first, size.days)
    await roll_up(world.pool, seconds_max=600)
    alone = await world.measure_answer_s("lines/p/a/l1/m0", size.days)
    short = await world.measure_answer_s("lines/p/a/l1/m0", size.days // 10)
    hours = await world.measure_answer_s("lines/p/a/l1/m0", size.days, "hour")
    for count in size.counts[1:]:
        await world.elements(await world.line(f"lines/p/a/l{count}", count), size.days)
    fresh = {n: await world.measure_answer_s(f"lines/p/a/l{n}", size.days) for n in size.counts[1:]}
    await roll_up(world.pool, seconds_max=600)
    await world.pool.execute("ANALYZE")
    among = await world.measure_answer_s("lines/p/a/l1/m0", size.days)
    rolled = {n: await world.measure_answer_s(f"lines/p/a/l{n}", size.days) for n in size.counts}
    most = size.counts[-1]
    stored = sum(size.counts)
    return [
        Measure(
            f"kpi values: {size.days // 10} to {size.days} days of a machine",
            f"{short * 1000:.1f} to {alone * 1000:.1f} ms; by hour {hours * 1000:.0f} ms",
            alone / short, 10 * FLAT_BAR, at_most=True,
        ),
        Measure(
            f"kpi values: a machine among {stored} times the rows",
            f"{alone * 1000:.1f} to {among * 1000:.1f} ms", among / alone, FLAT_BAR, at_most=True,
        ),
        Measure(
            f"kpi values: 1 to {most} machines, rolled up",
            ", ".join(f"{seconds * 1000:.1f} ms" for seconds in rolled.values()),
            rolled[most] / rolled[1], most * FLAT_BAR, at_most=True,
        ),
        Measure(
            "kpi values: … before they are rolled up",
            ", ".join(f"{seconds * 1000:.0f} ms" for seconds in fresh.values()),
            fresh[most] / alone, most * FLAT_BAR, at_most=True,
        ),
    ]  # fmt: skip


async def _measure_year(world: _World, size: Size) -> list[Measure]:
    """A plant of 25 machines: answers and recomputation, beside DuckDB over the same rows."""
    ids = await world.line("year/p/a/l", 25)
    await world.elements(ids, size.year)
    await roll_up(world.pool, seconds_max=900)
    await world.pool.execute(
        "INSERT INTO rollup_marks (equipment_id, from_at, to_at) SELECT id, at, at + interval '1 d'"
        " FROM unnest($1::int[]) AS id, generate_series($2::timestamptz, $3::timestamptz, '1 d')"
        " AS at",
        ids, NOW - timedelta(days=size.year), NOW - timedelta(days=1),
    )  # fmt: skip
    began_s, began_cpu_s = time.perf_counter(), used_s(world.server_pid)
    await roll_up(world.pool, seconds_max=900)
    recomputed_s, cpu_s = time.perf_counter() - began_s, used_s(world.server_pid) - began_cpu_s
    ours = await world.measure_answer_s("year/p", size.year)
    total = await world.measure_answer_s("year/p", size.year, "none")
    by_day, all_sums = await _measure_duckdb(size.year, world.server_pid)
    rows = 25 * size.year * 96
    return [
        Measure(
            f"kpi values: {size.year} days of 25 machines by day",
            f"{ours * 1000:.0f} ms, in one number {total * 1000:.0f} ms; "
            f"DuckDB {by_day * 1000:.0f} ms",
            ours / by_day, 1 if size.year >= 365 else None, at_most=True,
        ),
        Measure(
            "kpi values: … recomputed by the worker",
            f"{recomputed_s:.1f} s, {cpu_s:.1f} s of it CPU, {rows / cpu_s:,.0f} rows/s CPU; "
            f"DuckDB {all_sums:.2f} s CPU, as many columns",
            cpu_s / all_sums, RECOMPUTED_BAR, at_most=True,
        ),
    ]  # fmt: skip


async def _measure_duckdb(days: int, server_pid: int) -> tuple[float, float]:
    """Return how long DuckDB takes by day of the plant, and its CPU time for all sums."""
    database = duckdb.connect()
    database.execute("SET threads = 1")
    # All columns, as the worker sums them; an answer sums as many as _SUMS has.
    sums = ", ".join(f"{_SUMS.get(name, 0)}::double AS {name}" for name in ELEMENT_COLUMNS)
    database.execute(
        f"CREATE TABLE elements AS SELECT id, start_at, {sums} FROM range(25) AS m (id),"
        f" range(TIMESTAMP '2026-11-20' - INTERVAL {days} DAY, TIMESTAMP '2026-11-20',"
        " INTERVAL 15 MINUTE) AS t (start_at)"
    )
    totals = ", ".join(f"sum({name}) AS {name}" for name in ELEMENT_COLUMNS)
    some_totals = ", ".join(f"sum({name}) AS {name}" for name in _SUMS)

    async def by_day() -> None:
        query = f"SELECT date_trunc('day', start_at), {some_totals} FROM elements GROUP BY 1"
        if len(database.execute(query).fetchall()) < days:
            raise AssertionError("rows are missing")

    async def all_sums() -> None:
        """Sum days of machines; and buckets, hours and days of line, area, plant and group."""
        day_of_machine = "id, date_trunc('day', start_at) AS start_at"
        database.execute(
            f"CREATE OR REPLACE TABLE days AS SELECT {day_of_machine}, {totals} FROM elements"
            " GROUP BY ALL"
        )
        above = "elements"
        for level in ("line", "area", "plant", "enterprise"):
            database.execute(
                f"CREATE OR REPLACE TABLE {level} AS SELECT start_at, {totals} FROM {above}"
                " GROUP BY ALL"
            )
            for part in ("hour", "day"):
                database.execute(
                    f"CREATE OR REPLACE TABLE {level}_{part} AS"
                    f" SELECT date_trunc('{part}', start_at) AS start_at, {totals} FROM {level}"
                    " GROUP BY ALL"
                )
            above = level

    times = await _median_s(by_day), await cpu_median_s(all_sums, server_pid, ROUNDS)
    database.close()
    return times


async def _measure_group(world: _World, size: Size) -> list[Measure]:
    """The group, by day: from what the worker leaves of its roll-ups."""
    machines: list[int] = []
    for plant in range(size.plants):
        machines += await world.line(f"group/p{plant}/a/l", size.machines)
    parents = [number for path, number in world.ids.items()
               if path.startswith("group") and number not in set(machines)]  # fmt: skip
    sums = ", ".join(f"{value} * n.amount" for value in _SUMS.values())
    for ids, grain, step, amount in (
        (machines, 5, timedelta(days=1), 96), (parents, 5, timedelta(days=1), 96),
        (parents, 4, timedelta(hours=1), 4),
    ):  # fmt: skip
        await world.pool.execute(
            f"INSERT INTO element_sums (equipment_id, grain, start_at, provisional, computed_at,"
            f" {_NAMES}) SELECT id, $2, at, false, at, {sums} FROM unnest($1::int[]) AS id,"
            " (SELECT local AT TIME ZONE 'Europe/Berlin' AS at FROM generate_series("
            " $3::timestamp, $4::timestamp, $5::interval) AS local) AS t,"
            " (SELECT $6::float8) AS n (amount)",
            ids, grain, (NOW - timedelta(days=92)).replace(tzinfo=None), NOW.replace(tzinfo=None),
            step, float(amount), timeout=900,
        )  # fmt: skip
    await roll_up(world.pool, seconds_max=600)  # the zones
    await world.pool.execute("ANALYZE element_sums")
    answers = {
        f"overview: group of {size.plants} plants": "overview?under=group&depth=plant",
        f"kpi values: group of {size.plants} x {size.machines}, 90 days by day": _values_path(
            "group", 90, "1d"
        ),
    }
    measures = []
    for name, path in answers.items():
        median_s, cpu_s = await world.measure_with_cpu_s(path)
        figure = f"{median_s * 1000:.1f} ms, {cpu_s * 1000:.1f} ms of it CPU"
        # A busy machine lengthens the answer, not its CPU time.
        measures.append(Measure(name, figure, cpu_s * 1000 / GROUP_BAR_MS, 1, at_most=True))
    return measures


def _values_path(equipment: str, days: int, granularity: str) -> str:
    return f"kpi_values?equipment={equipment}&kpi=oee&granularity={granularity}&start=-{days}d"


async def _median_s(work: Callable[[], Awaitable[object]]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)
