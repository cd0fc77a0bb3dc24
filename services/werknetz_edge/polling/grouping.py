"""Group neighbouring points into pieces that one request can read. No I/O."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from werknetz_edge.polling.point import Area, Point

Cut = tuple[Area, int]  # the start of a point: no piece reaches over it


@dataclass(frozen=True, slots=True)
class Limit:
    """The limits of one request in an area."""

    count_max: int
    gap_max: int  # unused units between two points that one request may include
    unit_bytes: int


@dataclass(frozen=True, slots=True)
class AreaPiece:
    """A range of an area; its bytes are at `offset` in the image of a poll."""

    area: Area
    start: int
    count: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class PointLocation:
    """Where a point is in the image, and which pieces contain it."""

    offset: int
    first: int
    last: int


@dataclass(slots=True)
class _Run:
    area: Area
    start: int
    end: int
    points: list[int]


def group_points(
    points: Sequence[Point], limit_of: Callable[[Area], Limit], cuts: Container[Cut] = frozenset()
) -> tuple[list[AreaPiece], list[PointLocation]]:
    """Return the pieces, and the location of each point, in the order of the points.

    A point that exceeds a request (a long text) is split into adjacent pieces.
    """
    pieces: list[AreaPiece] = []
    locations: dict[int, PointLocation] = {}
    size = 0
    for run in _runs(points, limit_of, cuts):
        limit = limit_of(run.area)
        first, offset = len(pieces), size
        for start in range(run.start, run.end, limit.count_max):
            count = min(limit.count_max, run.end - start)
            pieces.append(AreaPiece(run.area, start, count, size, count * limit.unit_bytes))
            size += count * limit.unit_bytes
        for index in run.points:
            at = (points[index].start - run.start) * limit.unit_bytes
            locations[index] = PointLocation(offset + at, first, len(pieces) - 1)
    return pieces, [locations[index] for index in range(len(points))]


def find_cut(points: Sequence[Point]) -> Cut | None:
    """Return where to split a refused piece: at its widest gap, or else in the middle.

    None: it cannot be split, so the point itself is refused.
    """
    order = sorted(points, key=lambda point: point.start)
    seams: list[tuple[int, int]] = []  # width, start of what follows
    end = order[0].start + order[0].count
    for point in order[1:]:
        if point.start >= end:
            seams.append((point.start - end, point.start))
        end = max(end, point.start + point.count)
    if not seams:
        return None
    widest = max(width for width, _ in seams)
    candidates = [start for width, start in seams if width == widest]
    return order[0].area, candidates[len(candidates) // 2]


def _runs(
    points: Sequence[Point], limit_of: Callable[[Area], Limit], cuts: Container[Cut]
) -> list[_Run]:
    order = sorted(range(len(points)), key=lambda i: (points[i].area, points[i].start))
    runs: list[_Run] = []
    for index in order:
        point = points[index]
        end = point.start + point.count
        if runs and _joins(runs[-1], point, limit_of(point.area), cuts):
            runs[-1].end = max(runs[-1].end, end)
            runs[-1].points.append(index)
        else:
            runs.append(_Run(point.area, point.start, end, [index]))
    return runs


def _joins(run: _Run, point: Point, limit: Limit, cuts: Container[Cut]) -> bool:
    end = max(run.end, point.start + point.count)
    return (
        run.area == point.area
        and point.start - run.end <= limit.gap_max
        and end - run.start <= limit.count_max
        and not (point.start > run.start and (point.area, point.start) in cuts)
    )
