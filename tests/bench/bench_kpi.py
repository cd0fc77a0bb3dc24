"""The worker: CPU time of one machine-day, and how long a month of 20 machines takes."""

import asyncio
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any, Final

import asyncpg
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bench.measure import Measure
from plumbing.machines import Plant, timeline
from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.domain.shift import Shift
from werknetz.kpi.carry import Carry
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, compute_buckets
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.postgres import Postgres
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.watermarks import WatermarkPublisher

T0: Final = 1_900_000 * BUCKET_US
SECOND: Final = 1_000_000
DAY_S: Final = 86_400
BAR_MS: Final = 10.0
HISTORY_BAR_S: Final = 60.0


def machine_day() -> MachineSamples:
    """One sample a second: counts of three kinds, a state every 20 s, orders and plans."""
    rng = np.random.default_rng(7)
    at = T0 + np.arange(DAY_S, dtype=np.int64) * SECOND
    kind = rng.choice(4, DAY_S, p=[0.05, 0.8, 0.1, 0.05])

    def series(
        chosen: NDArray[np.int64], value: NDArray[np.floating[Any]], text: str | None = None
    ) -> Series:
        texts = np.full(len(chosen), text, np.object_)
        return Series(chosen, value.astype(np.float64), np.zeros(len(chosen), np.uint32), texts)

    states, good, scrap, rework = (at[kind == number] for number in range(4))
    hours = at[::3600]
    return MachineSamples(
        state=series(states, rng.choice([1.0, 1.0, 4.0, 5.0, 2.0], len(states)), "7"),
        order=series(hours, np.full(len(hours), np.nan), "A"),
        run_time=series(hours, rng.choice([1.0, 2.0], len(hours))),
        counts=tuple(
            CountSeries(number, role, series(chosen, np.arange(len(chosen)) % 5000.0), "to_zero")
            for number, (role, chosen) in enumerate((
                (Role.GOOD_COUNT, good), (Role.SCRAP_COUNT, scrap), (Role.REWORK_COUNT, rework),
            ))
        ),
    )  # fmt: skip


def day_plan() -> PlannedTime:
    hour = 3600 * SECOND
    starts = [T0 + n * 8 * hour for n in range(3)]
    return PlannedTime.of(
        Shift("", date(2024, 3, 8), at, at + 8 * hour, ((at + 4 * hour, at + 5 * hour),))
        for at in starts
    )


def measure(rounds: int = 25) -> float:
    """Return the best CPU time of a round in milliseconds."""
    samples, plan, span = machine_day(), day_plan(), BucketRange(T0, 96, T0 + 200 * BUCKET_US)
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        computed = compute_buckets(samples, plan, Carry(), span)
        best = min(best, (time.process_time() - began) * 1000)
    assert computed.columns["samples"].sum() > DAY_S - 1
    return best


def measure_scan(rounds: int = 25) -> float:
    """Return the best CPU time in which polars sums the same samples by 15 minutes."""
    samples = machine_day()
    frames = [
        pl.DataFrame({"at": series.at, "value": series.value, "status": series.status})
        for series in samples.all_series()
    ]
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for frame in frames:
            (
                frame.lazy()
                .with_columns(
                    (pl.col("at") // BUCKET_US).alias("bucket"),
                    pl.col("value").diff().alias("step"),
                )
                .filter(pl.col("status") == 0)
                .group_by("bucket", maintain_order=True)
                .agg(pl.col("step").sum(), pl.len())
                .collect()
            )
        best = min(best, (time.process_time() - began) * 1000)
    return best


async def _history(machines: int, days: int) -> tuple[float, float]:
    """Return CPU seconds of worker and wall seconds to compute a history from its marks."""
    with tempfile.TemporaryDirectory(prefix="werknetz-bench-") as folder:
        server = Postgres(Path(folder) / "postgres", throwaway=True)
        await server.start()
        try:
            await upgrade_async(server.url)
            pool = await asyncpg.create_pool(server.url, min_size=1, max_size=2, timeout=60)
            plant = Plant(pool)
            for n in range(machines):
                machine = await plant.machine(f"n/p/a/l/m{n}")
                await plant.samples(machine, timeline(T0, days * 96, seed=n))
            now_us = T0 + days * 96 * BUCKET_US
            cpu, wall = time.process_time(), time.perf_counter()
            nobody = WatermarkPublisher(None)
            await compute_dirty_buckets(pool, nobody, now_us=now_us, quiet_s=0, seconds_max=600)
            used = time.process_time() - cpu, time.perf_counter() - wall
            assert await pool.fetchval("SELECT count(*) FROM elements") >= machines * days * 96
            await pool.close()
            return used
        finally:
            await server.stop()


def measures(short: bool) -> list[Measure]:
    day_ms, scan_ms = measure(), measure_scan()
    machines = 2 if short else 20
    cpu_s, wall_s = asyncio.run(_history(machines, 30))
    of_20 = wall_s * 20 / machines
    return [
        Measure(
            "kpi: machine-day of 86,400 samples",
            f"{day_ms:.1f} ms CPU (polars sums the same samples in {scan_ms:.1f} ms)",
            day_ms / BAR_MS,
            1,
            at_most=True,
        ),
        Measure(
            "kpi: 30 days of 20 machines, in PostgreSQL",
            f"{of_20:.1f} s (worker {cpu_s * 20 / machines:.1f} s CPU)",
            of_20 / HISTORY_BAR_S,
            1,
            at_most=True,
        ),
    ]
