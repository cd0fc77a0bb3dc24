"""Below which duration a malfunction is a minor stop: data of machines, inherited down the tree."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

MINOR_STOP_US: Final = 120 * 1_000_000
"""The threshold of a machine for which nothing is set, in µs."""

_EARLIEST_US: Final = -(1 << 62)


@dataclass(frozen=True, slots=True)
class StopThreshold:
    """A threshold of an equipment from an instant on; None: that of the equipment above again."""

    path: str
    valid_from_us: int
    minor_stop_s: float | None


@dataclass(frozen=True, slots=True)
class MinorStops:
    """The threshold of one machine over time, as steps in µs; the first has no start."""

    at_us: tuple[int, ...] = (_EARLIEST_US,)
    below_us: tuple[int, ...] = (MINOR_STOP_US,)

    @classmethod
    def of(cls, path: str, thresholds: Iterable[StopThreshold]) -> Self:
        """Return the thresholds of a machine: at each instant the nearest one that holds."""
        above = [t for t in thresholds if t.path == path or path.startswith(t.path + "/")]
        nearest_first = sorted(above, key=lambda t: (-len(t.path), -t.valid_from_us))
        at_us = (_EARLIEST_US, *sorted({t.valid_from_us for t in above}))
        return cls(at_us, tuple(_threshold_at(nearest_first, at) for at in at_us))

    @property
    def longest_us(self) -> int:
        return max(self.below_us)

    def below_at(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the threshold at each instant: below it, a malfunction that begins is minor."""
        step = np.searchsorted(np.array(self.at_us, np.int64), at, side="right") - 1
        return np.array(self.below_us, np.int64)[np.maximum(step, 0)]

    def below_us_at(self, at_us: int) -> int:
        return int(self.below_at(np.array([at_us], np.int64))[0])


def _threshold_at(nearest_first: Iterable[StopThreshold], at_us: int) -> int:
    decided: set[str] = set()
    for threshold in nearest_first:
        if threshold.valid_from_us > at_us or threshold.path in decided:
            continue
        if threshold.minor_stop_s is not None:
            return round(threshold.minor_stop_s * 1e6)
        decided.add(threshold.path)
    return MINOR_STOP_US


DEFAULT_MINOR_STOPS: Final = MinorStops()
