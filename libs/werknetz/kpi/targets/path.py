"""The path of a target: the change against the baseline that is due on each day.

A change is relative: 1/3 is one third more output per input than in the baseline.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from werknetz.texts.sentence import Sentence

MONTH_DAYS = 365.25 / 12


class PathKind(StrEnum):
    LINEAR = "linear"
    COMPOUND = "compound"  # the same rate every day
    STEPS = "steps"  # each value is due from its day on


class TargetError(ValueError):
    """A target that cannot be; `field` is what to correct, `hint` how."""

    def __init__(self, field: str, detail: str, hint: str) -> None:
        super().__init__(detail)
        self.field, self.detail, self.hint = field, detail, hint


@dataclass(frozen=True, slots=True)
class PathStep:
    due_on: date
    change: float


@dataclass(frozen=True, slots=True)
class TargetPath:
    """From no change at `start_on`, the end of the baseline, to `goal` on `due_on`."""

    kind: PathKind
    start_on: date
    due_on: date
    goal: float
    steps: tuple[PathStep, ...] = ()

    def __post_init__(self) -> None:
        if not math.isfinite(self.goal) or self.goal <= 0:
            raise TargetError(
                "goal", Sentence("targets.no_increase", goal=self.goal),
                Sentence("targets.give_increase"),
            )  # fmt: skip
        if self.due_on <= self.start_on:
            raise TargetError(
                "due_on",
                Sentence("targets.due_before_baseline", due_on=self.due_on, start_on=self.start_on),
                Sentence("targets.choose_later_due"),
            )
        _check_steps(self)

    def change_due(self, on: date) -> float:
        """Return the change that the path demands on a day: 0 before it, the goal after it."""
        if on <= self.start_on:
            return 0.0
        if on >= self.due_on:
            return self.goal
        share = (on - self.start_on).days / (self.due_on - self.start_on).days
        match self.kind:
            case PathKind.LINEAR:
                return self.goal * share
            case PathKind.COMPOUND:
                return math.expm1(math.log1p(self.goal) * share)
            case PathKind.STEPS:
                return max((step.change for step in self.steps if step.due_on <= on), default=0.0)


def _check_steps(path: TargetPath) -> None:
    if path.kind is not PathKind.STEPS:
        if path.steps:
            raise TargetError(
                "steps",
                Sentence("targets.path_without_steps", kind=path.kind.value),
                Sentence("targets.leave_steps_out"),
            )
        return
    if not path.steps:
        raise TargetError(
            "steps", Sentence("targets.steps_missing"), Sentence("targets.give_a_step")
        )
    previous = PathStep(path.start_on, 0.0)
    for step in path.steps:
        if step.due_on <= previous.due_on or not step.change > previous.change:
            raise TargetError(
                "steps",
                Sentence(
                    "targets.step_does_not_rise",
                    due_on=step.due_on,
                    change=step.change,
                    before_on=previous.due_on,
                    before=previous.change,
                ),
                Sentence("targets.steps_rise"),
            )
        previous = step
    last = path.steps[-1]
    if last.due_on > path.due_on or last.change > path.goal:
        raise TargetError(
            "steps",
            Sentence(
                "targets.step_beyond_goal",
                due_on=last.due_on,
                change=last.change,
                goal=path.goal,
                goal_on=path.due_on,
            ),
            Sentence("targets.correct_step"),
        )


def months_between(first: date, last: date) -> float:
    return (last - first).days / MONTH_DAYS


def rate_needed(now: float, goal: float, months: float) -> float | None:
    """Return the relative increase a month from one change to another; None: no time is left."""
    if months <= 0 or now <= -1:
        return None
    return math.expm1((math.log1p(goal) - math.log1p(now)) / months)


def first_reached(points: Sequence[tuple[date, float]], goal: float) -> date | None:
    """Return the first day on which the change reaches the goal; None: it never does."""
    return next((on for on, change in points if change >= goal), None)
