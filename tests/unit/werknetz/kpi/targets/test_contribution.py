"""Contributions add up to the gap and to the change, whatever the losses are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.kpi.targets.contribution import (
    BEYOND_LOSSES,
    INPUT,
    LossKey,
    ProductivitySums,
    contributions_of,
)

TOOLS, STARVED = LossKey("n/p/l1", "set_up"), LossKey("n/p/l2", "supply_caused", "bracket B")
THIRD = 1 / 3


def test_a_worked_example() -> None:
    """60 of 100 hours are good; +1/3 needs 80: each loss may keep half of its baseline share.

    Now set-up still takes 20 hours instead of 10, starvation 14 instead of 10: of an index of
    110 the gap is 23.33 points, 16.67 by set-up and 6.67 by starvation.
    """
    baseline = ProductivitySums({TOOLS: 20.0, STARVED: 20.0}, 60.0, 100.0)
    now = ProductivitySums({TOOLS: 20.0, STARVED: 14.0}, 66.0, 100.0)
    tools, starved = contributions_of(baseline, now, THIRD)
    assert (tools.key, starved.key) == (TOOLS, STARVED)
    assert (tools.budget_share, starved.budget_share) == pytest.approx((0.1, 0.1))
    assert (tools.gap_points, starved.gap_points) == pytest.approx((16.667, 6.667), abs=1e-3)
    assert (tools.change_points, starved.change_points) == pytest.approx((0, 10))
    assert (tools.potential_points, starved.potential_points) == pytest.approx((100 / 3, 70 / 3))


def test_more_than_all_losses() -> None:
    """95 of 100 hours are good: one third more is beyond all losses."""
    baseline = ProductivitySums({TOOLS: 5.0}, 95.0, 100.0)
    by_name = {c.key.loss: c for c in contributions_of(baseline, baseline, THIRD)}
    assert by_name["set_up"].budget_share == 0
    assert by_name["set_up"].gap_points == pytest.approx(100 * 5 / 95)
    assert by_name[BEYOND_LOSSES].gap_points == pytest.approx(100 / 3 - 100 * 5 / 95)


def test_no_losses_at_all_in_the_baseline() -> None:
    baseline = ProductivitySums({}, 100.0, 100.0)
    now = ProductivitySums({TOOLS: 10.0}, 90.0, 100.0)
    by_name = {c.key.loss: c.gap_points for c in contributions_of(baseline, now, THIRD)}
    assert by_name == pytest.approx({BEYOND_LOSSES: 100 / 3, "set_up": 10})


def test_more_people_for_the_same_machines() -> None:
    baseline = ProductivitySums({TOOLS: 40.0}, 60.0, 10.0)
    now = ProductivitySums({TOOLS: 40.0}, 60.0, 12.0)
    by_name = {c.key.loss: c for c in contributions_of(baseline, now, THIRD)}
    assert by_name[INPUT].change_points == pytest.approx(-100 / 6)
    assert sum(c.gap_points for c in by_name.values()) == pytest.approx(100 / 3 + 100 / 6)


def test_a_little_more_input_is_named_and_rounding_is_not() -> None:
    baseline = ProductivitySums({TOOLS: 40.0}, 60.0, 100.0)
    [tools] = contributions_of(baseline, baseline, 0.1)
    assert tools.key == TOOLS
    now = ProductivitySums({TOOLS: 40.0}, 60.0, 100.5)
    more = {c.key.loss: c for c in contributions_of(baseline, now, 0.1)}[INPUT]
    assert more.change_points == pytest.approx(-100 * 0.5 / 100.5)
    assert more.gap_points == pytest.approx(110 * 0.5 / 100.5)
    assert (more.potential_points, more.share, more.budget_share) == (0, None, None)


def test_without_losses_to_reduce_each_budget_is_the_baseline() -> None:
    """Speed above the ideal cycle is a negative loss: here it outweighs the others."""
    speed = LossKey("n/p/l1", "speed")
    baseline = ProductivitySums({TOOLS: 5.0, speed: -15.0}, 110.0, 100.0)
    by_name = {c.key.loss: c for c in contributions_of(baseline, baseline, 0.1)}
    assert by_name["set_up"].budget_share == by_name["set_up"].baseline_share == 0.05
    assert by_name["speed"].budget_share == -0.15
    assert by_name[BEYOND_LOSSES].gap_points == pytest.approx(10)


@pytest.mark.parametrize(
    ("baseline", "now"),
    [
        (ProductivitySums({}, 0.0, 1.0), ProductivitySums({}, 1.0, 1.0)),
        (ProductivitySums({}, 1.0, 0.0), ProductivitySums({}, 1.0, 1.0)),
        (ProductivitySums({}, 1.0, 1.0), ProductivitySums({}, 1.0, 0.0)),
    ],
)
def test_without_output_or_input_there_is_nothing_to_divide(
    baseline: ProductivitySums, now: ProductivitySums
) -> None:
    with pytest.raises(ValueError, match="input"):
        contributions_of(baseline, now, THIRD)


def test_shares_are_of_the_judged_time() -> None:
    sums = ProductivitySums({TOOLS: 0.25}, 0.25, 2.0)
    assert (sums.share_of(TOOLS), sums.share_of(STARVED)) == (0.5, 0)
    assert (sums.judged_s, sums.productivity, sums.seconds_per_input) == (0.5, 0.125, 0.25)
    nothing = ProductivitySums({}, 0.0, 0.5)
    assert (nothing.share_of(TOOLS), nothing.productivity) == (0, 0)
    assert ProductivitySums({}, 1.0, 0.0).productivity is None


def test_a_scope_that_stood_still() -> None:
    baseline = ProductivitySums({TOOLS: 40.0}, 60.0, 10.0)
    now = ProductivitySums({}, 0.0, 5.0)
    contributions = contributions_of(baseline, now, THIRD)
    assert sum(c.gap_points for c in contributions) == pytest.approx(133.333, abs=1e-3)


AMOUNT = st.floats(0, 1e7)
LOSSES = st.dictionaries(
    st.builds(LossKey, st.sampled_from(["a", "b"]), st.sampled_from(["set_up", "speed"])),
    st.floats(-1e5, 1e7),
    max_size=4,
)
SUMS = st.builds(ProductivitySums, LOSSES, st.floats(1e6, 1e7), st.floats(1, 1e6))


@given(SUMS, SUMS, st.floats(0.01, 2))
def test_they_add_up(baseline: ProductivitySums, now: ProductivitySums, goal: float) -> None:
    assert baseline.productivity is not None
    assert now.productivity is not None
    index = now.productivity / baseline.productivity
    contributions = contributions_of(baseline, now, goal)
    gap = sum(c.gap_points for c in contributions)
    assert gap == pytest.approx(100 * (1 + goal - index), rel=1e-6, abs=1e-6)
    change = sum(c.change_points for c in contributions)
    assert change == pytest.approx(100 * (index - 1), rel=1e-6, abs=1e-6)
