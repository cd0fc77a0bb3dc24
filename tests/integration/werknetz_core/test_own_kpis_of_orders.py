"""Own KPIs of orders, products and shift teams: as a standard KPI of the same formula."""

from typing import Any

import pytest

from .conftest import LINE, World
from .test_kpi_orders import Stage, stage, two_operations
from .test_own_kpis import definition, put

pytestmark = pytest.mark.asyncio
__all__ = ["stage", "two_operations"]  # fixtures
SHARE = definition(
    "value_share", formula="apt_s / aubt_s",
    tests=[{"elements": {"apt_s": 1, "aubt_s": 4}, "expected": 0.25}],
)  # fmt: skip
BUSY = definition(
    "busy_ratio", subject="order", formula="aubt_s / (aoet_s - aoet_unknown_s)",
    tests=[{"elements": {"aubt_s": 6, "aoet_s": 4, "aoet_unknown_s": 1}, "expected": 2}],
)  # fmt: skip
DAY = "start=2026-11-16T05:00:00Z&end=2026-11-16T08:30:00Z"


async def _pairs(world: World, query: str, own: str, standard: str) -> list[tuple[Any, Any]]:
    answer = await world.get(f"/kpi_values?{query}&kpi={own}&kpi={standard}")
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    values = {
        name: [(i["value"], i.get("order"), i.get("team")) for i in items if i["kpi"] == name]
        for name in (own, standard)
    }
    return list(zip(values[own], values[standard], strict=True))


async def test_of_an_order(two_operations: Stage) -> None:
    for document in (SHARE, BUSY):
        assert (await put(two_operations.world, document)).status_code == 200
    for own, standard in (
        ("value_share", "utilization_efficiency"),
        ("busy_ratio", "allocation_ratio"),
    ):
        [(value, expected)] = await _pairs(two_operations.world, "order=A1", own, standard)
        assert value[0] == pytest.approx(expected[0])
        assert value[0] > 0


@pytest.mark.parametrize("dimension", ["order", "product", "team"])
async def test_of_each_group(two_operations: Stage, dimension: str) -> None:
    assert (await put(two_operations.world, SHARE)).status_code == 200
    pairs = await _pairs(
        two_operations.world, f"equipment={LINE}&group_by={dimension}&{DAY}",
        "value_share", "utilization_efficiency",
    )  # fmt: skip
    assert pairs
    for value, expected in pairs:
        assert value == (
            pytest.approx(expected[0]) if expected[0] is not None else None,
            *expected[1:],
        )
    assert any(value[0] for value, _ in pairs)


async def test_levels_without_orders_are_obeyed(two_operations: Stage) -> None:
    for scopes, status in ((["machine"], 422), (["machine", "order"], 200)):
        assert (await put(two_operations.world, {**SHARE, "scopes": scopes})).status_code == 200
        answer = await two_operations.world.get("/kpi_values?order=A1&kpi=value_share")
        assert answer.status_code == status, answer.text
