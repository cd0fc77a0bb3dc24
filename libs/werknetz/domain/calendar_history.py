"""The calendars of one equipment over time: each holds from its own instant on.

A shift belongs to the calendar that is in force when it starts, and runs to its end by it. So the
shifts of the past stay as they were when a later calendar begins.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, instant_of
from werknetz.domain.shift import Calendar, Shift, cut_overlaps

_OVERRUN_US: Final = 2 * 86_400_000_000  # no shift is longer, also over a clock change


@dataclass(frozen=True, slots=True)
class CalendarHistory:
    """`steps`: from when which calendar holds, ascending. Before the first: none."""

    steps: tuple[tuple[int, Calendar], ...]

    @classmethod
    def of(cls, levels: Iterable[Sequence[tuple[int, Calendar]]]) -> Self:
        """Build the history from the versions of an equipment and of each one above it.

        The nearest comes first. At each instant the nearest that has a valid version counts.
        """
        by_level = [sorted(versions, key=lambda version: version[0]) for versions in levels]
        steps: list[tuple[int, Calendar]] = []
        for at in sorted({valid_from for versions in by_level for valid_from, _ in versions}):
            calendar = next(valid[-1] for v in by_level if (valid := [c for t, c in v if t <= at]))
            if not steps or steps[-1][1] is not calendar:
                steps.append((at, calendar))
        return cls(tuple(steps))

    @property
    def first_us(self) -> int:
        """When the first calendar begins to hold; the end of time without any."""
        return self.steps[0][0] if self.steps else TIME_MAX_US

    def calendar_at(self, at_us: int) -> Calendar | None:
        return next((calendar for since, calendar in reversed(self.steps) if since <= at_us), None)

    def shifts_between(self, start_us: int, end_us: int) -> list[Shift]:
        """Return the complete shifts that overlap the time span, in order of time.

        A shift that runs when the first calendar begins counts from there on.
        """
        if start_us >= end_us:
            return []
        begin_us, until_us = max(start_us - _OVERRUN_US, TIME_MIN_US), end_us + _OVERRUN_US
        shifts: list[Shift] = []
        for number, (since, calendar) in enumerate(self.steps):
            is_last = number + 1 == len(self.steps)
            to_us = until_us if is_last else min(self.steps[number + 1][0], until_us)
            for shift in calendar.shifts_between(max(since, begin_us), to_us):
                if since <= shift.start_us < to_us:
                    shifts.append(shift)
                elif number == 0 and shift.start_us < since < shift.end_us:
                    shifts.append(shift.clip(since, shift.end_us))
        return [s for s in cut_overlaps(shifts) if s.start_us < end_us and s.end_us > start_us]

    def operation_between(self, start_us: int, end_us: int) -> list[Shift]:
        """Return the planned operation time inside a span: before the first calendar all of it."""
        first_us = min(self.first_us, end_us)
        shifts = [s.clip(start_us, end_us) for s in self.shifts_between(start_us, end_us)]
        if start_us < first_us:
            shifts.insert(0, Shift("", instant_of(start_us).date(), start_us, first_us))
        return shifts

    def overlaps(self) -> list[tuple[Shift, Shift]]:
        """Return the pairs of shifts of two calendars that overlap where the second begins."""
        pairs = []
        for (_, before), (since, after) in pairwise(self.steps):
            running = [
                shift
                for shift in before.shifts_between(since - 1, since)
                if shift.start_us < since < shift.end_us
            ]
            for shift in running:
                pairs += [
                    (shift, following)
                    for following in after.shifts_between(since, shift.end_us)
                    if since <= following.start_us < shift.end_us
                ]
        return pairs
