"""Supply-caused downtime: which missing material a machine starved for, minute by minute.

Every starved instant has exactly one cause: the set of its line's materials that were out of stock
at that time. If several are missing at once, they are one joint cause: time is never split. If none
was missing, or stock is unknown, the time stays unattributed, with the reason.
"""

from bisect import bisect_right
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
    by_place: dict[StockPlace, list[PlaceStockOut]] = {}
    for out in sorted(stock_outs, key=lambda span: span.start_us):
        by_place.setdefault(out.place, []).append(out)
    losses: dict[tuple[int, tuple[int, ...]], SupplyCausedLoss] = {}
    unattributed: dict[str, int] = {}
    unattributed_lines: dict[tuple[int, str], int] = {}
    for span in starved:
        for start, end, cause in _split_by_cause(span, by_place, known_since, unknown):
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


def _split_by_cause(
    starved: StarvedSpan,
    by_place: Mapping[StockPlace, Sequence[PlaceStockOut]],
    known_since: Mapping[StockPlace, int],
    unknown: Mapping[StockPlace, Sequence[Span]],
) -> Iterable[tuple[int, int, tuple[PlaceStockOut, ...] | str]]:
    """Split a starved span where the set of missing or unknown materials changes."""
    if not starved.places:
        yield starved.start_us, starved.end_us, NO_LINE_MATERIAL
        return
    touching: list[PlaceStockOut] = []
    cuts = {starved.start_us, starved.end_us}
    for place in starved.places:
        outs = by_place.get(place, ())
        # Stock-outs of one place do not overlap: the last that began before the end, and back.
        for out in reversed(outs[: bisect_right([o.start_us for o in outs], starved.end_us - 1)]):
            if out.end_us <= starved.start_us:
                break
            touching.append(out)
        spans = [(o.start_us, o.end_us) for o in touching if o.place == place]
        spans += unknown.get(place, ())
        spans.append((known_since.get(place, starved.end_us), starved.end_us))
        cuts |= {at for span in spans for at in span if starved.start_us < at < starved.end_us}
    edges = sorted(cuts)
    for start, end in pairwise(edges):
        yield start, end, _cause_of(starved.places, start, end, touching, known_since, unknown)


def _cause_of(
    places: Sequence[StockPlace],
    start: int,
    end: int,
    touching: Sequence[PlaceStockOut],
    known_since: Mapping[StockPlace, int],
    unknown: Mapping[StockPlace, Sequence[Span]],
) -> tuple[PlaceStockOut, ...] | str:
    unknown_places = {
        place
        for place in places
        if known_since.get(place, end) >= end
        or any(s < end and e > start for s, e in unknown.get(place, ()))
    }
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
    remaining = merge_spans(spans)
    for start, end in merge_spans(others):
        remaining = [
            piece
            for since, until in remaining
            for piece in ((since, min(until, start)), (max(since, end), until))
            if piece[0] < piece[1]
        ]
    return remaining
