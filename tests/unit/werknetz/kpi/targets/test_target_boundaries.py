"""Targets at their exact limits: each row is next to one with another result."""

from datetime import date, timedelta

import pytest

from werknetz.kpi.targets.forecast import HORIZON_DAYS, IndexPoint, IndexTrend
from werknetz.kpi.targets.path import PathKind, PathStep, TargetError, TargetPath
from werknetz.kpi.targets.status import TOLERANCE, TargetState, status_of
from werknetz.kpi.targets.wording import headline_of, percent, sentences_of
from werknetz.kpi.targets.wording import points as missing

FIRST = date(2026, 1, 5)
START, DUE = date(2025, 1, 1), date(2027, 1, 1)
PATH = TargetPath(PathKind.LINEAR, START, DUE, 0.3)
HALF = date(2026, 1, 1)
VARIES = "the history varies too much"


def points(*changes: float, weight: float = 1.0, first: date = FIRST) -> list[IndexPoint]:
    starts = [first + timedelta(days=7 * n) for n in range(len(changes))]
    return [
        IndexPoint(start, start + timedelta(days=7), change, weight)
        for start, change in zip(starts, changes, strict=True)
    ]


def trend_of(series: list[IndexPoint]) -> IndexTrend:
    trend = IndexTrend.of(series)
    assert trend is not None
    return trend


@pytest.mark.parametrize("weight", [0.001, 0.5, 1.0, 1e9])
def test_a_line_depends_on_the_weights_of_its_points_to_one_another_only(weight: float) -> None:
    trend, usual = trend_of(points(1, 2, 2, weight=weight)), trend_of(points(1, 2, 2))
    assert (trend.slope, trend.spread) == pytest.approx((usual.slope, usual.spread))
    assert trend.band_on(FIRST) == pytest.approx(usual.band_on(FIRST))


@pytest.mark.parametrize(
    ("count", "quantile"),
    [(3, 3.078), (4, 1.886), (31, 1.311), (32, 1.310), (33, 1.282), (60, 1.282)],
)
def test_the_band_of_some_points(count: int, quantile: float) -> None:
    """Of n points a line leaves n - 2 degrees of freedom."""
    trend = trend_of(points(*(0.01 * (n % 2) for n in range(count))))
    middle = date.fromordinal(round(trend.mean_day))
    low, high = trend.band_on(middle)
    offset = middle.toordinal() - trend.mean_day
    leverage = 1 + 1 / count + offset**2 / trend.day_variance
    assert (high - low) / 2 == pytest.approx(quantile * trend.spread * leverage**0.5)


def test_a_line_through_two_days_has_no_third() -> None:
    first, second = points(0.1, 0.2)
    assert IndexTrend.of([first, second]) is None
    assert IndexTrend.of([first, first, first]) is None
    assert IndexTrend.of([first, first, second]) is not None


@pytest.mark.parametrize(
    ("goal", "days"),
    [
        pytest.param(0.7, 0, id="it is reached on the last day"),
        pytest.param(0.7 + 1e-6, 1, id="just after it"),
        pytest.param(1.7, 10, id="ten days later"),
        pytest.param(1.7 + 1e-6, 11, id="on the eleventh day"),
    ],
)
def test_the_day_on_which_a_line_reaches_a_goal(goal: float, days: int) -> None:
    trend = IndexTrend(0.0, 0.0, 0.1, 0.0, 1.0, 3, 7.0, 7.0)
    rounded = IndexTrend(7.0, 0.7, 0.1, 0.0, 1.0, 3, 7.0, 7.0)
    assert rounded.change_on(date.fromordinal(7)) == 0.7
    assert rounded.reaches(goal) == date.fromordinal(7 + days)
    assert trend.change_on(date.fromordinal(10)) == pytest.approx(1.0)


@pytest.mark.parametrize(("days", "is_far"), [(HORIZON_DAYS, False), (HORIZON_DAYS + 1, True)])
def test_a_goal_beyond_the_horizon_is_never_reached(days: int, is_far: bool) -> None:
    trend = IndexTrend(7.0, 0.0, 0.5, 0.0, 1.0, 3, 7.0, 7.0)
    assert (trend.reaches(0.5 * days) is None) == is_far


@pytest.mark.parametrize(("slope", "is_never"), [(0.0, True), (-0.1, True), (1e-3, False)])
def test_a_line_that_does_not_rise_never_reaches_a_goal(slope: float, is_never: bool) -> None:
    trend = IndexTrend(7.0, 0.0, slope, 0.0, 1.0, 3, 7.0, 7.0)
    assert (trend.reaches(0.1) is None) == is_never


def test_a_level_line_at_the_goal_has_reached_it() -> None:
    trend = IndexTrend(7.0, 0.3, 0.0, 0.0, 1.0, 3, 7.0, 7.0)
    assert (trend.reaches(0.3), trend.reaches(0.31)) == (date.fromordinal(7), None)


def test_the_spread_is_that_of_a_textbook() -> None:
    """y = 0, 0, 0, 1 at x = 0 to 3: slope 0.3, residuals 0.2, -0.1, -0.4 and 0.3."""
    trend = trend_of(points(0, 0, 0, 1))
    assert trend.slope * 7 == pytest.approx(0.3)
    assert trend.spread**2 == pytest.approx(0.3 / 2)


def test_what_was_observed_is_from_the_first_start_to_the_last_end() -> None:
    trend = trend_of(points(0, 1, 2)[::-1])
    assert trend.observed_days == 21
    assert trend.last_day == (FIRST + timedelta(days=21)).toordinal()
    assert (trend.points, trend.mean_change) == (3, pytest.approx(1.0))


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (0.3 - TOLERANCE, TargetState.MET),  # rounding is no gap
        (0.3 - 3 * TOLERANCE, TargetState.ON_PATH),
        (0.15 - TOLERANCE, TargetState.ON_PATH),
        (0.15 - 3 * TOLERANCE, TargetState.BEHIND),
    ],
)
def test_a_goal_is_reached_but_for_rounding(change: float, state: TargetState) -> None:
    assert PATH.change_due(HALF) == 0.15
    status = status_of(PATH, HALF, change, [])
    assert status.state is state
    assert (status.needed_per_month is None) == (state is TargetState.MET)
    after = status_of(PATH, DUE + timedelta(days=1), 0.0, [], change_at_due=change)
    assert after.state is (TargetState.MET if state is TargetState.MET else TargetState.MISSED)


@pytest.mark.parametrize(
    ("missing", "words"),
    [(0.5 * TOLERANCE, "reached"), (2 * TOLERANCE, "gap less than 0.1 points")],
)
def test_a_headline_names_no_gap_that_is_rounding(missing: float, words: str) -> None:
    status = status_of(PATH, HALF, 0.3 - missing, [])
    assert f"of +30.0 %, {words}, " in headline_of(PATH, status)


def test_the_day_on_which_it_was_first_met() -> None:
    series = points(0.3 - 3 * TOLERANCE, 0.3 - TOLERANCE, 0.5)
    status = status_of(PATH, HALF, 0.31, series)
    assert status.first_met_on == series[1].end_on


def test_gaps_are_in_points() -> None:
    status = status_of(PATH, HALF, 0.05, [])
    assert status.gap_points == pytest.approx(25)
    assert status.path_gap_points == pytest.approx(10)
    assert (status.path_change, status.now_on) == (0.15, HALF)
    assert status.change_at_due is None


@pytest.mark.parametrize(("on", "at_due"), [(DUE, None), (DUE + timedelta(days=1), 0.2)])
def test_the_due_date_is_the_last_day_to_reach_the_goal(on: date, at_due: float | None) -> None:
    status = status_of(PATH, on, 0.1, [], change_at_due=0.2)
    assert status.change_at_due == at_due
    assert status.reach_by == (DUE if at_due is None else on + timedelta(days=365))


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ((0.0,) * 3, "no forecast: too little history, 21 days for a date 709 days ahead"),
        ((0.0, 0.3) * 30, f"no forecast: {VARIES}, the band would be 45 points wide"),
        ((0.1,) * 60, "forecast +10.0 % on 2027-01-01 (+10.0 % to +10.0 %)"),
    ],
)  # fmt: skip
def test_a_headline_shows_the_forecast_or_why_there_is_none(
    changes: tuple[float, ...], end: str
) -> None:
    status = status_of(PATH, HALF, 0.1, points(*changes, first=START))
    assert headline_of(PATH, status) == f"+10.0 % of +30.0 %, gap 20.0 points, {end}"
    assert (status.forecast is None) == (status.forecast_reason is not None)


AFTER = DUE + timedelta(days=1)
NO_FORECAST = "no forecast: too little history, 0 periods with data, 3 are needed"


@pytest.mark.parametrize(
    ("on", "change", "at_due", "headline", "first"),
    [
        pytest.param(
            HALF, 0.29951, None, "+30.0 % of +30.0 %, gap less than 0.1 points",
            "On the path: +30.0 %, +15.0 % is due today of +30.0 %.", id="a gap that rounds to 0",
        ),
        pytest.param(
            HALF, 0.2994, None, "+29.9 % of +30.0 %, gap 0.1 points",
            "On the path: +29.9 %, +15.0 % is due today of +30.0 %.", id="a gap of 0.1",
        ),
        pytest.param(
            HALF, 0.30001, None, "+30.0 % of +30.0 %, reached",
            "Met: now at +30.0 % of +30.0 %, due on 2027-01-01.", id="more than the goal",
        ),
        pytest.param(
            HALF, 0.1499, None, "+15.0 % of +30.0 %, gap 15.0 points",
            "Behind the path by less than 0.1 points: +15.0 %, +15.0 % is due today of +30.0 % on "
            "2027-01-01.", id="behind by what rounds to 0",
        ),
        pytest.param(
            AFTER, 0.2999, 0.2999,
            "+30.0 % of +30.0 %, gap less than 0.1 points, missed by less than 0.1 points on "
            "2027-01-01", "Missed by less than 0.1 points on 2027-01-01; now at +30.0 % of "
            "+30.0 %.", id="missed by what rounds to 0",
        ),
        pytest.param(
            AFTER, 0.1, 0.3, "+10.0 % of +30.0 %, gap 20.0 points, met on 2027-01-01",
            "Met on 2027-01-01; now at +10.0 % of +30.0 %.", id="met, and lost again",
        ),
        pytest.param(
            AFTER, 0.2, None, "+20.0 % of +30.0 %, gap 10.0 points, missed on 2027-01-01",
            "Missed on 2027-01-01; now at +20.0 % of +30.0 %.", id="no value of the due date",
        ),
        pytest.param(
            AFTER, 0.4, None, "+40.0 % of +30.0 %, reached",
            "Met: now at +40.0 % of +30.0 %, due on 2027-01-01.", id="met now, as far as is known",
        ),
        pytest.param(
            AFTER, 0.4, 0.2, "+40.0 % of +30.0 %, reached, missed by 10.0 points on 2027-01-01",
            "Missed by 10.0 points on 2027-01-01; now at +40.0 % of +30.0 %.", id="too late",
        ),
        pytest.param(
            HALF, -0.0004, None, "+0.0 % of +30.0 %, gap 30.0 points",
            "Behind the path by 15.0 points: +0.0 %, +15.0 % is due today of +30.0 % on "
            "2027-01-01.", id="a fall that rounds to 0",
        ),
    ],
)  # fmt: skip
def test_rounding_turns_no_miss_into_a_goal_that_is_met(
    on: date, change: float, at_due: float | None, headline: str, first: str
) -> None:
    status = status_of(PATH, on, change, [], change_at_due=at_due)
    assert headline_of(PATH, status) == f"{headline}, {NO_FORECAST}"
    assert sentences_of(PATH, status)[0] == first


def test_without_a_current_value_a_past_due_date_is_still_named() -> None:
    status = status_of(PATH, AFTER, None, [], change_at_due=0.2)
    assert headline_of(PATH, status) == (
        "no current value, goal +30.0 %, missed by 10.0 points on 2027-01-01"
    )


@pytest.mark.parametrize(
    ("goal", "change", "text"),
    [
        (0.3, 0.299501, "less than 0.1 points"), (0.3, 0.299499, "0.1 points"),
        (0.3, 0.299, "0.1 points"), (0.3, 0.3 - 1e-9, "less than 0.1 points"),
        (0.3, 0.1766, "12.3 points"), (0.3, -0.1, "40.0 points"),
        (1 / 3, -0.0003, "33.3 points"),  # 33.36, shown as +0.0 % of +33.3 %
        (1 / 3, 0.10046, "23.3 points"),
    ],
)  # fmt: skip
def test_what_is_missing_is_never_zero_and_the_difference_of_what_is_shown(
    goal: float, change: float, text: str
) -> None:
    assert missing(goal, change) == text


@pytest.mark.parametrize(
    ("change", "text"),
    [(-0.0004, "+0.0 %"), (-0.0006, "-0.1 %"), (0.0, "+0.0 %"), (1 / 3, "+33.3 %")],
)
def test_a_change_in_percent(change: float, text: str) -> None:
    assert percent(change) == text


def test_a_rate_that_rounds_to_nothing_is_still_needed() -> None:
    status = status_of(PATH, HALF, 0.2999, [])
    assert sentences_of(PATH, status)[1] == (
        "It needs less than +0.1 % a month to reach it by 2027-01-01."
    )


@pytest.mark.parametrize(
    ("change", "count"),
    [
        pytest.param(0.29, 3, id="a gap: state, need and pace"),
        pytest.param(0.3, 1, id="no gap: the state alone"),
        pytest.param(0.31, 1, id="more than the goal"),
    ],
)
def test_a_pace_is_named_while_something_is_missing(change: float, count: int) -> None:
    status = status_of(PATH, HALF, change, points(*[0.1] * 40, first=START))
    assert len(sentences_of(PATH, status)) == count


def test_on_the_path() -> None:
    status = status_of(PATH, HALF, 0.2, [])
    assert sentences_of(PATH, status)[0] == (
        "On the path: +20.0 %, +15.0 % is due today of +30.0 %."
    )


def test_missed_without_a_value_of_the_due_date_or_of_today() -> None:
    after = DUE + timedelta(days=1)
    assert sentences_of(PATH, status_of(PATH, after, 0.2, []))[0] == (
        "Missed on 2027-01-01; now at +20.0 % of +30.0 %."
    )
    unknown_now = status_of(PATH, after, None, [], change_at_due=0.2)
    assert sentences_of(PATH, unknown_now) == [
        "Missed by 10.0 points on 2027-01-01; there is no current value."
    ]


def test_a_forecast_never_falls_below_no_output_at_all() -> None:
    path = TargetPath(PathKind.LINEAR, START, START + timedelta(days=60), 0.3)
    falling = points(0.0, -0.4, -0.8, first=START)
    status = status_of(path, START + timedelta(days=21), -0.5, falling)
    assert status.forecast is not None
    assert status.forecast.change == -1.0


@pytest.mark.parametrize(
    ("steps", "is_valid"),
    [
        pytest.param([(date(2026, 1, 1), 0.1), (DUE, 0.3)], True, id="the last one is the goal"),
        pytest.param([(date(2026, 1, 1), 0.1), (DUE, 0.31)], False, id="more than the goal"),
        pytest.param(
            [(date(2026, 1, 1), 0.1), (DUE + timedelta(days=1), 0.3)], False, id="after it is due"
        ),
        pytest.param([(date(2026, 1, 1), 0.0)], False, id="a first step that does not rise"),
        pytest.param([(date(2026, 1, 1), -0.1)], False, id="a first step that falls"),
        pytest.param([(START, 0.1)], False, id="a first step on the day of the baseline"),
        pytest.param([(START + timedelta(days=1), 0.1)], True, id="on the day after it"),
    ],
)
def test_the_steps_of_a_path(steps: list[tuple[date, float]], is_valid: bool) -> None:
    path_steps = tuple(PathStep(due_on, change) for due_on, change in steps)
    if is_valid:
        assert TargetPath(PathKind.STEPS, START, DUE, 0.3, path_steps).steps == path_steps
        return
    with pytest.raises(TargetError) as caught:
        TargetPath(PathKind.STEPS, START, DUE, 0.3, path_steps)
    assert caught.value.field == "steps"
