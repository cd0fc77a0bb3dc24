"""Which threshold of minor stops holds at a machine: one row a case."""

import numpy as np
import pytest

from werknetz.kpi.stops.start_up import DEFAULT_START_UP, StartUpRules
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


@pytest.mark.parametrize(
    ("rows", "at_us", "expected"),
    [
        ([], 0, (900, 0, 3600)),
        ([(PLANT, 0, 60)], 0, (900, 0, 3600)),
        ([(PLANT, 0, None, 300, 20, 7200)], 0, (300, 20, 7200)),
        ([(PLANT, 0, None, 300, 20, 7200)], -1, (900, 0, 3600)),
        # Each value has its own nearest equipment; 0 is a value.
        ([(PLANT, 0, 60, 300, 20), (PRESS, 5, None, 600)], 4, (300, 20, 3600)),
        ([(PLANT, 0, 60, 300, 20), (PRESS, 5, None, 600)], 5, (600, 20, 3600)),
        ([(PLANT, 0, 60, 300, 20), (PRESS, 5, None, None, 0, 0.5)], 5, (300, 0, 0.5)),
        ([(PRESS, 5, None, 0), (PRESS, 7, 30)], 7, (900, 0, 3600)),
    ],
)
def test_the_nearest_rule_of_start_ups_that_holds(
    rows: list[tuple[str, int, float | None]], at_us: int, expected: tuple[float, ...]
) -> None:
    rules = StartUpRules.of(PRESS, [StopThreshold(*row) for row in rows])
    rule = rules.at(at_us)
    assert (rule.duration_us / 1e6, rule.good_items, rule.after_stop_us / 1e6) == expected
    assert rules.after_stop_at(np.array([at_us])).tolist() == [rule.after_stop_us]
    assert StartUpRules.of(PRESS, [StopThreshold(*row) for row in rows[::-1]]) == rules


def test_good_items_are_counted_only_where_they_end_a_start_up() -> None:
    assert not DEFAULT_START_UP.count_items
    assert not StartUpRules.of(PRESS, [StopThreshold(PLANT, 0, 60, 300)]).count_items
    assert StartUpRules.of(PRESS, [StopThreshold(PLANT, 0, None, None, 1)]).count_items
