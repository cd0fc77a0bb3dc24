"""Quantities beside states: what was made in known time, and over how much production."""

import numpy as np
import pytest

from werknetz.domain.role import Role
from werknetz.kpi.counter_steps import CounterStart
from werknetz.kpi.counts import SummedQuantities, sum_quantities
from werknetz.kpi.knowledge.frame import Frame
from werknetz.kpi.knowledge.reported import Reported
from werknetz.kpi.knowledge.state_time import StateTime
from werknetz.kpi.series import CountSeries, Series, run_time_steps_of

EDGES = np.array([0, 10, 20, 30, 40])
# It produced up to 20, then its state was unknown up to 30, then it stood.
TIME = StateTime.of(
    np.array([0, 20, 30]), np.array([20, 30, 40]),
    apt=np.array([True, False, False]), unknown=np.array([False, True, False]),
)  # fmt: skip
ONE_SECOND = run_time_steps_of(None, 1.0)  # an item, so planned seconds are items


def count(samples: dict[int, float], signal_id: int = 1, **options: object) -> CountSeries:
    series = Series.of(list(samples), list(samples.values()))
    return CountSeries(
        signal_id, Role.TOTAL_COUNT, series, "to_zero", max_speed=1e9, **options  # type: ignore[arg-type]  # options of the test
    )  # fmt: skip


def sums(*counts: CountSeries, before: CounterStart | None = None) -> SummedQuantities:
    start = {} if before is None else {str(c.signal_id): before for c in counts}
    frame = Frame.of(EDGES, Reported.of(counts, start), TIME)
    return sum_quantities(counts, start, ONE_SECOND, frame)


FROM_ZERO = CounterStart(0.0, 0)


@pytest.mark.parametrize(
    ("samples", "before", "known_items"),
    [
        pytest.param({5: 1}, FROM_ZERO, [1, 0, 0, 0], id="one item while it produced"),
        pytest.param({25: 1}, FROM_ZERO, [0, 0, 0, 0], id="one item in unknown time"),
        pytest.param({20: 1}, FROM_ZERO, [0, 1, 0, 0], id="right before unknown time"),
        pytest.param({30: 1}, FROM_ZERO, [0, 0, 0, 0], id="at the end of unknown time"),
        pytest.param({35: 1}, FROM_ZERO, [0, 0, 0, 1], id="after unknown time"),
        pytest.param({25: 8}, FROM_ZERO, [0, 0, 6.4, 0], id="several, partly in unknown time"),
        pytest.param({5: 1, 25: 5}, FROM_ZERO, [1, 0, 3, 0], id="several since the sample before"),
        pytest.param({25: 1.25}, FROM_ZERO, [0, 0, 1, 0], id="more than one item"),
        pytest.param(
            {10: 4}, CounterStart(0.0, -9, None, 10, 30), [1.6, 0, 0, 0], id="unknown time before"
        ),
        pytest.param(
            {5: 1, 10: 5}, CounterStart(0.0, -9, None, 10, 30), [5, 0, 0, 0],
            id="unknown time before one item",
        ),
        pytest.param(
            {5: 4, 10: 8}, CounterStart(0.0, -9, None, 0, 15), [1 + 4, 0, 0, 0],
            id="unknown time before the first only",
        ),
    ],
)  # fmt: skip
def test_what_was_made_in_known_time(
    samples: dict[int, float], before: CounterStart, known_items: list[float]
) -> None:
    columns = sums(count(samples), before=before).columns
    assert columns["pace_pri_pq_s"].tolist() == pytest.approx(known_items)
    assert columns["pri_pq_s"].sum() == pytest.approx(max(samples.values()))


def test_an_increment_whose_time_is_unknown_is_that_of_its_instant() -> None:
    first = sums(count({5: 4, 25: 6}, kind="increment")).columns
    assert first["pq"].tolist() == [4, 0, 6, 0]
    assert first["pace_pri_pq_s"].tolist() == pytest.approx([4, 0, 4.5, 0])
    # Nothing is known of the time before it, so no unknown time is taken off, however short.
    for at in (5, 25):
        assert sums(count({at: 4}, kind="increment")).columns["pace_pri_pq_s"].sum() == 4.0


def test_what_is_spread_over_unknown_time_is_not_known() -> None:
    columns = sums(count({40: 8}, interpolate=True), before=FROM_ZERO).columns
    assert columns["pq"].tolist() == pytest.approx([2, 2, 2, 2])
    assert columns["pace_pri_pq_s"].tolist() == pytest.approx([2, 2, 0, 2])
    columns = sums(count({25: 5}, interpolate=True), before=FROM_ZERO).columns
    assert columns["pace_pri_pq_s"].tolist() == pytest.approx([2, 2, 0, 0])


@pytest.mark.parametrize(
    ("samples", "before", "passed"),
    [
        ({5: 1}, FROM_ZERO, [(5, 0), (15, 0), (15, 10), (15, 10)]),
        ({5: 1, 25: 2}, FROM_ZERO, [(5, 0), (15, 0), (0, 5), (0, 5)]),
        ({10: 1}, FROM_ZERO, [(0, 0), (10, 0), (10, 10), (10, 10)]),
        ({}, CounterStart(7.0, -5, None, 3, 4), [(13, 4), (23, 4), (23, 14), (23, 14)]),
    ],
)
def test_how_long_it_produced_since_the_last_sample_is_passed_on(
    samples: dict[int, float], before: CounterStart, passed: list[tuple[int, int]]
) -> None:
    counters = sums(count(samples), before=before).counters
    assert [(after["1"].apt_us, after["1"].unknown_us) for after in counters] == passed


@pytest.mark.parametrize(
    ("samples", "before", "production_us"),
    [
        pytest.param({}, None, [10, 10, 0, 0], id="no sample: the time of the bucket"),
        pytest.param({5: 1}, CounterStart(0.0, 0, None, 90), [95, 10, 0, 0],
                     id="with the time before the range"),
        pytest.param({5: 1, 25: 2}, FROM_ZERO, [10, 10, 15, 0], id="since the sample before"),
        pytest.param({5: 1, 6: 2, 25: 3, 26: 4}, FROM_ZERO, [10, 10, 14, 0],
                     id="from the first to the last of a bucket"),
        pytest.param({10: 1, 20: 2}, CounterStart(0.0, 0, None, 90), [100, 10, 0, 0],
                     id="a sample on an edge is of the bucket that ends with it"),
    ],
)  # fmt: skip
def test_over_how_much_production_a_counter_counted(
    samples: dict[int, float], before: CounterStart | None, production_us: list[float]
) -> None:
    production_s = sums(count(samples), before=before).production_s
    assert (production_s * 1e6).tolist() == pytest.approx(production_us)


def test_of_several_counters_the_longest_production_counts() -> None:
    silent, seldom = count({}), count({25: 1}, 2)
    for counts in ((silent, seldom), (seldom, silent)):
        production_s = sums(*counts, before=FROM_ZERO).production_s
        assert (production_s * 1e6).tolist() == pytest.approx([10, 10, 20, 0])


def test_increments_over_the_starts_of_buckets_are_named() -> None:
    plain = count({10: 1, 25: 4})
    spread = count({10: 1, 25: 1, 45: 1.5}, 2, interpolate=True)
    debts = sums(plain, spread, before=FROM_ZERO).debts
    assert [debt.spreads for debt in debts] == [{}, {}, {}, {"2": (25, 45, 0.5)}]
