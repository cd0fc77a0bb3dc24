"""Entries add up to the loss times of their machine, and groups to their entries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.kpi.losses.categories import CATEGORIES
from werknetz.kpi.losses.ledger import (
    ROUNDING_US,
    LossSum,
    StopSum,
    Valuation,
    cumulative_shares,
    entries_of,
    sum_entries,
)
from werknetz.kpi.losses.times import LossTimes

SECOND = 1_000_000


def test_time_without_a_stop_has_an_entry_of_its_own() -> None:
    times = LossTimes({"idle": 60 * SECOND, "speed": 5 * SECOND})
    stops = [StopSum("idle", 40 * SECOND, 2, "a", "A-1")]
    entries = entries_of(7, 1, times, stops)
    assert [(e.category, e.stop.us, e.stop.stops, e.stop.code) for e in entries] == [
        ("idle", 40 * SECOND, 2, "a"), ("idle", 20 * SECOND, 0, None),
        ("speed", 5 * SECOND, 0, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("difference", "entries"),
    [(0, 1), (ROUNDING_US - 1, 1), (1 - ROUNDING_US, 1), (ROUNDING_US, 2)],
)
def test_rounding_goes_to_the_longest_stop(difference: int, entries: int) -> None:
    stops = [StopSum("idle", SECOND, 1, "a"), StopSum("idle", 9 * SECOND, 1, "b")]
    divided = entries_of(7, 1, LossTimes({"idle": 10 * SECOND + difference}), stops)
    assert len(divided) == entries + 1
    assert sum(entry.stop.us for entry in divided) == 10 * SECOND + difference
    assert {entry.stop.code: entry.stop.stops for entry in divided}["b"] == 1


def test_an_hour_is_worth_its_rate_and_its_ideal_cycles() -> None:
    value = Valuation(10.0, "EUR", 300.0).value(StopSum("idle", 1800 * SECOND, 1))
    assert (value.pieces, value.costs) == (180, {"EUR": 150})
    unvalued = Valuation().value(StopSum("idle", 1800 * SECOND, 1))
    assert (unvalued.pieces, unvalued.costs) == (None, {})
    assert Valuation(0.0).value(StopSum("idle", SECOND, 1)).pieces is None
    assert Valuation(0.5).value(StopSum("idle", SECOND, 1)).pieces == 2
    assert Valuation(currency="EUR").value(StopSum("idle", SECOND, 1)).costs == {"EUR": 0}
    assert LossSum() == LossSum(0, 0, None, {})


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        pytest.param(0, [], id="nothing is left"),
        pytest.param(1, [("idle", 1, 0)], id="a microsecond without a stop"),
        pytest.param(-1, [("idle", -1, 0)], id="a negative one"),
    ],
)
def test_a_category_without_stops(rest: int, expected: list[tuple[str, int, int]]) -> None:
    entries = entries_of(7, 3, LossTimes({"idle": rest}), [])
    assert [(e.category, e.stop.us, e.stop.stops) for e in entries] == expected
    assert {(e.machine_id, e.window) for e in entries} <= {(7, 3)}


def test_rounding_changes_nothing_else_of_a_stop() -> None:
    stop = StopSum("starved", SECOND, 4, "a", "A-1", "bracket")
    [entry] = entries_of(7, 1, LossTimes({"starved": SECOND + 5}), [stop])
    assert entry.stop == StopSum("starved", SECOND + 5, 4, "a", "A-1", "bracket")


def test_machines_are_each_worth_their_own_rate() -> None:
    stop = StopSum("idle", 3600 * SECOND, 1)
    entries = [e for n in (1, 2, 3) for e in entries_of(n, 1, LossTimes({"idle": stop.us}), [stop])]
    valuations = {1: Valuation(10.0, "EUR", 300.0), 2: Valuation(20.0, "EUR", 100.0)}
    sums = sum_entries(entries, lambda entry: entry.category, valuations)
    assert sums == {"idle": LossSum(3 * stop.us, 3, 360 + 180, {"EUR": 400.0})}


def test_sums_of_currencies_and_unknown_parts() -> None:
    total = LossSum()
    total.add(LossSum(1, 1, None, {"EUR": 1.0}))
    total.add(LossSum(2, 1, 3.0, {"CZK": 2.0, "EUR": 1.0}))
    assert total == LossSum(3, 2, 3.0, {"EUR": 2.0, "CZK": 2.0})


@pytest.mark.parametrize(
    ("amounts", "shares"),
    [
        ([3, 1], [0.75, 1.0]),
        ([0.25, 0.25], [0.5, 1.0]),
        ([], []),
        ([0, 0], [None, None]),
        ([1, -2], [None, None]),
    ],
)
def test_shares_of_a_pareto_chart(amounts: list[float], shares: list[float | None]) -> None:
    assert cumulative_shares(amounts) == shares


CATEGORY = st.sampled_from(sorted(CATEGORIES))
AMOUNT = st.integers(-(10**9), 10**12)
STOPS = st.lists(
    st.builds(StopSum, CATEGORY, AMOUNT, st.integers(0, 9), st.sampled_from(["a", "b", None]))
)


@given(st.dictionaries(CATEGORY, AMOUNT), STOPS)
def test_they_add_up_exactly(by_category: dict[str, int], stops: list[StopSum]) -> None:
    entries = entries_of(7, 1, LossTimes(by_category), stops)
    sums = sum_entries(entries, lambda entry: entry.category, {})
    assert {name: total.us for name, total in sums.items() if total.us} == {
        name: us for name, us in by_category.items() if us
    }
    by_code = sum_entries(entries, lambda entry: entry.stop.code, {})
    assert sum(total.us for total in by_code.values()) == sum(by_category.values())
    assert sum(total.stops for total in by_code.values()) == sum(stop.stops for stop in stops)
