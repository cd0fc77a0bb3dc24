"""The status of a target in numbers and sentences, before and after the due date."""

from datetime import date, timedelta

import pytest

from werknetz.kpi.targets.forecast import IndexPoint
from werknetz.kpi.targets.path import PathKind, TargetPath
from werknetz.kpi.targets.status import TargetState, status_of
from werknetz.kpi.targets.wording import headline_of, sentences_of

START, DUE = date(2025, 1, 1), date(2027, 1, 1)
PATH = TargetPath(PathKind.LINEAR, START, DUE, 0.3)
HALF = date(2026, 1, 1)
AFTER = DUE + timedelta(days=1)


def series(*changes: float) -> list[IndexPoint]:
    starts = [START + timedelta(days=30 * n) for n in range(len(changes))]
    return [
        IndexPoint(start, start + timedelta(days=30), change, 1.0)
        for start, change in zip(starts, changes, strict=True)
    ]


@pytest.mark.parametrize(
    ("on", "change", "at_due", "state"),
    [
        (HALF, 0.15, None, TargetState.ON_PATH), (HALF, 0.1499, None, TargetState.BEHIND),
        (HALF, 0.3, None, TargetState.MET), (HALF, 0.2999, None, TargetState.ON_PATH),
        (HALF, None, None, TargetState.UNKNOWN), (START, 0.0, None, TargetState.ON_PATH),
        (DUE, 0.29, None, TargetState.BEHIND), (DUE, 0.3, 0.29, TargetState.MET),
        (AFTER, 0.29, 0.29, TargetState.MISSED), (AFTER, 0.31, 0.29, TargetState.MISSED),
        (AFTER, 0.1, 0.3, TargetState.MET), (AFTER, None, 0.29, TargetState.MISSED),
        (AFTER, 0.29, None, TargetState.MISSED), (AFTER, 0.3, None, TargetState.MET),
        (AFTER, None, None, TargetState.UNKNOWN),
    ],
)  # fmt: skip
def test_the_state(
    on: date, change: float | None, at_due: float | None, state: TargetState
) -> None:
    status = status_of(PATH, on, change, [], change_at_due=at_due)
    assert status.state is state
    assert status.first_met_on is None
    assert (status.gap_points is None) == (change is None)


def test_behind_the_path_before_the_due_date() -> None:
    status = status_of(PATH, HALF, 0.05, series(*(0.006 * n for n in range(11))))
    assert status.gap_points == pytest.approx(25)
    assert status.path_gap_points == pytest.approx(10)
    assert status.reach_by == DUE
    assert status.needed_per_month == pytest.approx((1.3 / 1.05) ** (1 / 11.99) - 1, rel=1e-3)
    assert status.forecast is not None
    assert status.forecast.on == DUE
    assert headline_of(PATH, status).startswith("+5.0 % of +30.0 %, gap 25.0 points, forecast +")
    first, needed, pace = sentences_of(PATH, status)
    assert first == (
        "Behind the path by 10.0 points: +5.0 %, +15.0 % is due today of +30.0 % on 2027-01-01."
    )
    assert needed == "It needs +1.8 % a month to reach it by 2027-01-01."
    assert pace.startswith("At this pace it is reached on 20")


def test_a_due_date_that_is_past() -> None:
    on = date(2027, 7, 1)
    status = status_of(PATH, on, 0.21, series(*[0.1] * 25), change_at_due=0.18)
    assert status.reach_by == on + timedelta(days=365)
    assert sentences_of(PATH, status) == [
        "Missed by 12.0 points on 2027-01-01; now at +21.0 % of +30.0 %.",
        "It needs +0.6 % a month to reach it by 2028-06-30.",
        "At this pace it is never reached.",
    ]


def test_missed_and_reached_later() -> None:
    points = series(*(0.02 * n for n in range(30)))
    status = status_of(PATH, date(2027, 7, 1), 0.4, points, change_at_due=0.2)
    assert status.state is TargetState.MISSED
    assert status.needed_per_month is None
    missed = "Missed by 10.0 points on 2027-01-01; now at +40.0 % of +30.0 %"
    assert sentences_of(PATH, status) == [f"{missed}, first reached on {status.first_met_on}."]
    assert "reached" in headline_of(PATH, status)


def test_to_be_reached_by_another_day() -> None:
    on = date(2027, 7, 1)
    status = status_of(PATH, on, 0.21, [], reach_by=date(2027, 10, 1))
    assert status.reach_by == date(2027, 10, 1)
    ahead = status_of(PATH, HALF, 0.21, [], reach_by=date(2027, 10, 1))
    assert ahead.reach_by == DUE


def test_without_a_current_value() -> None:
    status = status_of(PATH, HALF, None, [])
    assert headline_of(PATH, status) == "no current value, goal +30.0 %"
    assert sentences_of(PATH, status) == [
        "There is no current value to compare with the goal of +30.0 % on 2027-01-01."
    ]
    assert status.forecast_reason is not None


def test_met() -> None:
    status = status_of(PATH, HALF, 0.31, series(0.1, 0.3, 0.31))
    assert status.first_met_on == START + timedelta(days=60)
    assert sentences_of(PATH, status) == [
        "Met, first on 2025-03-02: now at +31.0 % of +30.0 %, due on 2027-01-01."
    ]
