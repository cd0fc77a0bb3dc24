"""Which roll-ups a window is made of: together they are exactly the window."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.bucket import BUCKET_US, microseconds_of
from werknetz.domain.rollup import (
    HOUR_US,
    Grain,
    Piece,
    RollupState,
    Run,
    cut_runs,
    days_of,
    merge_spans,
    pieces_of,
    widen_to_buckets,
)

BERLIN = ZoneInfo("Europe/Berlin")
DAY = 24 * HOUR_US
SUMMER = 20_600 * DAY - 2 * HOUR_US  # midnight in Berlin, 2026-05-27
B, H, D, TB, TH = Grain.BUCKET, Grain.HOUR, Grain.DAY, Grain.TREE_BUCKET, Grain.TREE_HOUR
PARENT = RollupState(is_parent=True, zone=BERLIN)
MACHINE = RollupState(is_parent=False, zone=BERLIN)


def describe_pieces(
    state: RollupState, start_us: int, end_us: int
) -> list[tuple[Grain, float, float, bool]]:
    """Return grain, start and end in hours since midnight, and whether it is stale."""
    return [
        (p.grain, (p.start_us - SUMMER) / HOUR_US, (p.end_us - SUMMER) / HOUR_US, p.is_stale)
        for p in pieces_of([(SUMMER + start_us, SUMMER + end_us)], state)
    ]


def stale(state: RollupState, *hours: tuple[float, float]) -> RollupState:
    spans = tuple((SUMMER + int(a * HOUR_US), SUMMER + int(b * HOUR_US)) for a, b in hours)
    return RollupState(state.is_parent, state.zone, spans)


@pytest.mark.parametrize(
    ("state", "start", "end", "expected"),
    [
        (PARENT, 0, 24, [(D, 0, 24, False)]),
        (PARENT, 0, 48, [(D, 0, 48, False)]),
        (MACHINE, 0, 24, [(D, 0, 24, False)]),
        (PARENT, 0, 23.75, [(TH, 0, 23, False), (TB, 23, 23.75, False)]),
        (MACHINE, 0.25, 24, [(B, 0.25, 1, False), (H, 1, 24, False)]),
        (PARENT, -1, 25, [(TH, -1, 0, False), (D, 0, 24, False), (TH, 24, 25, False)]),
        (PARENT, 1.25, 1.5, [(TB, 1.25, 1.5, False)]),
        (PARENT, 1, 2, [(TH, 1, 2, False)]),
        (PARENT, 1.25, 2, [(TB, 1.25, 2, False)]),
        (RollupState(is_parent=True), 0, 24, [(TH, 0, 24, False)]),
        (RollupState(is_parent=True), 0, 72, [(TH, 0, 72, False)]),
        # One old bucket: the machines' sums of it, and roll-ups of the rest.
        (stale(PARENT, (7.25, 7.5)), 0, 24, [
            (TH, 0, 7, False), (TB, 7, 7.25, False), (B, 7.25, 7.5, True),
            (TB, 7.5, 8, False), (TH, 8, 24, False)]),
        (stale(PARENT, (6, 8.25)), 0, 24, [
            (TH, 0, 6, False), (H, 6, 8, True), (B, 8, 8.25, True), (TB, 8.25, 9, False),
            (TH, 9, 24, False)]),
        # Hours of a machine are never old; its days may be.
        (stale(MACHINE, (7, 8)), 0, 48, [
            (H, 0, 7, False), (H, 7, 8, False), (H, 8, 24, False), (D, 24, 48, False)]),
        (stale(PARENT, (-9, 0), (24, 30)), 0, 24, [(D, 0, 24, False)]),
        (stale(PARENT, (-9, 30)), 0, 24, [(H, 0, 24, True)]),
    ],
)  # fmt: skip
def test_pieces_of_a_window(
    state: RollupState, start: float, end: float, expected: list[tuple[Grain, float, float, bool]]
) -> None:
    assert describe_pieces(state, int(start * HOUR_US), int(end * HOUR_US)) == expected


def test_a_zone_of_half_hours_has_days_too() -> None:
    india = ZoneInfo("Asia/Kolkata")
    [(start, end), *_] = days_of([(SUMMER, SUMMER + 1)], india)
    state = RollupState(is_parent=True, zone=india)
    assert pieces_of([(start, end)], state) == [Piece(1, D, start, end)]
    # Days of Berlin by roll-ups of India: hours and half hours.
    assert describe_pieces(state, 0, 24 * HOUR_US) == [(TH, 0, 24, False)]


SPANS = st.tuples(st.integers(0, 700), st.integers(1, 500)).map(
    lambda pair: (SUMMER + pair[0] * BUCKET_US, SUMMER + sum(pair) * BUCKET_US)
)


@given(
    st.lists(SPANS, min_size=1, max_size=4), st.lists(SPANS, max_size=4), st.booleans(),
    st.sampled_from([None, BERLIN, ZoneInfo("Asia/Kathmandu"), ZoneInfo("UTC")]),
)  # fmt: skip
def test_the_pieces_are_the_window_and_nothing_twice(
    windows: list[tuple[int, int]],
    old: list[tuple[int, int]],
    is_parent: bool,
    zone: ZoneInfo | None,
) -> None:
    state = RollupState(is_parent, zone, merge_spans(old))
    pieces = pieces_of(windows, state)
    for n, window in enumerate(windows, start=1):
        of_window = sorted((p.start_us, p.end_us) for p in pieces if p.n == n)
        assert merge_spans(of_window) == (window,)
        assert sum(end - start for start, end in of_window) == window[1] - window[0]
    for piece in pieces:
        is_old = any(a < piece.end_us and piece.start_us < b for a, b in state.stale)
        assert not (is_old and piece.grain in {D, TB, TH})
        assert not (piece.grain in {H, TH} and (piece.start_us % HOUR_US or piece.end_us % HOUR_US))
        assert piece.is_stale <= is_parent


def test_the_numbers_of_grains_are_stored_and_stay() -> None:
    assert {grain.name: int(grain) for grain in Grain} == {
        "BUCKET": 0, "HOUR": 1, "TREE_BUCKET": 3, "TREE_HOUR": 4, "DAY": 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        pytest.param(SUMMER, SUMMER + DAY, 1, id="from midnight to midnight"),
        pytest.param(SUMMER - 1, SUMMER + DAY, 2, id="from just before midnight"),
        pytest.param(SUMMER, SUMMER + DAY + 1, 2, id="to just after midnight"),
    ],
)
def test_days_that_a_span_touches(start: int, end: int, days: int) -> None:
    assert len(days_of([(start, end)], BERLIN)) == days


def test_a_day_that_a_zone_skips_is_none() -> None:
    """Samoa went from 29 to 31 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    change_us = microseconds_of(datetime(2011, 12, 30, 10, tzinfo=UTC))
    days = days_of([(change_us - DAY, change_us + DAY)], apia)
    assert [(end - start) // HOUR_US for start, end in days] == [24, 24]


@pytest.mark.parametrize(
    ("spans", "merged"),
    [
        pytest.param(
            [(5, 7), (1, 3), (3, 4), (6, 9)], ((1, 4), (5, 9)), id="some touch, some overlap"
        ),
        pytest.param([(1, 9), (2, 3)], ((1, 9),), id="one is inside another"),
        pytest.param([(1, 2), (5, 9), (6, 7)], ((1, 2), (5, 9)), id="one is inside the second"),
    ],
)
def test_spans_are_merged(
    spans: list[tuple[int, int]], merged: tuple[tuple[int, int], ...]
) -> None:
    assert merge_spans(spans) == merged


@pytest.mark.parametrize(
    ("windows", "state", "runs", "others"),
    [
        # Three days one after the other, then two without the one between them.
        ([(0, 24), (24, 48), (48, 72)], PARENT, [(1, D, 0, 72, 3)], []),
        ([(0, 24), (48, 72)], PARENT, [(1, D, 0, 24, 1), (2, D, 48, 72, 1)], []),
        # Two days are a sum of two rows; an hour and a quarter of one are single rows.
        ([(0, 48)], PARENT, [], [1]),
        ([(1, 2), (2, 3), (3, 3.25)], PARENT, [(1, TH, 1, 3, 2), (3, TB, 3, 3.25, 1)], []),
        ([(1, 2), (2, 4)], MACHINE, [(1, H, 1, 2, 1)], [2]),
        ([(0, 0.25), (0.25, 0.75)], MACHINE, [(1, B, 0, 0.25, 1)], [2]),
        # A window in between belongs to no run: the numbers of a run have no hole.
        ([(0, 24), (0, 25), (24, 48)], PARENT, [(1, D, 0, 24, 1), (3, D, 24, 48, 1)], [2]),
        # What is stale is summed over the machines; a machine alone has its own hours.
        ([(0, 24), (24, 48)], stale(PARENT, (7, 8)), [(2, D, 24, 48, 1)], [1]),
        ([(7, 8), (8, 9)], stale(MACHINE, (7, 8)), [(1, H, 7, 9, 2)], []),
        ([(7, 8)], stale(PARENT, (7, 8)), [], [1]),
    ],
)  # fmt: skip
def test_windows_of_one_row_are_read_as_runs(
    windows: list[tuple[float, float]],
    state: RollupState,
    runs: list[tuple[int, Grain, float, float, int]],
    others: list[int],
) -> None:
    def at(hours: float) -> int:
        return SUMMER + int(hours * HOUR_US)

    cut, pieces = cut_runs(pieces_of([(at(a), at(b)) for a, b in windows], state))
    assert cut == [Run(n, grain, at(a), at(b), count) for n, grain, a, b, count in runs]
    assert sorted({piece.n for piece in pieces}) == others


def test_spans_are_widened_to_buckets() -> None:
    assert widen_to_buckets(1, BUCKET_US) == (0, BUCKET_US)
    assert widen_to_buckets(BUCKET_US, BUCKET_US + 1) == (BUCKET_US, 2 * BUCKET_US)
