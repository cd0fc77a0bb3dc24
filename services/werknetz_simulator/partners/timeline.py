"""What happens to one relation: called off, sent, received, used up, counted. Pure, by seed.

From the day on which it begins everything follows; an instant is only told when it has come.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.partners.partners import ZONE, Relation
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, MINUTE_US, instant_of, us_of
from werknetz_simulator.plants.plant import ZWICK_2
from werknetz_simulator.plants.starvation import starvation_windows

FIXED_DAYS: Final = 12  # so long before it is due a quantity is not changed any more
AHEAD_DAYS: Final = 28
OPENING_DAYS: Final = 6
LATEST_DAYS: Final = 3
LATE_DAYS: Final = 3  # so late is what the planted line waits for: then the stock is used up
_LAST: Final = 1 << 40  # of what happens at one instant, a count comes last


@dataclass(frozen=True, slots=True)
class Entry:
    due: date
    quantity: int
    is_firm: bool


@dataclass(frozen=True, slots=True)
class CallOff:
    at_us: int
    number: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Shipment:
    """Announced at `at_us`, on its way from `despatched_us` on."""

    at_us: int
    number: str
    due: date
    quantity: int
    despatched_us: int
    arrives_us: int


@dataclass(frozen=True, slots=True)
class Receipt:
    at_us: int
    number: str
    note: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Move:
    at_us: int
    number: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Count:
    at_us: int
    number: str
    quantity: int


Told = CallOff | Shipment | Receipt | Move | Count


@dataclass(frozen=True, slots=True)
class _Plan:
    """A delivery as called off, and what comes of it: (when, how much), the first first."""

    due: date
    quantity: int
    comes: tuple[tuple[int, int], ...]


class Story:
    """`since_us`: any instant of its first day (UTC)."""

    def __init__(self, relation: Relation, *, since_us: int, seed: str) -> None:
        self.relation = relation
        self.first_day = since_us // DAY_US
        self._seed = seed

    def told(self, start_us: int, end_us: int) -> list[Told]:
        """Return what happens with start < at <= end, in order of time."""
        found = [one for one in self._all(end_us) if start_us < one.at_us <= end_us]
        return sorted(found, key=lambda one: (one.at_us, type(one).__name__, one.number))

    def deliveries(self, end_us: int) -> list[_Plan]:
        """Return the deliveries that are due, or come, up to the instant."""
        plans = self._starved_plans if self.relation.starves else self._steady_plans
        return list(plans(end_us))

    def stock(self, at_us: int) -> int:
        """Return what is there after everything at the instant."""
        stock = 0
        for one in self.told(0, at_us):
            if isinstance(one, Count):
                stock = one.quantity
            elif isinstance(one, Move):
                stock += one.quantity
        return stock

    def _all(self, end_us: int) -> Iterator[Told]:
        plans = self.deliveries(end_us + (AHEAD_DAYS + LATEST_DAYS) * DAY_US)
        yield from self._call_offs(plans, end_us)
        arrivals = [one for plan in plans for one in self._sent(plan)]
        yield from arrivals
        receipts = [
            Receipt(
                at_us,
                f"WE-{shipment.number.removeprefix('LS-')}",
                shipment.number,
                shipment.quantity,
            )
            for shipment in arrivals
            for at_us in [shipment.arrives_us]
        ]
        yield from receipts
        yield from self._booked(receipts, end_us)

    def _call_offs(self, plans: list[_Plan], end_us: int) -> Iterator[CallOff]:
        """Yield one each Monday at 04:00 UTC, and one on the first day."""
        for day in range(self.first_day, end_us // DAY_US + 1):
            if day != self.first_day and instant_of(day * DAY_US).weekday() != 0:
                continue
            on = _date(day)
            entries = tuple(
                Entry(plan.due, self._called_off(plan, day), (plan.due - on).days <= FIXED_DAYS)
                for plan in plans
                if on < plan.due <= on + timedelta(days=AHEAD_DAYS)
            )
            if entries:
                yield CallOff(day * DAY_US + 4 * HOUR_US, self._call_off(day), entries)

    def _called_off(self, plan: _Plan, day: int) -> int:
        """Return the quantity as it is called off on a day: far ahead it is a forecast."""
        if (plan.due - _date(day)).days <= FIXED_DAYS or self.relation.firm.habit == "steady":
            return plan.quantity
        packed = self.relation.packed
        return max(
            packed, plan.quantity + self._rng("forecast", day, plan.due).choice((-1, 0, 1)) * packed
        )

    def _sent(self, plan: _Plan) -> Iterator[Shipment]:
        for part, (at_us, quantity) in enumerate(plan.comes):
            despatched_us = at_us - 4 * HOUR_US
            late = self.relation.firm.habit == "tells late"
            announced_us = at_us - 20 * MINUTE_US if late else despatched_us + 5 * MINUTE_US
            number = self._note(f"{plan.due:%y%m%d}{part or ''}")
            yield Shipment(announced_us, number, plan.due, quantity, despatched_us, at_us)

    def _booked(self, receipts: list[Receipt], end_us: int) -> Iterator[Move | Count]:
        """Keep the ledger: no more is taken than is there, and what is counted is what is there."""
        opening_us = self.first_day * DAY_US + HOUR_US
        waiting: list[tuple[int, int, str, int]] = []  # instant, order, what, quantity
        for number, receipt in enumerate(receipts):
            heappush(waiting, (receipt.at_us, number, "in", receipt.quantity))
        for number, (at_us, wanted) in enumerate(self._used(end_us)):
            heappush(waiting, (at_us, len(receipts) + number, "out", wanted))
        for day in range(self.first_day + 1, end_us // DAY_US + 1):
            if instant_of(day * DAY_US).weekday() == 6:
                heappush(waiting, (day * DAY_US + 20 * HOUR_US, _LAST, "count", 0))
        stock = self._opening()
        yield Count(opening_us, self._number("INV", self.first_day), stock)
        while waiting:
            at_us, order, what, quantity = heappop(waiting)
            if at_us <= opening_us or at_us > end_us:
                continue
            if what == "count":
                if self._rng("lost", at_us).random() < 0.04 and not self.relation.starves:
                    stock = max(0, stock - 3)  # nobody knows where they went
                yield Count(at_us, self._number("INV", at_us // DAY_US), stock)
                continue
            moved = quantity if what == "in" else -min(quantity, stock)
            if moved:
                stock += moved
                yield Move(at_us, self._number("B", f"{at_us // MINUTE_US}{what}{order}"), moved)

    def _opening(self) -> int:
        if not self.relation.starves:
            return self.relation.per_day * OPENING_DAYS
        return sum(quantity for _, quantity in self._until_first())

    def _used(self, end_us: int) -> Iterator[tuple[int, int]]:
        if self.relation.starves:
            yield from self._until_first()
            for plan in self.deliveries(end_us):
                ((at_us, quantity),) = plan.comes
                yield from _taken(at_us, self._next_start(at_us), quantity)
            return
        for day in range(self.first_day, end_us // DAY_US + 1):
            for hour in (9, 15):
                at_us = day * DAY_US + hour * HOUR_US
                yield at_us, self.relation.per_day // 2

    def _steady_plans(self, end_us: int) -> Iterator[_Plan]:
        """Yield deliveries every so many days; by habit they come late or short."""
        relation = self.relation
        phase = Random(f"{self._seed}/{relation.material}").randrange(relation.every_days)
        for day in range(self.first_day + 2, end_us // DAY_US + 1):
            if day % relation.every_days != phase:
                continue
            due, quantity = _date(day), relation.per_day * relation.every_days
            yield _Plan(due, quantity, self._comes(due, quantity))

    def _comes(self, due: date, quantity: int) -> tuple[tuple[int, int], ...]:
        rng = self._rng("comes", due)
        habit = self.relation.firm.habit
        at_us = _midnight_us(due) + rng.randrange(5 * 60, 17 * 60) * MINUTE_US
        if rng.random() < (0.35 if habit == "bad" else 0.04):
            at_us += rng.randrange(1, LATEST_DAYS + 1) * DAY_US
        if habit == "short" and rng.random() < 0.4:
            rest = self.relation.packed // 2
            return (at_us, quantity - rest), (at_us + DAY_US, rest)
        return ((at_us, quantity),)

    def _starved_plans(self, end_us: int) -> Iterator[_Plan]:
        """Yield what ends each window: due days before it began, and enough until the next."""
        relation = self.relation
        for begin_us, until_us in starvation_windows(
            ZWICK_2, relation.starves, self._seed, self._first_us, end_us
        ):
            if begin_us < self._first_us:
                continue
            hours = (self._next_start(until_us) - until_us) // HOUR_US
            due = instant_of(begin_us).astimezone(ZoneInfo(ZONE)).date() - timedelta(days=LATE_DAYS)
            quantity = max(1, hours) * relation.per_day // 24
            yield _Plan(due, quantity, ((until_us, quantity),))

    @property
    def _first_us(self) -> int:
        """Return from when on the line may stand for it: what is due then is called off by then."""
        return (self.first_day + LATE_DAYS + 1) * DAY_US + 4 * HOUR_US

    def _until_first(self) -> list[tuple[int, int]]:
        """Return what is used up before the first window, of what was there at first."""
        start_us = self.first_day * DAY_US + 4 * HOUR_US
        first_us = self._next_start(self._first_us)
        quantity = max(1, (first_us - start_us) // HOUR_US) * self.relation.per_day // 24
        return list(_taken(start_us, first_us, quantity))

    def _next_start(self, at_us: int) -> int:
        ahead = starvation_windows(ZWICK_2, self.relation.starves, self._seed, at_us, at_us + 30 * DAY_US)
        return next(begin for begin, _ in ahead if begin >= at_us)

    def _call_off(self, day: int) -> str:
        number = self._number("LAB", day)
        if self.relation.firm.speaks != "vda":
            return number
        return f"{zlib.crc32(number.encode()) % 10**8:08d}"

    def _note(self, what: str) -> str:
        """Return the number of a delivery note: VDA has room for eight digits."""
        number = self._number("LS", what)
        if self.relation.firm.speaks != "vda":
            return number
        return f"{zlib.crc32(number.encode()) % 10**8:08d}"

    def _number(self, kind: str, what: int | str) -> str:
        return f"{kind}-{self.relation.material.replace('-', '')}-{what}"

    def _rng(self, *what: object) -> Random:
        return Random("/".join(map(str, (self._seed, self.relation.material, *what))))


def _taken(start_us: int, end_us: int, quantity: int) -> Iterator[tuple[int, int]]:
    """Yield what is taken every two hours, and at the end the rest: then nothing is left."""
    steps = max(1, (end_us - start_us) // (2 * HOUR_US))
    each = quantity // (steps + 1)
    for step in range(1, steps):
        if each:
            yield start_us + step * 2 * HOUR_US, each
    yield end_us, quantity - each * (steps - 1)


def _date(day: int) -> date:
    return instant_of(day * DAY_US).date()


def _midnight_us(day: date) -> int:
    return us_of(instant_of((day - date(1970, 1, 1)).days * DAY_US))
