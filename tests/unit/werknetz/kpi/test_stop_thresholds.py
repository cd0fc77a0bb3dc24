"""Which threshold of minor stops holds at a machine: one row a case."""

import numpy as np
import pytest

from werknetz.kpi.stops.thresholds import DEFAULT_MINOR_STOPS, MinorStops, StopThreshold

PLANT, LINE, PRESS = "n/emden", "n/emden/line", "n/emden/line/press"


@pytest.mark.parametrize(
    ("rows", "at_us", "seconds"),
    [
        ([], 0, 120),
        ([(PLANT, 0, 60)], 0, 60),
        ([(PLANT, 0, 60)], -1, 120),
        ([(PLANT, 0, 60), (PRESS, 5, 30)], 4, 60),
        ([(PLANT, 0, 60), (PRESS, 5, 30)], 5, 30),
        ([(PLANT, 9, 60), (PRESS, 5, 30)], 9, 30),  # the nearest, not the newest
        ([(PLANT, 0, 60), (PRESS, 5, 30), (PRESS, 7, None)], 7, 60),
        ([(PRESS, 5, 30), (PRESS, 7, None)], 7, 120),
        ([(PRESS, 5, 30), (PRESS, 7, None), (PRESS, 9, 45)], 9, 45),
        ([("n/emd", 0, 60), ("n/emden/line/press-2", 0, 60)], 0, 120),
        ([(LINE, 0, 0.5)], 0, 0.5),
        ([(LINE, 0, 0)], 0, 0),
    ],
)
def test_the_nearest_threshold_that_holds(
    rows: list[tuple[str, int, float | None]], at_us: int, seconds: float
) -> None:
    stops = MinorStops.of(PRESS, [StopThreshold(*row) for row in rows])
    assert stops.below_us_at(at_us) == seconds * 1e6
    assert MinorStops.of(PRESS, [StopThreshold(*r) for r in rows[::-1]]) == stops


def test_faults_are_read_ahead_by_the_longest_threshold() -> None:
    rows = [StopThreshold(PLANT, 0, 300), StopThreshold(PRESS, 5, 30)]
    assert MinorStops.of(PRESS, rows).longest_us == 300_000_000
    assert DEFAULT_MINOR_STOPS.longest_us == 120_000_000
    assert MinorStops.of(PRESS, rows).below_at(np.array([-1, 0, 4, 5])).tolist() == [
        120_000_000, 300_000_000, 300_000_000, 30_000_000,
    ]  # fmt: skip
