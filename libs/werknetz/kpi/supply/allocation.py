"""Cumulative first in, first out: receipts fill demand in the order of due dates.

Demand and receipts share one scale of cumulative quantity. A demand from `low` to `high` is filled
as far as the running sum of receipts exceeds `low`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import accumulate, pairwise
from typing import Final, Self
from uuid import UUID

from werknetz.kpi.supply.facts import ScheduleGroup
from werknetz.kpi.supply.findings import EPSILON
from werknetz.kpi.supply.schedule import Demand


@dataclass(slots=True)
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
        # The lowest sum from here on, with the one before: it only grows, and so can be searched.
        before = [start, *self._sums]
        self._lowest = list(accumulate(reversed(before), min))[::-1]

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
        # Before the first, the sum was never above `low`; after the last, it is never below `high`.
        first_index = 0 if self._start > low else bisect_right(self._maximum, low)
        last_index = bisect_left(self._lowest, high)
        inflows = []
        for index in range(first_index, min(last_index, len(self._inflows))):
            after = self._sums[index]
            before = self._sums[index - 1] if index else self._start
            if min(before, after) < high and max(before, after) > low:
                inflows.append(self._inflows[index])
        return inflows


NOTHING: Final = RunningSum(())


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
    assignment = _Assignment(demands)
    for inflow in sorted(inflows, key=lambda p: (p.at_us, p.event_id)):
        for group, quantity in assignment.split(inflow):
            by_group.setdefault(group, []).append(
                Inflow(inflow.at_us, quantity, inflow.event_id, group)
            )
    return by_group


class _Assignment:
    """What each group has received so far, and which lines are open."""

    def __init__(self, demands: dict[ScheduleGroup, list[Demand]]) -> None:
        self._demands = demands
        self._received = dict.fromkeys(demands, 0.0)
        self._by_order: dict[str, list[ScheduleGroup]] = {}
        for group in demands:
            self._by_order.setdefault(group.order_number, []).append(group)
        self._has_orders = any(self._by_order)
        self._open_lines: dict[str | None, _OpenLines] = {}  # by order; None: of all

    def split(self, inflow: Inflow) -> list[tuple[ScheduleGroup, float]]:
        """Split an inflow by group, and note what each has received."""
        shares = self._split(inflow)
        for group, quantity in shares:
            before = self._received.get(group, 0.0)
            self._received[group] = before + quantity
            if quantity < 0:
                for order in (None, group.order_number):
                    if order in self._open_lines:
                        self._open_lines[order].reopen(group, self._received[group])
        return shares

    def _split(self, inflow: Inflow) -> list[tuple[ScheduleGroup, float]]:
        if inflow.group in self._demands:
            return [(inflow.group, inflow.quantity)]
        order = inflow.group.order_number
        of_order = self._by_order.get(order, []) if order else []
        if order and not of_order and self._has_orders:
            return [(inflow.group, inflow.quantity)]  # of an order without a call-off
        key = order if of_order else None
        count = len(of_order) if of_order else len(self._demands)
        if count < 2:
            first = next(iter(of_order or self._demands), inflow.group)
            return [(first, inflow.quantity)]
        if key not in self._open_lines:
            groups = of_order or list(self._demands)
            self._open_lines[key] = _OpenLines({g: self._demands[g] for g in groups})
        return self._open_lines[key].fill(inflow.quantity, self._received)


class _OpenLines:
    """The open lines of some groups, the earliest due first: a heap of their positions.

    A line that is found filled leaves the heap; it comes back only where a correction takes away
    what its group had received.
    """

    def __init__(self, demands: dict[ScheduleGroup, list[Demand]]) -> None:
        self._groups = list(demands)
        lines = [(group, demand) for group in demands for demand in demands[group]]
        lines.sort(key=lambda line: (line[1].due_from_us, line[1].due_until_us, line[0]))
        self._lines = lines
        self._heap = list(range(len(lines)))  # in order, and so a heap
        self._away: dict[ScheduleGroup, list[int]] = {}  # positions that left it, in order
        self._rising = {
            group
            for group, group_demands in demands.items()
            if all(before.high <= after.high for before, after in pairwise(group_demands))
        }

    def fill(
        self, quantity: float, received: dict[ScheduleGroup, float]
    ) -> list[tuple[ScheduleGroup, float]]:
        remaining, shares = quantity, dict[ScheduleGroup, float]()
        while remaining > 0 and self._heap:
            group, demand = self._lines[self._heap[0]]
            filled = filled_quantity(demand, received[group] + shares.get(group, 0.0))
            share = min(remaining, demand.quantity - filled)
            if share > 0:
                shares[group] = shares.get(group, 0.0) + share
                remaining -= share
            if remaining > 0:
                self._away.setdefault(group, []).append(heappop(self._heap))
        if remaining:  # beyond all open demand, or a correction: to the line due last
            last = self._lines[-1][0] if self._lines else min(self._groups)
            shares[last] = shares.get(last, 0.0) + remaining
        return [(group, share) for group, share in shares.items() if share]

    def reopen(self, group: ScheduleGroup, received: float) -> None:
        """Put the lines of a group back that are open again after a correction."""
        away = self._away.get(group, [])
        # Where cumulative demand only rises, the last lines to be filled are the first to open.
        while away:
            demand = self._lines[away[-1]][1]
            if group in self._rising and filled_quantity(demand, received) >= demand.quantity:
                break
            heappush(self._heap, away.pop())
