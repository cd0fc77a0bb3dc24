import numpy as np
import pytest

from werknetz.kpi.timeline.instants import sort_distinct


@pytest.mark.parametrize(
    ("at", "distinct"),
    [
        ([], []),
        ([5], [5]),
        ([5, 5], [5]),
        ([3, 1, 2, 1, 3], [1, 2, 3]),
        ([1, 3, 5, 2, 3, 6], [1, 2, 3, 5, 6]),
        ([[4, 7], [7, 9]], [4, 7, 9]),
        ([0, -1, 2**62, -(2**62)], [-(2**62), -1, 0, 2**62]),
    ],
)
def test_each_instant_is_there_once_and_in_order(at: list[int], distinct: list[int]) -> None:
    assert sort_distinct(np.array(at, np.int64)).tolist() == distinct
