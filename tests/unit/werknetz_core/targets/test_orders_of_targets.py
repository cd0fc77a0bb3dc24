"""Which orders of a target have to be valued at frozen standards, and which are surely the same."""

from datetime import UTC, datetime

import pytest

from werknetz_core.targets.standards import MachineOrder, orders_until_items

STANDARDS = {(1, "BRACKET"): 10.0}


def order(
    number: str = "A",
    product: str | None = "BRACKET",
    low: float | None = 10,
    high: float | None = 10,
    started_us: int = 1,
) -> MachineOrder:
    return MachineOrder(1, number, product, started_us, low, high)


@pytest.mark.parametrize(
    ("of_order", "is_same"),
    [
        pytest.param(order(), True, id="the standard is the frozen one"),
        pytest.param(order(low=10 - 5e-9, high=10 + 5e-9), True, id="but for rounding"),
        pytest.param(order(low=10 - 5e-8), False, id="a lower one was in force"),
        pytest.param(order(high=10 + 5e-8), False, id="a higher one was in force"),
        pytest.param(order(low=None, high=None), False, id="not known"),
        pytest.param(order(product="HOUSING"), False, id="a product without a standard"),
        pytest.param(order(product=None, low=5), True, id="no product"),
    ],
)
def test_an_order_counts_at_its_standards_or_at_frozen_ones(
    of_order: MachineOrder, is_same: bool
) -> None:
    assert of_order.counts_at(STANDARDS) == is_same


@pytest.mark.parametrize(
    ("orders", "numbers"),
    [
        pytest.param([order("A"), order("B", started_us=2)], "A", id="the first made items"),
        pytest.param(
            [order("A", low=None), order("B"), order("C")], "AB", id="the first made none"
        ),
        pytest.param([order("A", started_us=0), order("B")], "AB", id="a start is not known"),
        pytest.param([], "", id="none"),
    ],
)
def test_the_first_standard_is_looked_for_up_to_an_order_with_items(
    orders: list[MachineOrder], numbers: str
) -> None:
    assert "".join(order.number for order in orders_until_items(orders)) == numbers


@pytest.mark.parametrize(
    ("started_at", "us"), [(None, 0), (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), 1_000_000)]
)
def test_an_order_of_a_row(started_at: datetime | None, us: int) -> None:
    row = {
        "equipment_id": 1, "order_number": "A", "product": "BRACKET", "started_at": started_at,
        "run_s_min": 10.0, "run_s_max": 10.0,
    }  # fmt: skip
    assert MachineOrder.of(row) == order(started_us=us)
