"""The expected state of a target, computed from the ground truth in exact fractions.

It shares no code with `werknetz.kpi`, so that tests can compare the two.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from werknetz_simulator.plants.expected import element_sums
from werknetz_simulator.plants.plant import PlantMachine
from werknetz_simulator.plants.truth import Truth

Window = tuple[int, int]
Machines = Iterable[tuple[Truth, PlantMachine]]
EXTERNAL: Final = ("starved", "supply_caused", "suspended")
"""Which of these a delay is depends on stock: their sum is known here, not its parts."""


@dataclass(frozen=True, slots=True)
class ExpectedPeriod:
    """Machine time in which the state is known, in µs, by line and loss; good time is the rest."""

    lost_us: Mapping[tuple[str, str], int]
    good_us: int

    @property
    def known_us(self) -> int:
        return self.good_us + sum(self.lost_us.values())

    @property
    def share(self) -> Fraction:
        return Fraction(self.good_us, self.known_us)


@dataclass(frozen=True, slots=True)
class ExpectedTarget:
    change: Fraction
    gap_points: Fraction
    contributions: Mapping[tuple[str, str], Fraction]  # points by line and loss; they add up


def expected_period(machines: Machines, window: Window) -> ExpectedPeriod:
    """Return where the time of machines went in a window; starved and suspended as one."""
    lost: dict[tuple[str, str], int] = {}
    good_us = 0
    for truth, machine in machines:
        sums = element_sums(truth, [machine], *window)
        line = machine.path.rpartition("/")[0]
        delays = sums.blocked_us + sums.starved_us + sums.suspended_us + sums.idle_us
        losses = {
            "no_order": sums.adot_us,
            "set_up": sums.aust_us,
            "blocked": sums.blocked_us,
            "external": sums.starved_us + sums.suspended_us,
            "idle": sums.idle_us,
            "faults": sums.adet_us - delays,
            "speed": sums.apt_us - sums.judged_pri_pq_us,
            "start_up": sums.start_up_pri_sq_us,
            "scrap": sums.judged_pri_pq_us - sums.judged_pri_gq_us - sums.start_up_pri_sq_us,
        }
        good_us += sums.judged_pri_gq_us
        for name, us in losses.items():
            lost[line, name] = lost.get((line, name), 0) + us
    return ExpectedPeriod(lost, good_us)


def expected_target(
    baseline: ExpectedPeriod, now: ExpectedPeriod, goal: Fraction
) -> ExpectedTarget:
    """Return change, gap and contributions: every loss may retain the same share of its baseline.

    Points are percentages of the productivity of the baseline.
    """
    productive = baseline.share * (1 + goal)
    retained = max(Fraction(0), (1 - productive) / (1 - baseline.share))
    points: dict[tuple[str, str], Fraction] = {}
    for key in {*baseline.lost_us, *now.lost_us}:
        before = Fraction(baseline.lost_us.get(key, 0), baseline.known_us)
        after = Fraction(now.lost_us.get(key, 0), now.known_us)
        points[key] = (after - before * retained) / baseline.share * 100
    change = now.share / baseline.share - 1
    return ExpectedTarget(change, (goal - change) * 100, points)
