"""The KPIs of warehouses on worked numbers, and their reasons where there is no value."""

from dataclasses import replace

import pytest

from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.definition import Undefined
from werknetz.kpi.stock.days import STOCK_NOT_KNOWN, days_of_supply
from werknetz.kpi.stock.elements import STOCK_ELEMENT_NAMES, StockElements
from werknetz.kpi.stock.ledger import NEGLIGIBLE
from werknetz.kpi.stock.turns import days_of_inventory

DAY_S = 86_400.0
FULL = StockElements(
    expected_s=40 * DAY_S, known_s=30 * DAY_S, stock_out_s=3 * DAY_S, stock_outs=2,
    warehouse_s=10 * DAY_S, lost_s=1 * DAY_S, outflow=200, inflow=150, stock_s=1000 * DAY_S,
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("inventory_turns", 2), ("inventory_turns_per_year", 73), ("days_of_inventory", 5),
        ("stock_out_ratio", 0.1), ("stock_outs", 2), ("stock_out_duration", 1.5 * DAY_S),
    ],
)  # fmt: skip
def test_values(name: str, expected: float) -> None:
    assert CATALOGUE[name].compute(FULL) == (pytest.approx(expected), None)
    value, reason = CATALOGUE[name].compute(StockElements())
    assert value is None
    assert reason


def test_coverage_is_known_time_without_lost_time() -> None:
    assert FULL.coverage == pytest.approx(0.75 - 0.1)
    assert StockElements().coverage is None
    assert replace(FULL, known_s=50 * DAY_S).coverage == pytest.approx(0.9)
    assert replace(FULL, lost_s=30 * DAY_S).coverage == 0
    assert replace(FULL, warehouse_s=0.0).coverage == 0.75


@pytest.mark.parametrize("change", [{"known_s": 0.0}, {"lost_s": 30 * DAY_S}])
def test_without_known_time_there_is_no_value(change: dict[str, float]) -> None:
    for name in ("inventory_turns", "stock_out_ratio"):
        assert CATALOGUE[name].compute(replace(FULL, **change)) == (None, "no good data")


def test_materials_of_several_units_are_not_added_up() -> None:
    apart = replace(FULL, unmeasured=3.0, stock_s=0.0, outflow=0.0)
    assert "different units" in (CATALOGUE["inventory_turns"].compute(apart)[1] or "")
    assert CATALOGUE["inventory_turns"].compute(replace(FULL, unmeasured=3.0))[0] == 2
    only_outflow = replace(apart, outflow=1.0)
    assert "different units" not in (CATALOGUE["inventory_turns"].compute(only_outflow)[1] or "")


def test_nothing_ran_out() -> None:
    calm = replace(FULL, stock_outs=0, stock_out_s=0)
    assert CATALOGUE["stock_out_duration"].compute(calm)[0] is None
    assert CATALOGUE["stock_outs"].compute(calm) == (0, None)
    assert CATALOGUE["stock_out_ratio"].compute(calm) == (0, None)


def test_any_known_time_counts() -> None:
    brief = StockElements(expected_s=1, known_s=0.5, stock_outs=1, stock_out_s=0.25)
    assert CATALOGUE["stock_outs"].compute(brief) == (1, None)
    assert CATALOGUE["stock_out_ratio"].compute(brief) == (0.5, None)
    assert CATALOGUE["stock_out_duration"].compute(brief) == (0.25, None)


def test_elements_begin_with_nothing() -> None:
    assert not any(getattr(StockElements(), name) for name in STOCK_ELEMENT_NAMES)


def test_inventory_turns_has_the_number_of_the_standard() -> None:
    numbers = {name: CATALOGUE[name].number for name in ("inventory_turns", "stock_out_ratio")}
    assert numbers == {"inventory_turns": 24, "stock_out_ratio": None}


@pytest.mark.parametrize("name", ["stock_outs", "stock_out_duration"])
def test_without_known_time_nothing_ran_out_is_not_the_answer(name: str) -> None:
    unknown = StockElements(expected_s=0.0, known_s=0.0, stock_outs=1, stock_out_s=4)
    assert CATALOGUE[name].compute(unknown) == (None, STOCK_NOT_KNOWN)


@pytest.mark.parametrize("change", [{"stock_s": 0.5}, {"outflow": 0.5}])
def test_any_stock_or_outflow_is_measured(change: dict[str, float]) -> None:
    apart = replace(FULL, unmeasured=3.0, stock_s=0.0, outflow=0.0)
    reason = CATALOGUE["inventory_turns"].compute(replace(apart, **change))[1]
    assert "different units" not in (reason or "")


def test_days_of_inventory_need_known_time_and_outflow() -> None:
    assert days_of_inventory(2.0, 86_400.0, 0.0) == Undefined(STOCK_NOT_KNOWN)
    assert days_of_inventory(2.0, 86_400.0, 0.5) == 0.5
    assert days_of_inventory(0.0, 86_400.0, 0.5) == Undefined("nothing went out")
    assert days_of_inventory(0.5, 86_400.0, 0.5) == 2.0


@pytest.mark.parametrize(
    ("stock", "demand", "arrivals", "days"),
    [
        (5.0, [NEGLIGIBLE], [], None),
        (NEGLIGIBLE, [4.0], [], 0.0),
        (4.0, [4.0 + NEGLIGIBLE, 4.0], [], 1.0),
        (-3.0, [4.0], [1.0], 0.0),
        (2.0, [4.0], [], 0.5),
    ],
)
def test_what_is_negligible_is_neither_demand_nor_stock(
    stock: float, demand: list[float], arrivals: list[float], days: float | None
) -> None:
    assert days_of_supply(stock, demand, arrivals).days == days
