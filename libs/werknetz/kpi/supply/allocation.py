"""Cumulative first in, first out: what came fills what was demanded, in order of due dates.

Demand and supply are places on one line of quantity. A demand from `low` to `high` is filled as far
as the running sum of what came has passed `low`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self
from uuid import UUID

from werknetz.kpi.supply.facts import Group
from werknetz.kpi.supply.findings import EPSILON
from werknetz.kpi.supply.schedule import Demand


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that came, or will come: a quantity at an instant."""

    at_us: int
    quantity: float  # negative: a correction
    event_id: UUID
    group: Group


class Running:
    """The running sum of pieces in order of time."""

    def __init__(self, pieces: Sequence[Piece], start: float = 0.0) -> None:
        self._pieces = pieces
        self._at = [piece.at_us for piece in pieces]
        self._after = list(accumulate((p.quantity for p in pieces), initial=start))[1:]
        self._most = list(accumulate(self._after, max))
        self._start = start
        self._only_grows = all(piece.quantity >= 0 for piece in pieces)

    @classmethod
    def of(cls, pieces: Iterable[Piece], start: float = 0.0) -> Self:
        return cls(sorted(pieces, key=lambda p: (p.at_us, p.event_id)), start)

    @property
    def total(self) -> float:
        return self._after[-1] if self._after else self._start

    def before(self, at_us: int) -> float:
        """Return what had come before an instant."""
        place = bisect_left(self._at, at_us)
        return self._after[place - 1] if place else self._start

    def reached_us(self, quantity: float) -> int | None:
        """Return the first instant at which so much had come."""
        place = bisect_left(self._most, quantity - EPSILON * max(1.0, abs(quantity)))
        return self._at[place] if place < len(self._at) else None

    def within(self, low: float, high: float) -> list[Piece]:
        """Return the pieces that lie between two places, corrections too."""
        first, last = 0, len(self._pieces)
        if self._only_grows:
            first = bisect_right(self._after, low)
            last = bisect_left(self._after, high) + 1
        found = []
        for number in range(first, min(last, len(self._pieces))):
            after = self._after[number]
            begin = self._after[number - 1] if number else self._start
            if min(begin, after) < high and max(begin, after) > low:
                found.append(self._pieces[number])
        return found


def filled(demand: Demand, sum_: float) -> float:
    """Return how much of a demand is filled by a running sum."""
    return min(max(sum_ - demand.low, 0.0), demand.quantity)


def assigned(
    pieces: Iterable[Piece], demands: dict[Group, list[Demand]]
) -> dict[Group, list[Piece]]:
    """Give each piece to the group that it names; others fill whatever is due first.

    A relation mostly has one group. Where it has orders, a receipt that names none of them is cut
    along the lines that are open then, the earliest first.
    """
    found: dict[Group, list[Piece]] = {group: [] for group in demands}
    filling = dict.fromkeys(demands, 0.0)
    for piece in sorted(pieces, key=lambda p: (p.at_us, p.event_id)):
        for group, quantity in _shares(piece, demands, filling):
            found.setdefault(group, []).append(Piece(piece.at_us, quantity, piece.event_id, group))
            filling[group] = filling.get(group, 0.0) + quantity
    return found


def _shares(
    piece: Piece, demands: dict[Group, list[Demand]], filling: dict[Group, float]
) -> list[tuple[Group, float]]:
    if piece.group in demands:
        return [(piece.group, piece.quantity)]
    order = piece.group.order_number
    of_order = [group for group in demands if order and group.order_number == order]
    if order and not of_order and any(group.order_number for group in demands):
        return [(piece.group, piece.quantity)]  # of an order that nobody has called off
    among = of_order or list(demands)
    if len(among) < 2:
        return [(among[0] if among else piece.group, piece.quantity)]
    return _cut(piece, {group: demands[group] for group in among}, filling)


def _cut(
    piece: Piece, demands: dict[Group, list[Demand]], filling: dict[Group, float]
) -> list[tuple[Group, float]]:
    left, shares = piece.quantity, dict.fromkeys(demands, 0.0)
    lines = sorted(
        (
            (d.due_from_us, d.due_until_us, group, d)
            for group, each in demands.items()
            for d in each
        ),
        key=lambda line: line[:3],
    )
    for _, _, group, demand in lines:
        if left <= 0:
            break
        taken = min(left, demand.quantity - filled(demand, filling[group] + shares[group]))
        shares[group] += taken
        left -= taken
    if left:  # more than is open anywhere, or a correction: of the last that was due
        last = lines[-1][2] if lines else min(demands)
        shares[last] += left
    return [(group, share) for group, share in shares.items() if share]
