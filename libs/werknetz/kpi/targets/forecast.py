"""Forecast of a target: a weighted line through the changes of past periods, with its band."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from werknetz.texts.sentence import Sentence

METHOD: Final = "weighted least squares line, 80 % prediction band"
POINTS_MIN: Final = 3
AHEAD_MAX: Final = 3.0  # in multiples of the observed time
BAND_MIN: Final = 0.1  # a band of up to this width is useful for any goal
HORIZON_DAYS: Final = 50 * 366
# Student's t, 90 % one-sided, by degrees of freedom from 1.
_T90: Final = (
    3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372, 1.363, 1.356, 1.350,
    1.345, 1.341, 1.337, 1.333, 1.330, 1.328, 1.325, 1.323, 1.321, 1.319, 1.318, 1.316, 1.315,
    1.314, 1.313, 1.311, 1.310,
)  # fmt: skip
_NORMAL90: Final = 1.282


@dataclass(frozen=True, slots=True)
class IndexPoint:
    """The change of a period against the baseline; `weight` is its input."""

    start_on: date
    end_on: date  # the first day after it
    change: float
    weight: float

    @property
    def middle(self) -> float:
        return (self.start_on.toordinal() + self.end_on.toordinal()) / 2


@dataclass(frozen=True, slots=True)
class IndexTrend:
    """A fitted line; `spread` is the residual standard deviation of a period of mean weight."""

    mean_day: float
    mean_change: float
    slope: float  # change per day
    spread: float
    day_variance: float  # weighted sum of squares of days
    points: int
    observed_days: float
    last_day: float

    @classmethod
    def of(cls, points: Sequence[IndexPoint]) -> "IndexTrend | None":
        """Fit a line; None: there are too few periods for a line and its band."""
        usable = [point for point in points if point.weight > 0 and math.isfinite(point.change)]
        if len(usable) < POINTS_MIN or len({point.middle for point in usable}) < 2:
            return None
        total = math.fsum(point.weight for point in usable)
        weights = [point.weight * len(usable) / total for point in usable]
        mean_day = _mean(weights, [point.middle for point in usable])
        mean_change = _mean(weights, [point.change for point in usable])
        offsets = [point.middle - mean_day for point in usable]
        squares = math.fsum(w * d * d for w, d in zip(weights, offsets, strict=True))
        products = (
            w * d * (point.change - mean_change)
            for w, d, point in zip(weights, offsets, usable, strict=True)
        )
        slope = math.fsum(products) / squares
        residuals = (
            w * (point.change - mean_change - slope * d) ** 2
            for w, d, point in zip(weights, offsets, usable, strict=True)
        )
        spread = math.sqrt(max(0.0, math.fsum(residuals) / (len(usable) - 2)))
        first = min(point.start_on for point in usable).toordinal()
        last = max(point.end_on for point in usable).toordinal()
        return cls(mean_day, mean_change, slope, spread, squares, len(usable), last - first, last)

    def change_on(self, on: date) -> float:
        return self.mean_change + self.slope * (on.toordinal() - self.mean_day)

    def band_on(self, on: date) -> tuple[float, float]:
        """Return the 80 % prediction band; a change is never below -1, no output at all."""
        freedom = self.points - 2
        quantile = _T90[freedom - 1] if freedom <= len(_T90) else _NORMAL90
        distance = on.toordinal() - self.mean_day
        leverage = 1 + 1 / self.points + distance * distance / self.day_variance
        half = quantile * self.spread * math.sqrt(leverage)
        change = self.change_on(on)
        return max(change - half, -1.0), change + half

    def reaches(self, goal: float) -> date | None:
        """Return the day after the observed time on which the line reaches the goal; None: never.

        A day more than 50 years ahead counts as never.
        """
        last = date.fromordinal(round(self.last_day))
        if self.change_on(last) >= goal:
            return last
        if self.slope <= 0:
            return None
        days = (goal - self.change_on(last)) / self.slope
        return last + timedelta(days=math.ceil(days)) if days <= HORIZON_DAYS else None

    def band_width_on(self, on: date) -> float:
        """Return the width of the band, also where a part of it is below no output at all."""
        return 2 * (self.band_on(on)[1] - self.change_on(on))


def no_forecast_because(
    trend: IndexTrend | None, series: Sequence[IndexPoint], on: date, goal: float
) -> Sentence | None:
    """Return why a line through the series is no forecast for a day; None: it is one.

    There are too few periods; or the day is further ahead than three times the observed time; or
    the band is wider than the goal (and than 10 points), so that it says nothing about it.
    """
    if trend is None:
        usable = sum(point.weight > 0 and math.isfinite(point.change) for point in series)
        return Sentence("target.few_periods", periods=usable, needed=POINTS_MIN)
    ahead = on.toordinal() - trend.last_day
    if ahead > AHEAD_MAX * trend.observed_days:
        return Sentence("target.far_ahead", observed=trend.observed_days, ahead=ahead)
    width = trend.band_width_on(on)
    if width > max(goal, BAND_MIN):
        return Sentence("target.varies", points=width * 100)
    return None


def _mean(weights: Sequence[float], values: Sequence[float]) -> float:
    products = (w * value for w, value in zip(weights, values, strict=True))
    return math.fsum(products) / math.fsum(weights)
