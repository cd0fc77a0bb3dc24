"""The six plants of Nordwerk: the two German ones stand here, those abroad in `abroad`."""

from datetime import date
from typing import Final

from werknetz_simulator.plants import holidays, plants_abroad
from werknetz_simulator.plants.machine import (
    ENTERPRISE,
    ROLLOVER,
    Kind,
    Machine,
    Plant,
    machines_of,
)
from werknetz_simulator.plants.plan import Plan, ShiftRule

__all__ = ["EMDEN_1", "ENTERPRISE", "PLANTS", "ROLLOVER", "ZWICK_2", "Kind", "Machine", "Plant"]

EVERY_DAY: Final = (0, 1, 2, 3, 4, 5, 6)
WORKING_DAYS: Final = (0, 1, 2, 3, 4)
EARLY: Final = ShiftRule("early", WORKING_DAYS, "06:00", "14:00", (("10:00", "10:30"),))
LATE: Final = ShiftRule("late", WORKING_DAYS, "14:00", "22:00", (("18:00", "18:30"),))
SHORT: Final = ShiftRule("early", (), "06:00", "11:00", (("09:00", "09:15"),))
FRUEH: Final = ShiftRule("frueh", EVERY_DAY, "05:30", "13:30", (("09:00", "09:30"),))
SPAET: Final = ShiftRule("spaet", EVERY_DAY, "13:30", "21:30", (("17:30", "18:00"),))
NACHT: Final = ShiftRule("nacht", EVERY_DAY, "21:30", "05:30", (("01:00", "01:30"),))


def _emden_exceptions() -> holidays.Exceptions:
    found: dict[date, tuple[ShiftRule, ...]] = {
        holidays.nth(year, month, 2, 2): (SHORT,)
        for year in holidays.YEARS
        for month in range(1, 13)
    }
    return tuple(sorted((found | dict(holidays.closed(holidays.german))).items()))


EMDEN_1: Final = Plant(
    name="emden-1",
    protocol="opcua",
    plan=Plan("Europe/Berlin", (EARLY, LATE), _emden_exceptions()),
    machines=machines_of(
        "emden-1",
        "body",
        ("line-1", "press-1:184 press-2:192 robot-1:240 robot-2:245"),
        ("line-2", "press-3:180 robot-12:250 robot-14:255"),
        ("line-3", "weld-31:300 weld-32:310 paint-1:420"),
    ),
    codes=(  # PackML, numbered by OPC 30060
        (Kind.PRODUCING, "4", Kind.PRODUCING),
        (Kind.SETUP, "14", Kind.IDLE),
        (Kind.IDLE, "3", Kind.IDLE),
        (Kind.FAULT, "11", Kind.FAULT),
        (Kind.BLOCKED, "5", Kind.SUSPENDED),
        (Kind.STARVED, "12", Kind.SUSPENDED),
        (Kind.SUSPENDED, "5", Kind.SUSPENDED),
        (Kind.MAINTENANCE, "1", Kind.IDLE),
        (Kind.REPAIR, "8", Kind.FAULT),
        (Kind.OFF, "1", Kind.IDLE),
        (Kind.UNKNOWN, "77", Kind.UNKNOWN),
    ),
    order_prefix="M-",
    counters_restart=True,
    slow_mondays=True,
)

ZWICK_2: Final = Plant(
    name="zwick-2",
    protocol="mqtt",
    plan=Plan("Europe/Berlin", (FRUEH, SPAET, NACHT), holidays.closed(holidays.saxon)),
    machines=machines_of(
        "zwick-2",
        "presswerk",
        ("halle-1", "presse-1:285 presse-2:290 presse-3:310"),
        ("halle-2", "presse-7:270 presse-8:275 stanze-1:325 stanze-2:330"),
        ("halle-3", "schweisszelle-1:410 schweisszelle-2:425 montage-1:520"),
    ),
    codes=(
        (Kind.PRODUCING, "Läuft", Kind.PRODUCING),
        (Kind.SETUP, "Rüsten", Kind.SETUP),
        (Kind.IDLE, "Steht", Kind.IDLE),
        (Kind.FAULT, "Störung", Kind.FAULT),
        (Kind.BLOCKED, "Stau", Kind.BLOCKED),
        (Kind.STARVED, "Material fehlt", Kind.STARVED),
        (Kind.SUSPENDED, "Wartet", Kind.SUSPENDED),
        (Kind.MAINTENANCE, "Wartung", Kind.MAINTENANCE),
        (Kind.REPAIR, "Reparatur", Kind.REPAIR),
        (Kind.OFF, "Aus", Kind.OFF),
        (Kind.UNKNOWN, "Sonderlauf", Kind.UNKNOWN),
    ),
    order_prefix="A-",
    counters_restart=False,
    counts=("good", "scrap", "rework"),
    maintenance_shift="frueh",
    starved_line="halle-2",
)

PLANTS: Final = {
    plant.name: plant
    for plant in (
        EMDEN_1,
        ZWICK_2,
        plants_abroad.PALMA_3,
        plants_abroad.BRATI_4,
        plants_abroad.PUEB_5,
        plants_abroad.CHATT_6,
    )
}
