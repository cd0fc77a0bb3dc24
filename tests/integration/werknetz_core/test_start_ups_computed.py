"""Start-ups from samples to loss times: over buckets, with late data, by the rule of equipment."""

import pytest

from .conftest import PRESS, World
from .stop_requests import at, send
from .test_stops_computed import START, add_machine, sums, work

pytestmark = pytest.mark.asyncio


async def add_scrap(world: World, *clocks: str) -> None:
    """One scrap part at each time."""
    number = await world.database.fetchval(
        "INSERT INTO signals (key, equipment_id, connector_id, name, role, datatype, source,"
        " mapping, counter_kind) VALUES ($1, $2, 'emden-opcua', 's', 'scrap_count', 'float', 's',"
        " 'm@1', 'increment') RETURNING id", f"{PRESS}:scrap", world.ids[PRESS],
    )  # fmt: skip
    await world.database.executemany(
        "INSERT INTO samples (signal_id, at, value, status) VALUES ($1, $2, 1, 0)",
        [(number, at(clock)) for clock in clocks],
    )
    await world.database.execute(
        "INSERT INTO dirty_buckets SELECT equipment_id, bucket_at FROM elements"
        " ON CONFLICT DO NOTHING"
    )
    await work(world)


async def start_up_scrap(world: World) -> dict[str, float]:
    """Return scrap of start-ups by bucket; what hours, days and loss times say must agree."""
    rows = await world.database.fetch(
        "SELECT to_char(bucket_at AT TIME ZONE 'UTC', 'HH24:MI') AS bucket, start_up_sq,"
        " start_up_pri_sq_s FROM elements WHERE start_up_sq <> 0 ORDER BY 1"
    )
    items = {row["bucket"]: row["start_up_sq"] for row in rows}
    hours = await world.database.fetchval(
        "SELECT coalesce(sum(start_up_sq), 0) FROM element_sums WHERE grain = 1"
    )
    assert hours == sum(items.values())
    url = f"/loss_times?equipment={PRESS}&start=2026-11-20T07:00Z&end=2026-11-20T10:00Z"
    (item,) = (await world.get(url)).json()["items"]
    seconds = {part["category"]: part["seconds"] for part in item["parts"]}
    assert seconds["start_up"] == 60 * sum(items.values())
    assert seconds["start_up"] + seconds["scrap"] == 60 * (await sums(world, "sq"))[0]
    return items


async def test_a_start_up_goes_on_in_the_next_bucket_and_follows_late_data(world: World) -> None:
    await add_machine(world, (START, 1, "run"), ("08:05", 2, "tool"), ("08:10", 1, "run"))
    await add_scrap(world, "07:30", "08:06", "08:12", "08:25", "08:26")
    assert await start_up_scrap(world) == {"08:00": 2, "08:15": 1}
    state = await world.database.fetchval("SELECT id FROM signals WHERE role = 'state'")
    # The set-up ends a minute later: only its bucket is marked, the next one follows.
    await world.database.execute(
        "UPDATE samples SET at = $2 WHERE signal_id = $1 AND at = $3",
        state, at("08:11"), at("08:10"),
    )  # fmt: skip
    await world.database.execute(
        "INSERT INTO dirty_buckets VALUES ($1, $2)", world.ids[PRESS], at("08:00")
    )
    await work(world)
    assert await start_up_scrap(world) == {"08:00": 2, "08:15": 2}


async def test_the_rule_of_start_ups_is_data_of_equipment(world: World) -> None:
    await add_machine(world, (START, 1, "run"), ("08:05", 3, "wait"), ("08:10", 1, "run"))
    await add_scrap(world, "08:06", "08:12", "08:25", "08:26")
    assert await start_up_scrap(world) == {}
    url, since = f"/stop_thresholds/{PRESS}", {"valid_from": "2026-11-20T08:00:00Z"}
    answer = await send(world, "PUT", url, {"start_up_after_stop_s": 300, **since})
    assert (answer.status_code, answer.json()["start_up_after_stop_s"]) == (200, 300)
    await work(world)
    assert await start_up_scrap(world) == {"08:00": 1, "08:15": 1}
    answer = await send(world, "PUT", url, {"start_up_s": 60, "minor_stop_s": 90, **since})
    assert answer.json()["start_up_after_stop_s"] == 300  # what is not given stays
    await work(world)
    assert await start_up_scrap(world) == {}
    await send(world, "PUT", url, {"start_up_s": 3600, "start_up_items": 1, **since})
    await work(world)
    assert await start_up_scrap(world) == {"08:00": 1}  # the counter says 75 at 08:15
    for body in ({}, {"start_up_s": -1}, {"start_up_after_stop_s": 86_401}, {"why": "x"}):
        assert (await send(world, "PUT", url, body)).status_code == 422, body
    [row] = (await world.get(f"/stop_thresholds?under={PRESS}")).json()["items"]
    assert (row["start_up_s"], row["start_up_items"], row["minor_stop_s"]) == (3600, 1, 90)
