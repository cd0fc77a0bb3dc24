"""Below which duration a malfunction is a minor stop: data of machines, inherited down the tree."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

MINOR_STOP_US: Final = 120 * 1_000_000
"""The threshold of a machine for which nothing is set, in µs."""

EARLIEST_US: Final = -(1 << 62)
ThresholdName = Literal["minor_stop_s", "start_up_s", "start_up_items", "start_up_after_stop_s"]


@dataclass(frozen=True, slots=True)
class StopThreshold:
    """Thresholds of an equipment from an instant on; None: that of the equipment above again."""

    path: str
    valid_from_us: int
    minor_stop_s: float | None = None
    start_up_s: float | None = None
    start_up_items: float | None = None
    start_up_after_stop_s: float | None = None

    def is_above(self, path: str) -> bool:
        """Return whether it holds at an equipment, unless a nearer one does."""
        return self.path == path or path.startswith(self.path + "/")


@dataclass(frozen=True, slots=True)
class MinorStops:
    """The threshold of one machine over time, as steps in µs; the first has no start."""

    at_us: tuple[int, ...] = (EARLIEST_US,)
    below_us: tuple[int, ...] = (MINOR_STOP_US,)

    @classmethod
    def of(cls, path: str, thresholds: Iterable[StopThreshold]) -> Self:
        """Return the thresholds of a machine: at each instant the nearest one that holds."""
        above = [t for t in thresholds if t.is_above(path)]
        at_us = instants_of(above)
        return cls(at_us, tuple(_threshold_at(above, at) for at in at_us))

    @property
    def longest_us(self) -> int:
        return max(self.below_us)

    def below_at(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the threshold at each instant: below it, a malfunction that begins is minor."""
        step = np.searchsorted(np.array(self.at_us, np.int64), at, side="right") - 1
        return np.array(self.below_us, np.int64)[np.maximum(step, 0)]

    def below_us_at(self, at_us: int) -> int:
        return int(self.below_at(np.array([at_us], np.int64))[0])


def instants_of(thresholds: Iterable[StopThreshold]) -> tuple[int, ...]:
    """Return from when on other thresholds hold; the first has no start."""
    return (EARLIEST_US, *sorted({t.valid_from_us for t in thresholds}))


def value_at(above: Iterable[StopThreshold], at_us: int, name: ThresholdName) -> float | None:
    """Return the nearest value of a threshold that holds at an instant; None: there is none."""
    threshold = threshold_at(above, at_us, name)
    value: float | None = None if threshold is None else getattr(threshold, name)
    return value


def threshold_at(
    above: Iterable[StopThreshold], at_us: int, name: ThresholdName
) -> StopThreshold | None:
    """Return the nearest threshold with such a value that holds at an instant; None: none has one.

    `above`: the thresholds of an equipment and of what is above it.
    """
    decided: set[str] = set()
    for threshold in sorted(above, key=lambda t: (-len(t.path), -t.valid_from_us)):
        if threshold.valid_from_us > at_us or threshold.path in decided:
            continue
        if getattr(threshold, name) is not None:
            return threshold
        decided.add(threshold.path)
    return None


def _threshold_at(above: Iterable[StopThreshold], at_us: int) -> int:
    value_s = value_at(above, at_us, "minor_stop_s")
    return MINOR_STOP_US if value_s is None else round(value_s * 1e6)


DEFAULT_MINOR_STOPS: Final = MinorStops()
