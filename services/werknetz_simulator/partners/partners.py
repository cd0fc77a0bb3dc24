"""Master data of the supply chain: who delivers what to which plant, and how it sends messages."""

from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from werknetz_simulator.plants.plant import PLANTS, ZWICK_2

ZONE: Final = "Europe/Berlin"  # of due days in the customer's ERP
CUSTOMER: Final = "4023456000000"
VDA_CUSTOMER: Final = "NORDWERK"
Habit = Literal["good", "bad", "short", "announces late", "steady"]
MessageForm = Literal["edifact", "csv", "vda", "webhook"]
Unit = Literal["PCE", "KGM"]


@dataclass(frozen=True, slots=True)
class PartnerWarehouse:
    code: str
    plant: str
    form: Literal["csv", "invrpt", "sql"]  # invrpt: counts as INVRPT, bookings as CSV

    @property
    def path(self) -> str:
        return f"nordwerk/{self.plant}"


@dataclass(frozen=True, slots=True)
class SupplierFirm:
    number: str  # its GLN
    name: str
    habit: Habit
    form: MessageForm


@dataclass(frozen=True, slots=True)
class SupplyRelation:
    """An article that a firm delivers to a plant every `every_days`; `per_day` is consumed."""

    firm: SupplierFirm
    material: str
    supplier_material: str
    description: str
    warehouse: PartnerWarehouse
    per_day: int
    every_days: int
    pack_size: int
    starved_line: str = ""  # the line that starves when this material is missing
    unit: Unit = "PCE"

    @property
    def site(self) -> str:
        return SITES[self.warehouse.plant]


SITES: Final = {name: f"40234560000{17 + 7 * n}" for n, name in enumerate(PLANTS)}
WAREHOUSES: Final = (
    PartnerWarehouse("EM-L1", "emden-1", "sql"),
    PartnerWarehouse("ZW-L1", "zwick-2", "sql"),
    PartnerWarehouse("PA-L1", "palma-3", "invrpt"),
    PartnerWarehouse("BR-L1", "brati-4", "invrpt"),
    PartnerWarehouse("AM-HUB", "chatt-6", "csv"),
)
_REGIONS: Final = (
    "Elbe", "Weser", "Harz", "Saale", "Neisse", "Havel", "Lausitz", "Ems", "Mulde", "Oder", "Isar",
    "Donau", "Rhein", "Main", "Neckar",
)  # fmt: skip
_CRAFTS: Final = ("Kaltform", "Stanztechnik")
_PARTS: Final = (
    "Halter", "Strebe", "Buchse", "Flansch", "Bolzen", "Deckel", "Rahmen", "Konsole", "Schelle",
    "Welle",
)  # fmt: skip
_HABITS: Final[dict[int, Habit]] = {0: "good", 4: "bad", 9: "bad", 13: "short",
                                    17: "announces late", 22: "steady"}  # fmt: skip
_FORMS: Final[dict[int, MessageForm]] = {6: "webhook", 14: "webhook", 26: "webhook"}
_DRAWN_FIRMS: Final = tuple(
    SupplierFirm(
        f"40{31000 + n:05d}0000{n % 10}",
        f"{_REGIONS[n % 15]} {_CRAFTS[n // 15]} GmbH",
        _HABITS.get(n, "good"),
        _FORMS.get(n, "csv" if n % 4 == 3 else "vda" if n % 4 == 1 else "edifact"),
    )
    for n in range(30)
)
WESERGUSS: Final = SupplierFirm("4012345000009", "Weserguss GmbH", "bad", "edifact")
"""The foundry. It has its own edges (`weserguss.py`); its timeline is like that of the others."""
FIRMS: Final = (*_DRAWN_FIRMS, WESERGUSS)


def _draw_relations() -> tuple[SupplyRelation, ...]:
    rng = Random("nordwerk/supply/relations")
    relations = [
        SupplyRelation(
            FIRMS[0], "50417-20", "EK-417", "Blechhalter, verzinkt", WAREHOUSES[1],
            per_day=600, every_days=1, pack_size=100, starved_line=ZWICK_2.starved_line,
        )
    ]  # fmt: skip
    for number, firm in enumerate(_DRAWN_FIRMS):
        for part in range(3 + number % 2):
            count = 10 * number + part
            relations.append(
                SupplyRelation(
                    firm, f"5{1000 + count:04d}-{part:02d}", f"{firm.name[:2].upper()}-{count:04d}",
                    _PARTS[count % 10], WAREHOUSES[(number + part) % 5],
                    per_day=rng.randrange(1, 9) * 40, every_days=rng.randrange(1, 6), pack_size=40,
                )
            )  # fmt: skip
    return tuple(relations)


_EMDEN, _ZWICKAU = WAREHOUSES[:2]
WESERGUSS_RELATIONS: Final = (
    SupplyRelation(WESERGUSS, "40017-01", "WG-1107", "Querlenker, vorn links", _EMDEN,
                   per_day=240, every_days=1, pack_size=120),
    SupplyRelation(WESERGUSS, "40017-02", "WG-1108", "Querlenker, vorn rechts", _EMDEN,
                   per_day=240, every_days=1, pack_size=120),
    SupplyRelation(WESERGUSS, "40231-10", "WG-2040", "Radträger", _EMDEN,
                   per_day=96, every_days=2, pack_size=48),
    SupplyRelation(WESERGUSS, "41900-03", "WG-3312", "Lagerbock", _ZWICKAU,
                   per_day=400, every_days=2, pack_size=400),
    SupplyRelation(WESERGUSS, "42555-00", "WG-5001", "Gussbronze, Barren", _ZWICKAU,
                   per_day=75, every_days=3, pack_size=25, unit="KGM"),
)  # fmt: skip
RELATIONS: Final = (*_draw_relations(), *WESERGUSS_RELATIONS)
STARVING_RELATION: Final = RELATIONS[0]
"""The relation whose late deliveries starve a line."""
CONSUMING_LINES: Final = {"emden-1": "body/line-1", "zwick-2": "presswerk/halle-1"}
"""Other lines that consume materials of their warehouse."""


def partner_key_of(firm: SupplierFirm) -> str:
    """Return the key of the partner in the platform, derived from its name."""
    return firm.name.removesuffix(" GmbH").lower().replace(" ", "-")


def vda_number_of(firm: SupplierFirm) -> str:
    """Return the supplier number in VDA messages, at most nine characters."""
    return f"L{firm.number[2:7]}"


def plant_code_of(plant: str) -> str:
    """Return the plant code in VDA messages, three characters."""
    return f"0{1 + list(SITES).index(plant)}W"
