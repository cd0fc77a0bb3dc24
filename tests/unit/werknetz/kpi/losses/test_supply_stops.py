"""Delays without material are divided by what was out of stock, to the microsecond."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.state import MachineState
from werknetz.kpi.losses.supply import (
    DelayPiece,
    divide_delays,
    supply_caused_us,
    supply_stops_of,
)

STARVED, SUSPENDED = int(MachineState.STARVED), int(MachineState.SUSPENDED)


def piece(start: int, end: int, state: int = STARVED, order: str = "A") -> DelayPiece:
    return DelayPiece(start, end, state, "c", order)


def test_a_stop_in_several_pieces_is_one() -> None:
    pieces = [piece(0, 10), piece(10, 20, order="B"), piece(30, 40)]
    assert divide_delays(pieces, [(5, 15, "x")]) == {
        ("supply_caused", "c", "A", "x"): (5, 1), ("starved", "c", "A", None): (15, 1),
        ("supply_caused", "c", "B", "x"): (5, 0), ("starved", "c", "B", None): (5, 0),
    }  # fmt: skip


def test_a_span_that_touches_a_piece_counts_nothing() -> None:
    assert divide_delays([piece(10, 20)], [(0, 10, "x"), (20, 30, "y")]) == {
        ("starved", "c", "A", None): (10, 1)
    }
    assert divide_delays([piece(10, 20)], [(0, 10, "x"), (10, 20, "y")]) == {
        ("supply_caused", "c", "A", "y"): (10, 1)
    }


@pytest.mark.parametrize(
    ("second", "stops"),
    [
        pytest.param(DelayPiece(10, 20, STARVED, "c", "B"), 1, id="another order"),
        pytest.param(DelayPiece(11, 20, STARVED, "c", "A"), 2, id="time between them"),
        pytest.param(DelayPiece(10, 20, SUSPENDED, "c", "A"), 2, id="another state"),
        pytest.param(DelayPiece(10, 20, STARVED, "d", "A"), 2, id="another code"),
        pytest.param(DelayPiece(10, 20, STARVED, None, "A"), 2, id="no code"),
    ],
)
def test_adjacent_pieces_of_one_state_and_code_are_one_stop(second: DelayPiece, stops: int) -> None:
    divided = divide_delays([piece(0, 10), second], [])
    assert sum(count for _, count in divided.values()) == stops
    assert sum(us for us, _ in divided.values()) == second.end_us - second.start_us + 10


def test_time_of_several_stops_is_summed_by_material() -> None:
    stops = supply_stops_of(
        [piece(0, 10), piece(20, 30), piece(40, 50)], [(5, 25, "x"), (45, 60, "y")]
    )
    assert supply_caused_us(stops) == {"x": 10, "y": 5}
    assert sum(stop.stops for stop in stops) == 3


def test_several_materials_one_after_the_other() -> None:
    stops = supply_stops_of([piece(0, 30, SUSPENDED)], [(0, 10, "x"), (10, 20, "y")])
    assert supply_caused_us(stops) == {"x": 10, "y": 10}
    assert {(stop.category, stop.us) for stop in stops} == {
        ("supply_caused", 10), ("suspended", 10)
    }  # fmt: skip


CUTS = st.lists(st.integers(0, 1000), min_size=2, max_size=20, unique=True).map(sorted)


@given(CUTS, CUTS)
def test_nothing_is_lost_or_counted_twice(pieces_at: list[int], missing_at: list[int]) -> None:
    pieces = [piece(a, b) for a, b in zip(pieces_at[::2], pieces_at[1::2], strict=False)]
    missing = [(a, b, "x") for a, b in zip(missing_at[::2], missing_at[1::2], strict=False)]
    divided = divide_delays(pieces, missing)
    inside = {at for p in pieces for at in range(p.start_us, p.end_us)}
    out = {at for start, end, _ in missing for at in range(start, end)}
    supply = sum(us for key, (us, _) in divided.items() if key[3] == "x")
    assert supply == len(inside & out)
    assert sum(us for us, _ in divided.values()) == len(inside)
