"""What a day's trend costs over a history of a day, a year and five years: it must be flat."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from bench.cpu import median_s
from bench.measure import Measure
from werknetz.store.ingest.partitions import MAKE_DAY, SAMPLES
from werknetz.store.queries.latest_samples import load_latest_samples, load_latest_time
from werknetz.store.queries.samples import (
    AGGREGATES_BY_WIDTH,
    TIME_WEIGHTED_BY_WINDOW,
)
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.postgres import Postgres

LAST = date(2026, 11, 24)
START = datetime(2026, 11, 24, tzinfo=UTC)
END = START + timedelta(days=1)
HOURS = [START + timedelta(hours=hour) for hour in range(24)]
EVERY_S = 10
DAYS = {1: "a day", 365: "a year", 1826: "five years"}
DAYS_SHORT = {1: "a day", 365: "a year"}
ROUNDS = 15
FLAT_MAX = 1.5
FILL = """
INSERT INTO samples (signal_id, at, value, status)
SELECT 1, at, extract(epoch FROM at)::int % 97, 0 FROM generate_series($1::timestamptz,
    $2::timestamptz - interval '1 us', $3::interval) AS at"""

HAS_SAMPLES = "SELECT 1 FROM samples WHERE at >= $1 AND at < $2 LIMIT 1"


def measures(short: bool) -> list[Measure]:
    with TemporaryDirectory(prefix="werknetz-scale-") as folder:
        return asyncio.run(_measure(Path(folder), DAYS_SHORT if short else DAYS))


async def _measure(folder: Path, histories: dict[int, str]) -> list[Measure]:
    server = Postgres(folder / "postgres", throwaway=True)
    await server.start()
    assert server.pid is not None
    try:
        await upgrade_async(server.url)
        # A connection with cached statements, as the API has: plans of any kind may be chosen.
        database = await asyncpg.connect(server.url)
        costs: dict[str, dict[int, float]] = {name: {} for name in QUERIES}
        for days in histories:
            await _make_history(database, days)
            for name, query in QUERIES.items():
                costs[name][days] = await median_s(partial(query, database), server.pid, ROUNDS)
        await database.close()
    finally:
        await server.stop()
    return [_line(name, cost, histories) for name, cost in costs.items()]


def _line(name: str, cost: dict[int, float], histories: dict[int, str]) -> Measure:
    figure = ", ".join(f"{cost[days] * 1000:.1f} ms" for days in histories)
    first, *_, last = cost.values()
    lengths = " / ".join(histories.values())
    return Measure(f"scale: {name}, {lengths}", figure, last / first, FLAT_MAX, at_most=True)


async def _make_history(database: asyncpg.Connection, days: int) -> None:
    """Add the days that are missing; the last has a sample each 10 s, others one an hour."""
    for number in range(days):
        day = LAST - timedelta(days=number)
        began = datetime(day.year, day.month, day.day, tzinfo=UTC)
        end = began + timedelta(days=1)
        if await database.fetchval(HAS_SAMPLES, began, end):
            continue
        await database.execute(MAKE_DAY, SAMPLES.name, day)
        every = timedelta(seconds=EVERY_S) if day == LAST else timedelta(hours=1)
        await database.execute(FILL, began, end, every)


async def _trend(database: asyncpg.Connection) -> None:
    rows = await database.fetch(AGGREGATES_BY_WIDTH, 1, START, END, timedelta(minutes=1))
    assert len(rows) == 1440


async def _time_weighted(database: asyncpg.Connection) -> None:
    ends = [*HOURS[1:], END]
    since = await load_latest_time(database, 1, START) or START
    span = (HOURS, ends, START, END, END, since)
    rows = await database.fetch(TIME_WEIGHTED_BY_WINDOW, 1, *span)
    assert len(rows) == 24


async def _latest(database: asyncpg.Connection) -> None:
    rows = await load_latest_samples(database, [1], END)
    assert len(rows) == 1


QUERIES: dict[str, Callable[[asyncpg.Connection], Awaitable[None]]] = {
    "trend of a day": _trend,
    "time-weighted day": _time_weighted,
    "latest value": _latest,
}
