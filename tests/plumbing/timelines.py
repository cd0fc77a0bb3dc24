"""A machine's timeline of a few quarters of an hour, in minutes from its start."""

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.shift import Shift
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import MachineSamples, Series
from werknetz.kpi.states import BucketRange, ComputedBuckets, compute_buckets
from werknetz.kpi.timeline.reports import OPEN_US, StateSpan

MINUTE = 60_000_000
T0 = 1_900_000 * BUCKET_US
LATER = T0 + 10_000 * BUCKET_US
BREAK = PlannedTime.of([
    Shift("a", None, T0, T0 + 12 * MINUTE, ((T0 + 9 * MINUTE, T0 + 12 * MINUTE),))  # type: ignore[arg-type] # the day does not matter
])  # fmt: skip


def at(minute: float) -> int:
    return OPEN_US if minute == float("inf") else T0 + round(minute * MINUTE)


def span(
    start: float, end: float, state: S | None, *, code: str | None = None,
    is_planned: bool | None = None, without_order: bool = False,
) -> StateSpan:  # fmt: skip
    number = None if state is None else int(state)
    return StateSpan(at(start), at(end), number, code, is_planned, without_order)


def state_samples(*entries: tuple[float, S]) -> Series:
    return Series.of([at(m) for m, _ in entries], [float(state) for _, state in entries])


def compute(
    samples: MachineSamples, *, buckets: int = 1, plan: PlannedTime | None = None
) -> ComputedBuckets:
    chosen = PlannedTime.always() if plan is None else plan
    return compute_buckets(samples, chosen, Carry(), BucketRange(T0, buckets, LATER))
