"""Sums what meters counted: one meter a carrier, by the rules of counters, times its factor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from werknetz.kpi.counter_steps import CounterStart, Increments, SetAside, increments_of
from werknetz.kpi.counts import Debt, counters_after, debts_of, sum_increments
from werknetz.kpi.energy.carriers import FactorSteps
from werknetz.kpi.knowledge.frame import Frame
from werknetz.kpi.knowledge.reported import Reported, start_of
from werknetz.kpi.knowledge.state_time import StateTime
from werknetz.kpi.series import CountSeries, Flags, Instants, Numbers

_LATEST_US: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Meter:
    carrier: str
    count: CountSeries
    factors: FactorSteps


@dataclass(frozen=True, slots=True)
class CarrierSums:
    """Of one carrier, a value a bucket."""

    kwh: Numbers  # used, less what was delivered
    exchange_kwh: Numbers  # of it exchanged with others: negative where it was delivered
    co2_kg: Numbers


@dataclass(frozen=True, slots=True)
class MeteredBuckets:
    """What the meters of an equipment measured."""

    carriers: Mapping[str, CarrierSums]
    is_known: Flags  # a meter measures, and each that does has a factor
    is_co2_known: Flags
    counters: tuple[dict[str, CounterStart], ...]
    debts: tuple[Debt, ...]
    set_aside: tuple[SetAside, ...]
    without_factor: tuple[tuple[int, int], ...]  # signal id, and its first bucket without one


def sum_meters(
    meters: Sequence[Meter],
    before: Mapping[str, CounterStart],
    edges: Instants,
    corrections: Mapping[str, float],
) -> MeteredBuckets:
    """Sum the meters bucket by bucket; `corrections`: what the bucket after the last passes back.

    A meter measures from the bucket of its first value on, as a counter reports.
    """
    frame = _frame_of(edges)
    measures, lacks, lacks_co2 = (np.zeros(len(edges) - 1, np.bool_) for _ in range(3))
    carriers: dict[str, CarrierSums] = {}
    increments: dict[str, Increments] = {}
    passed: dict[str, Numbers] = {}
    set_aside: list[SetAside] = []
    without_factor = []
    for meter in meters:
        count, factors, key = meter.count, meter.factors, str(meter.count.signal_id)
        steps = increments_of(count, before.get(key)).select_in_force(count.in_force)
        increments[key] = steps
        sums, passed[key] = _sum_meter(
            meter, steps, before.get(key), frame, corrections.get(key, 0.0)
        )
        carriers[meter.carrier] = _add(carriers.get(meter.carrier), sums)
        in_use = _is_measuring(count, edges, is_before=key in before)
        has_factor = factors.is_known(factors.kwh, edges[:-1], edges[1:])
        measures |= in_use
        lacks |= in_use & ~has_factor
        lacks_co2 |= in_use & ~factors.is_known(factors.co2_kg, edges[:-1], edges[1:])
        if (missing := np.flatnonzero(in_use & ~has_factor)).size:
            without_factor.append((count.signal_id, int(edges[missing[0]])))
        set_aside += [aside for aside in steps.set_aside if aside.at_us <= edges[-1]]
    return MeteredBuckets(
        carriers, measures & ~lacks, measures & ~lacks & ~lacks_co2,
        counters_after(increments, before, frame),
        debts_of([meter.count for meter in meters], increments, passed, edges),
        tuple(set_aside), tuple(without_factor),
    )  # fmt: skip


def _sum_meter(
    meter: Meter, steps: Increments, start: CounterStart | None, frame: Frame, debt: float
) -> tuple[CarrierSums, Numbers]:
    """Return what a meter measured by bucket, and what corrections pass to the bucket before."""
    factors = meter.factors
    sign = np.where(factors.is_delivered, -1.0, 1.0)
    values = (
        factors.kwh * sign, np.where(sign < 0, -factors.kwh, 0.0), factors.co2_kg * sign,
    )  # fmt: skip
    summed = [
        sum_increments(meter.count, steps, start, factors.steps_of(value), frame, debt)
        for value in values
    ]
    return CarrierSums(*(sums.planned_s.sum(axis=0) for sums, _ in summed)), summed[0][1]


def _add(before: CarrierSums | None, sums: CarrierSums) -> CarrierSums:
    """Add a meter to one that it replaced: of one carrier, one is in force at a time."""
    if before is None:
        return sums
    return CarrierSums(
        before.kwh + sums.kwh,
        before.exchange_kwh + sums.exchange_kwh,
        before.co2_kg + sums.co2_kg,
    )


def _is_measuring(count: CountSeries, edges: Instants, *, is_before: bool) -> Flags:
    """Return the buckets in which a meter measures and is in force."""
    since_us = start_of(count, is_before=is_before)
    until_us = _LATEST_US if count.until_us is None else count.until_us
    spans = count.in_force or ((since_us, until_us),)
    measuring = np.zeros(len(edges) - 1, np.bool_)
    for start, end in spans:
        measuring |= (edges[1:] > max(start, since_us)) & (edges[:-1] < min(end, until_us))
    return measuring


def _frame_of(edges: Instants) -> Frame:
    """Return buckets without states: energy is used in every state."""
    nothing = np.empty(0, np.int64)
    time = StateTime.of(nothing, nothing, apt=nothing > 0, unknown=nothing > 0)
    return Frame.of(edges, Reported.of((), {}), time)
