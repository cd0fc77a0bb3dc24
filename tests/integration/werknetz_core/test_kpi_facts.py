"""KPIs over facts of people, inspections and material: summed from the facts in force."""

import statistics
from datetime import datetime
from uuid import uuid4

import pytest

from .conftest import LINE, OTHER, PRESS, ROBOT, World, add_bucket

pytestmark = pytest.mark.asyncio
DAY = "start=2026-11-20T05:00:00Z&end=2026-11-20T07:00:00Z"
KNOWN = datetime.fromisoformat("2026-11-20T00:00:00+00:00")


async def add_inspection(
    world: World, machine: str, when: str, *, serial: str | None = None, **fields: object
) -> None:
    columns = {
        "event_id": uuid4(), "revision": 1, "known_from": KNOWN, "equipment": machine,
        "equipment_id": world.ids[machine], "at": datetime.fromisoformat(when),
        "serial_number": serial, **fields,
    }  # fmt: skip
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    statement = f"INSERT INTO inspections ({', '.join(columns)}) VALUES ({places})"
    await world.database.execute(statement, *columns.values())


async def add_consumption(
    world: World, machine: str, when: str, quantity: float | None, unit: str, **fields: object
) -> None:
    material = await world.database.fetchval(
        "INSERT INTO materials (number, unit) VALUES ($1, $2) RETURNING id", str(uuid4()), unit
    )
    await world.database.execute(
        "INSERT INTO consumptions (event_id, revision, known_from, known_to, at, equipment_id,"
        " equipment, material_id, base_quantity) VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8)",
        uuid4(), KNOWN, fields.get("known_to"), datetime.fromisoformat(when), world.ids[machine],
        machine, material, quantity,
    )  # fmt: skip


async def values(
    world: World, scope: str, *kpis: str
) -> dict[str, tuple[float | None, str | None]]:
    query = "&".join(f"kpi={kpi}" for kpi in kpis)
    answer = await world.get(f"/kpi_values?{scope}&{query}&{DAY}")
    assert answer.status_code == 200, answer.text
    return {item["kpi"]: (item["value"], item["reason"]) for item in answer.json()["items"]}


async def test_first_pass_yield_counts_the_first_inspection_of_each_part(world: World) -> None:
    first = "2026-11-20T05:10:00+00:00"
    await add_inspection(world, PRESS, first, serial="A", characteristic="bore", is_good=True)
    await add_inspection(world, PRESS, first, serial="B", characteristic="bore", is_good=False)
    # B is good after rework: that is no first pass. C is bad in its second characteristic.
    again = "2026-11-20T05:40:00+00:00"
    await add_inspection(world, PRESS, again, serial="B", characteristic="bore", is_good=True)
    await add_inspection(world, PRESS, first, serial="C", characteristic="bore", is_good=True)
    await add_inspection(world, PRESS, again, serial="C", characteristic="length", is_good=False)
    # D was inspected before the window; another machine inspects A for the first time, too.
    await add_inspection(world, PRESS, "2026-11-20T04:59:59+00:00", serial="D", is_good=False)
    await add_inspection(world, PRESS, again, serial="D", is_good=True)
    await add_inspection(world, ROBOT, again, serial="A", is_good=True)
    # Without a result, or without a serial number, it counts nowhere.
    await add_inspection(world, PRESS, again, serial="E")
    await add_inspection(world, PRESS, again, is_good=False)
    press = await values(world, f"equipment={PRESS}", "first_pass_yield")
    assert press["first_pass_yield"] == (pytest.approx(1 / 3), None)
    line = await values(world, f"equipment={LINE}", "first_pass_yield")
    assert line["first_pass_yield"] == (pytest.approx(2 / 4), None)
    await add_bucket(world, PRESS, "2026-11-20T05:00Z")
    url = f"/kpi_values/explain?equipment={LINE}&kpi=first_pass_yield&{DAY}"
    explained = (await world.get(url)).json()
    assert (explained["elements"]["ip"], explained["elements"]["gp"]) == (4, 2)
    (machine,) = explained["machines"]
    assert (machine["elements"]["ip"], machine["value"]) == (3, pytest.approx(1 / 3))
    other = await values(world, f"equipment={OTHER}", "first_pass_yield")
    assert other["first_pass_yield"] == (None, "no data")


async def test_material_has_one_unit_or_no_ratio(world: World) -> None:
    await add_bucket(world, PRESS, "2026-11-20T05:00Z", pq=72)
    when = "2026-11-20T05:05:00+00:00"
    await add_consumption(world, PRESS, when, 80, "PCE")
    await add_consumption(world, PRESS, when, 500, "PCE", known_to=KNOWN)  # withdrawn
    await add_consumption(world, PRESS, "2026-11-20T07:00:00+00:00", 9, "PCE")  # the next window
    for role, quantity in (("production_loss", 6), ("production_loss", -2), ("other_loss", 1)):
        await world.database.execute(
            "INSERT INTO quantity_entries"
            " (equipment_id, at, role, quantity, entered_by, known_from)"
            " VALUES ($1, $2, $3, $4, 'anna', $5)",
            world.ids[PRESS], datetime.fromisoformat(when), role, quantity, KNOWN,
        )  # fmt: skip
    names = (
        "finished_goods_ratio", "production_loss_ratio", "other_loss_ratio",
        "storage_and_transportation_loss_ratio", "integrated_goods_ratio",
        "actual_to_planned_scrap_ratio",
    )  # fmt: skip
    got = await values(world, f"equipment={PRESS}", *names)
    assert got["finished_goods_ratio"] == (pytest.approx(72 / 80), None)
    assert got["production_loss_ratio"] == (pytest.approx(4 / 80), None)
    assert got["other_loss_ratio"] == (pytest.approx(1 / 80), None)
    assert got["storage_and_transportation_loss_ratio"] == (
        None, "nobody enters losses of storage and transportation",
    )  # fmt: skip
    assert got["actual_to_planned_scrap_ratio"] == (None, "no planned scrap quantity is entered")
    assert got["integrated_goods_ratio"] == (None, "nobody enters integrated good quantities")
    await add_consumption(world, ROBOT, when, 5, "KGM")
    assert (await values(world, f"equipment={LINE}", *names))["finished_goods_ratio"] == (
        None, "the consumed materials have different units, or none",
    )  # fmt: skip


async def test_worker_efficiency_is_of_the_people_at_the_machines(world: World) -> None:
    records = [("anna", PRESS, 6000.0), ("anna", OTHER, 7200.0), ("ben", ROBOT, None)]
    for person, machine, work_s in records:
        await world.database.execute(
            "INSERT INTO machine_reports"
            " (event_id, equipment_id, kind, at, until_at, person, work_s)"
            " VALUES ($1, $2, 'attendance_recorded', '2026-11-20T05:00Z',"
            " '2026-11-20T07:00Z', $3, $4)",
            uuid4(), world.ids[machine], person, work_s,
        )  # fmt: skip
    got = await values(world, f"equipment={LINE}", "worker_efficiency")
    # Anna is at two machines at once: half of her time belongs to the press. Ben reports no work.
    assert got["worker_efficiency"] == (pytest.approx(3000 / (3600 + 7200)), None)


async def test_equipment_load_follows_the_capacity_of_its_time(world: World) -> None:
    await add_bucket(world, PRESS, "2026-11-20T05:00Z", pq=72)
    await add_bucket(world, PRESS, "2026-11-20T05:15Z", pq=72)
    await add_bucket(world, ROBOT, "2026-11-20T05:00Z", pq=500)  # its capacity is not known
    url = f"/api/v1/equipment_capacities/{PRESS}"
    headers = {"X-API-Key": world.keys["engineer"]}
    for valid_from, items_per_hour in (
        ("2026-11-01T00:00:00Z", 400),
        ("2026-11-20T05:15:00Z", 800),
    ):
        answer = await world.client.put(
            url, json={"valid_from": valid_from, "items_per_hour": items_per_hour}, headers=headers
        )
        assert answer.status_code == 200, answer.text
    got = await values(world, f"equipment={LINE}", "equipment_load_ratio")
    assert got["equipment_load_ratio"] == (pytest.approx(144 / (400 / 4 + 800 / 4)), None)
    listed = (await world.get(f"/equipment_capacities?under={LINE}")).json()["items"]
    assert [row["items_per_hour"] for row in listed] == [400, 800]
    gone = await world.client.delete(f"{url}?valid_from=2026-11-20T05:15:00Z", headers=headers)
    assert gone.status_code == 204
    got = await values(world, f"equipment={LINE}", "equipment_load_ratio")
    assert got["equipment_load_ratio"] == (pytest.approx(144 / 200), None)
    actions = await world.database.fetch("SELECT action, by, equipment FROM audit_log ORDER BY id")
    assert [tuple(row) for row in actions] == [
        ("created", "engineer", PRESS), ("created", "engineer", PRESS),
        ("deleted", "engineer", PRESS),
    ]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "status"), [
    (PRESS, {"valid_from": "2026-11-01T00:00:00Z", "items_per_hour": 0}, 422),
    (PRESS, {"valid_from": "2026-11-01T00:00:00", "items_per_hour": 1}, 422),
    (LINE, {"valid_from": "2026-11-01T00:00:00Z", "items_per_hour": 1}, 422),
    ("nordwerk/emden-9", {"valid_from": "2026-11-01T00:00:00Z", "items_per_hour": 1}, 404),
])  # fmt: skip
async def test_a_wrong_capacity_is_refused(
    world: World, path: str, body: dict[str, object], status: int
) -> None:
    answer = await world.client.put(
        f"/api/v1/equipment_capacities/{path}", json=body,
        headers={"X-API-Key": world.keys["engineer"]},
    )  # fmt: skip
    assert answer.status_code == status, answer.text
    assert answer.json()["hint"]
    viewer = await world.client.put(
        f"/api/v1/equipment_capacities/{PRESS}", json=body,
        headers={"X-API-Key": world.keys["viewer"]},
    )  # fmt: skip
    assert viewer.status_code == 403


async def test_the_capability_of_a_characteristic(world: World) -> None:
    bores = [20.02, 20.05, 19.99, 20.01, 20.04, 20.00, 20.03, 20.06, 19.98, 20.02]
    for minute, bore in enumerate(bores):
        await add_inspection(
            world, PRESS, f"2026-11-20T05:{minute:02}:00+00:00", characteristic="bore", value=bore,
            lower_limit=19.9, upper_limit=20.1,
        )  # fmt: skip
    await add_inspection(world, PRESS, "2026-11-20T05:30:00+00:00", characteristic="bore", value=20)
    got = await values(
        world, f"characteristic={PRESS}:bore", "machine_capability", "process_capability",
        "critical_machine_capability",
    )  # fmt: skip
    s = statistics.stdev(bores)
    sigma = ((20.05 - 19.99) + (20.06 - 19.98)) / 2 / 2.326
    assert got["machine_capability"] == (pytest.approx(0.2 / (6 * s)), None)
    nearer = (20.1 - statistics.mean(bores)) / (3 * s)
    assert got["critical_machine_capability"] == (pytest.approx(nearer), None)
    assert got["process_capability"] == (pytest.approx(0.2 / (6 * sigma)), None)
    query = f"characteristic={PRESS}:bore&kpi=critical_machine_capability&{DAY}"
    [item] = (await world.get(f"/kpi_values?{query}")).json()["items"]
    lower = (statistics.mean(bores) - 19.9) / (3 * s)
    assert (item["lower_side"], item["upper_side"]) == pytest.approx((lower, nearer))
    (listed,) = (await world.get(f"/characteristics?under={LINE}")).json()["items"]
    assert (listed["name"], listed["measurements"]) == (f"{PRESS}:bore", 11)
    kpi = f"kpi=process_capability&{DAY}"
    unknown = await world.get(f"/kpi_values?characteristic={PRESS}:bor&{kpi}")
    assert unknown.status_code == 404
    assert f"{PRESS}:bore" in unknown.json()["hint"]
    wrong = await world.get(f"/kpi_values?characteristic={PRESS}&{kpi}")
    assert wrong.status_code == 422
    hidden = await world.get(f"/characteristics?under={LINE}", key="zwick")
    assert hidden.status_code == 403
