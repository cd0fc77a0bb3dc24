"""What is missing to the goal, and what has changed, divided by line and loss.

Productivity is k × (1 − Σ l): k is the judged machine time per unit of input, l the share of that
time lost by a line to a loss. The goal gives every loss a budget: its share in the baseline, all
reduced in the same proportion. The excess of a loss over its budget is its part of the gap, so
that the parts add up to the gap. All points are percentage points of the index (baseline = 100).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

INPUT: Final = "input"  # machine time per input: staffing, or the price of an hour
BEYOND_LOSSES: Final = "beyond_losses"  # the goal asks for more than no losses at all


@dataclass(frozen=True, slots=True, order=True)
class LossKey:
    """`detail`: the missing material of supply-caused downtime; else empty."""

    line: str  # path
    loss: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ProductivitySums:
    """Sums of a period. `lost_s` and `good_s` add up to `judged_s`; `input` has any unit."""

    lost_s: Mapping[LossKey, float]
    good_s: float
    input: float

    @property
    def judged_s(self) -> float:
        return self.good_s + math.fsum(self.lost_s.values())

    @property
    def productivity(self) -> float | None:
        """Return earned seconds per unit of input; None: there is no input."""
        return self.good_s / self.input if self.input > 0 else None

    @property
    def seconds_per_input(self) -> float:
        return self.judged_s / self.input

    def share_of(self, key: LossKey) -> float:
        return self.lost_s.get(key, 0.0) / self.judged_s if self.judged_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Contribution:
    """A line's loss. Shares are of the judged machine time of the whole scope."""

    key: LossKey
    baseline_share: float | None
    share: float | None
    budget_share: float | None
    gap_points: float  # its part of what is missing; negative: better than its budget
    change_points: float  # its part of the change since the baseline; positive: improved
    potential_points: float  # gained if the loss vanished


def contributions_of(
    baseline: ProductivitySums, now: ProductivitySums, goal: float
) -> list[Contribution]:
    """Return the contributions, the largest part of the gap first.

    Both periods need input and output. Σ gap_points = 100 × (1 + goal − index), Σ change_points =
    100 × (index − 1), where the index is the ratio of the two productivities.
    """
    base_rate = baseline.productivity
    if not base_rate or now.productivity is None:
        raise ValueError("contributions need output in the baseline, and input in both periods")
    points = 100 / base_rate
    k_base, k_now = baseline.seconds_per_input, now.seconds_per_input
    base_losses = 1 - baseline.good_s / baseline.judged_s
    demanded = goal * base_rate
    reducible = k_base * base_losses
    reduction = min(1.0, demanded / reducible) if reducible > 0 else 0.0
    contributions = []
    for key in sorted({*baseline.lost_s, *now.lost_s}):
        before, share = baseline.share_of(key), now.share_of(key)
        budget = before * (1 - reduction)
        contributions.append(
            Contribution(
                key, before, share, budget, k_now * (share - budget) * points,
                k_now * (before - share) * points, k_now * share * points,
            )
        )  # fmt: skip
    allowed = 1 - base_losses * (1 - reduction)
    contributions += _others(
        {
            INPUT: ((k_base - k_now) * allowed, (k_now - k_base) * (1 - base_losses)),
            BEYOND_LOSSES: (demanded - reducible * reduction, 0.0),
        },
        points,
    )
    return sorted(contributions, key=lambda c: (-c.gap_points, c.key))


def _others(parts: Mapping[str, tuple[float, float]], points: float) -> Iterable[Contribution]:
    """Yield the parts that belong to no loss; those that are nothing but rounding are left out."""
    for name, (gap, change) in parts.items():
        if abs(gap * points) > 1e-9 or abs(change * points) > 1e-9:
            key = LossKey("", name)
            yield Contribution(key, None, None, None, gap * points, change * points, 0.0)
