"""Divides delays without material into those whose material was out of stock and the others."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from werknetz.domain.state import MachineState
from werknetz.kpi.losses.ledger import StopSum

Span = tuple[int, int]
MaterialSpan = tuple[int, int, str]  # start, end, the missing materials


@dataclass(frozen=True, slots=True)
class DelayPiece:
    """A starved or suspended interval of a machine, in µs, as stored."""

    start_us: int
    end_us: int
    state: int
    code: str | None
    order_number: str | None

    @property
    def category(self) -> str:
        return "starved" if self.state == MachineState.STARVED else "suspended"


def divide_delays(
    pieces: Iterable[DelayPiece], missing: Sequence[MaterialSpan]
) -> dict[tuple[str, str | None, str | None, str | None], tuple[int, int]]:
    """Return (µs, stops) by (category, code, order, material) of one machine and window.

    `pieces` and `missing` are in order of time; the latter do not overlap. Adjacent pieces of one
    state and code are one stop; it is supply-caused if any part of it is.
    """
    starts = [start for start, _, _ in missing]
    sums: dict[tuple[str, str | None, str | None, str | None], list[int]] = {}
    previous: DelayPiece | None = None
    for piece in pieces:
        is_new = previous is None or (previous.end_us, previous.state, previous.code) != (
            piece.start_us, piece.state, piece.code,
        )  # fmt: skip
        parts = _parts_of(piece, missing, starts)
        for number, (us, material) in enumerate(parts):
            category = piece.category if material is None else "supply_caused"
            key = category, piece.code, piece.order_number, material
            total = sums.setdefault(key, [0, 0])
            total[0] += us
            total[1] += int(is_new and number == 0)
        previous = piece
    return {key: (us, stops) for key, (us, stops) in sums.items()}


def _parts_of(
    piece: DelayPiece, missing: Sequence[MaterialSpan], starts: Sequence[int]
) -> list[tuple[int, str | None]]:
    """Return the parts of a piece, those with a missing material first."""
    parts: list[tuple[int, str | None]] = []
    rest = piece.end_us - piece.start_us
    for start, end, material in missing[max(bisect_right(starts, piece.start_us) - 1, 0) :]:
        if start >= piece.end_us:
            break
        us = min(end, piece.end_us) - max(start, piece.start_us)
        if us > 0:
            parts.append((us, material))
            rest -= us
    if rest > 0:
        parts.append((rest, None))
    return parts


def supply_stops_of(pieces: Iterable[DelayPiece], missing: Sequence[MaterialSpan]) -> list[StopSum]:
    """Return the delays of one machine and window as stops of the loss ledger."""
    return [
        StopSum(category, us, stops, code, order, material)
        for (category, code, order, material), (us, stops) in divide_delays(pieces, missing).items()
    ]


def supply_caused_us(stops: Iterable[StopSum]) -> Mapping[str, int]:
    """Return the supply-caused time by missing material."""
    sums: dict[str, int] = {}
    for stop in stops:
        if stop.detail is not None:
            sums[stop.detail] = sums.get(stop.detail, 0) + stop.us
    return sums
