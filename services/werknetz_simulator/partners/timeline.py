"""All events of a supply relation: call-offs, shipments, receipts, stock moves and counts.

A pure function of the seed and the first day.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.partners.partners import WESERGUSS, ZONE, SupplyRelation, plant_code_of
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, MINUTE_US, instant_of, us_of
from werknetz_simulator.plants.plant import ZWICK_2
from werknetz_simulator.plants.starvation import starvation_windows

FIXED_DAYS: Final = 12  # a quantity due within this time is not changed any more
AHEAD_DAYS: Final = 28
OPENING_DAYS: Final = 6
LATEST_DAYS: Final = 3
LATE_DAYS: Final = 3  # delay of the deliveries that starve a line
_LAST: Final = 1 << 40  # among events at one instant, a count comes last


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    due: date
    quantity: int
    is_firm: bool


@dataclass(frozen=True, slots=True)
class CallOff:
    at_us: int
    number: str
    entries: tuple[ScheduleEntry, ...]


@dataclass(frozen=True, slots=True)
class Shipment:
    """Announced at `at_us`, in transit from `despatched_us` on."""

    at_us: int
    number: str
    due: date
    quantity: int
    despatched_us: int
    arrives_us: int


@dataclass(frozen=True, slots=True)
class GoodsReceipt:
    at_us: int
    number: str
    delivery_note: str
    quantity: int


@dataclass(frozen=True, slots=True)
class StockMove:
    at_us: int
    number: str
    quantity: int


@dataclass(frozen=True, slots=True)
class InventoryCount:
    at_us: int
    number: str
    quantity: int


PartnerEvent = CallOff | Shipment | GoodsReceipt | StockMove | InventoryCount


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A delivery as called off, with its arrivals (instant, quantity) in order of time."""

    due: date
    quantity: int
    arrivals: tuple[tuple[int, int], ...]


class RelationTimeline:
    """`since_us` is any instant of the first day (UTC)."""

    def __init__(self, relation: SupplyRelation, *, since_us: int, seed: str) -> None:
        self.relation = relation
        self.first_day = since_us // DAY_US
        self._seed = seed

    def events_between(self, start_us: int, end_us: int) -> list[PartnerEvent]:
        """Return the events with start < at <= end, in order of time."""
        events = [e for e in self._events_until(end_us) if start_us < e.at_us <= end_us]
        return sorted(events, key=lambda e: (e.at_us, type(e).__name__, e.number))

    def deliveries_until(self, end_us: int) -> list[_Delivery]:
        """Return the deliveries that are due or arrive up to the instant."""
        if self.relation.starved_line:
            return [*self._starving_deliveries(end_us)]
        return [*self._regular_deliveries(end_us)]

    def stock_at(self, at_us: int) -> int:
        """Return the stock after all events up to the instant."""
        stock = 0
        for event in self.events_between(0, at_us):
            if isinstance(event, InventoryCount):
                stock = event.quantity
            elif isinstance(event, StockMove):
                stock += event.quantity
        return stock

    def _events_until(self, end_us: int) -> Iterator[PartnerEvent]:
        deliveries = self.deliveries_until(end_us + (AHEAD_DAYS + LATEST_DAYS) * DAY_US)
        yield from self._call_offs(deliveries, end_us)
        shipments = [
            shipment for delivery in deliveries for shipment in self.shipments_of(delivery)
        ]
        yield from shipments
        receipts = [
            GoodsReceipt(
                shipment.arrives_us,
                f"WE-{shipment.number.removeprefix('LS-')}",
                shipment.number,
                shipment.quantity,
            )
            for shipment in shipments
        ]
        yield from receipts
        yield from self._stock_events(receipts, end_us)

    def _call_offs(self, deliveries: list[_Delivery], end_us: int) -> Iterator[CallOff]:
        """Yield one each Monday at 04:00 UTC, and one on the first day."""
        for day in range(self.first_day, end_us // DAY_US + 1):
            if day != self.first_day and instant_of(day * DAY_US).weekday() != 0:
                continue
            on = _date(day)
            entries = tuple(
                ScheduleEntry(
                    delivery.due,
                    self._call_off_quantity(delivery, day),
                    (delivery.due - on).days <= FIXED_DAYS,
                )
                for delivery in deliveries
                if on < delivery.due <= on + timedelta(days=AHEAD_DAYS)
            )
            if entries:
                yield CallOff(day * DAY_US + 4 * HOUR_US, self._call_off_number(day), entries)

    def _call_off_quantity(self, delivery: _Delivery, day: int) -> int:
        """Return the quantity as called off on a day; far ahead it is a forecast."""
        if (delivery.due - _date(day)).days <= FIXED_DAYS or self.relation.firm.habit == "steady":
            return delivery.quantity
        packed = self.relation.pack_size
        return max(
            packed,
            delivery.quantity
            + self._rng("forecast", day, delivery.due).choice((-1, 0, 1)) * packed,
        )

    def shipments_of(self, delivery: _Delivery) -> Iterator[Shipment]:
        """Yield the shipments of a delivery, one per arrival."""
        for part, (at_us, quantity) in enumerate(delivery.arrivals):
            despatched_us = at_us - 4 * HOUR_US
            late = self.relation.firm.habit == "announces late"
            announced_us = at_us - 20 * MINUTE_US if late else despatched_us + 5 * MINUTE_US
            number = self._delivery_note_number(f"{delivery.due:%y%m%d}{part or ''}")
            yield Shipment(announced_us, number, delivery.due, quantity, despatched_us, at_us)

    def _stock_events(
        self, receipts: list[GoodsReceipt], end_us: int
    ) -> Iterator[StockMove | InventoryCount]:
        """Yield moves and counts of the ledger: withdrawals never exceed the stock."""
        opening_us = self.first_day * DAY_US + HOUR_US
        waiting: list[tuple[int, int, str, int]] = []  # instant, order, kind, quantity
        for number, receipt in enumerate(receipts):
            heappush(waiting, (receipt.at_us, number, "in", receipt.quantity))
        for number, (at_us, demand) in enumerate(self._withdrawals(end_us)):
            heappush(waiting, (at_us, len(receipts) + number, "out", demand))
        for day in range(self.first_day + 1, end_us // DAY_US + 1):
            if instant_of(day * DAY_US).weekday() == 6:
                heappush(waiting, (day * DAY_US + 20 * HOUR_US, _LAST, "count", 0))
        stock = self._opening_stock()
        yield InventoryCount(opening_us, self._number("INV", self.first_day), stock)
        while waiting:
            at_us, order, kind, quantity = heappop(waiting)
            if at_us <= opening_us or at_us > end_us:
                continue
            if kind == "count":
                if self._rng("lost", at_us).random() < 0.04 and not self.relation.starved_line:
                    stock = max(0, stock - 3)  # an unexplained stock difference
                yield InventoryCount(at_us, self._number("INV", at_us // DAY_US), stock)
                continue
            moved = quantity if kind == "in" else -min(quantity, stock)
            if moved:
                stock += moved
                yield StockMove(
                    at_us, self._number("B", f"{at_us // MINUTE_US}{kind}{order}"), moved
                )

    def _opening_stock(self) -> int:
        if not self.relation.starved_line:
            return self.relation.per_day * OPENING_DAYS
        return sum(quantity for _, quantity in self._initial_withdrawals())

    def _withdrawals(self, end_us: int) -> Iterator[tuple[int, int]]:
        if self.relation.starved_line:
            yield from self._initial_withdrawals()
            for delivery in self.deliveries_until(end_us):
                ((at_us, quantity),) = delivery.arrivals
                yield from _spread_withdrawals(at_us, self._next_starvation_us(at_us), quantity)
            return
        for day in range(self.first_day, end_us // DAY_US + 1):
            for hour in (9, 15):
                at_us = day * DAY_US + hour * HOUR_US
                yield at_us, self.relation.per_day // 2

    def _regular_deliveries(self, end_us: int) -> Iterator[_Delivery]:
        """Yield a delivery every `every_days`; depending on the habit it arrives late or short."""
        relation = self.relation
        phase = Random(f"{self._seed}/{relation.material}").randrange(relation.every_days)
        for day in range(self.first_day + 2, end_us // DAY_US + 1):
            if day % relation.every_days != phase:
                continue
            due, quantity = _date(day), relation.per_day * relation.every_days
            yield _Delivery(due, quantity, self._draw_arrivals(due, quantity))

    def _draw_arrivals(self, due: date, quantity: int) -> tuple[tuple[int, int], ...]:
        rng = self._rng("comes", due)
        habit = self.relation.firm.habit
        at_us = _midnight_us(due) + rng.randrange(5 * 60, 17 * 60) * MINUTE_US
        if rng.random() < (0.35 if habit == "bad" else 0.04):
            at_us += rng.randrange(1, LATEST_DAYS + 1) * DAY_US
        if habit == "short" and rng.random() < 0.4:
            rest = self.relation.pack_size // 2
            return (at_us, quantity - rest), (at_us + DAY_US, rest)
        return ((at_us, quantity),)

    def _starving_deliveries(self, end_us: int) -> Iterator[_Delivery]:
        """Yield the delivery that ends each starvation window and lasts until the next one.

        Each is overdue from the day of the one before it: a line that starves at any other time
        (`late_delivery.py`) starves for an overdue delivery too.
        """
        relation = self.relation
        last_due = date.max
        for begin_us, until_us in starvation_windows(
            ZWICK_2, relation.starved_line, self._seed, self._first_us, end_us
        ):
            if begin_us < self._first_us:
                continue
            hours = (self._next_starvation_us(until_us) - until_us) // HOUR_US
            quantity = max(1, hours) * relation.per_day // 24
            due = min(last_due, _local_date(begin_us) - timedelta(days=LATE_DAYS))
            yield _Delivery(due, quantity, ((until_us, quantity),))
            last_due = _local_date(until_us) - timedelta(days=1)

    @property
    def _first_us(self) -> int:
        """Return from when on the line may starve: its due quantities are called off by then."""
        return (self.first_day + LATE_DAYS + 1) * DAY_US + 4 * HOUR_US

    def _initial_withdrawals(self) -> list[tuple[int, int]]:
        """Return the withdrawals that use up the opening stock before the first window."""
        start_us = self.first_day * DAY_US + 4 * HOUR_US
        first_us = self._next_starvation_us(self._first_us)
        quantity = max(1, (first_us - start_us) // HOUR_US) * self.relation.per_day // 24
        return list(_spread_withdrawals(start_us, first_us, quantity))

    def _next_starvation_us(self, at_us: int) -> int:
        ahead = starvation_windows(
            ZWICK_2, self.relation.starved_line, self._seed, at_us, at_us + 30 * DAY_US
        )
        return next(begin for begin, _ in ahead if begin >= at_us)

    def _call_off_number(self, day: int) -> str:
        if self.relation.firm == WESERGUSS:  # one document for all its articles of a plant
            return f"LAB-{plant_code_of(self.relation.warehouse.plant)}-{day}"
        number = self._number("LAB", day)
        if self.relation.firm.form != "vda":
            return number
        return f"{zlib.crc32(number.encode()) % 10**8:08d}"

    def _delivery_note_number(self, suffix: str) -> str:
        """Return the delivery note number; VDA messages have room for eight digits."""
        number = self._number("LS", suffix)
        if self.relation.firm.form != "vda":
            return number
        return f"{zlib.crc32(number.encode()) % 10**8:08d}"

    def _number(self, kind: str, suffix: int | str) -> str:
        return f"{kind}-{self.relation.material.replace('-', '')}-{suffix}"

    def _rng(self, *key: object) -> Random:
        return Random("/".join(map(str, (self._seed, self.relation.material, *key))))


def _spread_withdrawals(start_us: int, end_us: int, quantity: int) -> Iterator[tuple[int, int]]:
    """Yield equal withdrawals every two hours and the rest at the end."""
    steps = max(1, (end_us - start_us) // (2 * HOUR_US))
    part = quantity // (steps + 1)
    for step in range(1, steps):
        if part:
            yield start_us + step * 2 * HOUR_US, part
    yield end_us, quantity - part * (steps - 1)


def _date(day: int) -> date:
    return instant_of(day * DAY_US).date()


def _local_date(at_us: int) -> date:
    return instant_of(at_us).astimezone(ZoneInfo(ZONE)).date()


def _midnight_us(day: date) -> int:
    return us_of(instant_of((day - date(1970, 1, 1)).days * DAY_US))
