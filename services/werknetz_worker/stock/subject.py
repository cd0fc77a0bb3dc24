"""One material in one warehouse: its facts, and what is derived from them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from werknetz.domain.shift import local_day, local_us
from werknetz.kpi.stock.ledger import (
    Balance,
    LedgerMovement,
    OpeningBalance,
    StockCount,
    compute_balances,
    find_below_zero,
)
from werknetz.kpi.stock.level import (
    StockDay,
    StockLevel,
    StockOutPeriod,
    compute_levels,
    find_stock_outs,
    sum_days,
)

DAYS_MAX: Final = 800
"""Limit of one recomputation: a count dated 1970 must not create 20,000 days."""


@dataclass(slots=True)
class StockSubject:
    """`since_us`: the start of the first day that is computed; before it, openings hold."""

    warehouse_id: int
    material_id: int
    zone: ZoneInfo
    since_us: int
    first_day: date
    openings: dict[int, OpeningBalance] = field(default_factory=dict)  # by stock item
    counted_by: dict[int, UUID] = field(default_factory=dict)  # the last count before
    items_with_movements: set[int] = field(default_factory=set)  # items with reported movements
    counts: dict[int, list[StockCount]] = field(default_factory=dict)
    moves: dict[int, list[LedgerMovement]] = field(default_factory=dict)
    open_out: StockOutPeriod | None = None
    site_id: int | None = None
    number: str = ""  # of the material
    code: str = ""  # of the warehouse

    @property
    def items(self) -> list[int]:
        return sorted({*self.openings, *self.counts, *self.moves})


@dataclass(frozen=True, slots=True)
class ReconciledStock:
    balances: dict[int, list[Balance]]
    below_zero: dict[int, list[Balance]]  # below zero
    outs: list[StockOutPeriod]
    days: list[tuple[date, StockDay]]


def reconcile_subject(subject: StockSubject, now_us: int) -> ReconciledStock:
    """Derive everything from the first changed day up to now."""
    balances = {
        item: compute_balances(
            subject.counts.get(item, ()), subject.moves.get(item, ()), subject.openings.get(item)
        )
        for item in subject.items
    }
    below_zero = {
        item: find_below_zero(entries, subject.openings.get(item))
        for item, entries in balances.items()
    }
    level = compute_levels(balances, subject.openings)
    outs = find_stock_outs(level, subject.open_out)
    start = (
        sum(opening.balance for opening in subject.openings.values()),
        any(opening.is_counted for opening in subject.openings.values()),
    )
    names, bounds = _days(subject, now_us)
    transfers = _transfers_within(subject)
    day_sums = sum_days(
        [level_change for level_change in level if bounds and level_change.at_us >= bounds[0][0]],
        outs,
        bounds,
        _level_at_start(level, start, bounds),
        lambda level_change: (
            (0.0, 0.0)
            if level_change.event_id in transfers
            else (level_change.inflow, level_change.outflow)
        ),
    )
    return ReconciledStock(balances, below_zero, outs, list(zip(names, day_sums, strict=True)))


def _days(subject: StockSubject, now_us: int) -> tuple[list[date], list[tuple[int, int]]]:
    """Return the days up to the current one, which ends now."""
    last = local_day(now_us, subject.zone)
    first = max(subject.first_day, last - timedelta(days=DAYS_MAX))
    names = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    bounds = [
        (
            local_us(name, 0, subject.zone),
            min(local_us(name + timedelta(days=1), 0, subject.zone), now_us),
        )
        for name in names
    ]
    return names, bounds


def _level_at_start(
    levels: Sequence[StockLevel], start: tuple[float, bool], bounds: Sequence[tuple[int, int]]
) -> tuple[float, bool]:
    """Return the level at the start of the first day, after all older entries."""
    if bounds:
        for level in levels:
            if level.at_us >= bounds[0][0]:
                break
            start = (level.quantity, level.is_known)
    return start


def _transfers_within(subject: StockSubject) -> set[UUID]:
    """Return the events that moved stock only within the warehouse."""
    legs: dict[UUID, float] = {}
    count: dict[UUID, int] = {}
    for moves in subject.moves.values():
        for move in moves:
            legs[move.event_id] = legs.get(move.event_id, 0.0) + move.quantity
            count[move.event_id] = count.get(move.event_id, 0) + 1
    return {event for event, number in count.items() if number > 1 and legs[event] == 0}
