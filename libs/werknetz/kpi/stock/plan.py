"""The planned time of a line: its shifts without breaks."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from werknetz.domain.shift import Shift, ShiftSource

HOUR_US: Final = 3_600_000_000
Span = tuple[int, int]


def planned_spans_of(calendar: ShiftSource | None, start_us: int, end_us: int) -> list[Span]:
    """Return the planned time inside a window, in order; without a calendar it is all planned."""
    if calendar is None:
        return [(start_us, end_us)]
    shifts = calendar.shifts_between(start_us, end_us)
    return clip_spans(spans_of_shifts(shifts), start_us, end_us)


def spans_of_shifts(shifts: Iterable[Shift]) -> list[Span]:
    """Return the time of shifts without their breaks, in order."""
    spans: list[Span] = []
    for shift in shifts:
        at_us = shift.start_us
        for begin, until in shift.breaks:
            spans.append((at_us, begin))
            at_us = until
        spans.append((at_us, shift.end_us))
    return [(start, end) for start, end in spans if start < end]


def clip_spans(spans: Sequence[Span], start_us: int, end_us: int) -> list[Span]:
    """Return the parts of the spans inside a window."""
    cut = ((max(start, start_us), min(end, end_us)) for start, end in spans)
    return [(start, end) for start, end in cut if start < end]


def planned_us_between(spans: Sequence[Span], edges: Sequence[int]) -> list[int]:
    """Return the planned time between consecutive edges, which are ascending."""
    planned = [0] * (len(edges) - 1)
    for start, end in clip_spans(spans, edges[0], edges[-1]):
        index = bisect_right(edges, start) - 1
        while index < len(planned) and edges[index] < end:
            planned[index] += min(end, edges[index + 1]) - max(start, edges[index])
            index += 1
    return planned
