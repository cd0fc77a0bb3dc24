"""Forecasts: the line, its band, and when it reaches a goal."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from werknetz.kpi.targets.forecast import IndexPoint, IndexTrend, no_forecast_because

FIRST = date(2026, 1, 5)


def points(*changes: float, weight: float = 1.0) -> list[IndexPoint]:
    starts = [FIRST + timedelta(days=7 * n) for n in range(len(changes))]
    return [
        IndexPoint(start, start + timedelta(days=7), change, weight)
        for start, change in zip(starts, changes, strict=True)
    ]


def test_a_straight_line_continues() -> None:
    trend = IndexTrend.of(points(0.0, 0.01, 0.02, 0.03))
    assert trend is not None
    assert trend.slope * 7 == pytest.approx(0.01)
    in_middle_of_week_11 = FIRST + timedelta(days=73)
    assert trend.change_on(in_middle_of_week_11) == pytest.approx(0.1 - 0.005 / 7 + 0.000, abs=1e-3)
    low, high = trend.band_on(in_middle_of_week_11)
    assert high - low == pytest.approx(0, abs=1e-9)
    assert trend.reaches(0.03 + 0.005) == FIRST + timedelta(days=28)


def test_the_band_is_that_of_a_textbook() -> None:
    """y = 1, 2, 2 at x = 0, 1, 2: slope 0.5, s² = 1/6, t(0.9, 1) = 3.078."""
    trend = IndexTrend.of(points(1, 2, 2))
    assert trend is not None
    assert trend.slope * 7 == pytest.approx(0.5)
    assert trend.spread**2 == pytest.approx(1 / 6)
    at = FIRST + timedelta(days=3)  # half a day before x = 0
    x = -0.5 / 7
    half = 3.078 * (1 / 6) ** 0.5 * (1 + 1 / 3 + (x - 1) ** 2 / 2) ** 0.5
    middle = 7 / 6 + 0.5 * x
    assert trend.band_on(at) == pytest.approx((max(middle - half, -1), middle + half))


def test_weights_count() -> None:
    light, heavy = points(0, 0, 0, 1, weight=1), points(0, 0, 0, 1, weight=1)
    heavy[-1] = IndexPoint(heavy[-1].start_on, heavy[-1].end_on, 1, 100)
    low, high = IndexTrend.of(light), IndexTrend.of(heavy)
    assert low is not None
    assert high is not None
    assert high.mean_change > low.mean_change


@pytest.mark.parametrize(
    "series",
    [
        [], points(0.1), points(0.1, 0.2), points(0.1, 0.2, 0.3, weight=0),
        points(0.1, 0.2, float("nan")), points(0.1)[:1] * 5,
    ],
)  # fmt: skip
def test_too_little_for_a_line(series: list[IndexPoint]) -> None:
    assert IndexTrend.of(series) is None


@pytest.mark.parametrize(
    ("changes", "goal", "weeks"),
    [
        ((0.0, 0.0, 0.0), 0.1, None),  # level
        ((0.2, 0.1, 0.0), 0.3, None),  # falls
        ((0.0, 0.1, 0.2), 0.25, 3),  # the end of the observed time is week 3
        ((0.0, 0.1, 0.2), 0.1, 3),  # reached already
        ((0.0, 0.1, 0.2), 0.55, 6),
        ((0.0, 1e-9, 2e-9), 0.5, None),  # beyond 50 years
    ],
)
def test_when_the_line_reaches_the_goal(
    changes: tuple[float, ...], goal: float, weeks: int | None
) -> None:
    trend = IndexTrend.of(points(*changes))
    assert trend is not None
    expected = None if weeks is None else FIRST + timedelta(days=7 * weeks)
    reached = trend.reaches(goal)
    assert (reached is None) == (expected is None)
    if reached is not None and expected is not None:
        assert abs((reached - expected).days) <= 1


@pytest.mark.parametrize(
    ("days", "reason"),
    [(63, None), (64, "too little history, 21 days for a date 64 days ahead")],
)
def test_there_is_no_forecast_far_beyond_the_observed_time(days: int, reason: str | None) -> None:
    series = points(0.0, 0.1, 0.2)
    on = FIRST + timedelta(days=21 + days)
    assert no_forecast_because(IndexTrend.of(series), series, on, 0.3) == reason


@pytest.mark.parametrize(
    ("series", "periods"),
    [([], 0), (points(0.1, 0.2), 2), (points(0.1, 0.2, float("nan")), 2)],
)
def test_there_is_no_forecast_of_too_few_periods(series: list[IndexPoint], periods: int) -> None:
    reason = no_forecast_because(IndexTrend.of(series), series, FIRST, 0.3)
    assert reason == f"too little history, {periods} periods with data, 3 are needed"


@pytest.mark.parametrize(
    ("width", "goal", "is_forecast"),
    [
        (0.33, 0.33, True), (0.3301, 0.33, False), (0.31, 0.33, True),
        (0.1, 0.03, True), (0.1001, 0.03, False), (0.101, 0.101, True), (0.102, 0.101, False),
    ],
)  # fmt: skip
def test_a_band_wider_than_the_goal_is_no_forecast(
    width: float, goal: float, is_forecast: bool
) -> None:
    """Of small goals: wider than 10 points."""
    level = IndexTrend(FIRST.toordinal(), 0.0, 0.0, 1.0, 1.0, 3, 21.0, FIRST.toordinal())
    trend = replace(level, spread=(width - 1e-12) / level.band_width_on(FIRST))
    reason = no_forecast_because(trend, [], FIRST, goal)
    assert (reason is None) == is_forecast
    wide = f"the history varies too much, the band would be {width * 100:.0f} points wide"
    assert reason in {None, wide}


def test_the_width_of_a_band_is_not_cut_at_no_output() -> None:
    trend = IndexTrend.of(points(0.0, -0.9, 0.0, -0.9))
    assert trend is not None
    low, high = trend.band_on(FIRST)
    assert trend.band_width_on(FIRST) == pytest.approx(2 * (high - trend.change_on(FIRST)))
    assert low == -1
    assert trend.band_width_on(FIRST) > high - low


def test_a_band_never_falls_below_no_output_at_all() -> None:
    trend = IndexTrend.of(points(0.0, -0.9, 0.0, -0.9))
    assert trend is not None
    assert trend.band_on(FIRST + timedelta(days=3650))[0] == -1
