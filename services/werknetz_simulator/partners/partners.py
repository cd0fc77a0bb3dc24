"""Who delivers what to which plant: thirty suppliers beside the foundry, five warehouses."""

from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from werknetz_simulator.plants.plant import PLANTS, ZWICK_2

ZONE: Final = "Europe/Berlin"  # of due days, as the customer's ERP writes them
CUSTOMER: Final = "4023456000000"
Habit = Literal["good", "bad", "short", "tells late", "steady"]
Speech = Literal["edifact", "csv", "vda", "webhook"]


@dataclass(frozen=True, slots=True)
class Warehouse:
    code: str
    plant: str
    speaks: Literal["csv", "invrpt", "sql"]  # invrpt: its counts; what it books comes as CSV

    @property
    def path(self) -> str:
        return f"nordwerk/{self.plant}"


@dataclass(frozen=True, slots=True)
class Firm:
    number: str  # its GLN
    name: str
    habit: Habit
    speaks: Speech


@dataclass(frozen=True, slots=True)
class Relation:
    """One article that one firm delivers to one plant, `every_days`, for `per_day` pieces used."""

    firm: Firm
    material: str
    supplier_material: str
    description: str
    warehouse: Warehouse
    per_day: int
    every_days: int
    packed: int
    starves: str = ""  # the line that stands when it is missing: the planted one

    @property
    def site(self) -> str:
        return SITES[self.warehouse.plant]


SITES: Final = {name: f"40234560000{17 + 7 * n}" for n, name in enumerate(PLANTS)}
WAREHOUSES: Final = (
    Warehouse("EM-L1", "emden-1", "sql"),
    Warehouse("ZW-L1", "zwick-2", "sql"),
    Warehouse("PA-L1", "palma-3", "invrpt"),
    Warehouse("BR-L1", "brati-4", "invrpt"),
    Warehouse("AM-HUB", "chatt-6", "csv"),
)
_PLACES: Final = (
    "Elbe", "Weser", "Harz", "Saale", "Neisse", "Havel", "Lausitz", "Ems", "Mulde", "Oder", "Isar",
    "Donau", "Rhein", "Main", "Neckar",
)  # fmt: skip
_CRAFTS: Final = ("Kaltform", "Stanztechnik")
_PARTS: Final = (
    "Halter", "Strebe", "Buchse", "Flansch", "Bolzen", "Deckel", "Rahmen", "Konsole", "Schelle",
    "Welle",
)  # fmt: skip
_HABITS: Final[dict[int, Habit]] = {0: "good", 4: "bad", 9: "bad", 13: "short", 17: "tells late",
                                    22: "steady"}  # fmt: skip
_SPOKEN: Final[dict[int, Speech]] = {6: "webhook", 14: "webhook", 26: "webhook"}
FIRMS: Final = tuple(
    Firm(
        f"40{31000 + n:05d}0000{n % 10}",
        f"{_PLACES[n % 15]} {_CRAFTS[n // 15]} GmbH",
        _HABITS.get(n, "good"),
        _SPOKEN.get(n, "csv" if n % 4 == 3 else "vda" if n % 4 == 1 else "edifact"),
    )
    for n in range(30)
)


def _relations() -> tuple[Relation, ...]:
    rng = Random("nordwerk/supply/relations")
    found = [
        Relation(
            FIRMS[0], "50417-20", "EK-417", "Blechhalter, verzinkt", WAREHOUSES[1],
            per_day=600, every_days=1, packed=100, starves=ZWICK_2.starved_line,
        )
    ]  # fmt: skip
    for number, firm in enumerate(FIRMS):
        for part in range(3 + number % 2):
            count = 10 * number + part
            found.append(
                Relation(
                    firm, f"5{1000 + count:04d}-{part:02d}", f"{firm.name[:2].upper()}-{count:04d}",
                    _PARTS[count % 10], WAREHOUSES[(number + part) % 5],
                    per_day=rng.randrange(1, 9) * 40, every_days=rng.randrange(1, 6), packed=40,
                )
            )  # fmt: skip
    return tuple(found)


RELATIONS: Final = _relations()
PLANTED: Final = RELATIONS[0]
LINE_OF: Final = {"emden-1": "body/line-1", "zwick-2": "presswerk/halle-1"}
"""Lines that consume some of what their warehouse has, beside the planted one."""


def key_of(firm: Firm) -> str:
    """Return what the platform is to call it: as its name, to be typed."""
    return firm.name.removesuffix(" GmbH").lower().replace(" ", "-")


VDA_CUSTOMER: Final = "NORDWERK"


def vda_number(firm: Firm) -> str:
    """Return what the customer calls the firm where there is room for nine characters."""
    return f"L{firm.number[2:7]}"


def plant_code(plant: str) -> str:
    """Return the three characters that VDA has for a plant."""
    return f"0{1 + list(SITES).index(plant)}W"
