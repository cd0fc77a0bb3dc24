"""Stops from state pieces and entries: one row a case, in minutes since the start."""

from dataclasses import dataclass, replace

import pytest

from werknetz.domain.state import MachineState
from werknetz.kpi.stops.timeline import StateEntry, StatePiece, Stop, stops_of

MIN = 60_000_000
P, U, M, D, R, S, X = (
    int(MachineState[name])
    for name in ("PRODUCING", "UNKNOWN", "MALFUNCTION", "IDLE", "REPAIR", "SETUP", "MAINTENANCE")
)


def piece(
    start: float, end: float, state: int, category: str = "adet", code: str | None = None,
    order: str | None = "A",
) -> StatePiece:  # fmt: skip
    return StatePiece(int(start * MIN), int(end * MIN), state, category, code, order)


def entry(start: float, end: float, number: int = 1, **values: object) -> StateEntry:
    return replace(StateEntry(number, int(start * MIN), int(end * MIN)), **values)


def find(pieces: list[StatePiece], *entries: StateEntry, minor_s: float = 120) -> list[Stop]:
    return stops_of(pieces, entries, lambda _: int(minor_s * 1e6))


def spans(stops: list[Stop]) -> list[tuple[float, float]]:
    return [(stop.start_us / MIN, stop.end_us / MIN) for stop in stops]


@dataclass(frozen=True)
class Case:
    name: str
    pieces: list[StatePiece]
    expected: list[tuple[float, float]]


CASES = [
    Case("cut at a bucket", [piece(0, 15, M), piece(15, 20, M)], [(0, 20)]),
    Case(
        "an order changes", [piece(0, 5, M, order="A"), piece(5, 9, M, order="B")], [(0, 9)]
    ),
    Case(
        "an order ends", [piece(0, 5, D), piece(5, 9, D, "adot", order=None)], [(0, 9)]
    ),
    Case("without an order", [piece(0, 5, D, "adot", order=None)], [(0, 5)]),
    Case("another code is another stop", [piece(0, 5, M, code="7"), piece(5, 6, M, code="8")],
         [(0, 5), (5, 6)]),
    Case("another state is another stop", [piece(0, 5, M), piece(5, 6, R)], [(0, 5), (5, 6)]),
    Case("time between is another stop", [piece(0, 5, M), piece(6, 7, M)], [(0, 5), (6, 7)]),
    Case("producing and unknown are none", [piece(0, 5, P, "apt"), piece(5, 9, U, "unknown")], []),
    Case("a break inside belongs to it",
         [piece(0, 5, D), piece(5, 9, D, "pdot"), piece(9, 12, D)], [(0, 12)]),
    Case("a break at the ends does not",
         [piece(0, 5, D, "pdot"), piece(5, 9, D), piece(9, 12, D, "pdot")], [(5, 9)]),
    Case("a break alone is no stop", [piece(0, 5, D, "pdot")], []),
    Case("free time ends it",
         [piece(0, 5, D), piece(5, 9, D, "off_shift"), piece(9, 12, D)], [(0, 5), (9, 12)]),
    Case("a fault goes on over free time",
         [piece(0, 5, M), piece(5, 9, M, "off_shift"), piece(9, 12, M)], [(0, 12)]),
    Case("planned maintenance is one", [piece(0, 5, X, "pdot")], [(0, 5)]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_stop_is_a_whole_run(case: Case) -> None:
    assert spans(find(case.pieces)) == case.expected
    assert spans(find(case.pieces[::-1])) == case.expected


@pytest.mark.parametrize(
    ("pieces", "minor"),
    [
        ([piece(0, 1.99, M)], [True]),
        ([piece(0, 2, M)], [False]),
        ([piece(0, 1.99, D)], [False]),  # only a malfunction is a minor stop
        ([piece(0, 1, M, order="A"), piece(1, 2, M, order="B")], [False]),
        ([piece(0, 1, M, code="7"), piece(1, 2, M, code="8")], [False, False]),
        ([piece(0, 1, M), piece(1, 3, R)], [False, False]),
        ([piece(0, 1, R), piece(1, 1.5, M)], [False, True]),
        ([piece(0, 1, M, "off_shift"), piece(1, 2, M)], [False]),
        ([piece(0, 1, M), piece(1.5, 2.5, M)], [True, True]),
    ],
)
def test_a_minor_stop_is_judged_by_its_whole_fault(
    pieces: list[StatePiece], minor: list[bool]
) -> None:
    assert [stop.is_minor for stop in find(pieces)] == minor


def test_the_threshold_is_that_of_the_start_of_the_fault() -> None:
    pieces = [piece(0, 1, M), piece(9, 12, M)]
    stops = stops_of(pieces, (), lambda at_us: (240 if at_us >= 9 * MIN else 30) * 1_000_000)
    assert [stop.is_minor for stop in stops] == [False, True]


def test_seconds_orders_and_category() -> None:
    [stop] = find([
        piece(0, 5, D, order="A"), piece(5, 6, D, "adot", order=None), piece(6, 8, D, order="B"),
        piece(8, 10, D, "pdot", order="B"), piece(10, 11, D, order="A"),
    ])  # fmt: skip
    assert stop.seconds == {"adet": 480.0, "adot": 60.0, "pdot": 120.0}
    assert (stop.lost_s, stop.category, stop.orders) == (540.0, "adet", ("A", "B"))
    assert (stop.version, stop.duration_us, stop.overlap_us(0, MIN)) == (0, 11 * MIN, MIN)
    assert stop.overlap_us(20 * MIN, 30 * MIN) == 0


def test_an_entry_cuts_the_stop_at_its_boundaries() -> None:
    pieces = [piece(0, 10, D)]
    whole = find(pieces, entry(2, 4, reason="jam", change_id=7))
    assert spans(whole) == [(0, 2), (2, 4), (4, 10)]
    assert [stop.version for stop in whole] == [0, 7, 0]
    split = find(pieces, entry(0, 4, 1), entry(4, 10, 2))
    assert spans(split) == [(0, 4), (4, 10)]


def test_an_entry_with_a_state_is_one_stop_whatever_the_machine_reports() -> None:
    pieces = [piece(0, 5, M, code="7"), piece(6, 8, D)]
    [stop] = find(pieces, entry(0, 10, state=S))
    assert (stop.state, stop.start_us, stop.end_us) == (S, 0, 10 * MIN)
    assert stop.seconds == {"adet": 420.0, "not_computed": 180.0}
    [alone] = find([], entry(3, 4, state=M))
    assert spans([alone]) == [(3, 4)]
    assert alone.is_minor
    [running] = find([piece(0, 5, M)], entry(0, 5, state=P))
    assert running.state == P


def test_an_entry_without_a_state_makes_no_stop() -> None:
    assert find([], entry(3, 4, reason="jam")) == []


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([piece(0, 12, D)], [(0, 12)]),  # late data: it began earlier and lasted longer
        ([piece(3, 8, D)], [(3, 8)]),
        ([piece(0, 12, D, code="9")], [(0, 2), (2, 10), (10, 12)]),  # it is another stop now
        ([piece(0, 1, D), piece(1.5, 10, D)], [(0, 1), (1.5, 10)]),  # not adjacent
    ],
)
def test_boundaries_follow_the_machine(
    pieces: list[StatePiece], expected: list[tuple[float, float]]
) -> None:
    follows = entry(2, 10, follows_start=True, follows_end=True, reported_state=D)
    stops = find(pieces, follows)
    assert spans(stops) == expected
    assert any(stop.entry is not None for stop in stops)


def test_a_boundary_that_follows_stops_at_the_next_entry() -> None:
    first = entry(0, 4, 1, follows_end=True, reported_state=D)
    second = entry(6, 8, 2, follows_start=True, reported_state=D)
    assert spans(find([piece(0, 10, D)], first, second)) == [(0, 6), (6, 8), (8, 10)]


def test_the_code_of_an_entry_is_the_one_that_the_machine_reported() -> None:
    named = entry(0, 5, reason="jam", reported_state=M, reported_code="7")
    assert [stop.code for stop in find([piece(0, 5, M, code="jam")], named)] == ["7"]
    other = entry(0, 5, comment="?", reported_state=M, reported_code="7")
    assert [stop.code for stop in find([piece(0, 5, M, code="9")], other)] == ["9"]


def test_a_stop_with_a_reason_is_one_before_and_after_it_is_computed() -> None:
    half = [piece(0, 5, M, code="jam"), piece(5, 8, M, code="7")]
    named = entry(0, 8, reason="jam", reported_state=M, reported_code="7")
    assert [(stop.end_us / MIN, stop.code) for stop in find(half, named)] == [(8, "7")]
    split = entry(0, 8, reported_state=M, reported_code="7")
    assert spans(find(half, split)) == [(0, 5), (5, 8)]
