"""Cumulative first in, first out: receipts fill demand in the order of due dates.

Demand and receipts share one scale of cumulative quantity. A demand from `low` to `high` is filled
as far as the running sum of receipts exceeds `low`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self
from uuid import UUID

from werknetz.kpi.supply.facts import ScheduleGroup
from werknetz.kpi.supply.findings import EPSILON
from werknetz.kpi.supply.schedule import Demand


@dataclass(frozen=True, slots=True)
class Inflow:
    """A quantity that was received, or is expected, at an instant."""

    at_us: int
    quantity: float  # negative: a correction
    event_id: UUID
    group: ScheduleGroup


class RunningSum:
    """The running sum of inflows in order of time."""

    def __init__(self, inflows: Sequence[Inflow], start: float = 0.0) -> None:
        self._inflows = inflows
        self._instants = [inflow.at_us for inflow in inflows]
        self._sums = list(accumulate((p.quantity for p in inflows), initial=start))[1:]
        self._maximum = list(accumulate(self._sums, max))
        self._start = start
        self._only_grows = all(inflow.quantity >= 0 for inflow in inflows)

    @classmethod
    def of(cls, inflows: Iterable[Inflow], start: float = 0.0) -> Self:
        return cls(sorted(inflows, key=lambda p: (p.at_us, p.event_id)), start)

    @property
    def total(self) -> float:
        return self._sums[-1] if self._sums else self._start

    def total_before(self, at_us: int) -> float:
        """Return the sum before an instant."""
        index = bisect_left(self._instants, at_us)
        return self._sums[index - 1] if index else self._start

    def reached_us(self, quantity: float) -> int | None:
        """Return the first instant at which the sum reached a quantity."""
        index = bisect_left(self._maximum, quantity - EPSILON * max(1.0, abs(quantity)))
        return self._instants[index] if index < len(self._instants) else None

    def between(self, low: float, high: float) -> list[Inflow]:
        """Return the inflows between two cumulative quantities, including corrections."""
        first_index, last_index = 0, len(self._inflows)
        if self._only_grows:
            first_index = bisect_right(self._sums, low)
            last_index = bisect_left(self._sums, high) + 1
        inflows = []
        for index in range(first_index, min(last_index, len(self._inflows))):
            after = self._sums[index]
            before = self._sums[index - 1] if index else self._start
            if min(before, after) < high and max(before, after) > low:
                inflows.append(self._inflows[index])
        return inflows


def filled_quantity(demand: Demand, received: float) -> float:
    """Return how much of a demand is filled by a cumulative quantity received."""
    return min(max(received - demand.low, 0.0), demand.quantity)


def assign_to_groups(
    inflows: Iterable[Inflow], demands: dict[ScheduleGroup, list[Demand]]
) -> dict[ScheduleGroup, list[Inflow]]:
    """Assign each inflow to the group that it names; others fill what is due first.

    Most relations have one group. If a relation has orders, a receipt that names none of them is
    split over the lines that are open at that time, the earliest first.
    """
    by_group: dict[ScheduleGroup, list[Inflow]] = {group: [] for group in demands}
    received = dict.fromkeys(demands, 0.0)
    for inflow in sorted(inflows, key=lambda p: (p.at_us, p.event_id)):
        for group, quantity in _split_by_group(inflow, demands, received):
            by_group.setdefault(group, []).append(
                Inflow(inflow.at_us, quantity, inflow.event_id, group)
            )
            received[group] = received.get(group, 0.0) + quantity
    return by_group


def _split_by_group(
    inflow: Inflow, demands: dict[ScheduleGroup, list[Demand]], received: dict[ScheduleGroup, float]
) -> list[tuple[ScheduleGroup, float]]:
    if inflow.group in demands:
        return [(inflow.group, inflow.quantity)]
    order = inflow.group.order_number
    of_order = [group for group in demands if order and group.order_number == order]
    if order and not of_order and any(group.order_number for group in demands):
        return [(inflow.group, inflow.quantity)]  # of an order without a call-off
    candidates = of_order or list(demands)
    if len(candidates) < 2:
        return [(candidates[0] if candidates else inflow.group, inflow.quantity)]
    return _split_by_due_date(inflow, {group: demands[group] for group in candidates}, received)


def _split_by_due_date(
    inflow: Inflow, demands: dict[ScheduleGroup, list[Demand]], received: dict[ScheduleGroup, float]
) -> list[tuple[ScheduleGroup, float]]:
    remaining, shares = inflow.quantity, dict.fromkeys(demands, 0.0)
    lines = sorted(
        (
            (d.due_from_us, d.due_until_us, group, d)
            for group, group_demands in demands.items()
            for d in group_demands
        ),
        key=lambda line: line[:3],
    )
    for _, _, group, demand in lines:
        if remaining <= 0:
            break
        share = min(
            remaining, demand.quantity - filled_quantity(demand, received[group] + shares[group])
        )
        shares[group] += share
        remaining -= share
    if remaining:  # beyond all open demand, or a correction: to the line due last
        last = lines[-1][2] if lines else min(demands)
        shares[last] += remaining
    return [(group, share) for group, share in shares.items() if share]
