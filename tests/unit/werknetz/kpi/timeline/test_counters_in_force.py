"""A counter counts while it is in force: in (start, end], without a jump over what lies between."""

import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.kpi.carry import Carry
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, compute_buckets

MINUTE = 60_000_000
T0 = 1_900_000 * BUCKET_US
LATER = T0 + 10_000 * BUCKET_US
COUNTED = Series.of([T0 + n * MINUTE for n in range(10)], [float(n) for n in range(10)])


def at(minute: float) -> int:
    return T0 + round(minute * MINUTE)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ((), 9),
        (((at(-9), at(4)),), 4),  # the increment that ends at its end
        (((at(4), LATER),), 5),  # not the one that ends at its start
        (((at(-9), at(3)), (at(6), LATER)), 3 + 3),
        (((at(3.5), at(4.5)),), 1),
        (((at(20), LATER),), 0),
    ],
)
def test_a_counter_counts_in_its_spans(spans: tuple[tuple[int, int], ...], expected: float) -> None:
    samples = MachineSamples(
        counts=(CountSeries(1, Role.GOOD_COUNT, COUNTED, "to_zero", in_force=spans),)
    )
    computed = compute_buckets(samples, PlannedTime.always(), Carry(), BucketRange(T0, 1, LATER))
    assert computed.columns["gq"].sum() == expected


def test_a_jump_outside_its_spans_is_no_finding() -> None:
    series = Series.of([at(0), at(1), at(2), at(3)], [0.0, 1.0, 900.0, 901.0])
    count = CountSeries(1, Role.GOOD_COUNT, series, max_increment=10, in_force=((at(-1), at(1)),))
    computed = compute_buckets(
        MachineSamples(counts=(count,)), PlannedTime.always(), Carry(), BucketRange(T0, 1, LATER)
    )
    assert (computed.columns["gq"].sum(), computed.set_aside) == (1, ())
