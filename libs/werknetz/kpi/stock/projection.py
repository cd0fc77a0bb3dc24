"""What will be there on each of the coming days, for any number of materials and places at once.

What is overdue and not announced is not counted on: nobody has said when it comes. What is on its
way but late is expected on the day after today.
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
    """Open quantities: one entry a due line or shipment line. `row`: whose it is; `day` from 0."""

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


def sum_by_day(rows: int, days: int, told: Arrivals) -> Floats:
    """Add up what comes, by row and day; what lies outside the days is left out."""
    inside = (told.day >= 0) & (told.day < days)
    flat = np.bincount(
        told.row[inside] * days + told.day[inside], told.quantity[inside], minlength=rows * days
    )
    return flat.astype(np.float64).reshape(rows, days)


def project(stock: Floats, arrivals: Floats, demand: Floats) -> Projection:
    """Go on from `stock` (rows) with arrivals and demand (rows, days)."""
    closing = stock[:, None] + np.cumsum(arrivals - demand, axis=1)
    opening = np.hstack([stock[:, None], closing[:, :-1]])
    is_short = closing < -1e-9
    short_day = np.where(is_short.any(axis=1), is_short.argmax(axis=1), -1)
    return Projection(opening, arrivals, demand, closing, short_day.astype(np.int64))


def subtract_in_transit(relation: Ints, quantity: Floats, in_transit: Sequence[float]) -> Floats:
    """Return what of each open due line is not on its way yet.

    Lines are sorted by relation, then by due date: what is in transit is for the first of them.
    `in_transit` is by relation number, from 0.
    """
    if not len(quantity):
        return quantity
    total = np.cumsum(quantity)
    first = np.flatnonzero(np.r_[True, relation[1:] != relation[:-1]])
    before = np.repeat(np.r_[0.0, total[first[1:] - 1]], np.diff(np.r_[first, len(quantity)]))
    within = total - before  # cumulative inside the relation
    carried = np.asarray(in_transit, dtype=np.float64)[relation]
    left: Floats = np.clip(within - carried, 0.0, quantity)
    return left
