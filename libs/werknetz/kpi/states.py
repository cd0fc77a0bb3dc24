"""Compute a machine's elements from its samples: one timeline, split by calendar and buckets.

Pure: the same samples, shift plan and carry give the same elements, however the range is split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry, ReportedByOthers
from werknetz.kpi.counter_steps import CounterStart, Increments, SetAside
from werknetz.kpi.counts import Debt, increments_by_counter, sum_quantities
from werknetz.kpi.data_gaps import unknown_until
from werknetz.kpi.elements import ELEMENT_NAMES, Elements
from werknetz.kpi.faults import FAULTS, FaultRuns, flags_of_runs
from werknetz.kpi.knowledge.doubts import Doubt, doubts_of
from werknetz.kpi.knowledge.frame import Frame
from werknetz.kpi.knowledge.known_time import (
    IntervalKinds,
    has_run_time,
    masks_of,
)
from werknetz.kpi.knowledge.reported import LATEST_US, Reported
from werknetz.kpi.knowledge.state_time import StateTime
from werknetz.kpi.orders.shares import MeasuredTime, OrderShare, order_shares_of
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import (
    Flags,
    Ids,
    Instants,
    MachineSamples,
    Numbers,
)
from werknetz.kpi.timeline.codes import NOT_PLANNED
from werknetz.kpi.timeline.instants import sort_distinct
from werknetz.kpi.timeline.machine import MachineTimeline
from werknetz.kpi.timeline.quantities import sum_reported
from werknetz.kpi.timeline.start_up import GoodItems, StartUpCarry, StartUps

CATEGORIES: Final = ("off_shift", "pdot", "unknown", "apt", "aust", "adet", "adot")
_OFF_SHIFT, _PDOT, _UNKNOWN, _APT, _AUST, _ADET, _ADOT = range(len(CATEGORIES))
GOOD_BELOW: Final = 0x4000_0000


@dataclass(frozen=True, slots=True)
class BucketRange:
    """A range of whole buckets, and the present, which may lie inside it."""

    start_us: int
    buckets: int
    now_us: int

    @property
    def end_us(self) -> int:
        return self.start_us + self.buckets * BUCKET_US

    @property
    def edges(self) -> Instants:
        return self.start_us + np.arange(self.buckets + 1, dtype=np.int64) * BUCKET_US


@dataclass(frozen=True, slots=True)
class StateIntervals:
    """State intervals split at bucket edges, in order of time, as columns."""

    start: Instants
    end: Instants
    state: Ids
    category: Ids  # index into CATEGORIES
    code: list[str | None]
    order: list[str | None]


@dataclass(frozen=True, slots=True)
class OrderRun:
    number: str
    start_us: int
    end_us: int | None  # None: it is still running
    run_time_s: float | None


@dataclass(frozen=True, slots=True)
class ComputedBuckets:
    columns: dict[str, Numbers]  # by element name, one row per bucket
    carries: list[Carry]
    intervals: StateIntervals
    orders: list[OrderRun]
    debts: tuple[Debt, ...] = ()  # what each bucket passes to the one before it
    set_aside: tuple[SetAside, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    order_shares: Sequence[OrderShare] = ()  # what each order has of the buckets

    def elements_of(self, bucket: int) -> Elements:
        return Elements(*(float(self.columns[name][bucket]) for name in ELEMENT_NAMES))


def compute_buckets(
    samples: MachineSamples,
    plan: PlannedTime,
    carry: Carry,
    span: BucketRange,
    corrections: Mapping[str, float] | None = None,
) -> ComputedBuckets:
    """Compute every bucket of the range. Samples start at `carry`; states extend past the end.

    `corrections`: what counters counted too much before the end of the range, by signal id.
    """
    # A span that ended before the range would begin a fault anew at its end.
    unknown = tuple(gap for gap in samples.unknown if gap[1] > span.start_us)
    samples = replace(samples, unknown=unknown)
    line = MachineTimeline.of(samples, plan, carry, max(span.now_us, span.start_us + 1))
    columns = {name: np.zeros(span.buckets) for name in ELEMENT_NAMES}
    reported = Reported.of(samples.counts, carry.counts, samples.reports)
    pieces, measured = _sum_times(line, reported, span, columns)
    _count_fault_events(line.runs, span, columns)
    increments = increments_by_counter(samples.counts, carry.counts, line.run_time)
    start_ups = _start_ups_of(line, samples, carry, increments, reported, span)
    frame = Frame.of(span.edges, reported, measured.time, start_ups.bounds)
    others = sum_reported(
        (*samples.reports.quantities, *samples.reports.entered), line.run_time, line.plan, frame
    )
    quantities = sum_quantities(
        samples.counts, carry.counts, line.run_time, frame, corrections, others, increments
    )
    columns.update(quantities.columns)
    _count_samples(samples, span, columns)
    carries = _carries_of(line, samples, quantities.counters, start_ups.carries, span)
    return ComputedBuckets(
        columns, carries, pieces, _order_runs_of(line, span), quantities.debts,
        quantities.set_aside,
        doubts_of(
            columns,
            None if others else quantities.production_s + columns["unplanned_busy_s"],
            span.edges,
            has_reports=bool(samples.reports.reported_since_us),
        ),
        order_shares_of(
            measured, line, samples, carry.counts, quantities, start_ups.bounds,
            (span.start_us, span.end_us),
        ),
    )  # fmt: skip


def _start_ups_of(
    line: MachineTimeline,
    samples: MachineSamples,
    carry: Carry,
    increments: Mapping[str, Increments],
    reported: Reported,
    span: BucketRange,
) -> StartUps:
    good = GoodItems()
    if samples.start_up_rules.count_items:
        good = GoodItems.of(samples.counts, increments, reported)
    return StartUps.of(
        (line.states, line.orders), line.order_numbers, samples.start_up_rules, carry.start_up,
        span.edges, span.now_us, good,
    )  # fmt: skip


def _sum_times(
    line: MachineTimeline,
    reported: Reported,
    span: BucketRange,
    columns: dict[str, Numbers],
) -> tuple[StateIntervals, MeasuredTime]:
    end_us = min(span.end_us, max(span.now_us, span.start_us))
    plan = line.plan
    steps = (line.states, line.orders, line.planned, line.without_order, line.run_time)
    phases = reported.phases_of(span.start_us, span.end_us)
    cuts = np.concatenate((*(step.at for step in steps), plan.boundaries, phases, span.edges))
    cuts = cuts[(cuts >= span.start_us) & (cuts < end_us)]
    start = sort_distinct(cuts)
    end = np.append(start[1:], end_us) if len(start) else start
    step = line.states.index(start)
    state: Ids = line.states.value[step]
    order = line.orders.index(start)
    has_order: Flags = line.orders.value[order]
    in_shift, in_break = plan.shifts.contains(start), plan.breaks.contains(start)
    is_maintenance = (state == S.MAINTENANCE) & (
        line.planned.value[line.planned.index(start)] != NOT_PLANNED
    )
    is_ordered = has_order & ~line.without_order.value[line.without_order.index(start)]
    category = _categories_of(state, is_ordered, in_shift, in_break | is_maintenance)
    bucket = (start - span.start_us) // BUCKET_US
    run = line.runs.index(start)
    masks = _time_masks(
        state,
        category,
        in_shift,
        is_minor=flags_of_runs(line.runs.minor, run),
        is_failure=flags_of_runs(line.runs.failure, run),
    )
    masks["aoet_s"] = has_order
    kinds = IntervalKinds(
        has_order, in_shift, masks["pbt_s"], masks["unknown_s"], masks["apt_s"], masks["aust_s"]
    )
    run_times = has_run_time(line.run_time, line.run_time_since_us, start, has_order)
    masks |= masks_of(kinds, reported.at(start), run_times, plan.calendars.contains(start))
    duration = (end - start).astype(np.float64)
    for name, mask in masks.items():
        summed = np.bincount(bucket[mask], duration[mask], minlength=span.buckets)
        columns[name] = summed / 1e6
    intervals = _join_intervals(
        line, bucket, start, end, (state, category, line.states.name[step], order)
    )
    time = StateTime.of(start, end, apt=kinds.apt, unknown=kinds.is_unknown)
    return intervals, MeasuredTime(start, duration, line.orders.name[order], masks, time)


def _time_masks(
    state: Ids, category: Ids, in_shift: Flags, *, is_minor: Flags, is_failure: Flags
) -> dict[str, Flags]:
    """Return which intervals belong to each time element."""
    is_fault = np.isin(state, FAULTS)
    minor = is_fault & (state == S.MALFUNCTION) & is_minor
    busy = category >= _UNKNOWN  # inside planned busy time
    adet = category == _ADET
    return {
        "pot_s": in_shift, "off_shift_s": ~in_shift, "pdot_s": category == _PDOT, "pbt_s": busy,
        "unknown_s": category == _UNKNOWN, "apt_s": category == _APT, "aust_s": category == _AUST,
        "adet_s": adet, "adot_s": category == _ADOT,
        "unplanned_busy_s": (state == S.PRODUCING) & ~busy,
        "blocked_s": adet & (state == S.BLOCKED),
        "starved_s": adet & (state == S.STARVED), "suspended_s": adet & (state == S.SUSPENDED),
        "minor_stop_s": adet & minor, "malfunction_s": adet & is_fault & ~minor,
        "idle_s": adet & np.isin(state, (S.IDLE, S.OFF, S.MAINTENANCE)),
        "ttr_s": is_fault & is_failure & busy,
        "cmt_s": in_shift & (state == S.REPAIR), "pmt_s": in_shift & (state == S.MAINTENANCE),
    }  # fmt: skip


def _categories_of(state: Ids, has_order: Flags, in_shift: Flags, is_planned_down: Flags) -> Ids:
    """Return the category of each interval; the first that applies counts."""
    return np.select(
        [
            ~in_shift,
            is_planned_down,
            state == S.UNKNOWN,
            ~has_order,
            state == S.PRODUCING,
            state == S.SETUP,
        ],
        [_OFF_SHIFT, _PDOT, _UNKNOWN, _ADOT, _APT, _AUST],
        _ADET,
    ).astype(np.int64)


def _join_intervals(
    line: MachineTimeline,
    bucket: Ids,
    start: Instants,
    end: Instants,
    columns: tuple[Ids, Ids, Ids, Ids],
) -> StateIntervals:
    """Join adjacent intervals that are equal within a bucket."""
    state, category, code, order_step = columns
    order = line.orders.name[order_step]
    new = np.ones(len(start), np.bool_)
    if len(start):
        same = [c[1:] == c[:-1] for c in (bucket, state, category, code, order)]
        new[1:] = ~np.logical_and.reduce(same)
    last = np.append(new[1:], True) if len(start) else new
    return StateIntervals(
        start[new], end[last], state[new], category[new],
        [line.codes.texts[n] for n in code[new]], [line.order_numbers.texts[n] for n in order[new]],
    )  # fmt: skip


def _count_fault_events(runs: FaultRuns, span: BucketRange, columns: dict[str, Numbers]) -> None:
    """Count fault runs in the bucket in which they begin."""
    minor = runs.minor & runs.eligible & runs.has_malfunction
    for name, selected in (("fe", runs.failure), ("minor_stops", minor)):
        since = runs.since[selected]
        inside = (since >= span.start_us) & (since < span.end_us)
        bucket = (since[inside] - span.start_us) // BUCKET_US
        columns[name] = np.bincount(bucket, minlength=span.buckets).astype(np.float64)


def _count_samples(samples: MachineSamples, span: BucketRange, columns: dict[str, Numbers]) -> None:
    for series in samples.all_series():
        bounds = np.searchsorted(series.at, span.edges)
        columns["samples"] += np.diff(bounds)
        good = np.append(0, np.cumsum(series.status < GOOD_BELOW))
        columns["good_samples"] += np.diff(good[bounds])


def _carries_of(
    line: MachineTimeline,
    samples: MachineSamples,
    counters: Sequence[dict[str, CounterStart]],
    start_ups: Sequence[StartUpCarry],
    span: BucketRange,
) -> list[Carry]:
    """Return the carry at the end of each bucket."""
    edges = span.edges[1:]
    step, order = line.reported.index_before(edges), line.orders.index_before(edges)
    state: NDArray[np.int64] = line.reported.value[step]
    is_fault = np.isin(line.states.value[line.states.index_before(edges)], FAULTS)
    code, number = line.reported.name[step], line.orders.name[order]
    run_time = line.own_run_time.value[line.own_run_time.index_before(edges)]
    run = line.runs.index(edges - 1)
    since_us = LATEST_US if line.run_time_since_us is None else line.run_time_since_us
    by_others = _reported_by_others(line, edges)
    carries = []
    for n in range(span.buckets):
        fault = None
        if is_fault[n] and run[n] >= 0:
            fault = (int(line.runs.since[run[n]]), bool(line.runs.eligible[run[n]]))
        carries.append(
            Carry(
                int(state[n]),
                line.codes.texts[code[n]],
                line.order_numbers.texts[number[n]] or "",
                float(run_time[n]) if run_time[n] or edges[n] > since_us else None,
                counters[n],
                fault,
                unknown_until(samples.unknown, int(edges[n])),
                by_others[n],
                start_ups[n],
            )
        )
    return carries


def _reported_by_others(line: MachineTimeline, edges: Instants) -> list[ReportedByOthers | None]:
    """Return state, code and run time right before each edge, where they are not the machine's."""
    own, step = line.own.index_before(edges), line.states.index_before(edges)
    own_s = line.own_run_time.value[line.own_run_time.index_before(edges)]
    run_time_s = line.run_time.value[line.run_time.index_before(edges)]
    is_own = (
        (line.own.value[own] == line.states.value[step])
        & (line.own.name[own] == line.states.name[step])
        & (own_s == run_time_s)
    )
    return [
        None
        if is_own[n]
        else (
            int(line.states.value[step[n]]),
            line.codes.texts[line.states.name[step[n]]],
            float(run_time_s[n]),
        )
        for n in range(len(edges))
    ]


def _order_runs_of(line: MachineTimeline, span: BucketRange) -> list[OrderRun]:
    """Return the orders of the range; one carried over may have ended at its start."""
    runs = []
    at = line.orders.at
    for n in range(len(at)):
        number = line.order_numbers.texts[line.orders.name[n]]
        ends_us = int(at[n + 1]) if n + 1 < len(at) else None
        if number is None or at[n] >= span.end_us or (ends_us or span.end_us) < span.start_us:
            continue
        if ends_us is not None and ends_us > span.end_us:
            ends_us = None
        start_us = max(int(at[n]), span.start_us)
        run_time = float(line.run_time.value[line.run_time.index(np.array([start_us]))[0]])
        runs.append(OrderRun(number, start_us, ends_us, run_time or None))
    return runs
