"""Supply-caused downtime: which missing material a machine starved for, minute by minute.

Every starved instant has exactly one cause: the set of its line's materials that were out of stock
at that time. If several are missing at once, they are one joint cause: time is never split. If none
was missing, or stock is unknown, the time stays unattributed, with the reason.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

NO_LINE_MATERIAL: Final = "no_line_material"
STOCK_WAS_THERE: Final = "stock_was_there"
STOCK_UNKNOWN: Final = "stock_unknown"

Span = tuple[int, int]
StockPlace = tuple[int, int]  # warehouse, material


@dataclass(frozen=True, slots=True)
class StarvedSpan:
    """A machine that got no material. `places`: the stock that it or any level above consumes."""

    machine_id: int
    line_id: int
    start_us: int
    end_us: int
    places: tuple[StockPlace, ...]


@dataclass(frozen=True, slots=True)
class PlaceStockOut:
    """A stock-out of a place; `id` is that of its row."""

    id: int
    place: StockPlace
    start_us: int
    end_us: int


@dataclass(slots=True)
class SupplyCausedLoss:
    """Time that a line's machines starved for one cause: these stock-outs together."""

    line_id: int
    stock_outs: tuple[PlaceStockOut, ...]
    spans: dict[int, list[Span]] = field(default_factory=dict)  # by machine

    @property
    def machine_us(self) -> int:
        return sum(end - start for spans in self.spans.values() for start, end in spans)

    @property
    def line_us(self) -> int:
        """Return the time in which at least one of the machines starved."""
        every = [span for spans in self.spans.values() for span in spans]
        return sum(end - start for start, end in merge_spans(every))


@dataclass(slots=True)
class Attribution:
    losses: list[SupplyCausedLoss]
    unattributed: dict[str, int]  # reason → µs
    unattributed_lines: dict[tuple[int, str], int]  # (line, reason) → µs


def attribute_losses(
    starved: Iterable[StarvedSpan],
    stock_outs: Iterable[PlaceStockOut],
    known_since: Mapping[StockPlace, int],
    unknown: Mapping[StockPlace, Sequence[Span]],
) -> Attribution:
    """Attribute starved time to stock-outs.

    `known_since`: since when the level of a place is known; `unknown`: spans in which it is not,
    because messages of its warehouse may be lost.
    """
    by_place = _timelines_of(stock_outs, known_since, unknown)
    losses: dict[tuple[int, tuple[int, ...]], SupplyCausedLoss] = {}
    unattributed: dict[str, int] = {}
    unattributed_lines: dict[tuple[int, str], int] = {}
    for span in starved:
        for start, end, cause in _split_by_cause(span, by_place):
            if isinstance(cause, str):
                unattributed[cause] = unattributed.get(cause, 0) + end - start
                key = span.line_id, cause
                unattributed_lines[key] = unattributed_lines.get(key, 0) + end - start
                continue
            name = span.line_id, tuple(out.id for out in cause)
            loss = losses.setdefault(name, SupplyCausedLoss(span.line_id, cause))
            loss.spans.setdefault(span.machine_id, []).append((start, end))
    ranked = sorted(
        losses.values(), key=lambda loss: (-loss.machine_us, loss.stock_outs[0].start_us)
    )
    return Attribution(ranked, unattributed, unattributed_lines)


@dataclass(frozen=True, slots=True)
class _PlaceTimeline:
    """The stock-outs of a place and when its level is unknown, each in order of time."""

    outs: Sequence[PlaceStockOut]
    unknown: Sequence[Span]
    known_since_us: int | None  # None: never
    out_starts: Sequence[int]
    out_ends: Sequence[int]
    unknown_starts: Sequence[int]
    unknown_ends: Sequence[int]

    def outs_in(self, start_us: int, end_us: int) -> Sequence[PlaceStockOut]:
        """Return the stock-outs that touch a span; those of one place do not overlap."""
        first = bisect_right(self.out_ends, start_us)
        return self.outs[first : bisect_left(self.out_starts, end_us)]

    def unknown_in(self, start_us: int, end_us: int) -> list[Span]:
        first = bisect_right(self.unknown_ends, start_us)
        last = bisect_left(self.unknown_starts, end_us)
        known_us = end_us if self.known_since_us is None else self.known_since_us
        return [*self.unknown[first:last], *([(start_us, known_us)] if known_us > start_us else [])]


def _timelines_of(
    stock_outs: Iterable[PlaceStockOut],
    known_since: Mapping[StockPlace, int],
    unknown: Mapping[StockPlace, Sequence[Span]],
) -> dict[StockPlace, _PlaceTimeline]:
    outs: dict[StockPlace, list[PlaceStockOut]] = {}
    for out in sorted(stock_outs, key=lambda span: span.start_us):
        outs.setdefault(out.place, []).append(out)
    timelines = {}
    for place in {*outs, *known_since, *unknown}:
        spans = merge_spans(unknown.get(place, ()))
        of_place = outs.get(place, [])
        timelines[place] = _PlaceTimeline(
            of_place, spans, known_since.get(place), [out.start_us for out in of_place],
            [out.end_us for out in of_place], [start for start, _ in spans],
            [end for _, end in spans],
        )  # fmt: skip
    return timelines


_NEVER_KNOWN: Final = _PlaceTimeline((), (), None, (), (), (), ())


def _split_by_cause(
    starved: StarvedSpan, timelines: Mapping[StockPlace, _PlaceTimeline]
) -> Iterable[tuple[int, int, tuple[PlaceStockOut, ...] | str]]:
    """Split a starved span where the set of missing or unknown materials changes."""
    if not starved.places:
        yield starved.start_us, starved.end_us, NO_LINE_MATERIAL
        return
    touching: list[PlaceStockOut] = []
    unknown: list[tuple[StockPlace, Span]] = []
    for place in starved.places:
        timeline = timelines.get(place, _NEVER_KNOWN)
        touching += timeline.outs_in(starved.start_us, starved.end_us)
        unknown += [(place, span) for span in timeline.unknown_in(starved.start_us, starved.end_us)]
    spans = [(out.start_us, out.end_us) for out in touching] + [span for _, span in unknown]
    cuts = {min(max(at, starved.start_us), starved.end_us) for span in spans for at in span}
    edges = sorted({starved.start_us, *cuts, starved.end_us})
    for start, end in pairwise(edges):
        yield start, end, _cause_of(start, end, touching, unknown)


def _cause_of(
    start: int,
    end: int,
    touching: Sequence[PlaceStockOut],
    unknown: Sequence[tuple[StockPlace, Span]],
) -> tuple[PlaceStockOut, ...] | str:
    unknown_places = {place for place, span in unknown if span[0] < end and span[1] > start}
    missing = [
        out
        for out in touching
        if out.start_us < end and out.end_us > start and out.place not in unknown_places
    ]
    if missing:
        return tuple(sorted(missing, key=lambda out: (out.place, out.start_us)))
    return STOCK_UNKNOWN if unknown_places else STOCK_WAS_THERE


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Return the spans without overlaps, in order."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def subtract_spans(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Return the parts of the spans that lie in none of the others."""
    away = merge_spans(others)
    starts = [start for start, _ in away]
    remaining: list[Span] = []
    for start, end in merge_spans(spans):
        at = start
        for index in range(max(bisect_left(starts, start) - 1, 0), len(away)):
            if starts[index] >= end:
                break
            if at < starts[index]:
                remaining.append((at, starts[index]))
            at = max(at, away[index][1])
        if at < end:
            remaining.append((at, end))
    return remaining
