"""Before the first value of an order signal an order is assumed: nobody reports that none runs."""

import numpy as np
import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import MachineSamples, Series, TextIndex, order_steps_of
from werknetz.kpi.states import BucketRange, ComputedBuckets, compute_buckets
from werknetz.kpi.timeline.reports import OPEN_US, Reports, StateSpan

MINUTE = 60_000_000
T0 = 1_900_000 * BUCKET_US
LATER = T0 + 10_000 * BUCKET_US


def at(minute: float) -> int:
    return T0 + round(minute * MINUTE)


def orders(*entries: tuple[float, str]) -> Series:
    return Series.of(
        [at(m) for m, _ in entries], [None] * len(entries), text=[text for _, text in entries]
    )


# carry, samples, first value at all; whether an order runs after 0, 5, 10 and 15 minutes
CASES = [
    ("the first value names one", "", [(5, "A")], 5, [True, True, True, True]),
    ("the first value names none", "", [(5, "")], 5, [True, False, False, False]),
    ("none, then one", "", [(5, ""), (10, "A")], 5, [True, False, True, True]),
    ("the first value was before the range", "", [(10, "A")], -5, [False, False, True, True]),
    ("no value in the range", "", [], -5, [False] * 4),
    ("the first value comes after the range", "", [], 60, [True] * 4),
    ("there was never one", "", [], None, [True] * 4),
    ("one runs at the start", "B", [(5, "")], None, [True, False, False, False]),
]


@pytest.mark.parametrize(
    ("carry", "samples", "since", "expected"),
    [row[1:] for row in CASES],
    ids=[row[0] for row in CASES],
)
def test_whether_an_order_runs(
    carry: str, samples: list[tuple[float, str]], since: float | None, expected: list[bool]
) -> None:
    since_us = None if carry else OPEN_US if since is None else at(since)
    steps = order_steps_of(orders(*samples), carry, TextIndex(), since_us)
    instants = np.array([at(minute) for minute in (0, 5, 10, 15)])
    assert steps.value[steps.index(instants)].tolist() == expected


def test_the_instant_before_the_first_value_has_an_assumed_order() -> None:
    steps = order_steps_of(orders((5, "")), "", TextIndex(), at(5))
    instants = np.array([at(5) - 1, at(5)])
    assert steps.value[steps.index(instants)].tolist() == [True, False]


def _compute(carry: Carry, first: int, count: int) -> ComputedBuckets:
    """Compute buckets of a machine whose history begins after 10 minutes, in a fault since 5."""
    fault = StateSpan(at(5), at(25), int(S.MALFUNCTION))
    state = Series.of([at(10), at(25)], [float(S.MALFUNCTION), float(S.PRODUCING)])
    samples = MachineSamples(
        state=state.select(state.at >= first),
        order=orders((10, "A")) if first < at(10) else orders(),
        order_since_us=None if carry.order else at(10),
        reports=Reports(states=(fault,)),
    )
    return compute_buckets(samples, PlannedTime.always(), carry, BucketRange(first, count, LATER))


def test_a_fault_that_began_before_the_history_is_a_failure() -> None:
    computed = _compute(Carry(), T0, 2)
    buckets = [computed.elements_of(number) for number in range(2)]
    assert [bucket.fe for bucket in buckets] == [1, 0]
    assert [bucket.ttr_s for bucket in buckets] == [600, 600]
    assert [bucket.adot_s for bucket in buckets] == [0, 0]


def test_it_is_one_whatever_is_computed_at_once() -> None:
    first = _compute(Carry(), T0, 1)
    second = _compute(first.carries[-1], T0 + BUCKET_US, 1)
    buckets = [first.elements_of(0), second.elements_of(0)]
    assert [(bucket.fe, bucket.ttr_s) for bucket in buckets] == [(1, 600), (0, 600)]
