"""Protocol profile of a plant: names of its signals on the wire, and the matching edge mapping.

Nothing here imports a protocol library, so edge files can be written without one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from werknetz_simulator.plants.machine import ROLLOVER, Plant, PlantMachine, StateKind

Value = str | int | float
Tree = dict[str, Any]
ROLES: Final = {
    "state": "state",
    "good": "good_count",
    "scrap": "scrap_count",
    "rework": "rework_count",
    "order": "order",
    "pri": "planned_run_time",
    "temperature": "process_value",
}
STATE_NAMES: Final = {
    StateKind.PRODUCING: "producing",
    StateKind.SETUP: "setup",
    StateKind.IDLE: "idle",
    StateKind.FAULT: "malfunction",
    StateKind.BLOCKED: "blocked",
    StateKind.STARVED: "starved",
    StateKind.SUSPENDED: "suspended",
    StateKind.MAINTENANCE: "maintenance",
    StateKind.REPAIR: "repair",
    StateKind.OFF: "off",
}
COUNTS: Final = ("good", "scrap", "rework")


@dataclass(frozen=True, slots=True)
class PlantAddress:
    """Address of a plant: a URL, or a local host and port with a key file."""

    url: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    key_file: str = ""


def _same_value(_machine: PlantMachine, _signal: str, value: Value) -> Value:
    return value


@dataclass(frozen=True, slots=True)
class ProtocolProfile:
    """`mapping(plant, history)`: the history delivers plain values without a `time` field."""

    address: Callable[[PlantMachine, str], str]
    mapping: Callable[[Plant, bool], Tree]  # rules, enums, templates
    options: Callable[[Plant, PlantAddress], Tree]
    raw: Callable[[PlantMachine, str, Value], Value] = (
        _same_value  # raw value of the history at the address
    )


def signals_of(plant: Plant) -> tuple[str, ...]:
    return ("state", *plant.counts, "order", "pri", "temperature")


def semantics_of(plant: Plant, signal: str, states: str) -> Tree:
    """Return role, states, counter and unit of a signal's mapping rule."""
    rule: Tree = {"signal": signal, "role": ROLES[signal]}
    if signal == "state":
        return rule | {"states": states}
    if signal == "order":
        return rule | {"datatype": "text"}
    if signal in COUNTS and plant.counters_restart:
        return rule | {"counter": {"reset": "to_zero"}}
    if signal in COUNTS:
        return rule | {"counter": {"reset": "rollover", "modulus": ROLLOVER}}
    return rule | {"unit": "s" if signal == "pri" else "degC"}


def enums_of(plant: Plant) -> Tree:
    """Return the plant's state codes, except those without a mapping."""
    return {
        plant.name: {
            code: STATE_NAMES[kind] for _, code, kind in plant.codes if kind in STATE_NAMES
        }
    }


def path_in_area(plant: Plant, rest: str) -> str:
    """Return an equipment path in the plant's area."""
    return f"{plant.path}/{plant.machines[0].area}/{rest}"


def indexes_of(plant: Plant, machine: PlantMachine) -> tuple[int, int]:
    """Return the index of its line and its index in the line: they determine its address."""
    lines = list(dict.fromkeys(other.line for other in plant.machines))
    members = [other for other in plant.machines if other.line == machine.line]
    return lines.index(machine.line), members.index(machine)
