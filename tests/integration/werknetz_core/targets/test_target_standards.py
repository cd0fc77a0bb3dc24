"""Standards are frozen with the baseline of a target: another planned run time moves none."""

from datetime import datetime
from typing import Any

import pytest

from plumbing.loss_rows import Made, Piece, S, add_time

from ..conftest import LINE, PLANT, PRESS, ROBOT, World  # noqa: TID252 - the fixture's world

pytestmark = pytest.mark.asyncio
BODY: dict[str, Any] = {
    "name": "One third more", "under": [PLANT], "goal": 1 / 3, "due_on": "2027-12-31",
    "baseline_start": "2026-11-02", "baseline_end": "2026-11-09", "now_days": 7,
}  # fmt: skip
BASELINE, NOW = "2026-11-03T06:00Z", "2026-11-17T06:00Z"
RESCALE = """
UPDATE elements SET pri_gq_s = pri_gq_s * $2, pri_pq_s = pri_pq_s * $2,
    judged_pri_gq_s = judged_pri_gq_s * $2, judged_pri_pq_s = judged_pri_pq_s * $2
WHERE bucket_at >= $1"""
WIDEN = """
UPDATE orders SET run_s_min = least(run_s_min, run_s_min * $2),
    run_s_max = greatest(run_s_max, run_s_max * $2)
WHERE started_at >= $1"""


async def put(world: World, **changes: object) -> dict[str, Any]:
    answer = await world.client.put(
        "/api/v1/targets/third", json={**BODY, **changes},
        headers={"X-API-Key": world.keys["engineer"]},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    target: dict[str, Any] = answer.json()
    return target


async def show(world: World, query: str = "") -> dict[str, Any]:
    answer = await world.get(f"/targets/third{query}")
    assert answer.status_code == 200, answer.text
    target: dict[str, Any] = answer.json()
    return target


async def add_order(
    world: World, start: str, number: str, product: str | None, parts: Made, machine: str = PRESS
) -> None:
    """Let an order run for 60 min, then 20 min of set-up and 20 min without work."""
    pieces = [Piece(60), Piece(20, S.SETUP), Piece(20, S.IDLE)]
    await add_time(world.database, world.ids[machine], start, pieces, parts)
    await world.database.execute(
        "INSERT INTO orders (equipment_id, order_number, material, started_at, run_s_min,"
        " run_s_max) VALUES ($1, $2, $3, $4, $5, $5)",
        world.ids[machine], number, product, datetime.fromisoformat(start), parts.run_s,
    )  # fmt: skip
    await world.database.execute(
        "INSERT INTO order_elements (equipment_id, bucket_at, order_number) VALUES ($1, $2, $3)",
        world.ids[machine], datetime.fromisoformat(start), number,
    )  # fmt: skip


def parts_of_gap(target: dict[str, Any]) -> dict[str, float]:
    return {row["loss"]: row["gap_points"] for row in target["contributions"]}


async def good_seconds(world: World) -> float:
    answer = await world.get(f"/loss_times?equipment={PRESS}&start=2026-11-17&end=2026-11-18")
    (item,) = answer.json()["items"]
    return float({step["name"]: step["seconds"] for step in item["steps"]}["good"])


@pytest.mark.parametrize("factor", [0.5, 2.0])
async def test_another_standard_moves_no_target(world: World, factor: float) -> None:
    """330 good parts, then 360, at 10 s: what an item is worth is none of the machine's doing."""
    await add_order(world, BASELINE, "A-1", "BRACKET", Made(good=330, scrap=30))
    await put(world)
    await add_order(world, NOW, "A-2", "BRACKET", Made(good=360, scrap=12))
    before, good_s = await show(world, "?scenario=set_up:0.5"), await good_seconds(world)
    assert before["change"] == pytest.approx(360 / 330 - 1)
    assert before["valuation"]["changed_standards"] == []
    for statement in (RESCALE, WIDEN):
        await world.database.execute(statement, datetime.fromisoformat(NOW), factor)
    after = await show(world, "?scenario=set_up:0.5")
    for name in ("change", "gap_points", "headline", "productivity", "baseline", "scenario"):
        assert after[name] == before[name], name
    assert after["series"] == before["series"]
    assert parts_of_gap(after) == pytest.approx(parts_of_gap(before), abs=1e-6)
    assert sum(parts_of_gap(after).values()) == pytest.approx(after["gap_points"])
    (changed,) = after["valuation"]["changed_standards"]
    assert (changed["product"], changed["equipment"]) == ("BRACKET", PRESS)
    assert (changed["standard_s"], changed["current_standard_s"]) == (10, 10 * factor)
    assert "The standards of BRACKET have changed" in after["valuation"]["text"][0]
    assert (good_s, await good_seconds(world)) == (3600, 3600 * factor)  # KPIs follow the standard


async def test_a_new_product_counts_at_its_first_standard(world: World) -> None:
    await add_order(world, BASELINE, "A-1", "BRACKET", Made(good=360))
    await put(world)
    await add_order(world, "2026-11-10T06:00Z", "B-1", "HOUSING", Made(good=90, run_s=40))
    await add_order(world, "2026-11-18T06:00Z", "B-2", "HOUSING", Made(good=90, run_s=80))
    await add_order(world, NOW, "A-2", "BRACKET", Made(good=270))
    target = await show(world)
    assert target["productivity"] == pytest.approx((90 * 40 + 270 * 10) / 60 / (200 / 60))
    valuation = target["valuation"]
    assert valuation["new_share"] == pytest.approx(3600 / 6300)
    assert valuation["frozen_share"] == pytest.approx(2700 / 6300)
    assert valuation["unattributed_share"] == 0
    (new,) = valuation["new_products"]
    assert (new["product"], new["standard_s"], new["current_standard_s"]) == ("HOUSING", 40, 80)
    sentence = (
        "57.1 % of the output is of products that are new at their machines since the baseline"
        " (HOUSING): it counts at their first standard."
    )
    assert valuation["text"] == [sentence]
    assert sum(parts_of_gap(target).values()) == pytest.approx(target["gap_points"])


async def test_output_without_a_product_counts_as_it_is(world: World) -> None:
    """Orders that name no product, and time without any order."""
    await add_order(world, BASELINE, "A-1", "BRACKET", Made(good=360))
    await put(world)
    await add_order(world, NOW, "A-2", "BRACKET", Made(good=90))
    await add_order(world, "2026-11-18T06:00Z", "C-1", None, Made(good=90, run_s=20))
    await add_time(world.database, world.ids[ROBOT], NOW, [Piece(60)], Made(good=90, run_s=10))
    target = await show(world)
    assert target["valuation"]["unattributed_share"] == pytest.approx(2700 / 3600)
    assert target["valuation"]["text"] == [
        "75.0 % of the output names no product: it counts at the standards in force."
    ]
    assert target["productivity"] == pytest.approx(3600 / 60 / (260 / 60))


async def test_standards_differ_by_machine(world: World) -> None:
    await add_order(world, BASELINE, "A-1", "BRACKET", Made(good=360))
    await add_order(world, BASELINE, "A-1", "BRACKET", Made(good=120, run_s=30), ROBOT)
    target = await put(world, under=[LINE])
    assert target["baseline"]["standards"] == 2
    await add_order(world, NOW, "A-2", "BRACKET", Made(good=360, run_s=30))
    await add_order(world, NOW, "A-2", "BRACKET", Made(good=120, run_s=10), ROBOT)
    assert (await show(world))["change"] == pytest.approx(0)


async def test_a_new_baseline_freezes_the_standards_again(world: World) -> None:
    await add_order(world, BASELINE, "A-1", "BRACKET", Made(good=360))
    first = await put(world)
    await add_order(world, "2026-11-10T06:00Z", "A-2", "BRACKET", Made(good=180, run_s=20))
    again = await put(world, goal=0.2)
    assert again["baseline"] == first["baseline"]
    moved = await put(world, baseline_start="2026-11-10", baseline_end="2026-11-12")
    await add_order(world, NOW, "A-3", "BRACKET", Made(good=180, run_s=10))
    target = await show(world)
    assert target["change"] == pytest.approx(0)
    assert moved["baseline"]["standards"] == 1


async def test_a_part_of_a_bucket_counts_at_its_own_standard(world: World) -> None:
    """Two orders share a bucket: what each has of it is stored."""
    await add_order(world, BASELINE, "A-1", "BRACKET", Made(good=360))
    await put(world)
    await add_order(world, NOW, "A-2", "BRACKET", Made(good=150, run_s=12))
    at, machine = datetime.fromisoformat(NOW), world.ids[PRESS]
    await world.database.execute("DELETE FROM order_elements WHERE bucket_at = $1", at)
    for number, good, run_s in (("A-2", 50, 20), ("A-9", 100, 8)):
        await world.database.execute(
            "INSERT INTO order_elements VALUES ($1, $2, $3, jsonb_build_object('gq', $4::float8,"
            " 'pri_gq_s', $5::float8, 'judged_pri_gq_s', $5::float8))",
            machine, at, number, float(good), float(good * run_s),
        )  # fmt: skip
    target = await show(world)
    assert target["productivity"] == pytest.approx((50 * 10 + 100 * 8) / 60 / (100 / 60))
    assert target["valuation"]["unattributed_share"] == pytest.approx(800 / 1300)


async def test_parts_are_valued_at_no_standard(world: World) -> None:
    await add_order(world, BASELINE, "A-1", "BRACKET", Made(good=360))
    target = await put(world, output="good_parts")
    assert (target["valuation"], target["baseline"]["standards"]) == (None, 0)


async def test_a_moved_machine_keeps_its_standards(world: World) -> None:
    await add_order(world, BASELINE, "A-1", "BRACKET", Made(good=360))
    await put(world)
    await world.database.execute(
        "UPDATE equipment SET moved_from = $1 WHERE id = $2", world.ids[PRESS], world.ids[ROBOT]
    )
    await add_order(world, NOW, "A-2", "BRACKET", Made(good=360, run_s=20), ROBOT)
    target = await show(world)
    assert target["change"] == pytest.approx(0)
    assert target["valuation"]["new_share"] == 0
