"""What the foundry Weserguss and its customer Nordwerk tell each other, and when: pure.

Every document follows from (seed, slot); a slot is an instant of a fixed grid. On the hour there
is what a business day brings; the slots between, told while somebody watches, bring one document
each. Two things are wrong once a week, as they are everywhere: a date, and a message sent twice.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.plants.plan import HOUR_US, SECOND_US, instant_of
from werknetz_simulator.plants.plant import EMDEN_1, ZWICK_2
from werknetz_simulator.plants.truth import SEED

ZONE: Final = "Europe/Berlin"
SLOT_US: Final = 20 * SECOND_US
CALL_OFF_HOUR: Final = 4  # UTC; one for each plant
SHIPPED_EVERY_H: Final = 2
COUNTED_EVERY_H: Final = 6
WRONG_DATE_DAY: Final = 3  # of seven, by the day's number since 1970
SENT_TWICE_DAY: Final = 5
SENT_TWICE_HOUR: Final = 8
FIRM_DAYS: Final = 2  # the call-off's first entries are firm, those behind them a forecast


@dataclass(frozen=True, slots=True)
class Article:
    material: str  # Nordwerk's number
    supplier_material: str  # the foundry's
    description: str
    unit: str  # PCE, KGM
    packed: float  # in one container


ARTICLES: Final = (
    Article("40017-01", "WG-1107", "Querlenker, vorn links", "PCE", 120.0),
    Article("40017-02", "WG-1108", "Querlenker, vorn rechts", "PCE", 120.0),
    Article("40231-10", "WG-2040", "Radträger", "PCE", 48.0),
    Article("41900-03", "WG-3312", "Lagerbock", "PCE", 400.0),
    Article("42555-00", "WG-5001", "Gussbronze, Barren", "KGM", 25.75),
)
SITES: Final = (EMDEN_1.name, ZWICK_2.name)


@dataclass(frozen=True, slots=True)
class Due:
    """An entry of a schedule: so much of an article on a day."""

    on: date
    quantity: float
    is_firm: bool


@dataclass(frozen=True, slots=True)
class CallOff:
    """What a plant wants and when. `wrong_line`, from 0: its first date is in no calendar."""

    number: str
    at_us: int
    site: str
    lines: tuple[tuple[Article, tuple[Due, ...]], ...]
    wrong_line: int | None = None


@dataclass(frozen=True, slots=True)
class Shipment:
    """`times`: how often the despatch advice is sent; the second is marked as a duplicate."""

    number: str
    at_us: int
    site: str
    arrives: date
    lines: tuple[tuple[Article, int], ...]  # containers of each
    times: int = 1


@dataclass(frozen=True, slots=True)
class StockCount:
    number: str
    at_us: int
    rows: tuple[tuple[Article, float], ...]


Document = CallOff | Shipment | StockCount


class SupplierTruth:
    def __init__(self, seed: str = SEED) -> None:
        self.seed = seed

    def documents(self, at_us: int) -> Iterator[Document]:
        """Yield what is told at the instant, which must be a slot."""
        slot, between = divmod(at_us, SLOT_US)
        if between:
            raise ValueError(f"{at_us} is between two slots of {SLOT_US} µs")
        if at_us % HOUR_US:
            yield self._between(slot)
            return
        day, hour = divmod(at_us // HOUR_US, 24)
        if hour == CALL_OFF_HOUR:
            for index, site in enumerate(SITES):
                is_wrong = index == 0 and day % 7 == WRONG_DATE_DAY
                yield self._call_off(slot, site, ARTICLES, wrong_line=1 if is_wrong else None)
        if hour % SHIPPED_EVERY_H == 0:
            twice = (day % 7, hour) == (SENT_TWICE_DAY, SENT_TWICE_HOUR)
            yield self._shipment(slot, times=2 if twice else 1)
        if hour % COUNTED_EVERY_H == 0:
            yield self._count(slot)

    def _between(self, slot: int) -> Document:
        match slot % 3:
            case 0:
                return self._shipment(slot)
            case 1:
                return self._count(slot)
            case _:
                first = self._number(slot, "article") % len(ARTICLES)
                return self._call_off(slot, self._site(slot), ARTICLES[first : first + 2])

    def _call_off(
        self, slot: int, site: str, articles: tuple[Article, ...], wrong_line: int | None = None
    ) -> CallOff:
        today = day_of(slot * SLOT_US)
        lines = []
        for article in articles:
            entries = []
            for ahead in range(1, 5):
                containers = 1 + self._number(slot, site, article.material, str(ahead)) % 12
                due = today + timedelta(days=ahead * 2)
                entries.append(Due(due, containers * article.packed, ahead <= FIRM_DAYS))
            lines.append((article, tuple(entries)))
        number = f"LAB-{slot}-{SITES.index(site) + 1}"
        return CallOff(number, slot * SLOT_US, site, tuple(lines), wrong_line)

    def _shipment(self, slot: int, *, times: int = 1) -> Shipment:
        count = 1 + self._number(slot, "lines") % 3
        first = self._number(slot, "first") % len(ARTICLES)
        articles = [ARTICLES[(first + step) % len(ARTICLES)] for step in range(count)]
        lines = tuple(
            (article, 1 + self._number(slot, article.material) % 6) for article in articles
        )
        arrives = day_of(slot * SLOT_US) + timedelta(days=1 + self._number(slot, "days") % 2)
        return Shipment(f"LS-{slot}", slot * SLOT_US, self._site(slot), arrives, lines, times)

    def _count(self, slot: int) -> StockCount:
        rows = []
        for article in ARTICLES:
            # Opened containers: pieces are whole, kilograms are not.
            containers = 10 + self._number(slot, "stock", article.material) % 90
            opened = self._number(slot, "opened", article.material) % 100
            part = article.packed * opened / 100
            rows.append((article, containers * article.packed + _weighed(article, part)))
        return StockCount(f"INV-{slot}", slot * SLOT_US, tuple(rows))

    def _site(self, slot: int) -> str:
        return SITES[self._number(slot, "site") % len(SITES)]

    def _number(self, slot: int, *what: str) -> int:
        text = "/".join((self.seed, "weserguss", str(slot), *what))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")


def day_of(at_us: int) -> date:
    """The day on the calendars of Bremen, Emden and Zwickau."""
    return instant_of(at_us).astimezone(ZoneInfo(ZONE)).date()


def _weighed(article: Article, part: float) -> float:
    return round(part, 2) if article.unit == "KGM" else float(int(part))
