"""Shortage warnings and supply-caused downtime are 304 until one of their inputs changes."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from plumbing.supplyrows import SupplyRows
from werknetz_worker.watermarks import WatermarkPublisher

from .conftest import LINE, PLANT, PRESS, World
from .test_forecast import set_stock
from .test_forecast_stops import acknowledge, change
from .test_supply import items, put, rows

pytestmark = pytest.mark.asyncio
__all__ = ["rows"]  # the fixture
WARNINGS = f"/shortage_warnings?under={PLANT}"
DOWNTIME = f"/losses/supply-caused?under={PLANT}&start=-7d&limit=5"
POLICY = {"document": {"frozen_days": 5}}


async def publish(world: World, *names: str) -> None:
    await WatermarkPublisher(world.app.state.context.redis).increment_names(names)


async def take_stock(world: World, rows: SupplyRows) -> None:
    await set_stock(rows, 60)
    await publish(world, "#stock")


async def postpone(world: World, rows: SupplyRows) -> None:
    """The call-off is changed: what was due is due later."""
    await world.database.execute(
        "UPDATE due_lines SET due_from = due_from + interval '2 days',"
        " due_until = due_until + interval '2 days' WHERE relation_id = $1", rows.ids["r1"],
    )  # fmt: skip
    await publish(world, "#supply")


async def set_policy(world: World, rows: SupplyRows) -> None:
    """A planner changes what counts as on time; the worker computes the windows again."""
    answer = await put(world, "supply_policies", POLICY)
    assert answer.status_code == 200, answer.text
    await publish(world, "#supply")


async def know(world: World, rows: SupplyRows) -> None:
    assert (await acknowledge(world)).status_code == 200


async def withdraw(world: World, rows: SupplyRows) -> None:
    [warning] = await items(world, "/shortage_warnings")
    path = f"/shortage_acknowledgements/{warning['acknowledgement']['id']}"
    assert (await change(world, "DELETE", path)).status_code == 204


async def take_less(world: World, rows: SupplyRows) -> None:
    """A planner corrects what the line consumes."""
    material = {
        "material": "M1", "warehouse": "w-emden", "quantity_per_item": 1.0, "items_per_hour": 30.0,
    }  # fmt: skip
    answer = await put(world, f"line_materials/{LINE}", {"items": [material]})
    assert answer.status_code == 200, answer.text


async def starve(world: World, rows: SupplyRows) -> None:
    await world.database.execute(
        "INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category)"
        " VALUES ($1, '2026-11-20T08:00Z', '2026-11-20T08:10Z', 6, 'adet')", world.ids[PRESS],
    )  # fmt: skip
    await WatermarkPublisher(world.app.state.context.redis).increment_paths([PRESS])


Change = Callable[[World, SupplyRows], Awaitable[None]]
CASES: list[tuple[str, list[Change]]] = [
    (WARNINGS, [take_stock, postpone, set_policy, know, withdraw, take_less]),
    (DOWNTIME, [take_stock, postpone, set_policy, take_less, starve]),
]


@pytest.mark.parametrize("key", ["viewer", "emden"])
@pytest.mark.parametrize(("url", "changes"), CASES, ids=["warnings", "downtime"])
async def test_each_input_changes_the_tag(
    world: World, rows: SupplyRows, url: str, changes: list[Change], key: str
) -> None:
    await set_stock(rows, 90)
    tag = (await world.get(url, key)).headers["etag"]
    for make in changes:
        unchanged = await world.get(url, key, headers={"If-None-Match": tag})
        assert (unchanged.status_code, unchanged.content) == (304, b""), make
        await make(world, rows)
        changed = await world.get(url, key, headers={"If-None-Match": tag})
        assert changed.status_code == 200, (make, changed.text)
        tag = changed.headers["etag"]


@pytest.mark.parametrize("url", [WARNINGS, DOWNTIME], ids=["warnings", "downtime"])
async def test_now_is_at_most_a_minute_ago(world: World, rows: SupplyRows, url: str) -> None:
    await set_stock(rows, 90)
    tag = (await world.get(url)).headers["etag"]
    world.now[0] += timedelta(seconds=59)
    assert (await world.get(url, headers={"If-None-Match": tag})).status_code == 304
    world.now[0] += timedelta(seconds=1)
    later = await world.get(url, headers={"If-None-Match": tag})
    assert later.status_code == 200
    document = later.json()
    assert document.get("at", document.get("end")) == "2026-11-20T10:08:00Z"


@pytest.mark.parametrize("url", ["/shortage_warnings", "/losses/supply-caused"])
async def test_another_key_has_another_tag(world: World, rows: SupplyRows, url: str) -> None:
    """A browser that signs in as somebody else may send the tag of before."""
    tags = {(await world.get(url, key)).headers["etag"] for key in ("viewer", "emden", "zwick")}
    assert len(tags) == 3


async def test_without_watermarks_the_content_has_a_tag(world: World, rows: SupplyRows) -> None:
    world.app.state.context.watermarks._redis = None  # as while Valkey is away
    for url in (WARNINGS, DOWNTIME):
        first = await world.get(url)
        again = await world.get(url, headers={"If-None-Match": first.headers["etag"]})
        assert (first.status_code, again.status_code) == (200, 304)
