"""Neighbours share a request, and no request is larger than the machine allows."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from werknetz_edge.polling.grouping import AreaPiece, Limit, find_cut, group_points
from werknetz_edge.polling.point import Area, Coded, Point

LIMIT = Limit(count_max=10, gap_max=2, unit_bytes=2)


def _limit(_: Area) -> Limit:
    return LIMIT


def _point(start: int, count: int = 1, area: Area = (1, 3)) -> Point:
    return Point(f"{area}/{start}", area, start, count, Coded(2 * count, bytes.hex), 1.0)


def _stretches(pieces: list[AreaPiece]) -> list[tuple[int, int]]:
    return [(piece.start, piece.count) for piece in pieces]


def test_neighbours_and_small_gaps_share_a_piece() -> None:
    pieces, places = group_points([_point(5), _point(0, 2), _point(4)], _limit)
    assert _stretches(pieces) == [(0, 6)]
    assert [place.offset for place in places] == [10, 0, 8]


def test_a_larger_gap_and_another_area_do_not() -> None:
    pieces, _ = group_points([_point(0), _point(4), _point(1, area=(2, 3))], _limit)
    assert [(piece.area, piece.start) for piece in pieces] == [
        ((1, 3), 0),
        ((1, 3), 4),
        ((2, 3), 1),
    ]


def test_a_request_is_never_larger_than_allowed() -> None:
    pieces, _ = group_points([_point(start) for start in range(25)], _limit)
    assert _stretches(pieces) == [(0, 10), (10, 10), (20, 5)]


def test_a_number_is_not_torn_at_the_limit() -> None:
    pieces, _ = group_points([_point(0, 9), _point(9, 4)], _limit)
    assert _stretches(pieces) == [(0, 9), (9, 4)]


def test_what_no_request_can_hold_is_cut_and_stands_together_in_the_image() -> None:
    pieces, places = group_points([_point(0), _point(20, 25), _point(45)], _limit)
    assert _stretches(pieces) == [(0, 1), (20, 10), (30, 10), (40, 5), (45, 1)]
    assert (places[1].first, places[1].last) == (1, 3)
    assert [piece.offset for piece in pieces] == [0, 2, 22, 42, 52]


def test_no_piece_reaches_over_a_cut() -> None:
    pieces, _ = group_points(
        [_point(start) for start in range(6)], _limit, {((1, 3), 2), ((9, 9), 4)}
    )
    assert _stretches(pieces) == [(0, 2), (2, 4)]


def test_a_refused_piece_is_parted_at_its_gap_and_then_in_the_middle() -> None:
    assert find_cut([_point(0), _point(1), _point(3), _point(4)]) == ((1, 3), 3)
    assert find_cut([_point(start) for start in range(4)]) == ((1, 3), 2)
    assert find_cut([_point(7)]) is None
    assert find_cut([_point(7), _point(7)]) is None, "two names of one register"
    assert find_cut([_point(0, 4), _point(2, 4)]) is None, "they overlap"


points = st.lists(
    st.builds(
        _point,
        st.integers(0, 200),
        st.integers(1, 30),
        st.tuples(st.integers(0, 2), st.integers(0, 1)),
    ),
    min_size=1,
    max_size=60,
)


@given(points, st.integers(1, 40), st.integers(0, 40))
def test_every_point_is_whole_in_the_image(drawn: list[Point], most: int, gap: int) -> None:
    limit = Limit(count_max=most, gap_max=gap, unit_bytes=2)
    pieces, places = group_points(drawn, lambda _: limit)
    for point, place in zip(drawn, places, strict=True):
        mine = pieces[place.first : place.last + 1]
        assert all(piece.area == point.area for piece in mine)
        assert mine[0].offset + 2 * (point.start - mine[0].start) == place.offset
        assert mine[0].start <= point.start
        assert point.start + point.count <= mine[-1].start + mine[-1].count
        assert all(a.start + a.count == b.start for a, b in pairwise(mine))
    assert all(1 <= piece.count <= most for piece in pieces)
    offset = 0
    for piece in pieces:
        assert piece.offset == offset
        offset += piece.size
