"""How long a start-up lasts and what begins one: data of machines, inherited down the tree.

Scrap of a start-up is one of the six big losses (start-up rejects): scrap from the start of
production until it is stable.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from werknetz.kpi.stops.thresholds import EARLIEST_US, StopThreshold, instants_of, value_at

STOP_MAX_S: Final = 86_400.0
"""The longest stop that a rule can ask for, in s; longer ones count as long as this."""


@dataclass(frozen=True, slots=True)
class StartUpRule:
    """A start-up ends after `duration_us`, or with the sample that reports `good_items` good ones.

    `good_items` 0: only time ends it. A stop of at least `after_stop_us` is followed by one, as a
    set-up and a change of order always are.
    """

    duration_us: int = 900_000_000
    good_items: float = 0.0
    after_stop_us: int = 3_600_000_000


@dataclass(frozen=True, slots=True)
class StartUpRules:
    """The rule of one machine over time, as steps in µs; the first has no start."""

    at_us: tuple[int, ...] = (EARLIEST_US,)
    rules: tuple[StartUpRule, ...] = (StartUpRule(),)

    @classmethod
    def of(cls, path: str, thresholds: Iterable[StopThreshold]) -> Self:
        """Return the rules of a machine: of each value the nearest one that holds at an instant."""
        above = [t for t in thresholds if t.is_above(path)]
        at_us = instants_of(above)
        return cls(at_us, tuple(_rule_at(above, at) for at in at_us))

    def at(self, instant_us: int) -> StartUpRule:
        return self.rules[max(bisect_right(self.at_us, instant_us) - 1, 0)]

    @property
    def count_items(self) -> bool:
        """Return whether good items ever end a start-up."""
        return any(rule.good_items for rule in self.rules)

    def after_stop_at(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return at each instant how long a stop is at least, so that a start-up follows."""
        return self._values_at(at, [rule.after_stop_us for rule in self.rules])

    def durations_at(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        return self._values_at(at, [rule.duration_us for rule in self.rules])

    def _values_at(self, at: NDArray[np.int64], values: list[int]) -> NDArray[np.int64]:
        step = np.searchsorted(np.array(self.at_us, np.int64), at, side="right") - 1
        return np.array(values, np.int64)[np.maximum(step, 0)]


def _rule_at(above: Iterable[StopThreshold], at_us: int) -> StartUpRule:
    rows, default = list(above), StartUpRule()
    duration_s = value_at(rows, at_us, "start_up_s")
    items = value_at(rows, at_us, "start_up_items")
    stop_s = value_at(rows, at_us, "start_up_after_stop_s")
    return StartUpRule(
        default.duration_us if duration_s is None else round(duration_s * 1e6),
        default.good_items if items is None else items,
        default.after_stop_us if stop_s is None else round(stop_s * 1e6),
    )


DEFAULT_START_UP: Final = StartUpRules()
