"""What is asked in one poll: pieces, the requests that bring them, and what their bytes mean."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from werknetz_edge.polling.grouping import Limit, Piece, grouped
from werknetz_edge.polling.layout import Layout
from werknetz_edge.polling.point import Area, Point

Pack = Callable[[Sequence[Piece]], list[list[int]]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The points of one period. `requests` number the pieces that one request asks for."""

    period_s: float
    pieces: list[Piece]
    requests: list[list[int]]
    layout: Layout
    size: int


def one_by_one(pieces: Sequence[Piece]) -> list[list[int]]:
    return [[index] for index in range(len(pieces))]


def plans_of(
    points: Sequence[Point], limit_of: Callable[[Area], Limit], pack: Pack = one_by_one
) -> list[Plan]:
    """A plan a period, the shortest first."""
    plans: list[Plan] = []
    for period_s in sorted({point.period_s for point in points}):
        rows = [row for row, point in enumerate(points) if point.period_s == period_s]
        chosen = [points[row] for row in rows]
        pieces, places = grouped(chosen, limit_of)
        size = sum(piece.size for piece in pieces)
        plans.append(Plan(period_s, pieces, pack(pieces), Layout(rows, chosen, places), size))
    return plans
