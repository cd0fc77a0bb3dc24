"""Equipment and signals have lifetimes: names, moves and retirements, with their history."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx2
import pytest

from plumbing.machines import Plant, Sample
from werknetz.domain.bucket import BUCKET_US, microseconds_of
from werknetz.events.batch import PointDefinition
from werknetz_core.ingest.records.points import resolve_points
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.elements.sweep import mark_after_time
from werknetz_worker.watermarks import WatermarkPublisher

from .conftest import LINE, NOW, PLANT, PRESS, ROBOT, World

pytestmark = pytest.mark.asyncio
NOBODY = WatermarkPublisher(None)
NOW_US = microseconds_of(NOW)
DAWN = datetime.fromisoformat("2026-11-20T05:00:00+00:00")  # 06:00 in Emden: the early shift
DAWN_US = microseconds_of(DAWN)
SHIFT_S = 5 * 3600 + 7 * 60 - 1800  # from 06:00 to 11:07, less the break


async def change(world: World, route: str, key: str = "engineer", **body: Any) -> httpx2.Response:
    return await world.client.patch(
        f"/api/v1{route}", headers={"X-API-Key": world.keys[key]}, json=body
    )


async def audit(world: World) -> list[dict[str, Any]]:
    rows = await world.database.fetch(
        "SELECT by, action, subject, subject_id, equipment, before::text AS before,"
        " after::text AS after, reason FROM audit_log ORDER BY id"
    )
    return [dict(row) for row in rows]


@asynccontextmanager
async def worker_pool(world: World) -> AsyncIterator[asyncpg.Pool]:
    """Connections as a worker has them: the core's read JSON in another way."""
    url = world.url
    async with asyncpg.create_pool(url, min_size=1, max_size=1, timeout=60) as pool:
        yield pool


async def add_samples(world: World, plant: Plant, machine: int, samples: list[Sample]) -> None:
    async with worker_pool(world) as plant.pool:
        await plant.samples(machine, samples)


async def running(world: World, *paths: str) -> Plant:
    """Machines that produce since dawn, computed up to now."""
    plant = Plant(world.owner)
    for path in paths:
        machine = world.ids[path]
        for role in ("state", "good_count"):
            plant.signals[machine, role] = await world.database.fetchval(
                """INSERT INTO signals (key, equipment_id, connector_id, name, role, datatype,
                    source, mapping) VALUES ($1, $2, 'emden-opcua', $3, $3, 'float', 's', 'm@1')
                RETURNING id""",
                f"{path}:{role}", machine, role,
            )  # fmt: skip
        samples: list[Sample] = [("state", DAWN_US, 1.0, "run")]
        samples += [
            ("good_count", DAWN_US + n * 60_000_000, float(n), None) for n in range(5 * 60 + 7)
        ]
        await add_samples(world, plant, machine, samples)
    await compute(world)
    return plant


async def compute(world: World, now_us: int = NOW_US) -> None:
    async with worker_pool(world) as pool:
        await mark_after_time(pool, now_us)
        while await compute_dirty_buckets(pool, NOBODY, now_us=now_us, quiet_s=0):
            pass


async def busy_s(world: World, path: str, start: datetime, end: datetime) -> float | None:
    """Return the planned busy time of everything below a path, as roll-ups sum it."""
    value: float | None = await world.database.fetchval(
        """SELECT sum(b.pbt_s) FROM elements b JOIN equipment e ON e.id = b.equipment_id
        WHERE (e.path = $1 OR starts_with(e.path, $1 || '/')) AND b.bucket_at >= $2
            AND b.bucket_at < $3""",
        path, start, end,
    )  # fmt: skip
    return value


async def test_a_retired_machine_leaves_roll_ups_for_the_time_after(world: World) -> None:
    await running(world, PRESS, ROBOT)
    assert await busy_s(world, LINE, DAWN, NOW) == 2 * SHIFT_S
    retired_at = DAWN + timedelta(minutes=68)
    answer = await change(
        world, f"/equipment/{PRESS}", valid_to=retired_at.isoformat(), reason="scrapped"
    )
    assert answer.status_code == 200
    assert datetime.fromisoformat(answer.json()["valid_to"]) == retired_at
    await compute(world)
    assert await busy_s(world, PRESS, DAWN, NOW) == 68 * 60
    assert await busy_s(world, LINE, DAWN, NOW) == SHIFT_S + 68 * 60
    await compute(world, NOW_US + 8 * BUCKET_US)
    assert await busy_s(world, PRESS, DAWN, NOW + timedelta(days=1)) == 68 * 60
    [entry] = await audit(world)
    assert (entry["by"], entry["action"], entry["subject"]) == ("engineer", "changed", "equipment")
    assert (entry["subject_id"], entry["before"], entry["reason"]) == (
        PRESS, '{"valid_to": null}', "scrapped",
    )  # fmt: skip


async def test_a_retired_machine_comes_back_with_all_its_time(world: World) -> None:
    await running(world, PRESS)
    await change(world, f"/equipment/{PRESS}", valid_to=(DAWN + timedelta(hours=1)).isoformat())
    await compute(world)
    await change(world, f"/equipment/{PRESS}", valid_to=None)
    await compute(world)
    assert await busy_s(world, PRESS, DAWN, NOW) == SHIFT_S


async def test_a_retired_line_retires_what_is_below_it(world: World) -> None:
    await running(world, PRESS, ROBOT)
    await change(world, f"/equipment/{LINE}", valid_to=DAWN.isoformat())
    await compute(world)
    assert not await busy_s(world, LINE, DAWN, NOW)
    shown = (await world.get(f"/equipment/{ROBOT}")).json()
    assert datetime.fromisoformat(shown["valid_to"]) == DAWN


async def test_a_new_name_keeps_the_history_and_takes_the_former_path(world: World) -> None:
    await running(world, PRESS)
    new = f"{LINE}/press-3b"
    answer = await change(world, f"/equipment/{PRESS}", path=new)
    assert answer.status_code == 200
    assert (answer.json()["path"], answer.json()["name"]) == (new, "press-3b")
    await compute(world)
    assert await busy_s(world, new, DAWN, NOW) == SHIFT_S
    assert await busy_s(world, LINE, DAWN, NOW) == SHIFT_S
    # An edge goes on to deliver by the former path, and a reader finds the machine by it.
    definition = PointDefinition(
        number=1, key="k", equipment=PRESS, signal="order", role="order", unit=None,
        datatype="text", source="s", mapping="m@1",
    )  # fmt: skip
    points = await resolve_points(world.database, "emden-opcua", {1: definition})
    assert points[0][2] == world.ids[PRESS]
    assert (await world.get(f"/equipment/{PRESS}")).json()["path"] == new
    assert [entry["before"] for entry in await audit(world)] == [f'{{"path": "{PRESS}"}}']
    # And back.
    assert (await change(world, f"/equipment/{new}", path=PRESS)).status_code == 200
    assert (await world.get(f"/equipment/{PRESS}")).json()["path"] == PRESS


async def test_a_line_takes_its_machines_along(world: World) -> None:
    new = f"{PLANT}/body/line-9"
    assert (await change(world, f"/equipment/{LINE}", path=new)).status_code == 200
    paths = {row["path"] for row in (await world.get(f"/equipment?under={new}")).json()["items"]}
    assert paths == {new, f"{new}/press-3", f"{new}/robot-14"}


async def test_a_moved_machine_has_each_time_where_it_was(world: World) -> None:
    plant = await running(world, PRESS, ROBOT)
    other = "nordwerk/zwick-2/mill/line-1"
    new, moved_at = f"{other}/press-3", DAWN + timedelta(hours=2)
    answer = await change(world, f"/equipment/{PRESS}", path=new, valid_from=moved_at.isoformat())
    assert answer.status_code == 200, answer.text
    assert answer.json()["moved_from"] == PRESS
    await compute(world)
    assert await busy_s(world, LINE, DAWN, moved_at) == 2 * 2 * 3600
    assert await busy_s(world, LINE, moved_at, NOW) == SHIFT_S - 2 * 3600
    assert not await busy_s(world, other, DAWN, moved_at)
    assert await busy_s(world, other, moved_at, NOW)
    good = await world.database.fetchval("SELECT sum(gq) FROM elements WHERE gq > 0")
    assert good == 2 * (5 * 60 + 6)  # nothing is lost and nothing counts twice
    # A late sample of the time before belongs to the former place.
    machine = await world.database.fetchval("SELECT id FROM equipment WHERE path = $1", new)
    plant.signals[machine, "state"] = plant.signals[world.ids[PRESS], "state"]
    late_us = DAWN_US + 4 * BUCKET_US
    await add_samples(world, plant, machine, [("state", late_us, 2.0, "setup")])
    await compute(world)
    assert await world.database.fetchval(
        "SELECT sum(aust_s) FROM elements WHERE equipment_id = $1", world.ids[PRESS]
    ) == 3600  # fmt: skip
    definition = PointDefinition(
        number=1, key="k", equipment=PRESS, signal="order", role="order", unit=None,
        datatype="text", source="s", mapping="m@1",
    )  # fmt: skip
    points = await resolve_points(world.database, "emden-opcua", {1: definition})
    assert points[0][2] == machine


REFUSED = [
    ("nothing", PRESS, {}, 422, "Nothing is to be changed"),
    ("a bad path", PRESS, {"path": "Nordwerk/ö"}, 422, "must be lower case"),
    ("another level", PRESS, {"path": f"{PLANT}/body"}, 422, "has the level area"),
    ("a path in use", PRESS, {"path": ROBOT}, 409, "There is equipment"),
    ("an unknown parent", PRESS, {"path": f"{PLANT}/body/line-7/press-3"}, 422, "no equipment"),
    ("both at once", PRESS, {"path": f"{LINE}/x", "valid_to": NOW.isoformat()}, 422, "at once"),
    ("the future", PRESS, {"path": f"{PLANT}/body/line-2/x", "valid_from": NOW.isoformat()}, 422,
     "holds at once"),
    ("without a zone", PRESS, {"valid_to": "2026-11-20T10:00:00"}, 422, "imezone"),
    ("an unknown field", PRESS, {"colour": "red"}, 422, "colour"),
    ("unknown equipment", f"{LINE}/press-9", {"name": "x"}, 404, "no equipment"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "status", "text"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
async def test_what_is_refused(
    world: World, path: str, body: dict[str, Any], status: int, text: str
) -> None:
    answer = await change(world, f"/equipment/{path}", **body)
    assert answer.status_code == status
    assert text in answer.text
    assert not await audit(world)


async def test_changes_need_an_engineer_of_the_plant(world: World) -> None:
    assert (await change(world, f"/equipment/{PRESS}", "viewer", name="x")).status_code == 403
    assert (await change(world, f"/equipment/{PRESS}", "zwick", name="x")).status_code == 403
    assert (await change(world, "/signals/1", "viewer", valid_to=None)).status_code == 403


async def test_of_two_signals_of_a_role_the_later_counts_and_the_other_is_a_finding(
    world: World,
) -> None:
    plant = await running(world, PRESS)
    machine = world.ids[PRESS]
    second = await world.database.fetchval(
        """INSERT INTO signals (key, equipment_id, connector_id, name, role, datatype, source,
            mapping) VALUES ('second', $1, 'zwick-mqtt', 'parts', 'good_count', 'float', 's',
            'm@2') RETURNING id""",
        machine,
    )
    first = plant.signals[machine, "good_count"]
    plant.signals[machine, "good_count"] = second
    from_us = DAWN_US + 8 * BUCKET_US
    counted: list[Sample] = [
        ("good_count", from_us + n * 60_000_000, 5.0 * n, None) for n in range(60)
    ]
    await add_samples(world, plant, machine, counted)
    await compute(world)
    good = await world.database.fetchval("SELECT sum(gq) FROM elements WHERE equipment_id = $1",
                                         machine)  # fmt: skip
    assert good == 120 + 5 * 59  # the former one up to the first value of the new one
    [finding] = (await world.get("/findings?kind=signal_conflict&open=true")).json()["items"]
    assert "good_count of connector 'emden-opcua' and parts" in finding["detail"]
    # The new one is ended: the former counts again.
    ended = (DAWN + timedelta(hours=3)).isoformat()
    answer = await change(world, f"/signals/{second}", valid_to=ended, reason="wrong address")
    assert answer.status_code == 200
    await compute(world)
    good = await world.database.fetchval("SELECT sum(gq) FROM elements WHERE equipment_id = $1",
                                         machine)  # fmt: skip
    assert good == 120 + 5 * 59 + (306 - 180)
    assert (await world.get(f"/signals/{first}")).json()["valid_to"] is None
    [entry] = await audit(world)
    assert (entry["subject"], entry["subject_id"]) == ("signal", str(second))


async def test_a_signal_ends_after_it_begins(world: World) -> None:
    signal = world.ids[f"{PRESS}#temperature"]
    answer = await change(
        world, f"/signals/{signal}", valid_from=NOW.isoformat(), valid_to=DAWN.isoformat()
    )
    assert answer.status_code == 422
    assert "not after its start" in answer.text


async def test_the_backlog_shows_the_longest_wait_first(world: World) -> None:
    for number, path in enumerate((ROBOT, PRESS)):
        await world.database.execute(
            """INSERT INTO dirty_buckets (equipment_id, bucket_at, marked_at)
            VALUES ($1, $2, $3), ($1, $4, $3), ($1, clock_timestamp() + interval '1 day', $3)""",
            world.ids[path], DAWN, DAWN + timedelta(hours=number), NOW,
        )  # fmt: skip
    page = (await world.get("/backlog")).json()
    assert [(row["equipment"], row["buckets"]) for row in page["items"]] == [(ROBOT, 2), (PRESS, 2)]
    assert datetime.fromisoformat(page["items"][0]["waiting_since"]) == DAWN
    assert (await world.get("/backlog", "zwick")).json()["items"] == []
    [last] = (await world.get("/backlog?sort=-waiting_since&limit=1")).json()["items"]
    assert last["equipment"] == PRESS
