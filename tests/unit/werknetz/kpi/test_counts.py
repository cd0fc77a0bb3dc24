"""Quantities of buckets: where increments lie, how they are spread, and what corrections reach."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from werknetz.domain.role import Role
from werknetz.kpi.counter_steps import CounterStart
from werknetz.kpi.counts import NO_DEBT, Debt, SummedQuantities, sum_quantities
from werknetz.kpi.knowledge.frame import Frame
from werknetz.kpi.knowledge.reported import Reported
from werknetz.kpi.knowledge.state_time import StateTime
from werknetz.kpi.series import CountSeries, Instants, Series, Steps, run_time_steps_of

EDGES = np.array([0, 10, 20, 30, 40])


def count(
    samples: dict[int, float], role: Role = Role.TOTAL_COUNT, signal_id: int = 1, **options: object
) -> CountSeries:
    series = Series.of(list(samples), list(samples.values()))
    options = {"max_speed": 1e9} | options  # the instants are microseconds
    return CountSeries(signal_id, role, series, "to_zero", **options)  # type: ignore[arg-type]  # options of the test


def sums(
    *counts: CountSeries, before: float | None = 0.0, run_time: Steps | None = None,
    edges: object = EDGES, corrections: dict[str, float] | None = None,
) -> SummedQuantities:  # fmt: skip
    start = {} if before is None else {str(c.signal_id): CounterStart(before, 0) for c in counts}
    return sum_quantities(
        counts, start, run_time or run_time_steps_of(None, None),
        frame_of(counts, start, np.asarray(edges)), corrections,
    )  # fmt: skip


def frame_of(
    counts: Sequence[CountSeries], before: Mapping[str, CounterStart], edges: Instants
) -> Frame:
    nothing = np.empty(0, np.int64)
    state_time = StateTime.of(nothing, nothing, apt=nothing > 0, unknown=nothing > 0)
    return Frame.of(edges, Reported.of(counts, before), state_time)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        # an increment lies in the bucket that ends with its sample, or contains it
        ({10: 1}, [1, 0, 0, 0]),
        ({11: 1}, [0, 1, 0, 0]),
        ({9: 1}, [1, 0, 0, 0]),
        ({40: 1}, [0, 0, 0, 1]),
        ({41: 1}, [0, 0, 0, 0]),
        # a correction subtracts in its bucket, and the rest in the buckets before
        ({1: 5, 12: 10, 13: 8}, [5, 3, 0, 0]),
        ({1: 50, 12: 60, 25: 56}, [50, 6, 0, 0]),
        ({1: 50, 12: 52, 35: 45}, [45, 0, 0, 0]),
        ({1: 50, 32: 48, 35: 58}, [50, 0, 0, 8]),
        ({1: 50, 20: 48, 35: 58}, [48, 0, 0, 10]),
        ({1: 50, 21: 60, 22: 57, 35: 55}, [50, 0, 5, 0]),
        ({35: 50, 40: 48}, [0, 0, 0, 48]),
        ({35: 50, 41: 48}, [0, 0, 0, 50]),  # after the range
    ],
)
def test_the_bucket_of_an_increment(samples: dict[int, float], expected: list[float]) -> None:
    assert sums(count(samples)).columns["pq"].tolist() == expected


def test_a_sample_at_the_start_counts_unless_the_range_continues_from_it() -> None:
    assert sums(count({0: 3, 5: 4})).columns["pq"].tolist() == [4, 0, 0, 0]
    counts, start = [count({10: 3, 15: 4})], {"1": CounterStart(2.0, 9)}
    later = sum_quantities(
        counts, start, run_time_steps_of(None, None), frame_of(counts, start, EDGES[1:])
    )
    assert later.columns["pq"].tolist() == [2, 0, 0]
    assert sums(count({5: 4, 15: 6}), before=None).columns["pq"].tolist() == [0, 2, 0, 0]


def test_what_is_produced_is_the_total_or_else_good_and_scrap() -> None:
    good, scrap = count({5: 4}, Role.GOOD_COUNT, 2), count({15: 1}, Role.SCRAP_COUNT, 3)
    rework = count({25: 2}, Role.REWORK_COUNT, 4)
    without = sums(good, scrap, rework)
    assert (without.columns["pq"].tolist(), without.columns["gq"].tolist()) == (
        [4, 1, 0, 0],
        [4, 0, 0, 0],
    )
    assert (without.columns["sq"].tolist(), without.columns["rq"].tolist()) == (
        [0, 1, 0, 0],
        [0, 0, 2, 0],
    )
    total = sums(count({5: 6}), scrap)
    assert (total.columns["pq"].tolist(), total.columns["gq"].tolist()) == (
        [6, 0, 0, 0],
        [6, -1, 0, 0],
    )
    two = sums(count({5: 6}), count({5: 7}, signal_id=9))
    assert two.columns["pq"].tolist() == [13, 0, 0, 0]


def test_planned_time_is_that_of_each_item() -> None:
    run_time = run_time_steps_of(Series.of([12, 22], [3.0, 5.0]), 2.0)
    totals = sums(count({5: 1, 12: 3, 21: 7, 22: 8}), run_time=run_time)
    assert totals.columns["pri_pq_s"].tolist() == [2, 6, 17, 0]
    # of corrected items, the planned time is that of the items of the bucket
    assert sums(count({1: 50, 12: 60, 25: 55}), run_time=run_time).columns["pri_pq_s"].tolist() == [
        100, 15, 0, 0,
    ]  # fmt: skip
    assert sums(count({1: 50, 12: 60, 13: 55}), run_time=run_time).columns["pri_pq_s"].tolist() == [
        100, 15, 0, 0,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ({20: 4}, [2, 2, 0, 0]),
        ({5: 1, 25: 5}, [2, 2, 1, 0]),
        ({40: 8}, [2, 2, 2, 2]),
        ({60: 12}, [2, 2, 2, 2]),  # up to a sample after the range
        ({10: 1}, [1, 0, 0, 0]),
        ({20: 40, 30: 36}, [20, 16, 0, 0]),  # a correction is not spread
        ({20: 4, 25: 0.0, 30: 1}, [2, 2, 1, 0]),
    ],
)
def test_an_increment_is_spread_over_its_interval(
    samples: dict[int, float], expected: list[float]
) -> None:
    spread = sums(count(samples, interpolate=True))
    assert spread.columns["pq"].tolist() == pytest.approx(expected)


def test_an_increment_of_unknown_time_is_not_spread() -> None:
    first = sums(count({15: 4, 25: 6}, interpolate=True), before=None)
    assert first.columns["pq"].tolist() == pytest.approx([0, 1, 1, 0])
    single = sums(count({15: 4, 25: 6}, interpolate=True, kind="increment"), before=None)
    assert single.columns["pq"].tolist() == pytest.approx([0, 7, 3, 0])
    counts, start = [count({15: 4}, interpolate=True)], {"1": CounterStart(1.0)}
    old = sum_quantities(
        counts, start, run_time_steps_of(None, None), frame_of(counts, start, EDGES)
    )
    assert old.columns["pq"].tolist() == pytest.approx([0, 3, 0, 0])
    none = sums(count({}, interpolate=True))
    assert (none.columns["pq"].tolist(), none.columns["pri_pq_s"].tolist()) == ([0] * 4, [0] * 4)
    together = sums(count({10: 2}, interpolate=True), edges=[0, 5, 10])
    assert together.columns["pq"].tolist() == pytest.approx([1, 1])


def test_of_samples_at_one_instant_the_first_is_spread() -> None:
    series = Series.of([20, 20], [2.0, 4.0])
    both = sums(CountSeries(1, Role.TOTAL_COUNT, series, "to_zero", interpolate=True))
    assert both.columns["pq"].tolist() == pytest.approx([1, 3, 0, 0])


def test_spread_items_have_the_planned_time_of_their_own_instant() -> None:
    run_time = run_time_steps_of(Series.of([10, 15, 45], [3.0, 5.0, 9.0]), 2.0)
    spread = sums(count({20: 4}, interpolate=True), run_time=run_time)
    assert spread.columns["pri_pq_s"].tolist() == pytest.approx([4, 8, 0, 0])


def test_a_range_has_its_part_of_an_increment_that_began_before_it() -> None:
    run_time = run_time_steps_of(Series.of([5, 15, 35, 45], [2.0, 3.0, 4.0, 9.0]), 1.0)
    counts, start = [count({40: 8}, interpolate=True)], {"1": CounterStart(0.0, 0)}
    later = sum_quantities(counts, start, run_time, frame_of(counts, start, EDGES[1:]))
    assert later.columns["pq"].tolist() == pytest.approx([2, 2, 2])
    assert later.columns["pri_pq_s"].tolist() == pytest.approx([2 + 3, 6, 3 + 4])


def test_a_correction_at_the_start_of_a_range_is_of_its_first_bucket() -> None:
    counts, start = [count({0: 95, 5: 101})], {"1": CounterStart(100.0)}
    corrected = sum_quantities(
        counts, start, run_time_steps_of(None, None), frame_of(counts, start, EDGES)
    )
    assert corrected.columns["pq"].tolist() == [1, 0, 0, 0]


def test_a_bucket_passes_on_what_it_cannot_subtract() -> None:
    passed = sums(count({1: 3, 32: 8, 33: 2.0}), before=0.0)
    assert passed.debts == (NO_DEBT,) * 4  # 2 of 8 is a reset
    fallen = sums(count({12: 90, 33: 86}), before=100.0)
    assert fallen.columns["pq"].tolist() == [0, 0, 0, 0]
    assert [debt.corrections for debt in fallen.debts] == [{"1": 14}, {"1": 14}, {"1": 4}, {"1": 4}]
    assert fallen.debts[0].to_document() == {"corrections": {"1": 14.0}}
    after = sums(count({12: 110}), before=100.0, corrections={"1": 4.0, "2": 7.0})
    assert after.columns["pq"].tolist() == [0, 6, 0, 0]
    assert [debt.corrections for debt in after.debts] == [{}, {}, {"1": 4}, {"1": 4}]
    assert NO_DEBT.to_document() == {}


def test_debts_are_alike_up_to_the_last_digits_of_a_sum() -> None:
    debt = Debt({"1": 4.0}, {"2": (1, 9, 3.0)})
    assert debt.is_like(debt.to_document())
    assert debt.is_like({"corrections": {"1": 4.0 + 0.9e-6}, "spreads": {"2": [1, 9, 3.0]}})
    assert not debt.is_like({"corrections": {"1": 4.0 - 1.1e-6}, "spreads": {"2": [1, 9, 3.0]}})
    assert not debt.is_like({"corrections": {"1": 4.0}})
    assert not debt.is_like({"spreads": {"2": [1, 9, 3.0]}})
    assert not debt.is_like({"corrections": {"1": 4.0}, "spreads": {"2": [1, 8, 3.0]}})
    assert NO_DEBT.is_like({})
    # what is left of a sum of floats is no correction
    for correction, is_passed in ((1e-6, False), (1.1e-6, True)):
        passed = sums(count({}), corrections={"1": correction}).debts[3].corrections
        assert bool(passed) is is_passed
    third = sums(count({5: 0.1, 6: 0.3, 15: 0.0}), before=0.0, corrections={"1": 0.3})
    assert third.debts == (NO_DEBT, Debt({"1": 0.3}), Debt({"1": 0.3}), Debt({"1": 0.3}))


def test_a_bucket_names_the_increment_that_reaches_over_its_start() -> None:
    spread = sums(count({10: 1, 25: 4, 60: 11}, interpolate=True))
    assert [debt.spreads for debt in spread.debts] == [
        {}, {}, {"1": (10, 25, 3.0)}, {"1": (25, 60, 7.0)}
    ]  # fmt: skip
    assert spread.debts[3].to_document() == {"spreads": {"1": [25, 60, 7.0]}}
    still = sums(count({10: 1, 25: 1}, interpolate=True))
    assert still.debts == (NO_DEBT,) * 4


def test_what_the_next_bucket_continues_from() -> None:
    totals = sums(count({10: 1, 25: 4}), before=0.5)
    assert [after["1"] for after in totals.counters] == [
        CounterStart(1.0, 10), CounterStart(1.0, 10), CounterStart(4.0, 25), CounterStart(4.0, 25),
    ]  # fmt: skip
    none = sums(count({12: 1}), before=None)
    assert none.counters[0] == {}
    assert none.counters[1] == {"1": CounterStart(1.0, 12)}


def test_what_is_set_aside_lies_in_the_range() -> None:
    totals = sums(
        count({10: 900, 41: 5000}, max_increment=7.0),
        count({5: 900, 40: 5000}, Role.SCRAP_COUNT, 2, max_increment=7.0),
    )
    assert [(aside.at_us, aside.signal_id) for aside in totals.set_aside] == [
        (5, 2),
        (10, 1),
        (40, 2),
    ]


@pytest.mark.parametrize("huge", [1.1e15, 1e300, math.inf])
def test_no_sum_is_beyond_all_numbers(huge: float) -> None:
    totals = sums(count({5: huge, 15: huge}), count({25: 1}, Role.SCRAP_COUNT, 2))
    assert totals.columns["pq"].tolist() == [0, 0, 0, 0]
    beyond = replace(run_time_steps_of(None, 1.0), value=np.array([1.2e308]))
    planned = sums(count({5: 1, 6: 2, 15: 3}), run_time=beyond)
    assert planned.columns["pq"].tolist() == [0, 1, 0, 0]
    assert planned.columns["pri_pq_s"].tolist() == [0, 1.2e308, 0, 0]
    most = sums(count({5: 1e15}), run_time=run_time_steps_of(None, None))
    assert most.columns["pq"].tolist() == [1e15, 0, 0, 0]
