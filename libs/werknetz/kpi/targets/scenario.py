"""Scenarios: what the output would be if losses shrank, with the same machine time.

Time won back from a stop produces as the remaining production time does: at its speed, with its
scrap. Time won back from slow cycles makes parts with the same scrap.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from werknetz.kpi.losses.categories import CATEGORIES


@dataclass(frozen=True, slots=True)
class TimeSums:
    """Seconds of a period by loss, and good time."""

    lost_s: Mapping[str, float]
    good_s: float

    def at(self, step: str) -> float:
        return sum(s for name, s in self.lost_s.items() if CATEGORIES[name].step == step)


def good_time_if(times: TimeSums, factors: Mapping[str, float]) -> float | None:
    """Return the good seconds if each named loss were multiplied by its factor.

    None: nothing was produced, so that no speed is known at which time won back would produce.
    """

    def lost_after(step: str) -> float:
        return sum(
            s * factors.get(name, 1.0)
            for name, s in times.lost_s.items()
            if CATEGORIES[name].step == step
        )

    net_s = times.good_s + times.at("net")
    production_s = net_s + times.at("production")
    if production_s <= 0 or net_s <= 0:
        return None
    won_s = times.at("busy") - lost_after("busy")
    production_after = production_s + won_s
    slow_share = lost_after("production") / production_s
    scrap_share = lost_after("net") / net_s
    return production_after * (1 - slow_share) * (1 - scrap_share)
