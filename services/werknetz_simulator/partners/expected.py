"""The supply truth's own arithmetic: what was due, what came of it, what was there, what stood.

From what was said, in the words of the story; shares no line with `werknetz.kpi`, which it is
there to contradict. Quantities are whole pieces, times whole microseconds.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.partners.partners import ZONE
from werknetz_simulator.partners.timeline import CallOff, Count, Move, Receipt, Shipment, Told
from werknetz_simulator.plants.machine import StateKind, PlantMachine
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, ShiftPlan, instant_of, us_of
from werknetz_simulator.plants.truth import Truth

FROZEN_DAYS: Final = 3  # so long before it is due, what is called off then is what counts
EARLY_DAYS: Final = 1
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Line:
    """A quantity that was due on a day, and what came of it, first in first out."""

    due: date
    quantity: int
    window: Span  # on time in it, half-open: the day before, and the day itself
    filled_us: int | None  # when the last piece of it had come
    in_window: int  # pieces that had come when the window ended
    is_over: bool  # its window has passed

    @property
    def on_time(self) -> bool:
        return self.filled_us is not None and self.window[0] <= self.filled_us < self.window[1]

    @property
    def in_full(self) -> bool:
        return self.in_window == self.quantity

    @property
    def otif(self) -> bool:
        return self.on_time and self.in_full

    def may_be_wrong(self, lost: Iterable[Span]) -> bool:
        """Whether something that was lost in one of the spans may have come in its window."""
        return any(start < self.window[1] and end > self.window[0] for start, end in lost)


@dataclass(frozen=True, slots=True)
class Sums:
    """Cumulative quantities at an instant."""

    demanded: int
    received: int
    in_transit: int


def in_force(heard: Iterable[CallOff]) -> list[CallOff]:
    """Return the call-offs that ever held, of all in the order in which they were heard.

    One that is older than what was known already when it came never did.
    """
    held: list[CallOff] = []
    for call in heard:
        if not held or call.at_us > held[-1].at_us:
            held.append(call)
    return held


def lines(
    calls: Sequence[CallOff], receipts: Iterable[Receipt], now_us: int, zone: str = ZONE
) -> list[Line]:
    """Return the lines that counted, in order of their due days; `calls` as `in_force` has them.

    `zone`: of the site, on whose clocks a delivery may be a day early.
    """
    came = sorted((one.at_us, one.quantity) for one in receipts if one.at_us <= now_us)
    found, demanded = [], 0
    for due, quantity in _demands(calls):
        before, demanded = demanded, demanded + quantity
        window = _early_us(midnight_us(due), zone), midnight_us(due + timedelta(days=1))
        there = sum(amount for at_us, amount in came if at_us < window[1])
        found.append(
            Line(
                due, quantity, window, _reached_us(came, demanded),
                min(max(there - before, 0), quantity), window[1] <= now_us,
            )
        )  # fmt: skip
    return found


def sums_at(
    calls: Sequence[CallOff],
    shipments: Iterable[Shipment],
    receipts: Sequence[Receipt],
    at_us: int,
) -> Sums:
    """Return what was due by then, what had come, and what had left and not come."""
    came = {one.note: one for one in receipts if one.at_us <= at_us}
    return Sums(
        sum(
            quantity
            for due, quantity in _demands(calls)
            if midnight_us(due + timedelta(days=1)) <= at_us
        ),
        sum(one.quantity for one in came.values()),
        sum(
            max(0, one.quantity - (came[one.number].quantity if one.number in came else 0))
            for one in shipments
            if one.despatched_us <= at_us
        ),
    )


def stock_at(told: Iterable[Told], at_us: int) -> int:
    """Return what was there after all that happened up to the instant."""
    stock = 0
    for begin_us, level in ledger(told):
        if begin_us > at_us:
            break
        stock = level
    return stock


def ledger(told: Iterable[Told]) -> Iterator[tuple[int, int]]:
    """Yield (instant, what is there from then on). A count holds whatever was moved before it."""
    levels: dict[int, int] = {}
    stock = 0
    booked = [one for one in told if isinstance(one, Move | Count)]
    for one in sorted(booked, key=lambda one: (one.at_us, isinstance(one, Count))):
        stock = one.quantity if isinstance(one, Count) else stock + one.quantity
        levels[one.at_us] = stock
    yield from levels.items()


def outs(told: Iterable[Told]) -> list[tuple[int, int | None]]:
    """Return the spans in which nothing was there; None: it goes on."""
    found: list[tuple[int, int | None]] = []
    since_us: int | None = None
    for at_us, stock in ledger(told):
        if stock <= 0 and since_us is None:
            since_us = at_us
        elif stock > 0 and since_us is not None:
            found.append((since_us, at_us))
            since_us = None
    return found if since_us is None else [*found, (since_us, None)]


def starved_us(
    truth: Truth,
    machines: Iterable[PlantMachine],
    missing: Iterable[tuple[int, int | None]],
    span: Span,
) -> tuple[int, int]:
    """Return how long the machines got no material: while it was missing, and otherwise."""
    spans = [(start, span[1] if end is None else end) for start, end in missing]
    total = inside = 0
    for machine in machines:
        for begin, end in starved_spans(truth, machine, span):
            total += end - begin
            inside += sum(max(0, min(end, e) - max(begin, s)) for s, e in spans)
    return inside, total - inside


def starved_spans(truth: Truth, machine: PlantMachine, span: Span) -> Iterator[Span]:
    for segment in truth.segments(machine, *span):
        if segment.kind is StateKind.STARVED:
            yield max(segment.start_us, span[0]), min(segment.end_us, span[1])


def planned_hours(plan: ShiftPlan, start_us: int, days: int) -> list[float]:
    """Return the hours in which a plant is to run, shifts less breaks, of each 24 hours."""
    spans = [
        (begin, end, sign)
        for shift in plan.shifts_between(start_us, start_us + days * DAY_US)
        for begin, end, sign in (
            (shift.start_us, shift.end_us, 1),
            *((begin, end, -1) for begin, end in shift.breaks),
        )
    ]
    return [
        sum(
            sign * max(0, min(end, begin_us + DAY_US) - max(begin, begin_us))
            for begin, end, sign in spans
        )
        / HOUR_US
        for begin_us in range(start_us, start_us + days * DAY_US, DAY_US)
    ]


def days_of_supply(stock: int, wanted: Iterable[float]) -> float | None:
    """Return after how many days nothing is left of what is used day by day, evenly within each.

    None: it lasts longer than the days that are given.
    """
    left, day = float(stock), 0
    for day, amount in enumerate(wanted):
        if amount > left:
            return day + left / amount
        left -= amount
    return day + 1.0 if left == 0 else None


def midnight_us(day: date) -> int:
    """Return when a day begins where the customer's ERP is."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE))
    return us_of(local.astimezone(UTC))


def _early_us(at_us: int, zone: str) -> int:
    """Return the same time of day so many days before: 23, 24 or 25 hours each."""
    local = instant_of(at_us).astimezone(ZoneInfo(zone))
    return us_of((local - timedelta(days=EARLY_DAYS)).astimezone(UTC))


def _demands(calls: Sequence[CallOff]) -> list[tuple[date, int]]:
    """Return what counts of each day, as called off `FROZEN_DAYS` before; else by the first."""
    found = []
    for due in sorted({entry.due for call in calls for entry in call.entries}):
        fixed_us = midnight_us(due) - FROZEN_DAYS * DAY_US
        held = [call for call in calls if call.at_us <= fixed_us] or [*calls[:1]]
        quantity = sum(entry.quantity for entry in held[-1].entries if entry.due == due)
        if quantity:
            found.append((due, quantity))
    return found


def _reached_us(came: Sequence[tuple[int, int]], wanted: int) -> int | None:
    sum_ = 0
    for at_us, quantity in came:
        sum_ += quantity
        if sum_ >= wanted:
            return at_us
    return None
