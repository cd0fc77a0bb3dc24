"""Samples as columns and the steps that they define, on the limits of values and qualities."""

import math

import numpy as np
import pytest

from werknetz.domain.state import MachineState as S
from werknetz.kpi.series import (
    EARLIEST_US,
    EMPTY,
    RUN_TIME_MAX_S,
    CountSeries,
    MachineSamples,
    Series,
    Steps,
    TextIndex,
    index_of_ascending,
    order_steps_of,
    run_time_steps_of,
    state_steps_of,
)

BAD, ALMOST_BAD = 0x8000_0000, 0x7FFF_FFFF


def steps(*rows: tuple[int, float, int]) -> Steps:
    at, value, name = zip(*rows, strict=True)
    return Steps(np.array(at, np.int64), np.array(value), np.array(name, np.int64))


def rows_of(series: Steps) -> list[tuple[int, float, int]]:
    columns = (series.at.tolist(), series.value.tolist(), series.name.tolist())
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize(
    ("value", "status", "state"),
    [
        (10.0, 0, S.OFF),  # the highest number
        (10.5, 0, S.UNKNOWN),
        (11.0, 0, S.UNKNOWN),
        (0.0, 0, S.UNKNOWN),
        (-0.5, 0, S.UNKNOWN),
        (-1.0, 0, S.UNKNOWN),
        (1.0, ALMOST_BAD, S.PRODUCING),  # uncertain
        (1.0, BAD, S.UNKNOWN),
        (math.nan, 0, S.UNKNOWN),
        (math.inf, 0, S.UNKNOWN),
        (-math.inf, 0, S.UNKNOWN),
    ],
)
def test_what_is_a_state(value: float, status: int, state: S) -> None:
    series = Series.of([5], [value], [status])
    states = state_steps_of(series, int(S.SETUP), None, TextIndex())
    assert rows_of(states) == [(EARLIEST_US, S.SETUP, 0), (5, state, 0)]


def test_states_begin_with_the_one_before_them() -> None:
    texts = TextIndex()
    states = state_steps_of(Series.of([5], [3.0], text=["E7"]), 3, "E7", texts)
    assert [(at, value, texts.texts[name]) for at, value, name in rows_of(states)] == [
        (EARLIEST_US, 3, "E7")
    ]
    assert rows_of(state_steps_of(None, 4, None, texts)) == [(EARLIEST_US, 4, 0)]


@pytest.mark.parametrize(
    ("value", "status", "is_usable"),
    [
        (1.0, 0, True), (0.0, 0, True), (-1.0, ALMOST_BAD, True), (1.0, BAD, False),
        (math.nan, 0, False), (math.inf, 0, False),
    ],
)  # fmt: skip
def test_what_is_usable(value: float, status: int, is_usable: bool) -> None:
    series = Series.of([1, 2], [7.0, value], [0, status])
    assert series.select_usable().at.tolist() == ([1, 2] if is_usable else [1])
    assert len(series) == 2


def test_a_series_goes_on_with_a_later_one() -> None:
    first = Series.of([1], [7.0], [4], ["a"])
    both = first.followed_by(Series.of([2], [None], [BAD + 1], ["b"]))
    assert both.at.tolist() == [1, 2]
    assert both.value[0] == 7.0
    assert math.isnan(both.value[1])
    assert both.status.tolist() == [4, BAD + 1]
    assert both.text.tolist() == ["a", "b"]
    assert both.select(np.array([False, True])).text.tolist() == ["b"]


def test_all_series_of_a_machine_are_those_that_it_has() -> None:
    state, count = Series.of([1], [1.0]), Series.of([2], [2.0])
    assert MachineSamples().all_series() == []
    samples = MachineSamples(state=state, counts=(CountSeries(1, None, count),))  # type: ignore[arg-type] # no role is needed
    assert samples.all_series() == [state, count]


@pytest.mark.parametrize(
    ("bounds", "at", "index"),
    [
        ([], [1, 2], [-1, -1]),
        ([5], [4, 5, 6], [-1, 0, 0]),
        ([5, 5], [4, 5], [-1, 1]),
        ([1, 9], [], []),
        ([1, 5, 9], [0, 1, 4, 5, 8, 9, 10], [-1, 0, 0, 1, 1, 2, 2]),
    ],
)
def test_the_last_bound_at_or_before_an_instant(
    bounds: list[int], at: list[int], index: list[int]
) -> None:
    last = index_of_ascending(np.array(bounds, np.int64), np.array(at, np.int64))
    assert last.tolist() == index


def test_a_step_holds_from_its_instant_on() -> None:
    two = steps((1, 0.0, 0), (5, 1.0, 0))
    at = np.array([1, 4, 5, 6])
    assert two.index(at).tolist() == [0, 0, 1, 1]
    assert two.index_before(at).tolist() == [-1, 0, 0, 1]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([(1, 3.0, 0), (1, 4.0, 0)], [(1, 4.0, 0)], id="no duration"),
        pytest.param([(1, 3.0, 0), (2, 3.0, 0)], [(1, 3.0, 0)], id="a repeat"),
        pytest.param([(1, 3.0, 0), (2, 3.0, 1)], [(1, 3.0, 0), (2, 3.0, 1)], id="another name"),
        pytest.param([(1, 3.0, 0), (2, 4.0, 0)], [(1, 3.0, 0), (2, 4.0, 0)], id="another value"),
        pytest.param(
            [(1, 3.0, 0), (2, 4.0, 0), (2, 3.0, 0), (3, 5.0, 0)],
            [(1, 3.0, 0), (3, 5.0, 0)],
            id="a repeat after one of no duration",
        ),
    ],
)
def test_steps_without_repeats(
    rows: list[tuple[int, float, int]], expected: list[tuple[int, float, int]]
) -> None:
    assert rows_of(steps(*rows).without_repeats()) == expected


def test_equal_texts_have_one_number() -> None:
    index = TextIndex()
    texts = np.array([None, "a", "a", "b", None, "a"], np.object_)
    assert index.ids_of(texts).tolist() == [0, 1, 1, 2, 0, 1]
    assert index.ids_of(texts[:0]).tolist() == []
    assert (index.id_of("b"), index.id_of("c"), index.id_of(None)) == (2, 3, 0)
    assert index.texts == [None, "a", "b", "c"]


def test_orders_over_time() -> None:
    numbers = TextIndex()
    series = Series.of([1, 2, 3, 4], [None] * 4, [0, BAD, ALMOST_BAD, 0], ["A", "X", "B", ""])
    orders = order_steps_of(series, "", numbers)
    assert [(at, value, numbers.texts[name]) for at, value, name in rows_of(orders)] == [
        (EARLIEST_US, False, None), (1, True, "A"), (3, True, "B"), (4, False, None),
    ]  # fmt: skip
    carried = order_steps_of(EMPTY, "A", numbers)
    assert [numbers.texts[name] for name in carried.name.tolist()] == ["A"]
    assert rows_of(order_steps_of(None, "A", numbers)) == [(EARLIEST_US, True, 0)]


@pytest.mark.parametrize(
    ("first", "value", "expected"),
    [
        (None, 2.0, [(EARLIEST_US, 0, 0), (5, 2, 0)]),
        (3.0, 2.0, [(EARLIEST_US, 3, 0), (5, 2, 0)]),
        (3.0, -2.0, [(EARLIEST_US, 3, 0), (5, 0, 0)]),  # there is no negative one
        (3.0, 0.25, [(EARLIEST_US, 3, 0), (5, 0.25, 0)]),
        (3.0, math.nan, [(EARLIEST_US, 3, 0)]),
        (3.0, RUN_TIME_MAX_S, [(EARLIEST_US, 3, 0), (5, RUN_TIME_MAX_S, 0)]),
        (3.0, RUN_TIME_MAX_S * 1.01, [(EARLIEST_US, 3, 0), (5, 0, 0)]),  # nor one of years
        (1e300, 2.0, [(EARLIEST_US, 0, 0), (5, 2, 0)]),
    ],
)
def test_run_times_over_time(
    first: float | None, value: float, expected: list[tuple[int, float, int]]
) -> None:
    assert rows_of(run_time_steps_of(Series.of([5], [value]), first)) == expected
    assert rows_of(run_time_steps_of(None, 3.0)) == [(EARLIEST_US, 3, 0)]
