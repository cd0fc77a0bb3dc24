"""What is asked in one poll: pieces, the requests that bring them, and what their bytes mean."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from werknetz_edge.polling.grouping import AreaPiece, Cut, Limit, find_cut, group_points
from werknetz_edge.polling.layout import ImageLayout
from werknetz_edge.polling.point import Area, Point

Pack = Callable[[Sequence[AreaPiece]], list[list[int]]]


def one_by_one(pieces: Sequence[AreaPiece]) -> list[list[int]]:
    """A request a piece."""
    return [[index] for index in range(len(pieces))]


@dataclass(frozen=True, slots=True)
class RequestRules:
    """What a session may ask in one request, of which several pieces may be part."""

    limit_of: Callable[[Area], Limit]
    pack: Pack = one_by_one


@dataclass(frozen=True, slots=True)
class PollPlan:
    """The points of one period. `requests` number the pieces that one request asks for."""

    pieces: list[AreaPiece]
    requests: list[list[int]]
    layout: ImageLayout
    size: int
    points_by_piece: list[list[Point]]  # by piece: what it brings

    def find_cut(self, piece: int) -> Cut | None:
        """Where a refused piece may be parted, to find what of it is refused."""
        return find_cut(self.points_by_piece[piece])


def list_periods(points: Sequence[Point]) -> list[float]:
    """The cadences, the shortest first."""
    return sorted({point.period_s for point in points})


def build_plan(
    points: Sequence[Point],
    period_s: float,
    rules: RequestRules,
    cuts: Container[Cut] = frozenset(),
) -> PollPlan:
    rows = [row for row, point in enumerate(points) if point.period_s == period_s]
    chosen = [points[row] for row in rows]
    pieces, places = group_points(chosen, rules.limit_of, cuts)
    within: list[list[Point]] = [[] for _ in pieces]
    for point, place in zip(chosen, places, strict=True):
        for piece in range(place.first, place.last + 1):
            within[piece].append(point)
    return PollPlan(
        pieces=pieces,
        requests=rules.pack(pieces),
        layout=ImageLayout(rows, chosen, places),
        size=sum(piece.size for piece in pieces),
        points_by_piece=within,
    )
