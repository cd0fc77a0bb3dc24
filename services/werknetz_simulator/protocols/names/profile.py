"""How a plant speaks: what its signals are called on the wire, and what its edge is told of that.

Light: nothing here loads a protocol's library, so that whoever writes edge files needs none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from werknetz_simulator.plants.machine import ROLLOVER, StateKind, PlantMachine, Plant

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
WORDS: Final = {
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
class Where:
    """Where a plant is met: a URL or a port of this machine, and the file of a key."""

    url: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    key_file: str = ""


def _as_it_is(_machine: PlantMachine, _signal: str, value: Value) -> Value:
    return value


@dataclass(frozen=True, slots=True)
class Dialect:
    """`mapping` is told whether it is for the history, which says plain values, without `time`."""

    address: Callable[[PlantMachine, str], str]
    mapping: Callable[[Plant, bool], Tree]  # rules, enums, templates
    options: Callable[[Plant, Where], Tree]
    raw: Callable[[PlantMachine, str, Value], Value] = _as_it_is  # what history says at the address


def signals_of(plant: Plant) -> tuple[str, ...]:
    return ("state", *plant.counts, "order", "pri", "temperature")


def meaning_of(plant: Plant, signal: str, states: str) -> Tree:
    """Return what a rule says of a signal beside its address and unit."""
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
    """Return the plant's own words for states, but those that nobody has mapped."""
    return {plant.name: {code: WORDS[meant] for _, code, meant in plant.codes if meant in WORDS}}


def below(plant: Plant, rest: str) -> str:
    """Return an equipment path in the plant's area."""
    return f"{plant.path}/{plant.machines[0].area}/{rest}"


def place_of(plant: Plant, machine: PlantMachine) -> tuple[int, int]:
    """Return the numbers of its line, and of it in the line, both from 0: where it is wired."""
    lines = list(dict.fromkeys(other.line for other in plant.machines))
    members = [other for other in plant.machines if other.line == machine.line]
    return lines.index(machine.line), members.index(machine)
