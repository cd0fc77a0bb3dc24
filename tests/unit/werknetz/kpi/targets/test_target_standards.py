"""Output at frozen standards: what counts at which, and that losses still add up."""

from dataclasses import replace

import pytest

from werknetz.kpi.losses.times import LossTimes
from werknetz.kpi.targets.standards import (
    ProductOutput,
    ValueChange,
    standards_of,
    value_change_of,
    value_output,
    value_times,
)

BRACKET = ProductOutput(1, "BRACKET", 3600, 3700, 360, 370)
HOUSING = ProductOutput(1, "HOUSING", 1600, 1600, 40, 40)
NAMELESS = ProductOutput(1, None, 800, 800, 100, 100)


@pytest.mark.parametrize(
    ("outputs", "standards"),
    [
        pytest.param([BRACKET, HOUSING], {(1, "BRACKET"): 10, (1, "HOUSING"): 40}, id="each"),
        pytest.param(
            [BRACKET, replace(BRACKET, good_s=7200)], {(1, "BRACKET"): 15}, id="mean by items"
        ),
        pytest.param(
            [BRACKET, replace(BRACKET, equipment_id=2, good_s=1800)],
            {(1, "BRACKET"): 10, (2, "BRACKET"): 5}, id="by machine",
        ),
        pytest.param([NAMELESS], {}, id="no product"),
        pytest.param(
            [ProductOutput(1, "SCRAP", 0, 300, 0, 30)], {(1, "SCRAP"): 10}, id="only scrap"
        ),
        pytest.param([ProductOutput(1, "NONE", 0, 0, 0, 0)], {}, id="nothing made"),
        pytest.param([ProductOutput(1, "ZERO", 0, 0, 5, 5)], {}, id="no standard known"),
    ],
)  # fmt: skip
def test_the_standards_of_outputs(
    outputs: list[ProductOutput], standards: dict[tuple[int, str], float]
) -> None:
    assert standards_of(outputs) == standards


@pytest.mark.parametrize(
    ("standard_s", "good_s", "produced_s"),
    [
        (20.0, 3600, 3700), (5.0, -1800, -1850), (10.0, 0, 0), (None, 0, 0),
        (10.0 * (1 + 0.9e-9), 0, 0), (10.0 * (1 + 2e-9), 7.2e-6, 7.4e-6),
    ],
)  # fmt: skip
def test_what_output_is_worth_more_at_a_standard(
    standard_s: float | None, good_s: float, produced_s: float
) -> None:
    """A relative difference of up to 1e-9 is rounding."""
    change = value_change_of(BRACKET, standard_s)
    assert (change.good_s, change.produced_s) == pytest.approx((good_s, produced_s), rel=1e-3)
    assert (change == ValueChange()) == (good_s == 0)


def test_where_the_standards_of_an_output_are_from() -> None:
    """Half the standard of the bracket, a new product, and 1000 s that name none."""
    now = replace(BRACKET, good_s=1800, produced_s=1850)
    valued = value_output(
        [now, HOUSING, NAMELESS], {(1, "BRACKET"): 10.0}, {(1, "HOUSING"): 50.0}, 1800 + 1600 + 1000
    )
    assert (valued.frozen_s, valued.new_s, valued.unattributed_s) == (3600, 2000, 1000)
    assert valued.total_s == 6600
    assert valued.share_of(valued.new_s) == pytest.approx(2000 / 6600)
    (changed,), (new,) = valued.changed, valued.new
    assert (changed.product, changed.frozen_s, changed.current_s) == ("BRACKET", 10, 5)
    assert (new.product, new.frozen_s, new.current_s, new.good_s) == ("HOUSING", 50, 40, 2000)


def test_the_largest_output_is_named_first() -> None:
    outputs = [replace(HOUSING, product=name, good_s=s) for name, s in (("A", 100), ("B", 200))]
    first = {(1, "A"): 2.5, (1, "B"): 5.0}
    valued = value_output(outputs, {}, first, 300)
    assert [row.product for row in valued.new] == ["B", "A"]


@pytest.mark.parametrize(("judged_s", "rest_s"), [(1600 * (1 + 0.5e-9), 0), (1600.01, 0.01)])
def test_rounding_is_no_output_without_a_product(judged_s: float, rest_s: float) -> None:
    valued = value_output([HOUSING], {(1, "HOUSING"): 40.0}, {}, judged_s)
    assert valued.unattributed_s == pytest.approx(rest_s)
    assert valued.changed == []


def test_no_output_has_no_shares() -> None:
    valued = value_output([], {}, {}, 0)
    assert valued.share_of(valued.frozen_s) is None
    assert valued.share_of(valued.unattributed_s) is None


@pytest.mark.parametrize(
    ("net_us", "good_us", "expected"),
    [
        pytest.param(800, 700, {"speed": 200, "scrap": 75, "start_up": 25}, id="as it was"),
        pytest.param(400, 350, {"speed": 600, "scrap": 38, "start_up": 12}, id="half"),
        pytest.param(1600, 1400, {"speed": -600, "scrap": 150, "start_up": 50}, id="double"),
        pytest.param(700, 700, {"speed": 300}, id="no scrap"),
    ],
)
def test_loss_times_at_other_standards_have_the_same_sum(
    net_us: int, good_us: int, expected: dict[str, int]
) -> None:
    """1000 µs of production: 200 speed, 75 scrap, 25 scrap of the run-in, 700 good."""
    parts = {"set_up": 50, "speed": 200, "scrap": 75, "start_up": 25}
    times = LossTimes(parts, 700)
    valued = value_times(times, net_us, good_us)
    assert valued == LossTimes({"set_up": 50, **expected}, good_us)
    assert valued.step_us("busy") == times.step_us("busy")


def test_scrap_that_there_was_not_is_none_of_the_run_in() -> None:
    valued = value_times(LossTimes({"speed": 100}, 900), 950, 900)
    assert valued == LossTimes({"speed": 50, "scrap": 50}, 900)
