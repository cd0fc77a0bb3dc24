"""Adds the energy of meters to the elements of an equipment.

A machine's meters measure the machine. A meter of a line or plant measures everything below it:
its own row holds what the meters below do not explain, so that the sum over the line is what its
meter measured, and nothing counts twice. Where it measures nothing, the sum is that of the meters
below. The energy of an equipment that makes nothing itself (a compressor) belongs to the items of
whatever is above it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from werknetz.kpi.carry import Carry
from werknetz.kpi.counts import Debt
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz.kpi.energy.meters import Meter, MeteredBuckets, sum_meters
from werknetz.kpi.series import Flags, Numbers
from werknetz.kpi.states import (
    GOOD_BELOW,
    BucketRange,
    ComputedBuckets,
    StateIntervals,
)

BELOW_NAMES: Final = (
    "energy_kwh", "energy_exchange_kwh", "co2_kg", "energy_known_s", "co2_known_s",
    "energy_pq_known_s", "energy_pq", "energy_of_pq_kwh", "co2_of_pq_kg",
    "reported_pq", "reported_pbt_s",
)  # fmt: skip
"""Sums of everything below an equipment; the last two of machines that report produced items."""

_DIGITS: Final = 9  # of differences: sums of floats depend on their order


@dataclass(frozen=True, slots=True)
class EnergyInputs:
    """The meters of an equipment, and what is below it."""

    meters: tuple[Meter, ...] = ()
    is_only_energy: bool = False  # nothing else is measured or reported of it
    below: Mapping[str, Numbers] | None = None  # by name, a value a bucket; None: nothing


@dataclass(frozen=True, slots=True)
class ComputedEnergy:
    computed: ComputedBuckets
    without_factor: tuple[tuple[int, int], ...] = ()  # signal id, and its first such bucket


def add_energy(
    computed: ComputedBuckets,
    inputs: EnergyInputs,
    carry: Carry,
    span: BucketRange,
    corrections: Mapping[str, float],
) -> ComputedEnergy:
    """Return the buckets with what the meters measured."""
    if not inputs.meters:
        return ComputedEnergy(computed)
    metered = sum_meters(inputs.meters, carry.counts, span.edges, corrections)
    columns = dict(computed.columns)
    if inputs.is_only_energy:
        columns = {name: np.zeros(span.buckets) for name in ELEMENT_NAMES}
        nothing = np.empty(0, np.int64)
        intervals = StateIntervals(nothing, nothing, nothing, nothing, [], [])
        computed = ComputedBuckets(columns, computed.carries, intervals, [], computed.debts)
    columns |= _columns_of(metered, columns, inputs, span)
    _count_samples(inputs.meters, span, columns)
    first = Carry() if inputs.is_only_energy else None
    carries = [
        replace(first or own, counts=own.counts | metered.counters[n])
        for n, own in enumerate(computed.carries)
    ]
    return ComputedEnergy(
        replace(
            computed, columns=columns, carries=carries,
            debts=tuple(map(_join, computed.debts, metered.debts)),
            set_aside=tuple(sorted((*computed.set_aside, *metered.set_aside),
                                   key=lambda aside: (aside.at_us, aside.signal_id))),
        ),
        metered.without_factor,
    )  # fmt: skip


def _columns_of(
    metered: MeteredBuckets, own: Mapping[str, Numbers], inputs: EnergyInputs, span: BucketRange
) -> dict[str, Numbers]:
    none = np.zeros(span.buckets)
    is_parent = inputs.below is not None
    below = dict.fromkeys(BELOW_NAMES, none) | dict(inputs.below or {})
    is_known, is_co2_known = metered.is_known, metered.is_co2_known
    reports: Flags = own["pq_known_s"] > 0
    for_items = is_known & (reports | inputs.is_only_energy | is_parent)
    elapsed_s = np.diff(np.minimum(span.edges, max(span.now_us, span.start_us))) / 1e6
    rest_kwh = metered.kwh - below["energy_kwh"]
    return {
        "energy_kwh": _where(is_known, rest_kwh),
        "energy_exchange_kwh": _where(
            is_known, metered.exchange_kwh - below["energy_exchange_kwh"]
        ),
        "energy_unallocated_kwh": _where(is_known & is_parent, rest_kwh),
        "co2_kg": _where(is_co2_known, metered.co2_kg - below["co2_kg"]),
        "energy_known_s": _where(is_known, elapsed_s),
        # All that is below is in the sum, too, whether it has a factor of its own or not.
        "co2_known_s": _where(
            is_co2_known, elapsed_s + below["energy_known_s"] - below["co2_known_s"]
        ),
        "energy_pq_known_s": _where(
            is_known,
            np.where(reports, own["pbt_s"], 0.0)
            + below["reported_pbt_s"] - below["energy_pq_known_s"],
        ),
        "energy_pq": _where(
            is_known,
            np.where(reports, own["pq"], 0.0) + below["reported_pq"] - below["energy_pq"],
        ),
        "energy_of_pq_kwh": _where(for_items, metered.kwh - below["energy_of_pq_kwh"]),
        "co2_of_pq_kg": _where(for_items & is_co2_known, metered.co2_kg - below["co2_of_pq_kg"]),
    }  # fmt: skip


def _where(flags: Flags, value: Numbers) -> Numbers:
    rounded: Numbers = np.where(flags, value, 0.0).round(_DIGITS)
    return rounded + 0.0  # no negative zero


def _count_samples(meters: Sequence[Meter], span: BucketRange, columns: dict[str, Numbers]) -> None:
    samples, good = columns["samples"].copy(), columns["good_samples"].copy()
    for series in (meter.count.series for meter in meters):
        bounds = np.searchsorted(series.at, span.edges)
        samples += np.diff(bounds)
        good += np.diff(np.append(0, np.cumsum(series.status < GOOD_BELOW))[bounds])
    columns |= {"samples": samples, "good_samples": good}


def _join(own: Debt, metered: Debt) -> Debt:
    return Debt({**own.corrections, **metered.corrections}, {**own.spreads, **metered.spreads})
