"""What a plant and its machines are made of: kinds of states, machines, and how a plant differs."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal

from werknetz_simulator.plants.plan import ShiftPlan

ENTERPRISE: Final = "nordwerk"
ROLLOVER: Final = 65_536  # of 16-bit counters
Protocol = Literal["opcua", "mqtt", "modbus", "sparkplug", "webhook", "s7"]


class StateKind(Enum):
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
class PlantMachine:
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
    protocol: Protocol
    plan: ShiftPlan
    machines: tuple[PlantMachine, ...]
    codes: tuple[tuple[StateKind, str, StateKind], ...]  # (what happens, what is said, what that means)
    order_prefix: str
    counters_restart: bool  # at each shift; else they run on and roll over
    counts: tuple[str, ...] = ("good", "scrap")
    temperature_unit: Literal["degC", "degF"] = "degC"
    history_days: int = 365  # of which the plant still knows
    temperature_s: int = 600  # between two temperatures of the history
    maintenance_shift: str = ""  # on Wednesdays it begins with planned maintenance
    starved_line: str = ""
    slow_mondays: bool = False
    drifting: str = ""  # the machine whose cycle grows from day to day
    untagged_shift: str = ""  # gives no reasons for its stops
    wrong_unit: str = ""  # the machine whose sensor tells another unit than agreed

    @property
    def path(self) -> str:
        return f"{ENTERPRISE}/{self.name}"

    @property
    def is_polled(self) -> bool:
        """Whether it says only what holds when it is asked, without a time of its own."""
        return self.protocol in {"modbus", "s7"}


def parse_machines(plant: str, area: str, *lines: tuple[str, ...]) -> tuple[PlantMachine, ...]:
    """Read each line's name, and its `name:ideal cycle in tenths of a second`."""
    return tuple(
        PlantMachine(plant, area, line, name, int(tenths) * 100_000)
        for line, *members in lines
        for name, tenths in (member.split(":") for member in " ".join(members).split())
    )
