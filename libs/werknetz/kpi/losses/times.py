"""Loss times: the calendar time of equipment, divided into categories and good time.

In whole microseconds, so that parts add up to the whole exactly, at every level and in any order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from werknetz.kpi.elements import Elements
from werknetz.kpi.losses.categories import CATEGORIES, STEPS, LossKind

_US: Final = 1e6
LOSS_INPUTS: Final = (
    "pot_s", "pbt_s", "apt_s", "aust_s", "adet_s", "unknown_s", "off_shift_s", "malfunction_s",
    "minor_stop_s", "blocked_s", "starved_s", "suspended_s", "judged_apt_s", "judged_pri_pq_s",
    "judged_pri_gq_s", "start_up_pri_sq_s",
)  # fmt: skip
"""The elements of loss times."""


@dataclass(frozen=True, slots=True)
class LossTimes:
    """Times by category and the good time, in µs; absent categories have none."""

    by_category: Mapping[str, int] = field(default_factory=dict)
    good_us: int = 0

    def __add__(self, other: "LossTimes") -> "LossTimes":
        names = {*self.by_category, *other.by_category}
        return LossTimes(
            {name: self.of(name) + other.of(name) for name in names}, self.good_us + other.good_us
        )

    @classmethod
    def sum(cls, parts: Iterable["LossTimes"]) -> "LossTimes":
        total: dict[str, int] = {}
        good_us = 0
        for part in parts:
            good_us += part.good_us
            for name, us in part.by_category.items():
                total[name] = total.get(name, 0) + us
        return cls(total, good_us)

    def of(self, name: str) -> int:
        return self.by_category.get(name, 0)

    def step_us(self, step: str) -> int:
        """Return the time that remains at a step, such as `busy`."""
        first = STEPS.index(step)
        later = (
            us
            for name, us in self.by_category.items()
            if STEPS.index(CATEGORIES[name].step) >= first
        )
        return self.good_us + sum(later)

    def kind_us(self, kind: LossKind) -> int:
        return sum(us for name, us in self.by_category.items() if CATEGORIES[name].kind is kind)

    @property
    def loss_us(self) -> int:
        """Return the lost part of the planned busy time."""
        return self.kind_us(LossKind.LOSS)

    @property
    def not_judged_us(self) -> int:
        return self.kind_us(LossKind.NOT_JUDGED)

    @property
    def judged_us(self) -> int:
        """Return the planned busy time that is either good or lost."""
        return self.good_us + self.loss_us


@dataclass(frozen=True, slots=True)
class SupplyCausedTime:
    """Delay time of a machine in which a material of its line was out of stock, in µs."""

    starved_us: int = 0
    suspended_us: int = 0


def loss_times_of(e: Elements, supply: SupplyCausedTime | None = None) -> LossTimes:
    """Return the loss times of one machine's elements.

    Time in which it produced, but its ideal cycle or its counts are unknown, is not judged. The
    rounding of seconds to microseconds goes into `idle`, `no_order` and `planned_down`.
    """
    cause = supply or SupplyCausedTime()
    starved, suspended = _us_of(e.starved_s), _us_of(e.suspended_s)
    starved_supply = min(cause.starved_us, starved)
    suspended_supply = min(cause.suspended_us, suspended)
    busy, production = _us_of(e.pbt_s), _us_of(e.apt_s)
    unknown, set_up, delay = _us_of(e.unknown_s), _us_of(e.aust_s), _us_of(e.adet_s)
    named = {
        "malfunction": _us_of(e.malfunction_s),
        "minor_stop": _us_of(e.minor_stop_s),
        "blocked": _us_of(e.blocked_s),
        "starved": starved - starved_supply,
        "suspended": suspended - suspended_supply,
        "supply_caused": starved_supply + suspended_supply,
    }
    times = {
        "off_shift": _us_of(e.off_shift_s),
        "planned_down": _us_of(e.pot_s) - busy,
        "unknown": unknown,
        "no_order": busy - production - set_up - delay - unknown,
        "set_up": set_up,
        **named,
        "idle": delay - sum(named.values()),
    }
    judged, net, good = (_us_of(s) for s in (e.judged_apt_s, e.judged_pri_pq_s, e.judged_pri_gq_s))
    times["speed_not_judged"] = production - judged
    times["speed"] = judged - net
    scrap = net - good
    times["start_up"] = _us_of(e.start_up_pri_sq_s)
    times["scrap"] = scrap - times["start_up"]
    return LossTimes({name: us for name, us in times.items() if us}, good)


def _us_of(seconds: float) -> int:
    return round(seconds * _US)
