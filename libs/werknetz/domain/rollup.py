"""Roll-ups: which stored sums a window is made of, so that a year costs what a day costs.

Sums are stored by bucket, by hour of UTC and by day of the plant: of each machine, and of each
equipment with everything below it. Roll-ups of days and of trees may be older than the buckets;
where they are, the window is made of hours and buckets of the machines, which never are.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import IntEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from werknetz.domain.bucket import BUCKET_US, bucket_of
from werknetz.domain.shift import local_day, local_us

HOUR_US: Final = 4 * BUCKET_US
_DAY_MIN_US: Final = 20 * HOUR_US  # no day is shorter
Span = tuple[int, int]


class Grain(IntEnum):
    """What a stored sum is of. The numbers are stored."""

    BUCKET = 0  # of one equipment: the rows of `elements`
    HOUR = 1  # of one equipment, in the transaction of its buckets
    TREE_BUCKET = 3  # of an equipment and everything below it
    TREE_HOUR = 4
    DAY = 5  # of an equipment and everything below it, in its time zone


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of window number `n`. `is_stale`: summed over the equipment and each one below.

    `is_single`: it is exactly one stored sum.
    """

    n: int
    grain: Grain
    start_us: int
    end_us: int
    is_stale: bool = False
    is_single: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Run:
    """Windows from number `n` on that follow each other, each of exactly one stored sum."""

    n: int
    grain: Grain
    start_us: int
    end_us: int
    windows: int = 1

    def continues_with(self, piece: Piece) -> bool:
        following = (self.n + self.windows, self.grain, self.end_us)
        return following == (piece.n, piece.grain, piece.start_us)


@dataclass(frozen=True, slots=True)
class RollupState:
    """What roll-ups of an equipment can be used for. `zone` None: no days are rolled up."""

    is_parent: bool
    zone: ZoneInfo | None = None
    stale: tuple[Span, ...] = ()  # ascending, disjoint


def pieces_of(windows: Iterable[Span], state: RollupState) -> list[Piece]:
    """Return the pieces of windows; they are of whole buckets, in any order, and may overlap."""
    numbered = list(enumerate(windows, start=1))
    days = _day_edges([span for _, span in numbered], state.zone)
    pieces: list[Piece] = []
    for n, span in numbered:
        for start_us, end_us, is_stale in _cut_stale(span, state.stale):
            if not is_stale:
                pieces += _fresh_pieces(n, (start_us, end_us), days, is_parent=state.is_parent)
            else:
                pieces += _hour_pieces(
                    n, (start_us, end_us), Grain.HOUR, Grain.BUCKET, is_stale=state.is_parent
                )
    return pieces


def cut_runs(pieces: Iterable[Piece]) -> tuple[list[Run], list[Piece]]:
    """Return the windows that are rows, so that nothing is summed, and the pieces of the others."""
    by_window: dict[int, list[Piece]] = {}
    for piece in pieces:
        by_window.setdefault(piece.n, []).append(piece)
    runs: list[Run] = []
    others: list[Piece] = []
    for n, of_window in sorted(by_window.items()):
        piece = of_window[0]
        if len(of_window) > 1 or piece.is_stale or not piece.is_single:
            others += of_window
        elif runs and runs[-1].continues_with(piece):
            run = runs[-1]
            runs[-1] = replace(run, end_us=piece.end_us, windows=run.windows + 1)
        else:
            runs.append(Run(n, piece.grain, piece.start_us, piece.end_us))
    return runs, others


def merge_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans in order, those that overlap or touch as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def widen_to_buckets(start_us: int, end_us: int) -> Span:
    return bucket_of(start_us), end_us + (-end_us) % BUCKET_US


def days_of(spans: Iterable[Span], zone: ZoneInfo) -> list[Span]:
    """Return the whole days of a zone that the spans touch, ascending."""
    days: set[Span] = set()
    for start_us, end_us in spans:
        day = local_day(start_us, zone)
        while (at_us := local_us(day, 0, zone)) < end_us:
            following = day + timedelta(days=1)
            if (until_us := local_us(following, 0, zone)) > at_us:
                days.add((at_us, until_us))
            day = following
    return sorted(days)


def _day_edges(windows: Sequence[Span], zone: ZoneInfo | None) -> Sequence[int]:
    """Return the midnights inside the windows; none where no window has a whole day."""
    if zone is None or not any(end - start >= _DAY_MIN_US for start, end in windows):
        return []
    return _midnights(min(s for s, _ in windows), max(e for _, e in windows), zone)


@lru_cache(maxsize=256)  # equipment of one zone, often for the same windows
def _midnights(start_us: int, end_us: int, zone: ZoneInfo) -> Sequence[int]:
    return sorted({edge for day in days_of([(start_us, end_us)], zone) for edge in day})


def _cut_stale(span: Span, stale: Sequence[Span]) -> Iterator[tuple[int, int, bool]]:
    """Yield the parts of a span, and whether each is stale."""
    at_us, end_us = span
    index = bisect_right(stale, at_us, key=lambda part: part[1])
    while at_us < end_us:
        if index == len(stale) or stale[index][0] >= end_us:
            yield at_us, end_us, False
            return
        begin, until = max(stale[index][0], at_us), min(stale[index][1], end_us)
        if at_us < begin:
            yield at_us, begin, False
        yield begin, until, True
        at_us, index = until, index + 1


def _fresh_pieces(n: int, span: Span, days: Sequence[int], *, is_parent: bool) -> Iterator[Piece]:
    hour, bucket = (Grain.TREE_HOUR, Grain.TREE_BUCKET) if is_parent else (Grain.HOUR, Grain.BUCKET)
    start_us, end_us = span
    first, last = bisect_left(days, start_us), bisect_right(days, end_us) - 1
    if first < last:
        yield from _hour_pieces(n, (start_us, days[first]), hour, bucket)
        yield Piece(n, Grain.DAY, days[first], days[last], is_single=last - first == 1)
        yield from _hour_pieces(n, (days[last], end_us), hour, bucket)
    else:
        yield from _hour_pieces(n, span, hour, bucket)


def _hour_pieces(
    n: int, span: Span, hour: Grain, bucket: Grain, *, is_stale: bool = False
) -> Iterator[Piece]:
    """Yield whole hours, and the buckets before and after them."""
    start_us, end_us = span
    first, last = start_us + (-start_us) % HOUR_US, end_us - end_us % HOUR_US
    if first >= last:
        if start_us < end_us:
            is_single = end_us - start_us == BUCKET_US
            yield Piece(n, bucket, start_us, end_us, is_stale, is_single)
        return
    if start_us < first:
        yield Piece(n, bucket, start_us, first, is_stale)
    yield Piece(n, hour, first, last, is_stale, last - first == HOUR_US)
    if last < end_us:
        yield Piece(n, bucket, last, end_us, is_stale)
