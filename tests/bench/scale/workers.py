"""Machine-days a second of 2 and 4 Celery workers against one."""

import asyncio
from dataclasses import dataclass

import asyncpg

from bench.measure import Measure
from bench.scale.stage import ScaleStage, scale_stage
from plumbing.machines import Plant, timeline
from werknetz.domain.bucket import BUCKET_US

DAY = 96  # buckets
T0 = 1_900_000 * BUCKET_US  # long ago: nothing of it is live
MARK_ALL = """
INSERT INTO dirty_buckets AS old (equipment_id, bucket_at)
SELECT equipment_id, bucket_at FROM elements ON CONFLICT (equipment_id, bucket_at)
DO UPDATE SET marks = old.marks + 1, marked_at = clock_timestamp()"""
OLDER = "UPDATE dirty_buckets SET marked_at = now() - interval '1 h'"


@dataclass(frozen=True)
class Extent:
    machines: int
    days: int
    workers: tuple[int, ...]


LONG = Extent(machines=40, days=10, workers=(1, 2, 4))


def measures(_short: bool) -> list[Measure]:
    return asyncio.run(_measure(LONG))


async def _measure(extent: Extent) -> list[Measure]:
    async with scale_stage() as stage:
        pool = await asyncpg.create_pool(stage.postgres.url, min_size=1, max_size=2, timeout=60)
        plant = Plant(pool)
        for number in range(extent.machines):
            machine = await plant.machine(f"n/p{number % 4}/a/l/m{number}")
            await plant.samples(machine, timeline(T0, extent.days * DAY, seed=number))
        await pool.execute(OLDER)
        await pool.close()
        taken: dict[int, tuple[float, float]] = {}
        for count in extent.workers:
            names = [f"worker-{count}-{number}" for number in range(count)]
            for number, name in enumerate(names):
                stage.run(name, "worker", *(["--beat"] if number == 0 else []))
            await stage.until(lambda: _is_clean(stage))  # warms up; the first time computes
            before_s = stage.spent_s(*names)
            await stage.count(
                f"WITH marked AS ({MARK_ALL} RETURNING 1) SELECT count(*) FROM marked"
            )
            seconds = await stage.until(lambda: _is_clean(stage))
            taken[count] = seconds, stage.spent_s(*names) - before_s
            stage.kill(*names)
    first_s, _ = taken[extent.workers[0]]
    work = extent.machines * extent.days
    return [
        Measure(
            f"scale: {count} Celery workers / one",
            f"{work / seconds:.0f} machine-days/s ({used_s / seconds:.1f} cores busy)",
            first_s / seconds,
        )
        for count, (seconds, used_s) in taken.items()
    ]


async def _is_clean(stage: ScaleStage) -> bool:
    return await stage.count("SELECT count(*) FROM dirty_buckets") == 0
