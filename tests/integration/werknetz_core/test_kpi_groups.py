"""KPI values by order, product and shift team equal the samples, and add up to the whole."""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from plumbing.machines import SECOND, Plant, Sample
from werknetz.domain.bucket import BUCKET_US, microseconds_of
from werknetz.domain.shift import Calendar
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.rollups.roll_up import roll_up
from werknetz_worker.watermarks import WatermarkPublisher

from .conftest import LINE, OTHER, PLANT, PRESS, ROBOT, World
from .test_calendars import DOCUMENT

pytestmark = pytest.mark.asyncio
START = microseconds_of(datetime(2026, 11, 16, tzinfo=UTC))  # a Monday
LENGTH_S = 2 * 86_400
END = START + LENGTH_S * SECOND
ROLES = ("state", "order", "planned_run_time", "good_count")
SCOPES = {PRESS: [PRESS], LINE: [PRESS, ROBOT], PLANT: [PRESS, ROBOT], "nordwerk": [PRESS, ROBOT,
          OTHER]}  # fmt: skip
SPANS = (
    "start=2026-11-16T00:00:00Z&end=2026-11-18T00:00:00Z",
    "start=2026-11-16T05:07:31Z&end=2026-11-17T22:11:59Z",
    "start=2026-11-16&end=2026-11-18&granularity=1d", "start=week:2026-W47&granularity=15m",
)  # fmt: skip
PRODUCT_OF = {"A": "bracket", "B": "bracket", "C": "housing", "D": None}
"""By the first letter of the order: two orders make one product, and one names none."""

Groups = dict[tuple[str | None, str | None], list[float]]
"""pbt_s, apt_s and good by group and rest."""


@dataclass
class Machine:
    """What a machine does in each second, by the second of its samples."""

    runs: list[bool]
    orders: list[str]
    counted: dict[int, float]  # by the second that the count ends

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> "Machine":
        machine = cls([False] * LENGTH_S, [""] * LENGTH_S, defaultdict(float))
        last = None
        for role, at_us, value, text in samples:
            at_s = (at_us - START) // SECOND
            rest = LENGTH_S - at_s
            if role == "state":
                machine.runs[at_s:] = [value == 1.0] * rest
            elif role == "order":
                machine.orders[at_s:] = [text or ""] * rest
            elif role == "good_count" and value is not None:
                machine.counted[at_s] += 0.0 if last is None else value - last
                last = value
        return machine


def random_samples(seed: int) -> list[Sample]:
    """States, orders and counts that change at any second, also together and at quarters."""
    rng = random.Random(seed)
    samples: list[Sample] = [("planned_run_time", START, 20.0, None)]
    at_s = 0
    while at_s < LENGTH_S:
        number = rng.choice(("A", "B", "C", "D", "")) + rng.choice(("1", "2"))
        samples.append(("order", START + at_s * SECOND, None, number if len(number) > 1 else ""))
        at_s += rng.choice((60, 137, 900 - at_s % 900, rng.randrange(1, 9000)))
    at_s = 0
    while at_s < LENGTH_S:
        state = rng.choice((1, 1, 1, 2, 4, 5))
        samples.append(("state", START + at_s * SECOND, float(state), str(state)))
        at_s += rng.choice((30, 60, 137, 900 - at_s % 900, rng.randrange(1, 5000)))
    at_s, good = 0, 0
    changes = sorted((at - START) // SECOND for role, at, _, _ in samples if role == "order")
    while at_s < LENGTH_S:
        samples.append(("good_count", START + at_s * SECOND, float(good), None))
        later = next((at for at in changes if at > at_s + 40), LENGTH_S) - at_s
        step_s = rng.choice((45, 90, 900 - at_s % 900, later))
        good += rng.randrange(3) if step_s >= 40 else 0  # no more than the machine can make
        at_s += step_s
    return samples


def teams_of() -> list[tuple[int, int, str, tuple[tuple[int, int], ...]]]:
    calendar = Calendar.parse(DOCUMENT)
    return [
        ((s.start_us - START) // SECOND, (s.end_us - START) // SECOND, s.name,
         tuple(((a - START) // SECOND, (b - START) // SECOND) for a, b in s.breaks))
        for s in calendar.shifts_between(START, END)
    ]  # fmt: skip


class Oracle:
    """Counts second by second."""

    def __init__(self, machines: dict[str, Machine]) -> None:
        self.machines = machines
        self.planned, self.team = [False] * LENGTH_S, [""] * LENGTH_S
        for first, last, name, breaks in teams_of():
            for at in range(max(first, 0), min(last, LENGTH_S)):
                self.team[at] = name
                self.planned[at] = not any(a <= at < b for a, b in breaks)

    def key(self, path: str, dimension: str, at: int) -> tuple[str | None, str | None]:
        if dimension == "team":
            name = "" if path == OTHER else self.team[at]  # the other plant has no calendar
            return (name, None) if name else (None, "no_shift")
        number = self.machines[path].orders[at]
        if not number:
            return (None, "no_order")
        product = number if dimension == "order" else PRODUCT_OF[number[0]]
        return (product, None) if product else (None, "no_product")

    def groups(self, paths: list[str], dimension: str, span: tuple[int, int]) -> Groups:
        groups: Groups = defaultdict(lambda: [0.0, 0.0, 0.0])
        first, last = ((at - START) // SECOND for at in span)
        for path in paths:
            machine = self.machines[path]
            for at in range(max(first, 0), min(last, LENGTH_S)):
                sums = groups[self.key(path, dimension, at)]
                busy = path == OTHER or self.planned[at]
                sums[0] += busy
                sums[1] += busy and machine.runs[at] and bool(machine.orders[at])
            for at, count in machine.counted.items():
                if first < at <= last and count:
                    groups[self.key(path, dimension, at - 1)][2] += count
        return {key: sums for key, sums in groups.items() if any(sums)}


async def store(database_url: str, *, rolled: bool) -> dict[str, Machine]:
    samples = {path: random_samples(seed) for seed, path in enumerate((PRESS, ROBOT, OTHER))}
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        plant = Plant(pool)
        for path, of_machine in samples.items():
            await plant.samples(await plant.machine(path, ROLES), of_machine)
        while await compute_dirty_buckets(pool, WatermarkPublisher(None), now_us=END, quiet_s=0):
            pass
        for letter, product in PRODUCT_OF.items():
            await pool.execute(
                "UPDATE orders SET material = $2 WHERE starts_with(order_number, $1)",
                letter, product,
            )  # fmt: skip
        if rolled:
            await roll_up(pool, seconds_max=120)
    return {path: Machine.of(of_machine) for path, of_machine in samples.items()}


async def values(world: World, scope: str, query: str) -> list[dict[str, Any]]:
    """Return an item a window and group, with the inputs of three KPIs."""
    answer = await world.get(
        f"/kpi_values?equipment={scope}&kpi=availability&kpi=quality_ratio&kpi=oee&{query}"
    )
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return [
        {**item, "inputs": {**quality["inputs"], **oee["inputs"], **item["inputs"]}}
        for item, quality, oee in zip(items[::3], items[1::3], items[2::3], strict=True)
    ]


def sums_of(item: dict[str, Any]) -> list[float]:
    return [item["inputs"][name] or 0.0 for name in ("pbt_s", "apt_s", "gq")]


def span_of(item: dict[str, Any]) -> tuple[int, int]:
    first, last = (microseconds_of(datetime.fromisoformat(item[name])) for name in ("start", "end"))
    return first, last


@pytest.mark.parametrize("rolled", [False, True])
async def test_groups_equal_the_samples_and_add_up(
    world: World, database_url: str, rolled: bool
) -> None:
    world.now[0] = datetime(2026, 11, 19, 1, tzinfo=UTC)
    oracle = Oracle(await store(database_url, rolled=rolled))
    compared = 0
    for dimension in ("order", "product", "team"):
        for scope, paths in SCOPES.items():
            for query in SPANS[: 4 if scope == PRESS else 2]:
                whole = {span_of(i): i for i in await values(world, scope, query)}
                groups = defaultdict(list)
                for item in await values(world, scope, f"{query}&group_by={dimension}"):
                    assert item["group_by"] == dimension
                    groups[span_of(item)].append(item)
                for span, items in groups.items():
                    actual = {(i[dimension], i["rest"]): sums_of(i) for i in items}
                    assert len(actual) == len(items)
                    total = [round(sum(column), 6) for column in zip(*actual.values(), strict=True)]
                    assert total == pytest.approx(sums_of(whole[span]), abs=1e-5), (query, span)
                    expected = oracle.groups(paths, dimension, span)
                    with_data = {key: sums for key, sums in actual.items() if any(sums)}
                    assert with_data.keys() == expected.keys(), (scope, query, span)
                    for key, sums in with_data.items():
                        assert sums == pytest.approx(expected[key], abs=1e-3), (key, query, span)
                    compared += len(with_data)
    assert compared > 600


async def test_named_groups_are_those_of_group_by(world: World, database_url: str) -> None:
    world.now[0] = datetime(2026, 11, 19, 1, tzinfo=UTC)
    await store(database_url, rolled=False)
    for dimension, names in (("product", ["housing", "bracket"]), ("team", ["late"])):
        everything = await values(world, PLANT, f"{SPANS[0]}&group_by={dimension}")
        by_name = {item[dimension]: item for item in everything}
        query = "&".join(f"{dimension}={name}" for name in names)
        named = await values(world, PLANT, f"{SPANS[0]}&{query}")
        assert named == [by_name[name] for name in names]
    # Before there were samples, a named group is there without a value.
    [item] = await values(world, PLANT, "start=2026-11-01&end=2026-11-02&product=housing")
    assert (item["product"], item["value"], item["reason"]) == ("housing", None, "no data")


async def test_teams_change_shifts_with_the_cycle(world: World, database_url: str) -> None:
    """A team is what the calendar calls so, whatever the shift is called."""
    world.now[0] = datetime(2026, 11, 19, 1, tzinfo=UTC)
    document = {
        "time_zone": "Europe/Berlin", "cycle_days": 2, "anchor": "2026-11-16",
        "shifts": [
            {"name": "early", "team": "red", "days": [0], "start": "06:00", "end": "14:00"},
            {"name": "late", "team": "blue", "days": [0], "start": "14:00", "end": "22:00"},
            {"name": "early", "team": "blue", "days": [1], "start": "06:00", "end": "14:00"},
            {"name": "late", "days": [1], "start": "14:00", "end": "18:00"},
        ],
    }  # fmt: skip
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        plant = Plant(pool)
        machine = await plant.machine("nordwerk/aurich-3/body/line-1/press-1", ROLES)
        await plant.calendar("nordwerk/aurich-3", document, START - 30 * 96 * BUCKET_US)
        await plant.samples(machine, [("order", START, None, "A1"), ("state", START, 1.0, "1")])
        while await compute_dirty_buckets(pool, WatermarkPublisher(None), now_us=END, quiet_s=0):
            pass
    await world.app.state.context.tree.refresh()
    query = "start=2026-11-16T00:00:00Z&end=2026-11-18T00:00:00Z"
    items = await values(world, "nordwerk/aurich-3", f"{query}&group_by=team")
    hours = {item["team"]: item["inputs"]["apt_s"] / 3600 for item in items}
    assert hours == {"red": 8, "blue": 16, "late": 4, None: 0}
    assert [item["rest"] for item in items] == [None, None, None, "no_shift"]


@pytest.mark.parametrize(
    ("query", "status", "code", "hint"),
    [
        ("group_by=shift", 422, "invalid_parameter", "order, product, team"),
        ("group_by=prodct", 422, "invalid_parameter", "Did you mean product?"),
        ("group_by=team&product=x", 422, "invalid_parameter", "each of them"),
        ("team=early&product=x", 422, "invalid_parameter", "each of them"),
        ("team=erly", 404, "unknown_team", "Did you mean early?"),
        ("product=nothing", 404, "unknown_product", "group_by=product"),
        ("group_by=team&granularity=5m", 422, "invalid_parameter", "15m"),
        ("group_by=order&start=1980-01-01", 422, "query_too_large", "shorter span"),
        ("group_by=team&rolling=7d", 422, "invalid_parameter", "granularity"),
        ("group_by=order&as_of=now", 422, "invalid_parameter", "Leave one"),
        ("group_by=product&kpi=worker_efficiency", 422, "not_divisible", "team"),
        ("tem=early", 422, "invalid_parameter", "Did you mean team?"),
        ("order=A1", 422, "invalid_parameter", "two requests"),
    ],
)
async def test_a_wrong_grouping_is_refused(
    world: World, query: str, status: int, code: str, hint: str
) -> None:
    answer = await world.get(f"/kpi_values?equipment={PLANT}&kpi=oee&{query}")
    problem = answer.json()
    assert (answer.status_code, hint in problem["hint"]) == (status, True), problem
    assert problem["type"].endswith(code), problem


async def test_products_of_another_plant_are_unknown_and_not_suggested(world: World) -> None:
    await world.database.execute(
        "INSERT INTO orders (equipment_id, order_number, material)"
        " VALUES ($1, 'A1', 'bracket-a'), ($2, 'A2', 'bracket-b')",
        world.ids[PRESS],
        world.ids[OTHER],
    )
    for name, key, status, hint in (
        ("bracket-a", "emden", 200, None), ("bracket-b", "emden", 404, "Did you mean bracket-a?"),
        ("bracket-b", "viewer", 200, None), ("bracket-c", "viewer", 404, "bracket-b"),
    ):  # fmt: skip
        answer = await world.get(
            f"/kpi_values?equipment={PLANT}&kpi=oee&{SPANS[0]}&product={name}", key=key
        )
        assert answer.status_code == status, answer.text
        assert hint is None or hint in answer.json()["hint"]


async def test_a_supplier_has_no_teams(world: World) -> None:
    answer = await world.get("/kpi_values?supplier=*&kpi=otif&group_by=team")
    assert (answer.status_code, "equipment" in answer.json()["hint"]) == (422, True)
