"""The plan of one poll: pieces, requests, and the layout of their bytes."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from werknetz_edge.polling.grouping import AreaPiece, Cut, Limit, find_cut, group_points
from werknetz_edge.polling.layout import ImageLayout
from werknetz_edge.polling.point import Area, Point

Pack = Callable[[Sequence[AreaPiece]], list[list[int]]]


def one_by_one(pieces: Sequence[AreaPiece]) -> list[list[int]]:
    """Use one request for each piece."""
    return [[index] for index in range(len(pieces))]


@dataclass(frozen=True, slots=True)
class RequestRules:
    """The limits of a session's requests, and how pieces are packed into requests."""

    limit_of: Callable[[Area], Limit]
    pack: Pack = one_by_one


@dataclass(frozen=True, slots=True)
class PollPlan:
    """The plan for the points of one period. `requests` are lists of piece numbers."""

    pieces: list[AreaPiece]
    requests: list[list[int]]
    layout: ImageLayout
    size: int
    points_by_piece: list[list[Point]]  # the points that each piece contains

    def find_cut(self, piece: int) -> Cut | None:
        """Return where to split a refused piece, to locate the refused point."""
        return find_cut(self.points_by_piece[piece])


def list_periods(points: Sequence[Point]) -> list[float]:
    """Return the polling periods, the shortest first."""
    return sorted({point.period_s for point in points})


def build_plan(
    points: Sequence[Point],
    period_s: float,
    rules: RequestRules,
    cuts: Container[Cut] = frozenset(),
) -> PollPlan:
    rows = [row for row, point in enumerate(points) if point.period_s == period_s]
    chosen = [points[row] for row in rows]
    pieces, locations = group_points(chosen, rules.limit_of, cuts)
    within: list[list[Point]] = [[] for _ in pieces]
    for point, location in zip(chosen, locations, strict=True):
        for piece in range(location.first, location.last + 1):
            within[piece].append(point)
    return PollPlan(
        pieces=pieces,
        requests=rules.pack(pieces),
        layout=ImageLayout(rows, chosen, locations),
        size=sum(piece.size for piece in pieces),
        points_by_piece=within,
    )
