"""The planned time of a machine's calendar, as boundaries for lookups with numpy."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from werknetz.domain.shift import Shift

Instants = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans that neither overlap nor touch, as ascending boundaries: start, end, start, end."""

    boundaries: Instants

    def contains(self, at: Instants) -> Flags:
        inside: Flags = np.searchsorted(self.boundaries, at, side="right") % 2 == 1
        return inside


@dataclass(frozen=True, slots=True)
class PlannedTime:
    shifts: Spans
    breaks: Spans

    @classmethod
    def of(cls, shifts: Iterable[Shift]) -> "PlannedTime":
        all_shifts = list(shifts)
        return cls(
            _merge((shift.start_us, shift.end_us) for shift in all_shifts),
            _merge(pair for shift in all_shifts for pair in shift.breaks),
        )

    @classmethod
    def always(cls) -> "PlannedTime":
        """Return the plan without a calendar: all time is planned."""
        everything = np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).max])
        return cls(Spans(everything), Spans(np.empty(0, np.int64)))

    @property
    def boundaries(self) -> Instants:
        return np.concatenate((self.shifts.boundaries, self.breaks.boundaries))


def _merge(spans: Iterable[tuple[int, int]]) -> Spans:
    merged: list[int] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1]:
            merged[-1] = max(merged[-1], end)
        else:
            merged += [start, end]
    return Spans(np.array(merged, np.int64))
