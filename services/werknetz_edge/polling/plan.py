"""What is asked in one poll: pieces, the requests that bring them, and what their bytes mean."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from werknetz_edge.polling.grouping import Cut, Limit, Piece, cut_in, grouped
from werknetz_edge.polling.layout import Layout
from werknetz_edge.polling.point import Area, Point

Pack = Callable[[Sequence[Piece]], list[list[int]]]


def one_by_one(pieces: Sequence[Piece]) -> list[list[int]]:
    """A request a piece."""
    return [[index] for index in range(len(pieces))]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a session may ask in one request, of which several pieces may be part."""

    limit_of: Callable[[Area], Limit]
    pack: Pack = one_by_one


@dataclass(frozen=True, slots=True)
class Plan:
    """The points of one period. `requests` number the pieces that one request asks for."""

    pieces: list[Piece]
    requests: list[list[int]]
    layout: Layout
    size: int
    within: list[list[Point]]  # by piece: what it brings

    def cut_of(self, piece: int) -> Cut | None:
        """Where a refused piece may be parted, to find what of it is refused."""
        return cut_in(self.within[piece])


def periods_of(points: Sequence[Point]) -> list[float]:
    """The cadences, the shortest first."""
    return sorted({point.period_s for point in points})


def plan_of(
    points: Sequence[Point], period_s: float, rules: Rules, cuts: Container[Cut] = frozenset()
) -> Plan:
    rows = [row for row, point in enumerate(points) if point.period_s == period_s]
    chosen = [points[row] for row in rows]
    pieces, places = grouped(chosen, rules.limit_of, cuts)
    within: list[list[Point]] = [[] for _ in pieces]
    for point, place in zip(chosen, places, strict=True):
        for piece in range(place.first, place.last + 1):
            within[piece].append(point)
    return Plan(
        pieces=pieces,
        requests=rules.pack(pieces),
        layout=Layout(rows, chosen, places),
        size=sum(piece.size for piece in pieces),
        within=within,
    )
