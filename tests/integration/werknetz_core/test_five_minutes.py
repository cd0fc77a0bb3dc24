"""KPI values by five minutes: exact for states and counters, and the parts of the 15 minutes."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from .conftest import LINE, PLANT, PRESS, ROBOT, World
from .test_energy import add_signal, work

pytestmark = pytest.mark.asyncio
SPAN = "start=2026-11-20T07:00:00Z&end=2026-11-20T09:00:00Z"
KPIS = (
    "availability", "oee", "effectiveness", "quality_ratio", "utilization_efficiency",
    "technical_efficiency", "mttr", "comprehensive_energy_consumption",
)  # fmt: skip


async def values(world: World, path: str, granularity: str, span: str = SPAN) -> dict[str, Any]:
    names = "&".join(f"kpi={name}" for name in KPIS)
    url = f"/kpi_values?equipment={path}&{names}&{span}&granularity={granularity}"
    answer = await world.get(url)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def history(seed: int, minutes: int = 130) -> tuple[dict[str, float], dict[str, float]]:
    """Return states and a counter of produced items that change at odd seconds."""
    choose = random.Random(seed)
    states, counted, items = {"07:00": 1.0}, {"07:00": 0.0}, 0
    for minute in range(1, minutes):
        clock = f"{7 + minute // 60:02}:{minute % 60:02}"
        if choose.random() < 0.2:
            states[clock] = float(choose.choice((1, 1, 2, 3, 4, 5, 6, 7)))
        if choose.random() < 0.6:
            items += choose.randint(0, 9)
            counted[clock] = float(items)
    return states, counted


async def add_history(world: World, path: str, seed: int) -> None:
    states, counted = history(seed)
    await add_signal(world, path, "state", states)
    await add_signal(world, path, "total_count", counted)
    await add_signal(world, path, "good_count", {c: n // 2 for c, n in counted.items()})
    await add_signal(world, path, "planned_run_time", {"07:00": 10.0})
    await add_signal(world, path, "energy", {c: n * 0.7 for c, n in counted.items()}, unit="kWh")


def sums(
    items: list[Mapping[str, Any]], kpi: str, since: datetime, until: datetime
) -> dict[str, float]:
    total: dict[str, float] = {}
    for item in items:
        if item["kpi"] == kpi and since <= datetime.fromisoformat(item["start"]) < until:
            for name, value in item["inputs"].items():
                total[name] = total.get(name, 0.0) + (value or 0.0)
    return total


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_parts_add_up_to_the_quarter_of_an_hour(world: World, seed: int) -> None:
    await add_history(world, PRESS, seed)
    await add_history(world, ROBOT, seed + 100)
    await work(world)
    for path in (PRESS, LINE, PLANT):
        fine = await values(world, path, "5m")
        coarse = await values(world, path, "15m")
        assert (fine["granularity"], coarse["granularity"]) == ("5m", "15m")
        assert len(fine["items"]) == 3 * len(coarse["items"]) == 24 * len(KPIS)
        for item in coarse["items"]:
            since = datetime.fromisoformat(item["start"])
            parts = sums(fine["items"], item["kpi"], since, since + timedelta(minutes=15))
            whole = {name: value or 0.0 for name, value in item["inputs"].items()}
            assert parts == pytest.approx(whole, abs=1e-6), (path, item["kpi"], item["start"])


async def test_values_follow_states_and_counters(world: World) -> None:
    """Seven minutes of production, a failure of six, and production again."""
    states = {"07:00": 1.0, "07:07": 4.0, "07:13": 1.0}
    await add_signal(world, PRESS, "state", states)
    await add_signal(
        world, PRESS, "total_count", {"07:00": 0, "07:05": 5, "07:07": 6, "07:15": 8, "07:30": 10}
    )
    await add_signal(world, PRESS, "good_count", {"07:00": 0, "07:05": 5, "07:07": 5, "07:15": 7})
    await add_signal(world, PRESS, "planned_run_time", {"07:00": 30.0})
    await add_signal(world, PRESS, "energy", {"07:00": 0, "07:04": 3, "07:14": 5}, unit="kWh")
    await work(world)
    answer = await values(world, PRESS, "5m", "start=2026-11-20T07:00:00Z&end=2026-11-20T07:15:00Z")
    by_kpi: dict[str, list[float | None]] = {}
    for item in answer["items"]:
        by_kpi.setdefault(item["kpi"], []).append(item["value"])
    assert by_kpi["availability"] == pytest.approx([1, 0.4, 0.4])
    assert by_kpi["quality_ratio"] == pytest.approx([1, 0, 1])
    assert by_kpi["oee"] == pytest.approx([5 * 30 / 300, 0, 2 * 30 / 300])
    assert by_kpi["comprehensive_energy_consumption"] == pytest.approx([3 / 5, 0, 2 / 2])
    restored = [item for item in answer["items"] if item["kpi"] == "mttr"]
    assert [item["inputs"]["fe"] for item in restored] == [0, 1, 0]


async def test_the_quarter_that_runs_has_no_time_of_the_future(world: World) -> None:
    """It is 10:07: two of its five minutes have begun."""
    await world.database.execute("DELETE FROM gaps")  # an open one makes the state unknown
    await add_signal(world, PRESS, "state", {"10:00": 1.0, "10:04": 5.0})
    await work(world)
    span = "start=2026-11-20T10:00:00Z&end=2026-11-20T10:15:00Z"
    items = [i for i in (await values(world, PRESS, "5m", span))["items"] if i["kpi"] == KPIS[0]]
    assert [item["inputs"]["pbt_s"] for item in items] == pytest.approx([300, 120, 0])
    assert [item["inputs"]["apt_s"] for item in items] == pytest.approx([240, 0, 0])
    assert all(item["provisional"] for item in items[1:])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (f"equipment={PRESS}&kpi=oee&start=2026-10-01&end=2026-11-01", "quarters of an hour"),
        (f"equipment={PRESS}&kpi=oee&as_of=now", "granularity=5m has no as_of"),
        (f"equipment={PRESS}&kpi=oee&rolling=8h", "granularity=5m has no rolling"),
        (f"equipment={PRESS}&kpi=worker_efficiency", "not possible by 5 minutes"),
    ],
)
async def test_what_is_not_possible_is_refused(world: World, query: str, words: str) -> None:
    answer = await world.get(f"/kpi_values?{query}&granularity=5m")
    assert answer.status_code == 422, answer.text
    assert words in answer.text
    assert answer.json()["hint"]


async def test_without_data_there_is_no_value(world: World) -> None:
    document = await values(world, PRESS, "5m")
    assert document["no_data"] is True
    assert {item["reason"] for item in document["items"]} == {"no data"}
