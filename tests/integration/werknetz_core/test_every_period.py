"""Every scope and period equals what the raw samples say, second by second."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import numpy as np
import pytest
from numpy.typing import NDArray

from plumbing.machines import SECOND, Plant, Sample
from werknetz.domain.bucket import microseconds_of
from werknetz.domain.shift import Calendar
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.rollups.roll_up import roll_up
from werknetz_worker.watermarks import WatermarkPublisher

from .conftest import LINE, OTHER, PLANT, PRESS, ROBOT, World
from .test_calendars import DOCUMENT

pytestmark = pytest.mark.asyncio
START = microseconds_of(datetime(2026, 11, 16, tzinfo=UTC))  # a Monday
LENGTH_S = 3 * 86_400 + 1800
BEFORE_S = 900  # the bucket before the first sample is computed, too: nothing is known in it
ORIGIN = START - BEFORE_S * SECOND
ALL_S = BEFORE_S + LENGTH_S
MACHINES = (PRESS, ROBOT, OTHER)
SCOPES = {PRESS: [PRESS], LINE: [PRESS, ROBOT], PLANT: [PRESS, ROBOT], "nordwerk": [*MACHINES]}
PERIODS = ("15m", "hour", "shift", "1d", "1w", "1mo", "quarter", "year", "none")
SPANS = (
    "start=2026-11-16&end=2026-11-19", "start=2026-11-16T05:07:31Z&end=2026-11-18T22:11:59Z",
    "start=2026-11-17T13:00:00Z&end=2026-11-17T13:15:00Z", "start=week:2026-W47",
)  # fmt: skip


def random_samples(seed: int) -> list[Sample]:
    """States and counts at any second, also at the edges of buckets."""
    rng = random.Random(seed)
    samples: list[Sample] = [("order", START, None, "A"), ("planned_run_time", START, 20.0, None)]
    at_s, good = 0, 0
    while at_s < LENGTH_S:
        state = rng.choice((1, 1, 1, 2, 4, 5))
        samples.append(("state", START + at_s * SECOND, float(state), str(state)))
        at_s += rng.choice((1, 60, 137, 900 - at_s % 900, rng.randrange(1, 5000)))
    at_s = 0
    while at_s < LENGTH_S:
        samples.append(("good_count", START + at_s * SECOND, float(good), None))
        step_s = rng.choice((30, 45, 900 - at_s % 900, 1700))
        good += rng.randrange(3) if step_s >= 30 else 0  # no more than the machine can make
        at_s += step_s
    return samples


class Truth:
    """One machine, from its samples alone: what it does in each second."""

    def __init__(self, samples: Iterable[Sample], calendar: Calendar | None) -> None:
        self.runs = np.zeros(ALL_S, bool)
        self.planned = np.ones(ALL_S, bool)
        self.counted = np.zeros(ALL_S + 1)
        last = None
        for role, at_us, value, _ in samples:
            at_s = (at_us - ORIGIN) // SECOND
            if role == "state":
                self.runs[at_s:] = value == 1.0
            elif role == "good_count" and value is not None:
                self.counted[at_s] += 0 if last is None else value - last
                last = value
        if calendar is not None:
            self.planned[:] = False
            shifts = calendar.shifts_between(ORIGIN, ORIGIN + ALL_S * SECOND)
            for shift in shifts:
                self.set_planned(shift.start_us, shift.end_us, is_planned=True)
            for shift in shifts:
                for begin, end in shift.breaks:
                    self.set_planned(begin, end, is_planned=False)

    def set_planned(self, start_us: int, end_us: int, *, is_planned: bool) -> None:
        first, last = seconds(start_us, end_us)
        self.planned[first:last] = is_planned

    def sums(self, start_us: int, end_us: int) -> NDArray[np.float64]:
        """Return pbt_s, apt_s and good; an increment belongs to what ends with it."""
        first, last = seconds(start_us, end_us)
        planned = self.planned[first:last]
        busy = planned & self.runs[first:last]
        return np.array([planned.sum(), busy.sum(), self.counted[first + 1 : last + 1].sum()])


def seconds(start_us: int, end_us: int) -> tuple[int, int]:
    first, last = ((at - ORIGIN) // SECOND for at in (start_us, end_us))
    return min(max(first, 0), ALL_S), min(max(last, 0), ALL_S)


async def values(world: World, scope: str, query: str) -> list[tuple[int, int, list[float]]]:
    """Return start, end, and pbt_s, apt_s and good of each window that has data."""
    answer = await world.get(
        f"/kpi_values?equipment={scope}&kpi=availability&kpi=quality_ratio&{query}"
    )
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    rows = []
    for item, quality in zip(items[::2], items[1::2], strict=True):
        if item["reason"] == "no data":
            continue
        span = [microseconds_of(datetime.fromisoformat(item[name])) for name in ("start", "end")]
        inputs = {**quality["inputs"], **item["inputs"]}
        rows.append((*span, [inputs["pbt_s"], inputs["apt_s"], inputs.get("gq")]))
    return rows


@pytest.mark.parametrize("rolled", [False, True])
async def test_every_scope_and_period_equals_the_samples(
    world: World, database_url: str, rolled: bool
) -> None:
    world.now[0] = datetime(2026, 11, 19, 1, tzinfo=UTC)
    machines_truth = await compute_machines(database_url, rolled=rolled)
    compared = 0
    for scope, machines in SCOPES.items():
        parts = [machines_truth[path] for path in machines]
        for granularity in PERIODS:
            if granularity == "shift" and scope == "nordwerk":
                continue  # answered by plant
            for span in SPANS:
                compared += await compare(world, scope, f"{span}&granularity={granularity}", parts)
    assert compared > 2000
    parts = [machines_truth[path] for path in SCOPES[PLANT]]
    query = f"{SPANS[0]}&granularity=1d&rolling=36h"
    assert await compare(world, PLANT, query, parts) == 3
    lengths = {end - start for start, end, _ in await values(world, PLANT, query)}
    assert lengths == {36 * 3600 * SECOND}


async def compute_machines(database_url: str, *, rolled: bool) -> dict[str, Truth]:
    """Store samples of each machine and compute them; return what they say."""
    samples = {path: random_samples(seed) for seed, path in enumerate(MACHINES)}
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        plant = Plant(pool)
        for path in MACHINES:
            machine = await plant.machine(
                path, ("state", "order", "planned_run_time", "good_count")
            )
            await plant.samples(machine, samples[path])
        now_us = START + LENGTH_S * SECOND
        publisher = WatermarkPublisher(None)
        while await compute_dirty_buckets(pool, publisher, now_us=now_us, quiet_s=0):
            pass
        if rolled:
            await roll_up(pool, seconds_max=120)
    calendar = Calendar.parse(DOCUMENT)
    return {path: Truth(samples[path], None if path == OTHER else calendar) for path in MACHINES}


async def compare(world: World, scope: str, query: str, parts: list[Truth]) -> int:
    """Compare each window with the samples; return how many windows there are."""
    rows = await values(world, scope, query)
    for start_us, end_us, actual in rows:
        expected = sum((part.sums(start_us, end_us) for part in parts), np.zeros(3))
        assert actual[:2] == pytest.approx(list(expected[:2]), abs=1e-3), query
        if actual[2] is not None:
            assert actual[2] == pytest.approx(expected[2]), query
    return len(rows)


async def test_a_shorter_granularity_is_answered_as_15m(world: World) -> None:
    for granularity in ("1m", "10m", "15m"):
        answer = await world.get(
            f"/kpi_values?equipment={PRESS}&kpi=oee&granularity={granularity}"
            "&start=2026-11-20T08:07:00Z&end=2026-11-20T08:31:00Z"
        )
        content = answer.json()
        assert content["granularity"] == "15m"
        assert [item["start"][11:16] for item in content["items"]] == ["09:00", "09:15", "09:30"]
        assert content["ranges"][0]["end"] == "2026-11-20T09:45:00+01:00"


@pytest.mark.parametrize(
    ("query", "name", "hint"),
    [
        ("rolling=7", "rolling", "8h, 7d"),
        ("rolling=0d", "rolling", "8h, 7d"),
        ("rolling=-7d", "rolling", "8h, 7d"),
        ("as_of=then", "as_of", "RFC 3339"),
        ("granularity=decade", "granularity", "quarter"),
        ("rollin=7d", "rollin", "rolling"),
    ],
)
async def test_a_wrong_period_is_refused(world: World, query: str, name: str, hint: str) -> None:
    answer = await world.get(f"/kpi_values?equipment={PRESS}&kpi=oee&{query}")
    problem = answer.json()
    assert (answer.status_code, hint in problem["hint"]) == (422, True), problem
    assert name in problem["detail"]
