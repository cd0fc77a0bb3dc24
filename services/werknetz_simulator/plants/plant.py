"""The six plants of Nordwerk. The two German ones are here, the others in `definitions`."""

from datetime import date
from typing import Final

from werknetz_simulator.plants.definitions import holidays, international
from werknetz_simulator.plants.machine import (
    ENTERPRISE,
    ROLLOVER,
    Plant,
    PlantMachine,
    StateKind,
    parse_machines,
)
from werknetz_simulator.plants.plan import ShiftPlan, ShiftRule

__all__ = [
    "EMDEN_1",
    "ENTERPRISE",
    "PLANTS",
    "ROLLOVER",
    "ZWICK_2",
    "Plant",
    "PlantMachine",
    "StateKind",
]

EVERY_DAY: Final = (0, 1, 2, 3, 4, 5, 6)
WORKING_DAYS: Final = (0, 1, 2, 3, 4)
EARLY: Final = ShiftRule("early", WORKING_DAYS, "06:00", "14:00", (("10:00", "10:30"),))
LATE: Final = ShiftRule("late", WORKING_DAYS, "14:00", "22:00", (("18:00", "18:30"),))
SHORT: Final = ShiftRule("early", (), "06:00", "11:00", (("09:00", "09:15"),))
FRUEH: Final = ShiftRule("frueh", EVERY_DAY, "05:30", "13:30", (("09:00", "09:30"),))
SPAET: Final = ShiftRule("spaet", EVERY_DAY, "13:30", "21:30", (("17:30", "18:00"),))
NACHT: Final = ShiftRule("nacht", EVERY_DAY, "21:30", "05:30", (("01:00", "01:30"),))


def _emden_exceptions() -> holidays.ShiftExceptions:
    exceptions: dict[date, tuple[ShiftRule, ...]] = {
        holidays.nth_weekday(year, month, 2, 2): (SHORT,)
        for year in holidays.YEARS
        for month in range(1, 13)
    }
    return tuple(
        sorted((exceptions | dict(holidays.closed_days(holidays.german_holidays))).items())
    )


EMDEN_1: Final = Plant(
    name="emden-1",
    protocol="opcua",
    plan=ShiftPlan("Europe/Berlin", (EARLY, LATE), _emden_exceptions()),
    machines=parse_machines(
        "emden-1",
        "body",
        ("line-1", "press-1:184 press-2:192 robot-1:240 robot-2:245"),
        ("line-2", "press-3:180 robot-12:250 robot-14:255"),
        ("line-3", "weld-31:300 weld-32:310 paint-1:420"),
    ),
    codes=(  # PackML, numbered by OPC 30060
        (StateKind.PRODUCING, "4", StateKind.PRODUCING),
        (StateKind.SETUP, "14", StateKind.IDLE),
        (StateKind.IDLE, "3", StateKind.IDLE),
        (StateKind.FAULT, "11", StateKind.FAULT),
        (StateKind.BLOCKED, "5", StateKind.SUSPENDED),
        (StateKind.STARVED, "12", StateKind.SUSPENDED),
        (StateKind.SUSPENDED, "5", StateKind.SUSPENDED),
        (StateKind.MAINTENANCE, "1", StateKind.IDLE),
        (StateKind.REPAIR, "8", StateKind.FAULT),
        (StateKind.OFF, "1", StateKind.IDLE),
        (StateKind.UNKNOWN, "77", StateKind.UNKNOWN),
    ),
    order_prefix="M-",
    counters_restart=True,
    slow_mondays=True,
)

ZWICK_2: Final = Plant(
    name="zwick-2",
    protocol="mqtt",
    plan=ShiftPlan(
        "Europe/Berlin", (FRUEH, SPAET, NACHT), holidays.closed_days(holidays.saxon_holidays)
    ),
    machines=parse_machines(
        "zwick-2",
        "presswerk",
        ("halle-1", "presse-1:285 presse-2:290 presse-3:310"),
        ("halle-2", "presse-7:270 presse-8:275 stanze-1:325 stanze-2:330"),
        ("halle-3", "schweisszelle-1:410 schweisszelle-2:425 montage-1:520"),
    ),
    codes=(
        (StateKind.PRODUCING, "Läuft", StateKind.PRODUCING),
        (StateKind.SETUP, "Rüsten", StateKind.SETUP),
        (StateKind.IDLE, "Steht", StateKind.IDLE),
        (StateKind.FAULT, "Störung", StateKind.FAULT),
        (StateKind.BLOCKED, "Stau", StateKind.BLOCKED),
        (StateKind.STARVED, "Material fehlt", StateKind.STARVED),
        (StateKind.SUSPENDED, "Wartet", StateKind.SUSPENDED),
        (StateKind.MAINTENANCE, "Wartung", StateKind.MAINTENANCE),
        (StateKind.REPAIR, "Reparatur", StateKind.REPAIR),
        (StateKind.OFF, "Aus", StateKind.OFF),
        (StateKind.UNKNOWN, "Sonderlauf", StateKind.UNKNOWN),
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
        international.PALMA_3,
        international.BRATI_4,
        international.PUEB_5,
        international.CHATT_6,
    )
}
