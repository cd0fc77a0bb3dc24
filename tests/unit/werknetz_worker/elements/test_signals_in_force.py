"""One signal of a role is in force at a time; one row a case."""

import numpy as np
import pytest

from werknetz.domain.bucket import TIME_MIN_US
from werknetz.domain.role import Role
from werknetz.kpi.series import Series
from werknetz_worker.elements.signals_in_force import (
    OPEN_US,
    MachineSignal,
    find_conflicts,
    join_series,
    spans_in_force,
)

FOREVER = (TIME_MIN_US, OPEN_US)


def signal(
    number: int, since: int | None = None, until: int | None = None, role: Role = Role.STATE,
    carrier: str | None = None,
) -> MachineSignal:  # fmt: skip
    return MachineSignal(
        number, role, "none", None, "cumulative", name=f"s{number}", connector=f"c{number}",
        valid_from_us=since, valid_to_us=until, carrier=carrier,
    )  # fmt: skip


CASES = [
    ("one", [signal(1)], {}, {1: (FOREVER,)}),
    ("one that ended", [signal(1, until=9)], {}, {1: ((TIME_MIN_US, 9),)}),
    ("one that has begun", [signal(1, since=3)], {}, {1: ((3, OPEN_US),)}),
    ("other roles", [signal(1), signal(2, role=Role.ORDER)], {}, {1: (FOREVER,), 2: (FOREVER,)}),
    ("meters of two carriers", [signal(1, role=Role.ENERGY),
     signal(2, role=Role.ENERGY, carrier="gas")], {}, {1: (FOREVER,), 2: (FOREVER,)}),
    ("two meters of electricity", [signal(1, role=Role.ENERGY),
     signal(2, role=Role.ENERGY, carrier="electricity")], {1: 5, 2: 8},
     {1: ((5, 8),), 2: ((8, OPEN_US),)}),
    ("the later first sample", [signal(1), signal(2)], {1: 5, 2: 8},
     {1: ((5, 8),), 2: ((8, OPEN_US),)}),
    ("the later first sample of the older id", [signal(1), signal(2)], {1: 8, 2: 5},
     {1: ((8, OPEN_US),), 2: ((5, 8),)}),
    ("the same first sample: the newer id", [signal(1), signal(2)], {1: 5, 2: 5},
     {1: (), 2: ((5, OPEN_US),)}),
    ("one never delivered", [signal(1), signal(2)], {1: 5}, {1: ((5, OPEN_US),), 2: ()}),
    ("a stated start", [signal(1), signal(2, since=20)], {1: 5, 2: 8},
     {1: ((5, 20),), 2: ((20, OPEN_US),)}),
    ("an end gives the role back", [signal(1), signal(2, since=8, until=12)], {1: 5},
     {1: ((5, 8), (12, OPEN_US)), 2: ((8, 12),)}),
    ("an end before its start", [signal(1), signal(2, since=8, until=7)], {1: 5},
     {1: ((5, 8), (8, OPEN_US)), 2: ()}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("signals", "first", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_spans_in_force(
    signals: list[MachineSignal],
    first: dict[int, int],
    expected: dict[int, tuple[tuple[int, int], ...]],
) -> None:
    spans = spans_in_force(signals, first)
    assert {key: merge(parts) for key, parts in spans.items()} == {
        key: merge(parts) for key, parts in expected.items()
    }


def merge(parts: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in parts:
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def test_samples_of_a_signal_count_while_it_is_in_force() -> None:
    old = Series.of([1, 5, 9], [1.0, 2.0, 3.0])
    new = Series.of([4, 6], [7.0, 8.0])
    joined = join_series([(old, [(0, 5)]), (new, [(5, 20)])], 0, 100)
    assert joined is not None
    assert joined.at.tolist() == [1, 6, 20]
    assert joined.value.tolist() == [1.0, 8.0, 0.0]  # after the last end nothing is known


def test_a_signal_that_ends_where_the_next_one_begins_is_not_closed() -> None:
    joined = join_series(
        [(Series.of([1], [1.0]), [(0, 5)]), (Series.of([7], [4.0]), [(5, OPEN_US)])], 0, 100
    )
    assert joined is not None
    assert joined.at.tolist() == [1, 7]


def test_a_role_without_a_signal_has_no_samples() -> None:
    assert join_series([], 0, 100) is None


def test_a_value_beside_the_signal_in_force_is_a_conflict() -> None:
    signals = [signal(1), signal(2)]
    spans = spans_in_force(signals, {1: 1, 2: 5})
    series = {1: Series.of([1, 5, 9], [1.0] * 3), 2: Series.of([5], [1.0])}
    conflicts = find_conflicts(signals, series, spans)
    assert [(c.signal.id, c.in_force.id, c.at_us) for c in conflicts] == [(1, 2, 5)]


def test_values_after_the_end_of_the_only_signal_are_no_conflict() -> None:
    signals = [signal(1, until=5)]
    spans = spans_in_force(signals, {})
    assert not find_conflicts(signals, {1: Series.of([1, 9], [1.0] * 2)}, spans)


def test_the_columns_of_a_joined_role_ascend() -> None:
    joined = join_series(
        [(Series.of([3, 9], [1.0, 2.0]), [(0, 5), (8, 10)]),
         (Series.of([6], [4.0]), [(5, 8)])], 0, 100,
    )  # fmt: skip
    assert joined is not None
    assert np.all(np.diff(joined.at) > 0)
