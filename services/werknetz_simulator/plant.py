"""The two plants of Nordwerk that there are: their machines, their plans, how their codes read."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto
from typing import Final

from werknetz_simulator.plan import Plan, ShiftRule

ENTERPRISE: Final = "nordwerk"
YEARS: Final = range(2025, 2036)
ROLLOVER: Final = 65_536  # 16-bit counters in Zwick


class Kind(Enum):
    """What a machine is doing, in the plant's own words."""

    PRODUCING = auto()
    SETUP = auto()
    IDLE = auto()
    FAULT = auto()
    BLOCKED = auto()
    STARVED = auto()
    SUSPENDED = auto()
    MAINTENANCE = auto()
    REPAIR = auto()
    OFF = auto()
    UNKNOWN = auto()  # a code that nobody has mapped


@dataclass(frozen=True, slots=True)
class Machine:
    plant: str
    area: str
    line: str
    name: str
    ideal_us: int

    @property
    def path(self) -> str:
        return f"{ENTERPRISE}/{self.plant}/{self.area}/{self.line}/{self.name}"


@dataclass(frozen=True)
class Plant:
    """`codes` says each kind as the plant's controllers do, and what they can tell of it."""

    name: str
    plan: Plan
    machines: tuple[Machine, ...]
    codes: tuple[tuple[Kind, str, Kind], ...]  # (what happens, what is said, what that means)
    order_prefix: str
    counters_restart: bool  # at each shift; else they run on and roll over
    counts: tuple[str, ...] = ("good", "scrap")
    starved_line: str = ""
    slow_mondays: bool = False

    @property
    def path(self) -> str:
        return f"{ENTERPRISE}/{self.name}"


EVERY_DAY: Final = (0, 1, 2, 3, 4, 5, 6)
WORKING_DAYS: Final = (0, 1, 2, 3, 4)
EARLY: Final = ShiftRule("early", WORKING_DAYS, "06:00", "14:00", (("10:00", "10:30"),))
LATE: Final = ShiftRule("late", WORKING_DAYS, "14:00", "22:00", (("18:00", "18:30"),))
SHORT: Final = ShiftRule("early", (), "06:00", "11:00", (("09:00", "09:15"),))
FRUEH: Final = ShiftRule("frueh", EVERY_DAY, "05:30", "13:30", (("09:00", "09:30"),))
SPAET: Final = ShiftRule("spaet", EVERY_DAY, "13:30", "21:30", (("17:30", "18:00"),))
NACHT: Final = ShiftRule("nacht", EVERY_DAY, "21:30", "05:30", (("01:00", "01:30"),))


def _emden_exceptions() -> tuple[tuple[date, tuple[ShiftRule, ...]], ...]:
    found: dict[date, tuple[ShiftRule, ...]] = {}
    for year in YEARS:
        for month in range(1, 13):
            first = date(year, month, 1)
            found[first + timedelta(days=(2 - first.weekday()) % 7 + 7)] = (SHORT,)
        found |= dict.fromkeys(_holidays(year), ())
    return tuple(sorted(found.items()))


def _zwick_exceptions() -> tuple[tuple[date, tuple[ShiftRule, ...]], ...]:
    found: dict[date, tuple[ShiftRule, ...]] = {}
    for year in YEARS:
        found |= dict.fromkeys(_holidays(year), ())
        before = date(year, 11, 23) - timedelta(days=1)
        found[before - timedelta(days=(before.weekday() - 2) % 7)] = ()  # Buß- und Bettag
    return tuple(sorted(found.items()))


def _holidays(year: int) -> list[date]:
    days = ((1, 1), (5, 1), (10, 3), (10, 31), (12, 25), (12, 26))
    return [date(year, month, day) for month, day in days]


def _machines(plant: str, area: str, *lines: tuple[str, str]) -> tuple[Machine, ...]:
    """Read `name:ideal cycle in tenths of a second` of each line."""
    return tuple(
        Machine(plant, area, line, name, int(tenths) * 100_000)
        for line, members in lines
        for name, tenths in (member.split(":") for member in members.split())
    )


EMDEN_1: Final = Plant(
    name="emden-1",
    plan=Plan("Europe/Berlin", (EARLY, LATE), _emden_exceptions()),
    machines=_machines(
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
    plan=Plan("Europe/Berlin", (FRUEH, SPAET, NACHT), _zwick_exceptions()),
    machines=_machines(
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
    starved_line="halle-2",
)

PLANTS: Final = {plant.name: plant for plant in (EMDEN_1, ZWICK_2)}
