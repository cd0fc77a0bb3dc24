"""Expected due lines, cumulatives, stock and starved time, computed from the partners' events.

It shares no code with `werknetz.kpi`, so that tests can compare the two. Quantities are whole
pieces, times whole microseconds.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.partners.partners import ZONE
from werknetz_simulator.partners.timeline import (
    CallOff,
    GoodsReceipt,
    InventoryCount,
    PartnerEvent,
    Shipment,
    StockMove,
)
from werknetz_simulator.plants.machine import PlantMachine, StateKind
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, ShiftPlan, instant_of, us_of
from werknetz_simulator.plants.truth import Truth

FROZEN_DAYS: Final = 3  # the call-off in force this long before the due day counts
EARLY_DAYS: Final = 1
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """A quantity due on a day, and the receipts that fill it, first in first out."""

    due: date
    quantity: int
    window: Span  # half-open span of on-time receipts: the day before and the due day
    filled_us: int | None  # when the last piece was received
    in_window: int  # pieces received when the window ended
    is_over: bool  # the window has ended

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
        """Whether a message lost in one of the spans may have belonged to this window."""
        return any(start < self.window[1] and end > self.window[0] for start, end in lost)


@dataclass(frozen=True, slots=True)
class Cumulatives:
    """Cumulative quantities at an instant."""

    demanded: int
    received: int
    in_transit: int


def effective_call_offs(received: Iterable[CallOff]) -> list[CallOff]:
    """Return the call-offs that were ever in force, of all in the order of reception.

    A call-off older than one received before it never is.
    """
    effective: list[CallOff] = []
    for call in received:
        if not effective or call.at_us > effective[-1].at_us:
            effective.append(call)
    return effective


def due_lines(
    calls: Sequence[CallOff], receipts: Iterable[GoodsReceipt], now_us: int, zone: str = ZONE
) -> list[ExpectedLine]:
    """Return the due lines in order of their days; `calls` are the effective call-offs.

    `zone` is that of the site: a delivery may be one local day early.
    """
    arrivals = sorted((r.at_us, r.quantity) for r in receipts if r.at_us <= now_us)
    lines, demanded = [], 0
    for due, quantity in _daily_demands(calls):
        before, demanded = demanded, demanded + quantity
        window = _window_start_us(midnight_us(due), zone), midnight_us(due + timedelta(days=1))
        received = sum(amount for at_us, amount in arrivals if at_us < window[1])
        lines.append(
            ExpectedLine(
                due, quantity, window, _reached_us(arrivals, demanded),
                min(max(received - before, 0), quantity), window[1] <= now_us,
            )
        )  # fmt: skip
    return lines


def cumulatives_at(
    calls: Sequence[CallOff],
    shipments: Iterable[Shipment],
    receipts: Sequence[GoodsReceipt],
    at_us: int,
) -> Cumulatives:
    """Return the quantities due, received and in transit at the instant."""
    by_note = {r.delivery_note: r for r in receipts if r.at_us <= at_us}
    return Cumulatives(
        sum(
            quantity
            for due, quantity in _daily_demands(calls)
            if midnight_us(due + timedelta(days=1)) <= at_us
        ),
        sum(receipt.quantity for receipt in by_note.values()),
        sum(
            max(0, s.quantity - (by_note[s.number].quantity if s.number in by_note else 0))
            for s in shipments
            if s.despatched_us <= at_us
        ),
    )


def stock_at(events: Iterable[PartnerEvent], at_us: int) -> int:
    """Return the stock after all events up to the instant."""
    stock = 0
    for begin_us, level in stock_levels(events):
        if begin_us > at_us:
            break
        stock = level
    return stock


def stock_levels(events: Iterable[PartnerEvent]) -> Iterator[tuple[int, int]]:
    """Yield (instant, stock from then on). A count replaces the stock computed before it."""
    levels: dict[int, int] = {}
    stock = 0
    bookings = [event for event in events if isinstance(event, StockMove | InventoryCount)]
    for event in sorted(bookings, key=lambda e: (e.at_us, isinstance(e, InventoryCount))):
        is_count = isinstance(event, InventoryCount)
        stock = event.quantity if is_count else stock + event.quantity
        levels[event.at_us] = stock
    yield from levels.items()


def stock_outs(events: Iterable[PartnerEvent]) -> list[tuple[int, int | None]]:
    """Return the spans without stock; the end is None while it lasts."""
    spans: list[tuple[int, int | None]] = []
    since_us: int | None = None
    for at_us, stock in stock_levels(events):
        if stock <= 0 and since_us is None:
            since_us = at_us
        elif stock > 0 and since_us is not None:
            spans.append((since_us, at_us))
            since_us = None
    return spans if since_us is None else [*spans, (since_us, None)]


def starved_time_us(
    truth: Truth,
    machines: Iterable[PlantMachine],
    missing: Iterable[tuple[int, int | None]],
    span: Span,
) -> tuple[int, int]:
    """Return how long the machines starved: during the missing spans, and otherwise."""
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
    """Return the planned hours (shifts less breaks) of each 24 hours."""
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


def days_of_supply(stock: int, daily_demand: Iterable[float]) -> float | None:
    """Return how many days the stock lasts, with an even demand within each day.

    None: it lasts longer than the given days. A stock that is known as negative, because a
    receipt is missing, lasts 0 days.
    """
    if stock < 0:
        return 0.0
    rest, day = float(stock), 0
    for day, amount in enumerate(daily_demand):
        if amount > rest:
            return day + rest / amount
        rest -= amount
    return day + 1.0 if rest == 0 else None


def midnight_us(day: date) -> int:
    """Return the start of a day in the time zone of the customer's ERP."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE))
    return us_of(local.astimezone(UTC))


def _window_start_us(at_us: int, zone: str) -> int:
    """Return the same local time `EARLY_DAYS` earlier: days of 23, 24 or 25 hours."""
    local = instant_of(at_us).astimezone(ZoneInfo(zone))
    return us_of((local - timedelta(days=EARLY_DAYS)).astimezone(UTC))


def _daily_demands(calls: Sequence[CallOff]) -> list[tuple[date, int]]:
    """Return the demand of each day as called off `FROZEN_DAYS` before, else by the first."""
    demands = []
    for due in sorted({entry.due for call in calls for entry in call.entries}):
        fixed_us = midnight_us(due) - FROZEN_DAYS * DAY_US
        in_force = [call for call in calls if call.at_us <= fixed_us] or [*calls[:1]]
        quantity = sum(entry.quantity for entry in in_force[-1].entries if entry.due == due)
        if quantity:
            demands.append((due, quantity))
    return demands


def _reached_us(arrivals: Sequence[tuple[int, int]], demanded: int) -> int | None:
    received = 0
    for at_us, quantity in arrivals:
        received += quantity
        if received >= demanded:
            return at_us
    return None
