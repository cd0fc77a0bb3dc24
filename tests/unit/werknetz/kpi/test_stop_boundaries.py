"""Stops at the edges of pieces, entries and breaks: each row is next to the one that is another."""

from dataclasses import replace

import pytest

from werknetz.domain.state import MachineState
from werknetz.kpi.stops.timeline import (
    StateEntry,
    StatePiece,
    Stop,
    follow_boundaries,
    stops_of,
)

MIN = 60_000_000
P, U, M, D, R, S, X = (
    int(MachineState[name])
    for name in ("PRODUCING", "UNKNOWN", "MALFUNCTION", "IDLE", "REPAIR", "SETUP", "MAINTENANCE")
)


def piece(
    start: float, end: float, state: int = D, category: str = "adet", code: str | None = None
) -> StatePiece:
    return StatePiece(int(start * MIN), int(end * MIN), state, category, code, "A")


def entry(start: float, end: float, number: int = 1, **values: object) -> StateEntry:
    return replace(StateEntry(number, int(start * MIN), int(end * MIN)), **values)


def find(pieces: list[StatePiece], *entries: StateEntry) -> list[Stop]:
    return stops_of(pieces, entries, lambda _: 2 * MIN)


def spans(stops: list[Stop]) -> list[tuple[float, float]]:
    return [(stop.start_us / MIN, stop.end_us / MIN) for stop in stops]


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        pytest.param(0, 12, 8, id="all of it, without its break"),
        pytest.param(2, 10, 4, id="it begins before and ends after"),
        pytest.param(5, 9, 0, id="in its break"),
        pytest.param(12, 20, 0, id="after it"),
        pytest.param(-5, 0, 0, id="before it"),
        pytest.param(-5, 1, 1, id="its first minute"),
    ],
)
def test_what_a_stop_took_of_a_window(start: float, end: float, minutes: float) -> None:
    [stop] = find([piece(0, 5), piece(5, 9, category="pdot"), piece(9, 12, category="adot")])
    assert stop.lost_within_s(int(start * MIN), int(end * MIN)) == minutes * 60
    overlap_us = max(0, min(end, 12) - max(start, 0)) * MIN
    assert stop.overlap_us(int(start * MIN), int(end * MIN)) == overlap_us


def test_the_duration_of_a_stop_and_what_it_took() -> None:
    [stop] = find([piece(5, 9), piece(9, 10, category="pdot"), piece(10, 11)])
    assert (stop.duration_us, stop.lost_s) == (6 * MIN, 300)


@pytest.mark.parametrize(
    ("lengths", "category"),
    [({"adot": 5, "adet": 5}, "adet"), ({"adot": 6, "adet": 5}, "adot"), ({"pdot": 1}, "pdot")],
)
def test_the_category_of_a_stop_is_that_of_most_of_its_time(
    lengths: dict[str, int], category: str
) -> None:
    seconds = {name: float(length) for name, length in lengths.items()}
    [stop] = find([piece(0, 5)])
    assert replace(stop, seconds=seconds).category == category


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        pytest.param([(0, 1), (1, 2), (2, 10)], (0, 10), id="back over several pieces"),
        pytest.param([(2, 10), (10, 11), (11, 12)], (2, 12), id="ahead over several pieces"),
        pytest.param([(0, 2), (3, 9), (10, 12)], (0, 12), id="pieces that touch the entry"),
        pytest.param([(0, 1.99), (3, 9), (10.01, 12)], (2, 10), id="pieces that do not"),
        pytest.param([(2, 9.99)], (2, 10), id="the piece ends before the entry"),
        pytest.param([], (2, 10), id="no pieces"),
        pytest.param([(11, 12)], (2, 10), id="a later piece alone"),
    ],
)
def test_boundaries_follow_the_pieces_that_touch_them(
    pieces: list[tuple[float, float]], expected: tuple[float, float]
) -> None:
    follows = entry(2, 10, follows_start=True, follows_end=True, reported_state=D)
    [moved] = follow_boundaries([piece(*span) for span in pieces], [follows])
    assert (moved.start_us / MIN, moved.end_us / MIN) == expected
    [fixed] = follow_boundaries([piece(*span) for span in pieces], [entry(2, 10, reported_state=D)])
    assert (fixed.start_us / MIN, fixed.end_us / MIN) == (2, 10)


@pytest.mark.parametrize(
    "other", [{"state": M}, {"code": "9"}], ids=["another state", "another code"]
)
def test_boundaries_do_not_follow_another_stop(other: dict[str, object]) -> None:
    pieces = [replace(piece(0, 2), **other), piece(2, 10), replace(piece(10, 12), **other)]
    follows = entry(2, 10, follows_start=True, follows_end=True, reported_state=D)
    assert follow_boundaries(pieces, [follows]) == [follows]


def test_a_boundary_that_follows_stops_at_the_entry_before() -> None:
    first = entry(0, 4, 1, reported_state=D)
    second = entry(6, 8, 2, follows_start=True, reported_state=D)
    assert spans(find([piece(0, 10)], first, second)) == [(0, 4), (4, 8), (8, 10)]


def test_three_entries_that_follow_stop_at_their_neighbours() -> None:
    spans_before = [(2, 3), (6, 7), (10, 11)]
    follow = {"follows_start": True, "follows_end": True, "reported_state": D}
    entries = [entry(*span, n, **follow) for n, span in enumerate(spans_before)]
    moved = follow_boundaries([piece(0, 20)], entries)
    # Each one ends where the next one began, before that one moves.
    assert [(e.start_us / MIN, e.end_us / MIN) for e in moved] == [(0, 6), (6, 10), (10, 20)]
    entries[1] = replace(entries[1], follows_start=False, follows_end=False)
    entries[0] = replace(entries[0], follows_end=False)
    moved = follow_boundaries([piece(0, 20)], entries)
    assert [(e.start_us / MIN, e.end_us / MIN) for e in moved] == [(0, 3), (6, 7), (7, 20)]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([(2, 3), (5, 6)], [(0, 2), (2, 3), (3, 5), (5, 6), (6, 10)], id="two inside"),
        pytest.param([(2, 5), (5, 6)], [(0, 2), (2, 5), (5, 6), (6, 10)], id="they touch"),
        pytest.param([(0, 10)], [(0, 10)], id="all of it"),
        pytest.param([(0, 4)], [(0, 4), (4, 10)], id="its start"),
        pytest.param([(4, 10)], [(0, 4), (4, 10)], id="its end"),
        pytest.param([(-3, 0), (10, 12)], [(0, 10)], id="they touch it from outside"),
        pytest.param([(-3, 1), (9, 12)], [(0, 1), (1, 9), (9, 10)], id="they overlap it"),
    ],
)
def test_entries_cut_a_piece(
    entries: list[tuple[float, float]], expected: list[tuple[float, float]]
) -> None:
    numbered = [entry(*span, number) for number, span in enumerate(entries, start=1)]
    stops = find([piece(0, 10)], *numbered)
    assert spans(stops) == expected
    entered = {(e.start_us, e.end_us) for e in numbered}
    for stop in stops:
        is_entered = any(a <= stop.start_us and stop.end_us <= b for a, b in entered)
        assert (stop.entry is not None) == is_entered


@pytest.mark.parametrize(
    ("pieces", "not_computed"),
    [
        pytest.param([(0, 10)], None, id="all is computed"),
        pytest.param([(1, 10)], 60, id="not its start"),
        pytest.param([(0, 8)], 120, id="not its end"),
        pytest.param([(0, 4), (7, 10)], 180, id="not a part inside"),
        pytest.param([(0, 4), (4, 10)], None, id="two pieces that touch"),
        pytest.param([], 600, id="nothing"),
    ],
)
def test_an_entry_with_a_state_fills_what_is_not_computed(
    pieces: list[tuple[float, float]], not_computed: float | None
) -> None:
    [stop] = find([piece(*span, P, "apt") for span in pieces], entry(0, 10, state=M))
    assert (stop.start_us, stop.end_us, stop.state) == (0, 10 * MIN, M)
    assert stop.seconds.get("not_computed") == not_computed
    assert sum(stop.seconds.values()) == 600


@pytest.mark.parametrize(
    ("pieces", "entries", "expected"),
    [
        pytest.param([piece(0, 5, category="pdot")], [entry(0, 5)], [(0, 5)], id="entered break"),
        pytest.param([piece(0, 5, M, "pdot")], [], [(0, 5)], id="a fault in a break"),
        pytest.param([piece(0, 5, R, "pdot")], [], [(0, 5)], id="a repair in a break"),
        pytest.param([piece(0, 5, X, "pdot")], [], [(0, 5)], id="maintenance"),
        pytest.param(
            [piece(0, 2, category="pdot"), piece(2, 4, category="pdot")], [], [], id="two breaks"
        ),
        pytest.param(
            [piece(0, 1, category="pdot"), piece(1, 2, category="pdot"), piece(2, 3)],
            [], [(2, 3)], id="two breaks before a stop",
        ),
        pytest.param(
            [piece(0, 1), piece(1, 2, category="pdot"), piece(2, 3, category="pdot")],
            [], [(0, 1)], id="two breaks after a stop",
        ),
        pytest.param([piece(0, 5, category="off_shift")], [], [], id="free time"),
        pytest.param([piece(0, 5, category="off_shift")], [entry(0, 5)], [(0, 5)],
                     id="free time that a person entered"),
        pytest.param([piece(0, 5, P, "apt")], [entry(0, 5)], [], id="an entry on production"),
        pytest.param([piece(0, 5, P, "apt")], [entry(0, 5, state=D)], [(0, 5)],
                     id="a stop that a person entered on production"),
        pytest.param([piece(0, 2), piece(2, 3, P, "apt"), piece(3, 5)], [], [(0, 2), (3, 5)],
                     id="production between two stops"),
        pytest.param([piece(0, 2), piece(3, 4), piece(4, 5)], [], [(0, 2), (3, 5)],
                     id="a second stop of two pieces"),
        pytest.param([piece(0, 9)], [entry(0, 5, 1, state=M), entry(5, 9, 2, state=M)],
                     [(0, 5), (5, 9)], id="two entries of one state"),
    ],
)  # fmt: skip
def test_breaks_and_free_time(
    pieces: list[StatePiece], entries: list[StateEntry], expected: list[tuple[float, float]]
) -> None:
    assert spans(find(pieces, *entries)) == expected


@pytest.mark.parametrize(
    ("values", "code"),
    [
        pytest.param({"reason": "jam"}, "7", id="with a reason"),
        pytest.param({"state": M}, "7", id="with a state"),
        pytest.param({"comment": "?"}, "9", id="with neither"),
    ],
)
def test_which_code_a_stop_with_an_entry_has(values: dict[str, object], code: str) -> None:
    entered = entry(0, 5, reported_state=M, reported_code="7", **values)
    [stop] = find([piece(0, 5, M, code="9")], entered)
    assert stop.code == code


@pytest.mark.parametrize(
    ("pieces", "minor"),
    [
        pytest.param([piece(0, 1, D), piece(1, 2, M)], [False, True], id="idle before a fault"),
        pytest.param([piece(0, 1, R), piece(1, 2, D), piece(2, 3, M)], [False, False, True],
                     id="idle between two faults"),
        pytest.param([piece(0, 1, M), piece(1, 2, R), piece(2, 3, M)], [False] * 3,
                     id="one fault of three parts"),
        pytest.param([piece(0, 1, D), piece(1, 2, M), piece(2, 3, R)], [False] * 3,
                     id="idle before a fault of two parts"),
        pytest.param([piece(0, 1, M), piece(1, 2, D), piece(2, 3, M), piece(3, 5, R)],
                     [True, False, False, False], id="a short fault and a long one"),
        pytest.param([piece(0, 3, M), piece(3, 4, D), piece(4, 5, M)], [False, False, True],
                     id="a long fault and a short one"),
    ],
)  # fmt: skip
def test_a_fault_is_unbroken(pieces: list[StatePiece], minor: list[bool]) -> None:
    assert [stop.is_minor for stop in find(pieces)] == minor


def test_the_threshold_of_a_fault_is_that_of_its_start_also_where_another_one_follows() -> None:
    stops = stops_of([piece(8, 11, M)], (), lambda at_us: (4 if at_us >= 9 * MIN else 1) * MIN)
    assert [stop.is_minor for stop in stops] == [False]
