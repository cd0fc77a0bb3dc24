"""Paths of targets: what is due on which day, and targets that cannot be."""

from datetime import date

import pytest

from werknetz.kpi.targets.path import (
    PathKind,
    PathStep,
    TargetError,
    TargetPath,
    first_reached,
    months_between,
    rate_needed,
)

START, DUE = date(2018, 12, 31), date(2025, 12, 31)
THIRD = 1 / 3
STEPS = (PathStep(date(2021, 1, 1), 0.1), PathStep(date(2023, 1, 1), 0.2))


def path(kind: PathKind = PathKind.LINEAR, **changes: object) -> TargetPath:
    values: dict[str, object] = {"start_on": START, "due_on": DUE, "goal": THIRD}
    return TargetPath(kind, **(values | changes))  # type: ignore[arg-type] # a table of arguments


@pytest.mark.parametrize(
    ("kind", "on", "expected"),
    [
        (PathKind.LINEAR, date(2018, 1, 1), 0), (PathKind.LINEAR, START, 0),
        (PathKind.LINEAR, DUE, THIRD), (PathKind.LINEAR, date(2030, 1, 1), THIRD),
        (PathKind.LINEAR, date(2019, 12, 31), THIRD * 365 / 2557),
        # One third more in seven years are 4.2 % a year (founding goal).
        (PathKind.COMPOUND, date(2019, 12, 31), 0.04192), (PathKind.COMPOUND, DUE, THIRD),
        (PathKind.COMPOUND, START, 0),
        (PathKind.STEPS, date(2020, 12, 31), 0), (PathKind.STEPS, date(2021, 1, 1), 0.1),
        (PathKind.STEPS, date(2022, 12, 31), 0.1), (PathKind.STEPS, date(2023, 1, 1), 0.2),
        (PathKind.STEPS, date(2025, 12, 30), 0.2), (PathKind.STEPS, DUE, THIRD),
    ],
)  # fmt: skip
def test_what_is_due_on_a_day(kind: PathKind, on: date, expected: float) -> None:
    steps = STEPS if kind is PathKind.STEPS else ()
    assert path(kind, steps=steps).change_due(on) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("changes", "field", "hint"),
    [
        ({"goal": 0.0}, "goal", "0.3333"),
        ({"goal": -0.1}, "goal", "0.3333"),
        ({"goal": float("nan")}, "goal", "0.3333"),
        ({"goal": float("inf")}, "goal", "0.3333"),
        ({"due_on": START}, "due_on", "later due date"),
        ({"due_on": date(2018, 1, 1)}, "due_on", "later due date"),
        ({"steps": STEPS}, "steps", "path=steps"),
        ({"kind": PathKind.STEPS}, "steps", "at least one"),
        ({"kind": PathKind.STEPS, "steps": STEPS[::-1]}, "steps", "later day"),
        ({"kind": PathKind.STEPS, "steps": (STEPS[0], STEPS[0])}, "steps", "later day"),
        (
            {"kind": PathKind.STEPS, "steps": (STEPS[0], PathStep(date(2023, 1, 1), 0.1))},
            "steps",
            "higher change",
        ),
        ({"kind": PathKind.STEPS, "steps": (PathStep(START, 0.1),)}, "steps", "later day"),
        (
            {"kind": PathKind.STEPS, "steps": (PathStep(date(2020, 1, 1), float("nan")),)},
            "steps",
            "higher change",
        ),
        ({"kind": PathKind.STEPS, "steps": (PathStep(date(2020, 1, 1), 0.4),)}, "steps", "goal"),
        ({"kind": PathKind.STEPS, "steps": (PathStep(date(2026, 1, 1), 0.2),)}, "steps", "due"),
    ],
)
def test_a_target_that_cannot_be(changes: dict[str, object], field: str, hint: str) -> None:
    with pytest.raises(TargetError) as error:
        path(**changes)  # type: ignore[arg-type] # a table of arguments
    assert error.value.field == field
    assert hint in error.value.hint
    assert str(error.value).endswith(".")


@pytest.mark.parametrize(
    ("now", "goal", "months", "expected"),
    [
        (0.0, 0.21, 2, 0.1), (0.1, 0.1, 5, 0.0), (0.2, 0.1, 1, -0.08333), (0.0, 0.1, 0, None),
        (0.0, 0.1, -1, None), (-1.0, 0.1, 3, None), (-0.5, 0.0, 1, 1.0),
    ],
)  # fmt: skip
def test_the_rate_that_is_needed(
    now: float, goal: float, months: float, expected: float | None
) -> None:
    assert rate_needed(now, goal, months) == pytest.approx(expected, abs=1e-5)


def test_a_year_has_twelve_months() -> None:
    assert months_between(date(2026, 1, 1), date(2027, 1, 1)) == pytest.approx(12, abs=0.01)
    assert months_between(date(2027, 1, 1), date(2026, 1, 1)) < 0


def test_the_first_day_on_which_the_goal_is_reached() -> None:
    points = [(date(2026, 1, 31), 0.1), (date(2026, 2, 28), 0.2), (date(2026, 3, 31), 0.1)]
    assert first_reached(points, 0.2) == date(2026, 2, 28)
    assert first_reached(points, 0.1) == date(2026, 1, 31)
    assert first_reached(points, 0.21) is None
