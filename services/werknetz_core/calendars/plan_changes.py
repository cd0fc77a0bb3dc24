"""Where two shift plans differ, so that exactly that is computed again."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from werknetz.domain.bucket import BUCKET_US, bucket_of
from werknetz.domain.calendar_history import CalendarHistory
from werknetz.domain.rollup import Span, merge_spans
from werknetz.domain.shift import Shift
from werknetz.kpi.stops.thresholds import MINOR_STOP_US


def changed_spans(
    before: CalendarHistory, after: CalendarHistory, start_us: int, end_us: int
) -> tuple[Span, ...]:
    """Return the spans in which planned time, breaks or the presence of a calendar differ."""
    plans = [_Plan(history, start_us, end_us) for history in (before, after)]
    edges = sorted({start_us, end_us, *plans[0].edges, *plans[1].edges})
    return merge_spans(
        (begin, until)
        for begin, until in pairwise(edges)
        if plans[0].at(begin) != plans[1].at(begin)
    )


def buckets_of_change(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans of whole buckets whose elements a change of the plan may change.

    A fault at the end of a bucket is classified by what follows it.
    """
    return merge_spans(
        (bucket_of(start_us - MINOR_STOP_US), end_us + (-end_us) % BUCKET_US)
        for start_us, end_us in spans
    )


class _Plan:
    """What holds at an instant: whether a calendar does, in a shift, in a break."""

    def __init__(self, history: CalendarHistory, start_us: int, end_us: int) -> None:
        shifts = history.operation_between(start_us, end_us)
        self._first_us = history.first_us
        self._steps = sorted(_steps_of(shifts))
        self._states: list[tuple[int, tuple[int, int]]] = []
        state = (0, 0)
        for at_us, shift, pause in self._steps:
            state = (state[0] + shift, state[1] + pause)
            self._states.append((at_us, state))
        inside = {at_us for at_us, _, _ in self._steps} | {self._first_us}
        self.edges: Sequence[int] = [at for at in inside if start_us < at < end_us]
        self._position = 0
        self._state = (0, 0)

    def at(self, at_us: int) -> tuple[bool, int, int]:
        """Return the state at an instant; instants are asked for in ascending order."""
        while self._position < len(self._states) and self._states[self._position][0] <= at_us:
            self._state = self._states[self._position][1]
            self._position += 1
        return at_us >= self._first_us, *self._state


def _steps_of(shifts: Iterable[Shift]) -> Iterable[tuple[int, int, int]]:
    for shift in shifts:
        yield shift.start_us, 1, 0
        yield shift.end_us, -1, 0
        for begin, until in shift.breaks:
            yield begin, 0, 1
            yield until, 0, -1
