"""The planned time of a machine's calendar, as boundaries for lookups with numpy."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

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


_ALWAYS: Final = Spans(np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).max]))
_NEVER: Final = Spans(np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class PlannedTime:
    shifts: Spans
    breaks: Spans
    calendars: Spans  # in which a calendar holds; elsewhere all time is planned

    @classmethod
    def of(
        cls, shifts: Iterable[Shift], calendars: Iterable[tuple[int, int]] | None = None
    ) -> "PlannedTime":
        """Build the plan; `calendars`: the spans in which a calendar holds; None: always."""
        all_shifts = list(shifts)
        return cls(
            _merge((shift.start_us, shift.end_us) for shift in all_shifts),
            _merge(pair for shift in all_shifts for pair in shift.breaks),
            _ALWAYS if calendars is None else _merge(calendars),
        )

    @classmethod
    def always(cls) -> "PlannedTime":
        """Return the plan without a calendar: all time is planned."""
        return cls(_ALWAYS, _NEVER, _NEVER)

    def with_breaks(self, spans: Iterable[tuple[int, int]]) -> "PlannedTime":
        """Return the plan with more planned down time."""
        own = self.breaks.boundaries.reshape(-1, 2).tolist()
        breaks = _merge([*((a, b) for a, b in own), *spans])
        return PlannedTime(self.shifts, breaks, self.calendars)

    @property
    def boundaries(self) -> Instants:
        spans = (self.shifts, self.breaks, self.calendars)
        return np.concatenate([part.boundaries for part in spans])


def _merge(spans: Iterable[tuple[int, int]]) -> Spans:
    merged: list[int] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1]:
            merged[-1] = max(merged[-1], end)
        else:
            merged += [start, end]
    return Spans(np.array(merged, np.int64))
