"""KPIs 2, 3 and 18 of production orders, and any KPI of machines over the time of an order."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
import pytest_asyncio

from plumbing.machines import MINUTE, Plant, Sample
from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.watermarks import WatermarkPublisher

from .conftest import LINE, OTHER, PLANT, PRESS, ROBOT, World

pytestmark = pytest.mark.asyncio
START = microseconds_of(datetime(2026, 11, 16, 5, tzinfo=UTC))  # a Monday; the early shift begins
NOW = datetime(2026, 11, 16, 8, 45, tzinfo=UTC)  # before the break
ROLES = ("state", "order", "planned_run_time", "good_count", "scrap_count")
PRODUCING, SETUP, FAULT = 1.0, 2.0, 4.0
Timeline = Sequence[tuple[int, float, str]]  # minute, state, order


def samples(timeline: Timeline, counts: Sequence[tuple[int, int, int]]) -> list[Sample]:
    """Return the samples of a machine; counts: minute, good and scrap so far."""
    rows: list[Sample] = [("planned_run_time", START, 20.0, None)]
    for minute, state, order in timeline:
        at = START + minute * MINUTE
        rows += [("state", at, state, str(state)), ("order", at, None, order)]
    for minute, good, scrap in counts:
        at = START + minute * MINUTE
        rows += [("good_count", at, float(good), None), ("scrap_count", at, float(scrap), None)]
    return rows


# Order A1: 05:07 to 07:07 at the press, with a fault of 20 minutes; 05:37 to 08:22 at the robot, of
# which 15 set it up. The press makes 300, of which 10 are scrap; of 290, the robot spoils 5.
PRESS_TIMELINE: Timeline = (
    (0, PRODUCING, "A0"), (7, PRODUCING, "A1"), (60, FAULT, "A1"), (80, PRODUCING, "A1"),
    (127, PRODUCING, "A2"),
)  # fmt: skip
PRESS_COUNTS = ((0, 0, 0), (7, 15, 0), (60, 170, 4), (127, 305, 10), (180, 400, 10))
ROBOT_TIMELINE: Timeline = (
    (0, PRODUCING, ""), (37, SETUP, "A1"), (52, PRODUCING, "A1"), (202, PRODUCING, ""),
)  # fmt: skip
ROBOT_COUNTS = ((0, 0, 0), (120, 100, 2), (202, 285, 5))


class Stage:
    def __init__(self, world: World, plant: Plant) -> None:
        self.world, self.plant = world, plant

    async def store(self, path: str, rows: list[Sample]) -> int:
        machine = await self.plant.machine(path, ROLES)
        await self.plant.samples(machine, rows)
        await self.compute()
        return machine

    async def compute(self) -> None:
        now_us = microseconds_of(self.world.now[0])
        publisher = WatermarkPublisher(None)
        while await compute_dirty_buckets(self.plant.pool, publisher, now_us=now_us, quiet_s=0):
            pass

    async def operation(self, number: str, operation: str, path: str, machine: int) -> None:
        await self.plant.pool.execute(
            "INSERT INTO operations (order_number, operation, equipment, equipment_id)"
            " VALUES ($1, $2, $3, $4)",
            number, operation, path, machine,
        )  # fmt: skip

    async def value(self, kpi: str, order: str = "A1", query: str = "") -> dict[str, Any]:
        answer = await self.world.get(f"/kpi_values?order={quote(order)}&kpi={kpi}{query}")
        assert answer.status_code == 200, answer.text
        [item] = answer.json()["items"]
        assert isinstance(item, dict)
        return item


@pytest_asyncio.fixture
async def stage(world: World, database_url: str) -> AsyncIterator[Stage]:
    world.now[0] = NOW
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        yield Stage(world, Plant(pool))


@pytest_asyncio.fixture
async def two_operations(stage: Stage) -> Stage:
    """Order A1 goes over the press, then the robot."""
    press = await stage.store(PRESS, samples(PRESS_TIMELINE, PRESS_COUNTS))
    robot = await stage.store(ROBOT, samples(ROBOT_TIMELINE, ROBOT_COUNTS))
    await stage.operation("A1", "10", PRESS, press)
    await stage.operation("A1", "20", ROBOT, robot)
    return stage


AOET_S = 195 * 60  # 05:07 to 08:22


@pytest.mark.parametrize(
    ("kpi", "expected", "unit"),
    [
        # The press is busy for 120 minutes, the robot for 165, together for longer than the order.
        ("allocation_ratio", (120 + 165) * 60 / AOET_S, "ratio"),
        ("throughput_rate", 290 / AOET_S, "item/s"),
        ("fall_off_ratio", (10 + 5) / 300, "ratio"),
        ("production_process_ratio", (100 + 150) * 60 / AOET_S, "ratio"),
        ("setup_ratio", 15 / (100 + 165), "ratio"),
        ("scrap_ratio", 15 / (300 + 290), "ratio"),
        ("oee", 20 * (290 + 285) / ((120 + 165) * 60), "ratio"),
    ],
)
async def test_an_order_over_two_operations(
    two_operations: Stage, kpi: str, expected: float, unit: str
) -> None:
    item = await two_operations.value(kpi)
    assert item["value"] == pytest.approx(expected)
    assert (item["order"], item["unit"], item["provisional"]) == ("A1", unit, False)
    run = item["order_run"]
    assert (run["start"], run["end"], run["aoet_s"]) == (
        "2026-11-16T06:07:00+01:00", "2026-11-16T09:22:00+01:00", AOET_S,
    )  # fmt: skip
    assert (run["first_operation"], run["last_operation"]) == ("10", "20")
    press, robot = run["machines"]
    assert (press["equipment"], press["aubt_s"], press["apt_s"], press["adet_s"]) == (
        PRESS, 7200, 6000, 1200,
    )  # fmt: skip
    assert (press["produced"], press["good"], press["scrap"], press["rework"]) == (
        300, 290, 10, None,
    )  # fmt: skip
    assert (robot["operations"], robot["aust_s"], robot["end"]) == (
        ["20"], 900, "2026-11-16T09:22:00+01:00",
    )  # fmt: skip


async def test_without_operations_the_machines_work_in_parallel(stage: Stage) -> None:
    await stage.store(PRESS, samples(PRESS_TIMELINE, PRESS_COUNTS))
    await stage.store(ROBOT, samples(ROBOT_TIMELINE, ROBOT_COUNTS))
    assert (await stage.value("throughput_rate"))["value"] == pytest.approx(590 / AOET_S)
    item = await stage.value("fall_off_ratio")
    assert item["value"] == pytest.approx(15 / 590)
    assert item["order_run"]["first_operation"] is None


async def test_a_machine_of_two_operations_cannot_be_divided(two_operations: Stage) -> None:
    machine = await two_operations.plant.machine(PRESS, ())
    await two_operations.operation("A1", "30", PRESS, machine)
    for kpi, which in (("throughput_rate", "last"), ("fall_off_ratio", "first")):
        item = await two_operations.value(kpi)
        assert item["value"] is None
        assert f"of the {which} operation" in item["reason"]
    assert (await two_operations.value("allocation_ratio"))["value"] == pytest.approx(285 / 195)


async def test_an_order_that_runs_is_provisional(stage: Stage) -> None:
    await stage.store(PRESS, samples(PRESS_TIMELINE, PRESS_COUNTS))
    item = await stage.value("allocation_ratio", "A2")
    run = item["order_run"]
    assert (item["provisional"], run["end"], run["machines"][0]["end"]) == (True, None, None)
    assert run["aoet_s"] == (225 - 127) * 60  # up to now
    first = await stage.value("allocation_ratio", "A1")
    assert (first["provisional"], first["value"]) == (False, 1.0)


async def test_a_span_cuts_the_order(two_operations: Stage) -> None:
    """The parts of AOET, busy time and quantities add up to those of the whole order."""
    query = "/kpi_values?order=A1&kpi=allocation_ratio&kpi=fall_off_ratio&granularity=hour"
    items = (await two_operations.world.get(query)).json()["items"]
    parts = items[::2]
    assert [part["start"][11:16] for part in parts] == ["06:00", "07:00", "08:00", "09:00"]
    assert [part["order_run"]["aoet_s"] for part in parts] == [3180, 3600, 3600, 1320]
    whole = await two_operations.value("allocation_ratio")
    for name, value in whole["inputs"].items():
        assert sum(part["inputs"][name] for part in parts) == pytest.approx(value), name
    assert sum(part["inputs"]["first_pq"] or 0 for part in items[1::2]) == 300
    cut = await two_operations.value(
        "allocation_ratio", query="&start=2026-11-16T05:00:00Z&end=2026-11-16T06:00:00Z"
    )
    assert cut["inputs"] == parts[0]["inputs"]
    none = await two_operations.value(
        "allocation_ratio", query="&start=2026-11-15T06:00:00Z&end=2026-11-15T07:00:00Z"
    )
    assert (none["value"], none["reason"], none.get("order_run")) == (None, "no data", None)


async def test_unknown_time_is_beside_the_value(stage: Stage) -> None:
    """Half of the time, the state is unknown: the value is of the other half."""
    timeline = [(0, PRODUCING, "A1"), (60, 0.0, "A1"), (120, PRODUCING, "")]
    await stage.store(PRESS, samples(timeline, ((0, 0, 0), (60, 30, 0))))
    item = await stage.value("allocation_ratio")
    assert (item["value"], item["strict_value"], item["state_share"]) == (1.0, 0.5, 0.5)


async def test_a_correction_of_the_order_moves_it(two_operations: Stage) -> None:
    """A late sample says that A1 ended earlier: KPIs, and those of the next order, follow."""
    machine = await two_operations.plant.machine(PRESS, ())
    await two_operations.plant.samples(machine, [("order", START + 97 * MINUTE, None, "A2")])
    await two_operations.compute()
    run = (await two_operations.value("allocation_ratio"))["order_run"]
    assert run["machines"][0]["aubt_s"] == 90 * 60
    second = (await two_operations.value("allocation_ratio", "A2"))["order_run"]
    assert second["start"] == "2026-11-16T07:37:00+01:00"
    # Also in the bucket in which A1 ended before, and whose sums are the same.
    later = await two_operations.world.database.fetch(
        "SELECT DISTINCT order_number FROM state_pieces WHERE equipment_id = $1 AND start_at >= $2",
        machine, instant_of(START + 97 * MINUTE),
    )  # fmt: skip
    assert [row[0] for row in later] == ["A2"]


async def test_plants_may_use_the_same_numbers(two_operations: Stage) -> None:
    await two_operations.store(
        OTHER, samples([(0, PRODUCING, "A1"), (30, PRODUCING, "")], ((0, 0, 0),))
    )
    answer = await two_operations.world.get("/kpi_values?order=A1&kpi=allocation_ratio")
    assert (answer.status_code, f"order={PLANT}:A1" in answer.json()["hint"]) == (422, True)
    item = await two_operations.value("allocation_ratio", f"{PLANT}:A1")
    assert (item["order"], item["value"]) == (f"{PLANT}:A1", pytest.approx(285 / 195))
    assert (await two_operations.value("allocation_ratio", "nordwerk/zwick-2:A1"))["value"] == 1.0
    # A key for one plant sees one of them.
    answer = await two_operations.world.get(
        "/kpi_values?order=A1&kpi=allocation_ratio", key="emden"
    )
    assert answer.json()["items"][0]["value"] == pytest.approx(285 / 195)


async def test_an_order_that_has_not_run_has_no_value(stage: Stage) -> None:
    await stage.plant.pool.execute(
        "INSERT INTO orders (equipment_id, order_number) SELECT id, 'B7' FROM equipment"
        " WHERE path = $1",
        PRESS,
    )
    item = await stage.value("allocation_ratio", "B7")
    assert (item["value"], item["reason"], item.get("order_run")) == (None, "no data", None)


async def test_an_explanation_shows_the_part_of_each_machine(two_operations: Stage) -> None:
    query = "/kpi_values/explain?order=A1&kpi=fall_off_ratio"
    answer = await two_operations.world.get(query)
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert (content["order"], content["value"]) == ("A1", pytest.approx(15 / 300))
    assert (content["elements"]["first_pq"], content["elements"]["sq"]) == (300, 15)
    assert content["text"][0].startswith("fall_off_ratio, number 18 of ISO 22400-2, of order A1")
    press, robot = content["machines"]
    assert (press["equipment"], press["elements"]["sq"], robot["elements"]["sq"]) == (PRESS, 10, 5)
    minutes = {(row["category"], row["state"]): row["minutes"] for row in press["states"]}
    assert minutes == {("apt", "producing"): 100, ("adet", "malfunction"): 20}
    assert "order=A1" in content["values_href"]
    both = await two_operations.world.get(f"{query}&equipment={PRESS}")
    assert both.status_code == 422
    none = await two_operations.world.get("/kpi_values/explain?kpi=fall_off_ratio")
    assert none.status_code == 422


async def test_an_unchanged_answer_is_not_sent_again(two_operations: Stage) -> None:
    query = "/kpi_values?order=A1&kpi=allocation_ratio"
    answer = await two_operations.world.get(query)
    headers = {"If-None-Match": answer.headers["etag"]}
    assert (await two_operations.world.get(query, headers=headers)).status_code == 304


@pytest.mark.parametrize(
    ("query", "status", "code", "hint"),
    [
        ("order=A9&kpi=throughput_rate", 404, "unknown_order", "Did you mean"),
        ("order=zzzzzz&kpi=throughput_rate", 404, "unknown_order", "orders lists all"),
        ("equipment=nordwerk&kpi=throughput_rate", 422, "other_scope", "order=…"),
        ("order=A1&kpi=worker_efficiency", 422, "other_scope", "equipment=…"),
        ("order=A1&kpi=otif", 422, "other_scope", "supplier=…"),
        ("order=A1&kpi=oee&group_by=team", 422, "invalid_parameter", "equipment=…"),
        ("order=A1&kpi=oee&as_of=now", 422, "invalid_parameter", "equipment=…"),
        ("order=A1&kpi=oee&rolling=7d", 422, "invalid_parameter", "1w"),
        ("order=A1&kpi=oee&start=2026-11-17&end=2026-11-16", 422, "invalid_parameter", "before"),
    ],
)
async def test_a_wrong_query_is_refused(
    two_operations: Stage, query: str, status: int, code: str, hint: str
) -> None:
    answer = await two_operations.world.get(f"/kpi_values?{query}")
    problem = answer.json()
    assert (answer.status_code, hint in problem["hint"]) == (status, True), problem
    assert problem["type"].endswith(code), problem


async def test_many_orders_in_one_request(two_operations: Stage) -> None:
    headers = {"X-API-Key": two_operations.world.keys["viewer"]}
    body = {"queries": [{"order": ["A0", "A1"], "kpi": ["allocation_ratio"]}]}
    answer = await two_operations.world.client.post(
        "/api/v1/kpi_values:query", json=body, headers=headers
    )
    items = answer.json()["results"][0]["answer"]["items"]
    assert [item["order"] for item in items] == ["A0", "A1"]
    grouped = {"equipment": [LINE], "kpi": ["scrap_ratio"], "group_by": "order",
               "start": "2026-11-16T05:00:00Z"}  # fmt: skip
    answer = await two_operations.world.client.post(
        "/api/v1/kpi_values:query", json={"queries": [grouped]}, headers=headers
    )
    items = answer.json()["results"][0]["answer"]["items"]
    assert [item["order"] for item in items] == ["A0", "A1", "A2", None]
    assert items[1]["value"] == pytest.approx(15 / 590)
