"""Days of supply, turns and projections by worked examples that others have published."""

import numpy as np
import pytest

from werknetz.kpi.stock.days import days_of_supply
from werknetz.kpi.stock.projection import Arrivals, project, subtract_in_transit, sum_by_day


@pytest.mark.parametrize(
    ("stock", "demand", "days"),
    [
        # APICS Dictionary, "days of supply": inventory on hand / average daily usage. Its usual
        # classroom figures: 2,000 units at 50 a day last 40 days; 500 at 25 last 20.
        (2000.0, [50.0] * 60, 40.0),
        (500.0, [25.0] * 60, 20.0),
        # SAP, "Days' supply" of the stock/requirements list: the stock is run down against the
        # requirements of the coming days; 100 against 40, 40, 40 is two whole days and a half.
        (100.0, [40.0, 40.0, 40.0], 2.5),
        # Uneven demand: an average of past days would say 3.0.
        (90.0, [0.0, 0.0, 90.0, 0.0, 10.0], 4.0),
    ],
)
def test_published_examples(stock: float, demand: list[float], days: float) -> None:
    supply = days_of_supply(stock, demand)
    assert supply.days == pytest.approx(days)
    assert not supply.at_least


def test_an_unknown_value_has_a_reason() -> None:
    assert days_of_supply(None, [1.0]).reason == "the stock is not known"
    assert days_of_supply(5.0, [0.0, 0.0]).reason == "no demand is planned"
    assert days_of_supply(0.0, [1.0]).days == 0.0
    assert days_of_supply(99.0, [1.0] * 28).at_least


def test_arrivals_lengthen_it() -> None:
    assert days_of_supply(10.0, [10.0, 10.0, 10.0], [0.0, 15.0]).days == pytest.approx(2.5)


def test_material_requirements_planning_by_the_book() -> None:
    # The MRP record of the textbooks (Vollmann, Berry, Whybark, Jacobs, "Manufacturing Planning
    # and Control", ch. "Material requirements planning", part with 10 on hand): gross requirements
    # 0 10 40 10, scheduled receipt of 50 in the first period: 54, 44, 4, 4 − with 4 on hand.
    arrivals = sum_by_day(1, 5, Arrivals(np.array([0]), np.array([0]), np.array([50.0])))
    supply = project(np.array([4.0]), arrivals, np.array([[0.0, 10.0, 40.0, 0.0, 10.0]]))
    assert supply.closing.tolist() == [[54.0, 44.0, 4.0, 4.0, -6.0]]
    assert supply.opening.tolist() == [[4.0, 54.0, 44.0, 4.0, 4.0]]
    assert supply.short_day.tolist() == [4]


def test_what_is_on_its_way_is_for_the_first_that_are_due() -> None:
    relation = np.array([0, 0, 0, 1, 1])
    quantity = np.array([10.0, 10.0, 10.0, 5.0, 5.0])
    assert subtract_in_transit(relation, quantity, [15.0, 0.0]).tolist() == [
        0.0,
        5.0,
        10.0,
        5.0,
        5.0,
    ]
    assert subtract_in_transit(relation, quantity, [99.0, 7.0]).tolist() == [
        0.0,
        0.0,
        0.0,
        0.0,
        3.0,
    ]


def test_arrivals_of_the_second_day_do_not_fill_an_empty_stock_of_the_first() -> None:
    assert days_of_supply(0.0, [10.0, 10.0], [0.0, 50.0]).days == 0.0


def test_arrivals_outside_the_days_are_ignored() -> None:
    arrivals = Arrivals(
        row=np.array([0, 0, 0]), day=np.array([-1, 0, 2]), quantity=np.array([5.0, 7.0, 9.0])
    )
    assert sum_by_day(1, 2, arrivals).tolist() == [[7.0, 0.0]]
