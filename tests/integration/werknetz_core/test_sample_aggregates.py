"""Time-weighted aggregates, compared with examples calculated by hand."""

import random
from datetime import datetime, timedelta

import pytest

from .conftest import NOW, PRESS, World

pytestmark = pytest.mark.asyncio
HOUR = datetime.fromisoformat("2026-11-20T08:00:00+00:00")
BAD, UNCERTAIN = -0x8000_0000, 0x4000_0000
TIMED = "aggregates=time_weighted_avg,duration_good&aggregates=count"


async def add_samples(world: World, *samples: tuple[float, float | None, int]) -> str:
    """Store samples (minute after 8 o'clock, value, status); return the path of the list."""
    number = world.ids[f"{PRESS}#temperature"]
    for minute, value, status in samples:
        await world.database.execute(
            "INSERT INTO samples (signal_id, at, value, status) VALUES ($1, $2, $3, $4)",
            number, HOUR + timedelta(minutes=minute), value, status,
        )  # fmt: skip
    return f"/signals/{number}/samples"


async def windows(world: World, address: str, query: str) -> list[dict[str, object]]:
    response = await world.get(f"{address}?{query}")
    assert response.status_code == 200, response.text
    items: list[dict[str, object]] = response.json()["items"]
    return items


async def test_a_value_applies_until_the_next_sample(world: World) -> None:
    address = await add_samples(
        world, (-90, 7.0, 0), (-30, 10.0, 0), (15, 20.0, 0), (45, 40.0, 0), (60, 99.0, 0)
    )
    # 8 to 9: 15 min of 10, carried in, 30 min of 20, 15 min of 40
    span = "start=2026-11-20T08:00:00Z&end=2026-11-20T09:00:00Z"
    [hour] = await windows(world, address, f"{span}&granularity=1h&{TIMED}")
    assert (hour["time_weighted_avg"], hour["duration_good"], hour["count"]) == (22.5, 3600, 2)
    assert set(hour) == {"start", "end", "time_weighted_avg", "duration_good", "count"}
    halves = await windows(world, address, f"{span}&granularity=30m&{TIMED}")
    assert [half["time_weighted_avg"] for half in halves] == [15.0, 30.0]
    # a window without a sample: the last value still applies
    tens = await windows(world, address, f"{span}&granularity=10m&{TIMED}")
    assert [(ten["time_weighted_avg"], ten["count"]) for ten in tens] == [
        (10, 0), (15, 1), (20, 0), (20, 0), (30, 1), (40, 0),
    ]  # fmt: skip
    thin = await windows(world, address, f"{span}&max_points=1&{TIMED}")
    assert [window["time_weighted_avg"] for window in thin] == [22.5]


async def test_bad_values_end_the_value_before_and_uncertain_ones_are_not_good(
    world: World,
) -> None:
    address = await add_samples(
        world, (0, 10.0, 0), (10, 1e9, BAD), (20, 30.0, UNCERTAIN), (30, float("nan"), 0),
        (40, 50.0, 0), (50, None, 0),
    )  # fmt: skip
    span = "start=2026-11-20T08:00:00Z&end=2026-11-20T09:00:00Z"
    [hour] = await windows(world, address, f"{span}&granularity=1h&{TIMED}")
    # ten minutes each of 10, 30 and 50; good status: 10, NaN, 50 and the one without a number
    assert (hour["time_weighted_avg"], hour["duration_good"]) == (30, 40 * 60)


async def test_no_value_applies_before_the_first_sample_or_after_now(world: World) -> None:
    minutes = (NOW - HOUR).total_seconds() / 60
    address = await add_samples(world, (minutes - 60, 1.0, 0), (minutes - 30, 4.0, 0))
    query = f"start=2026-11-20T08:00:00Z&end=2026-11-20T12:00:00Z&granularity=1h&{TIMED}"
    hours = await windows(world, address, query)
    assert [item["start"] for item in hours] == ["2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z"]
    # from 9:07 on; 30 min of 1 and 23 min of 4; then 7 min of 4 until now
    assert hours[0]["time_weighted_avg"] == pytest.approx((30 + 23 * 4) / 53)
    assert [item["duration_good"] for item in hours] == [53 * 60, 7 * 60]
    other = await windows(world, address, "start=-1d&end=-20h&granularity=1h&" + TIMED)
    assert other == []


async def test_of_two_samples_at_the_same_time_the_later_row_applies(world: World) -> None:
    address = await add_samples(world, (0, 1.0, 0), (30, 5.0, 0), (30, 9.0, 0))
    span = "start=2026-11-20T08:00:00Z&end=2026-11-20T09:00:00Z"
    [hour] = await windows(world, address, f"{span}&granularity=1h&{TIMED}")
    assert hour["time_weighted_avg"] == 5.0


async def test_shift_windows_exclude_the_night(world: World) -> None:
    address = await add_samples(world, (0, 6.0, 0))
    query = "start=2026-11-20T07:00:00Z&end=2026-11-20T10:00:00Z&granularity=shift"
    [early] = await windows(world, address, f"{query}&{TIMED}")
    assert (early["time_weighted_avg"], early["duration_good"]) == (6, 127 * 60)


async def test_random_samples_agree_with_a_plain_loop(world: World) -> None:
    generator = random.Random(5)
    samples = [
        (minute, float(generator.randrange(100)), generator.choice([0, 0, 0, BAD, UNCERTAIN]))
        for minute in sorted(generator.sample(range(-60, 120), 90))
    ]
    address = await add_samples(world, *samples)
    query = "start=2026-11-20T08:00:00Z&end=2026-11-20T10:00:00Z&granularity=7m"
    for item in await windows(world, address, f"{query}&{TIMED}"):
        start, end = (
            (datetime.fromisoformat(str(item[name])) - HOUR).total_seconds() / 60
            for name in ("start", "end")
        )
        area = usable = good = 0.0
        for (at, value, status), after in zip(samples, [*samples[1:], (999, 0.0, 0)], strict=True):
            seconds = min(after[0], end, (NOW - HOUR).total_seconds() / 60) - max(at, start)
            if seconds > 0 and status >= 0:
                area, usable = area + seconds * value, usable + seconds
                good += seconds * (status == 0)
        expected = area / usable if usable else None
        assert item["time_weighted_avg"] == (None if expected is None else pytest.approx(expected))
        assert item["duration_good"] == pytest.approx(good * 60)


async def test_an_unknown_aggregate_is_rejected(world: World) -> None:
    address = await add_samples(world)
    response = await world.get(f"{address}?granularity=1h&aggregates=median")
    assert response.status_code == 422
    assert "time_weighted_avg" in response.json()["hint"]


async def test_bad_samples_are_counted_by_window(world: World) -> None:
    address = await add_samples(
        world, (0, 10.0, 0), (10, 1e9, BAD), (20, None, BAD), (35, 30.0, UNCERTAIN), (70, 2.0, BAD)
    )
    span = "start=2026-11-20T08:00:00Z&end=2026-11-20T10:00:00Z"
    halves = await windows(world, address, f"{span}&granularity=30m&aggregates=count,bad_count")
    assert [(half["count"], half["bad_count"]) for half in halves] == [(1, 2), (1, 0), (0, 1)]
    assert halves[-1]["start"] == "2026-11-20T09:00:00Z"
    # Shift windows do not follow each other: what lies between them counts nowhere.
    query = f"{span}&granularity=shift&aggregates=bad_count"
    assert sum(int(str(item["bad_count"])) for item in await windows(world, address, query)) == 3


async def test_the_whole_span_is_one_window_with_its_own_edges(world: World) -> None:
    address = await add_samples(world, (4, 1.0, 0), (5, 2.0, 0), (9, 5.0, 0), (10, 99.0, 0))
    span = "start=2026-11-20T08:05:00Z&end=2026-11-20T08:10:00Z"
    [whole] = await windows(world, address, f"{span}&granularity=none&aggregates=min,max,avg")
    assert whole == {
        "start": "2026-11-20T08:05:00Z", "end": "2026-11-20T08:10:00Z",
        "min": 2.0, "max": 5.0, "avg": 3.5,
    }  # fmt: skip
