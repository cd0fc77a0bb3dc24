"""One material in one warehouse: what is known of it, and what follows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from werknetz.domain.shift import local_day, local_us
from werknetz.kpi.stock.ledger import (
    Balance,
    OpeningBalance,
    StockCount,
    StockMove,
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
"""Of one recomputation: a count dated 1970 must not make twenty thousand days."""


@dataclass(slots=True)
class Subject:
    """`since_us`: the start of the first day that is computed; before it, openings hold."""

    warehouse_id: int
    material_id: int
    zone: ZoneInfo
    since_us: int
    first_day: date
    openings: dict[int, OpeningBalance] = field(default_factory=dict)  # by stock item
    counted_by: dict[int, UUID] = field(default_factory=dict)  # the last count before
    moved: set[int] = field(default_factory=set)  # items whose keeper tells movements, too
    counts: dict[int, list[StockCount]] = field(default_factory=dict)
    moves: dict[int, list[StockMove]] = field(default_factory=dict)
    open_out: StockOutPeriod | None = None
    site_id: int | None = None
    number: str = ""  # of the material
    code: str = ""  # of the warehouse

    @property
    def items(self) -> list[int]:
        return sorted({*self.openings, *self.counts, *self.moves})


@dataclass(frozen=True, slots=True)
class Reconciled:
    balances: dict[int, list[Balance]]
    fallen: dict[int, list[Balance]]  # below zero
    outs: list[StockOutPeriod]
    days: list[tuple[date, StockDay]]


def compute(subject: Subject, now_us: int) -> Reconciled:
    """Return everything that follows from the first changed day up to now."""
    found = {
        item: compute_balances(
            subject.counts.get(item, ()), subject.moves.get(item, ()), subject.openings.get(item)
        )
        for item in subject.items
    }
    fallen = {
        item: find_below_zero(entries, subject.openings.get(item))
        for item, entries in found.items()
    }
    level = compute_levels(found, subject.openings)
    outs = find_stock_outs(level, subject.open_out)
    start = (
        sum(opening.balance for opening in subject.openings.values()),
        any(opening.is_counted for opening in subject.openings.values()),
    )
    names, bounds = _days(subject, now_us)
    inside = _internal(subject)
    each = sum_days(
        [one for one in level if bounds and one.at_us >= bounds[0][0]],
        outs,
        bounds,
        _at_start(level, start, bounds),
        lambda one: (0.0, 0.0) if one.event_id in inside else (one.inflow, one.outflow),
    )
    return Reconciled(found, fallen, outs, list(zip(names, each, strict=True)))


def _days(subject: Subject, now_us: int) -> tuple[list[date], list[tuple[int, int]]]:
    """Return the days up to the one that goes on, which ends now."""
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


def _at_start(
    found: Sequence[StockLevel], start: tuple[float, bool], bounds: Sequence[tuple[int, int]]
) -> tuple[float, bool]:
    """Return the level at the first day's start, where older entries were left out of the days."""
    if bounds:
        for level in found:
            if level.at_us >= bounds[0][0]:
                break
            start = (level.quantity, level.is_known)
    return start


def _internal(subject: Subject) -> set[UUID]:
    """Return the events that only moved something from one place of the warehouse to another."""
    legs: dict[UUID, float] = {}
    count: dict[UUID, int] = {}
    for moves in subject.moves.values():
        for move in moves:
            legs[move.event_id] = legs.get(move.event_id, 0.0) + move.quantity
            count[move.event_id] = count.get(move.event_id, 0) + 1
    return {event for event, number in count.items() if number > 1 and legs[event] == 0}
