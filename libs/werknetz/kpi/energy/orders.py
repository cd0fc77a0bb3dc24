"""The energy of production orders in buckets in which the order changes.

As a quantity, what a meter counted belongs to the order that runs right before its instant. A
bucket that belongs to one order needs nothing: all its elements are those of the order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from werknetz.domain.bucket import BUCKET_US
from werknetz.kpi.counter_steps import CounterStart
from werknetz.kpi.energy.meters import Meter, sum_meters
from werknetz.kpi.orders.shares import OrderShare
from werknetz.kpi.series import Instants, Numbers
from werknetz.kpi.states import BucketRange, StateIntervals
from werknetz.kpi.timeline.instants import sort_distinct

_OF_PQ: Final = {"energy_of_pq_kwh": "energy_kwh", "co2_of_pq_kg": "co2_kg"}


def add_to_shares(
    shares: Sequence[OrderShare],
    intervals: StateIntervals,
    meters: Sequence[Meter],
    before: Mapping[str, CounterStart],
    span: BucketRange,
) -> list[OrderShare]:
    """Return the shares with the energy of their orders."""
    cut = sorted({share.bucket for share in shares if share.elements is not None})
    if not cut:
        return list(shares)
    bucket = (intervals.start - span.start_us) // BUCKET_US
    starts = intervals.start[np.isin(bucket, cut)]
    edges = sort_distinct(np.concatenate((span.edges, starts)))
    metered = sum_meters(meters, before, edges, {})
    none = np.zeros(len(edges) - 1)
    energy = {
        "energy_kwh": sum((c.kwh for c in metered.carriers.values()), none),
        "energy_exchange_kwh": sum((c.exchange_kwh for c in metered.carriers.values()), none),
        "co2_kg": sum((c.co2_kg for c in metered.carriers.values()), none) * metered.is_co2_known,
        "energy_known_s": np.diff(edges) / 1e6,
        "co2_known_s": np.diff(edges) / 1e6 * metered.is_co2_known,
    }
    cells = _cells_of(edges, intervals, span)
    return [
        share
        if share.elements is None
        else replace(
            share,
            elements=share.elements
            | _energy_of(share.elements, cells.get((share.bucket, share.order_number), []), {
                name: value * metered.is_known for name, value in energy.items()
            }),
        )
        for share in shares
    ]  # fmt: skip


def _cells_of(
    edges: Instants, intervals: StateIntervals, span: BucketRange
) -> dict[tuple[int, str], list[int]]:
    """Return the cells of each bucket and order: a cell lies in one interval."""
    cells: dict[tuple[int, str], list[int]] = {}
    index = np.searchsorted(intervals.start, edges[:-1], side="right") - 1
    for cell, (at, interval) in enumerate(zip(edges[:-1].tolist(), index.tolist(), strict=True)):
        if interval < 0 or at >= intervals.end[interval]:
            continue
        order = intervals.order[interval]
        if order is not None:
            key = (at - span.start_us) // BUCKET_US, order
            cells.setdefault(key, []).append(cell)
    return cells


def _energy_of(
    elements: Mapping[str, float], cells: Sequence[int], energy: Mapping[str, Numbers]
) -> dict[str, float]:
    """Return the elements of energy that are not 0; items are those of the order."""
    own = {name: float(np.round(value[cells].sum(), 9)) for name, value in energy.items()}
    if own["energy_known_s"] and elements.get("pq_known_s"):
        own |= {name: own[source] for name, source in _OF_PQ.items()}
        own["energy_pq"] = elements.get("pq", 0.0)
        own["energy_pq_known_s"] = elements.get("pbt_s", 0.0)
    return {name: value for name, value in own.items() if value}
