"""Increments of counters: cumulative, reset to zero, rolling over, or counted by sample."""

import numpy as np
import pytest

from werknetz.domain.role import Role
from werknetz.kpi.counts import increments_of, sum_quantities
from werknetz.kpi.series import CountSeries, Series, run_time_steps_of


def count(values: list[float], role: Role = Role.GOOD_COUNT, **options: object) -> CountSeries:
    return CountSeries(1, role, Series.of(list(range(len(values))), list(values)), **options)  # type: ignore[arg-type]  # options of the test


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0, 2, 0, 1]),
        ({"reset": "to_zero"}, [0, 2, 11.5, 1]),
        ({"reset": "rollover", "modulus": 100.0}, [0, 2, 99.5, 1]),
        ({"reset": "rollover"}, [0, 2, 0, 1]),  # the modulus is unknown
        ({"modulus": 100.0}, [0, 2, 0, 1]),
        ({"kind": "increment"}, [10, 12, 11.5, 12.5]),
    ],
)
def test_increments(options: dict[str, object], expected: list[float]) -> None:
    counted = increments_of(count([10, 12, 11.5, 12.5], **options), None)
    assert counted.quantity.tolist() == expected
    assert counted.at.tolist() == [0, 1, 2, 3]


def test_the_first_increment_starts_at_the_value_carried_over() -> None:
    assert increments_of(count([10, 12]), 7.0).quantity.tolist() == [3, 2]
    assert len(increments_of(count([]), 7.0).quantity) == 0


def test_sums_lie_in_the_bucket_of_the_later_sample() -> None:
    counts = (count([1, 2, 4, 8]), count([0, 0, 1, 1], Role.SCRAP_COUNT))
    run_time = run_time_steps_of(Series.of([0, 2], [3.0, 5.0]), None)
    sums = sum_quantities(counts, {}, run_time, np.array([1, 2, 3]))
    assert (sums.pq.tolist(), sums.gq.tolist(), sums.sq.tolist()) == ([1, 3], [1, 2], [0, 1])
    assert sums.rq.tolist() == [0, 0]
    assert sums.pri_pq_s.tolist() == [3, 15]
