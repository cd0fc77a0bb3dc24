"""What the calendar plans for a machine, as boundaries that numpy can look instants up in."""

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
class ShiftPlan:
    shifts: Spans
    breaks: Spans

    @classmethod
    def of(cls, shifts: Iterable[Shift]) -> "ShiftPlan":
        known = list(shifts)
        return cls(
            _merge((shift.start_us, shift.end_us) for shift in known),
            _merge(pair for shift in known for pair in shift.breaks),
        )

    @classmethod
    def always(cls) -> "ShiftPlan":
        """Return the plan where no calendar is known: every second is planned."""
        everything = np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).max])
        return cls(Spans(everything), Spans(np.empty(0, np.int64)))

    @property
    def boundaries(self) -> Instants:
        return np.concatenate((self.shifts.boundaries, self.breaks.boundaries))


def _merge(spans: Iterable[tuple[int, int]]) -> Spans:
    united: list[int] = []
    for start, end in sorted(spans):
        if united and start <= united[-1]:
            united[-1] = max(united[-1], end)
        else:
            united += [start, end]
    return Spans(np.array(united, np.int64))
