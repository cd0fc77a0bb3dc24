"""Project the stock of the coming days, for many materials and places at once.

Overdue quantities without a despatch advice do not count: their arrival is unknown. Quantities in
transit that are late are expected tomorrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

DAYS: Final = 28
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Open quantities, one per due line or shipment line. `row`: of the grid; `day` from 0."""

    row: Ints
    day: Ints
    quantity: Floats


@dataclass(frozen=True, slots=True)
class Projection:
    """Arrays of (rows, days). `short_day`: the first day that ends below zero; -1: none."""

    opening: Floats
    arrivals: Floats
    demand: Floats
    closing: Floats
    short_day: Ints


def sum_by_day(rows: int, days: int, arrivals: Arrivals) -> Floats:
    """Add up arrivals by row and day; ignore those outside the days."""
    inside = (arrivals.day >= 0) & (arrivals.day < days)
    flat = np.bincount(
        arrivals.row[inside] * days + arrivals.day[inside],
        arrivals.quantity[inside],
        minlength=rows * days,
    )
    return flat.astype(np.float64).reshape(rows, days)


def project(stock: Floats, arrivals: Floats, demand: Floats) -> Projection:
    """Project `stock` (rows) with arrivals and demand (rows, days)."""
    closing = stock[:, None] + np.cumsum(arrivals - demand, axis=1)
    opening = np.hstack([stock[:, None], closing[:, :-1]])
    is_short = closing < -1e-9
    short_day = np.where(is_short.any(axis=1), is_short.argmax(axis=1), -1)
    return Projection(opening, arrivals, demand, closing, short_day.astype(np.int64))


def subtract_in_transit(relation: Ints, quantity: Floats, in_transit: Sequence[float]) -> Floats:
    """Return the quantity of each open due line that is not in transit yet.

    Lines are sorted by relation, then by due date: goods in transit fill the first of them.
    `in_transit` is by relation number, from 0.
    """
    if not len(quantity):
        return quantity
    total = np.cumsum(quantity)
    first = np.flatnonzero(np.r_[True, relation[1:] != relation[:-1]])
    before = np.repeat(np.r_[0.0, total[first[1:] - 1]], np.diff(np.r_[first, len(quantity)]))
    within = total - before  # cumulative inside the relation
    in_transit_of_relation = np.asarray(in_transit, dtype=np.float64)[relation]
    remaining: Floats = np.clip(within - in_transit_of_relation, 0.0, quantity)
    return remaining
