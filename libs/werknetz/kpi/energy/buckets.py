"""Adds the energy of meters to the elements of an equipment.

A machine's meters measure the machine. A meter of a line or plant measures everything below it:
its own row holds what the meters of its carrier below do not explain, so that the sum over the
line is what its meter measured, and nothing counts twice. Where it measures nothing, and of
carriers that it does not measure, the sum is that of the meters below. The energy of an equipment
that makes nothing itself (a compressor) belongs to the items of whatever is above it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from werknetz.kpi.carry import Carry
from werknetz.kpi.counts import Debt
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz.kpi.energy.meters import CarrierSums, Meter, MeteredBuckets, sum_meters
from werknetz.kpi.energy.orders import add_to_shares
from werknetz.kpi.series import Flags, Numbers
from werknetz.kpi.states import (
    GOOD_BELOW,
    BucketRange,
    ComputedBuckets,
    StateIntervals,
)

BELOW_NAMES: Final = ("energy_pq_known_s", "energy_pq", "reported_pq", "reported_pbt_s")
"""Sums of everything below an equipment; the last two of machines that report produced items."""
CARRIER_NAMES: Final = ("kwh", "exchange_kwh", "co2_kg", "of_pq_kwh", "co2_of_pq_kg")
"""What the row of a bucket has of each carrier, as it is stored beside it."""
_DIGITS: Final = 9  # of differences: sums of floats depend on their order
CarrierRow = dict[str, list[float]]  # by carrier, in the order of CARRIER_NAMES


@dataclass(frozen=True, slots=True)
class EnergyBelow:
    """What is below an equipment, a value a bucket."""

    sums: Mapping[str, Numbers]  # by BELOW_NAMES
    carriers: Mapping[str, Mapping[str, Numbers]]  # by carrier and CARRIER_NAMES


@dataclass(frozen=True, slots=True)
class EnergyInputs:
    """The meters of an equipment, and what is below it."""

    meters: tuple[Meter, ...] = ()
    is_only_energy: bool = False  # nothing else is measured or reported of it
    below: EnergyBelow | None = None  # None: nothing


@dataclass(frozen=True, slots=True)
class ComputedEnergy:
    computed: ComputedBuckets
    carriers: Sequence[CarrierRow] = ()  # of each bucket
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
    energy, carriers = _columns_of(metered, columns, inputs, span)
    columns |= energy
    _count_samples(inputs.meters, span, columns)
    shares = add_to_shares(
        computed.order_shares, computed.intervals, inputs.meters, carry.counts, span
    )
    first = Carry() if inputs.is_only_energy else None
    carries = [
        replace(first or own, counts=own.counts | metered.counters[n])
        for n, own in enumerate(computed.carries)
    ]
    return ComputedEnergy(
        replace(
            computed, columns=columns, carries=carries, order_shares=shares,
            debts=tuple(map(_join, computed.debts, metered.debts)),
            set_aside=tuple(sorted((*computed.set_aside, *metered.set_aside),
                                   key=lambda aside: (aside.at_us, aside.signal_id))),
        ),
        carriers,
        metered.without_factor,
    )  # fmt: skip


def _columns_of(
    metered: MeteredBuckets, own: Mapping[str, Numbers], inputs: EnergyInputs, span: BucketRange
) -> tuple[dict[str, Numbers], list[CarrierRow]]:
    """Return the elements of energy, and what of them each carrier is."""
    none = np.zeros(span.buckets)
    is_parent = inputs.below is not None
    below = dict.fromkeys(BELOW_NAMES, none) | dict(inputs.below.sums if inputs.below else {})
    is_known = metered.is_known
    reports: Flags = own["pq_known_s"] > 0
    for_items = is_known & (reports | inputs.is_only_energy | is_parent)
    carriers = {
        carrier: _rest_of(
            sums, inputs.below.carriers.get(carrier, {}) if inputs.below else {}, metered, for_items
        )
        for carrier, sums in metered.carriers.items()
    }
    whole = {
        name: np.sum([rest[name] for rest in carriers.values()], axis=0) for name in CARRIER_NAMES
    }
    elapsed_s = np.diff(np.minimum(span.edges, max(span.now_us, span.start_us))) / 1e6
    columns = {
        "energy_kwh": whole["kwh"],
        "energy_exchange_kwh": whole["exchange_kwh"],
        "energy_unallocated_kwh": whole["kwh"] if is_parent else none,
        "co2_kg": whole["co2_kg"],
        "energy_known_s": _where(is_known, elapsed_s),
        "co2_known_s": _where(metered.is_co2_known, elapsed_s),
        "energy_pq_known_s": _where(
            is_known,
            np.where(reports, own["pbt_s"], 0.0)
            + below["reported_pbt_s"] - below["energy_pq_known_s"],
        ),
        "energy_pq": _where(
            is_known,
            np.where(reports, own["pq"], 0.0) + below["reported_pq"] - below["energy_pq"],
        ),
        "energy_of_pq_kwh": whole["of_pq_kwh"],
        "co2_of_pq_kg": whole["co2_of_pq_kg"],
    }  # fmt: skip
    rows = [
        {carrier: [float(rest[name][n]) for name in CARRIER_NAMES]
         for carrier, rest in carriers.items()}
        for n in range(span.buckets)
    ]  # fmt: skip
    return columns, rows


def _rest_of(
    sums: CarrierSums, below: Mapping[str, Numbers], metered: MeteredBuckets, for_items: Flags
) -> dict[str, Numbers]:
    """Return what a meter measured less what meters of its carrier below measured."""
    none = np.zeros(len(sums.kwh))
    measured = (sums.kwh, sums.exchange_kwh, sums.co2_kg, sums.kwh, sums.co2_kg)
    is_known = (
        metered.is_known, metered.is_known, metered.is_co2_known, for_items,
        for_items & metered.is_co2_known,
    )  # fmt: skip
    return {
        name: _where(flags, value - below.get(name, none))
        for name, value, flags in zip(CARRIER_NAMES, measured, is_known, strict=True)
    }


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
