"""Data model of a simulated plant: state kinds, machines, and the properties of a plant."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal

from werknetz_simulator.plants.plan import ShiftPlan

ENTERPRISE: Final = "nordwerk"
ROLLOVER: Final = 65_536  # of 16-bit counters
Protocol = Literal["opcua", "mqtt", "modbus", "sparkplug", "webhook", "s7"]


class StateKind(Enum):
    """What a machine is doing, independent of the codes of a plant."""

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
    UNKNOWN = auto()  # a code without a mapping


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
    """`codes` maps each kind to the controllers' code and to the kind that this code reports."""

    name: str
    protocol: Protocol
    plan: ShiftPlan
    machines: tuple[PlantMachine, ...]
    codes: tuple[tuple[StateKind, str, StateKind], ...]  # (actual kind, code, reported kind)
    order_prefix: str
    counters_restart: bool  # at each shift; otherwise they roll over
    counts: tuple[str, ...] = ("good", "scrap")
    temperature_unit: Literal["degC", "degF"] = "degC"
    history_days: int = 365  # days of history that the plant stores
    temperature_s: int = 600  # between two temperature samples of the history
    maintenance_shift: str = ""  # on Wednesdays it starts with planned maintenance
    starved_line: str = ""
    slow_mondays: bool = False
    drifting: str = ""  # the machine whose cycle time grows every day
    untagged_shift: str = ""  # enters no stop reasons
    wrong_unit: str = ""  # the machine whose sensor sends an unexpected unit

    @property
    def path(self) -> str:
        return f"{ENTERPRISE}/{self.name}"

    @property
    def is_polled(self) -> bool:
        """Whether values are polled and carry no source timestamp."""
        return self.protocol in {"modbus", "s7"}


def parse_machines(plant: str, area: str, *lines: tuple[str, ...]) -> tuple[PlantMachine, ...]:
    """Parse (line name, `machine:ideal cycle in tenths of a second` …) tuples."""
    return tuple(
        PlantMachine(plant, area, line, name, int(tenths) * 100_000)
        for line, *members in lines
        for name, tenths in (member.split(":") for member in " ".join(members).split())
    )
