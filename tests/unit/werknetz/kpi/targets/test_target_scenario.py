"""Scenarios: what comes back if a loss shrinks."""

import pytest

from werknetz.kpi.targets.scenario import TimeSums, good_time_if

# 100 h busy: 40 h stops, 60 h production, of these 6 h slow, 54 h net, 5.4 h scrap, 48.6 h good.
DAY = TimeSums({"set_up": 30.0, "starved": 10.0, "speed": 6.0, "scrap": 5.4}, 48.6)


@pytest.mark.parametrize(
    ("factors", "good"),
    [
        ({}, 48.6),
        ({"set_up": 0.5}, 75 * 0.9 * 0.9),
        ({"set_up": 0.0, "starved": 0.0}, 100 * 0.9 * 0.9),
        ({"speed": 0.5}, 60 * 0.95 * 0.9),
        ({"scrap": 0.0}, 54.0),
        ({"scrap": 0.5, "set_up": 0.5}, 75 * 0.9 * 0.95),
        ({"set_up": 2.0}, 30 * 0.9 * 0.9),
        ({"malfunction": 0.5}, 48.6),
    ],
)
def test_good_time_if_a_loss_changes(factors: dict[str, float], good: float) -> None:
    assert good_time_if(DAY, factors) == pytest.approx(good)


@pytest.mark.parametrize(
    "times",
    [
        TimeSums({}, 0.0), TimeSums({"set_up": 5.0}, 0.0), TimeSums({"speed": 5.0}, 0.0),
        # Faster than the ideal cycle by more than the time in which it produced.
        TimeSums({"speed": -5.0}, 5.0), TimeSums({"speed": -5.5}, 5.0),
    ],
)  # fmt: skip
def test_without_production_no_speed_is_known(times: TimeSums) -> None:
    assert good_time_if(times, {"set_up": 0.5}) is None


def test_seconds_are_enough_to_know_a_speed() -> None:
    assert good_time_if(TimeSums({"set_up": 0.25, "speed": 0.125}, 0.125), {}) == pytest.approx(
        0.125
    )
