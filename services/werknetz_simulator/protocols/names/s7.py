"""Chatt-6: an S7 PLC, one data block per line; temperatures as text with unit: `106.7 F`."""

from typing import Final

from werknetz_simulator.plants.machine import Plant, PlantMachine
from werknetz_simulator.protocols.names.profile import (
    PlantAddress,
    ProtocolProfile,
    Tree,
    Value,
    enums_of,
    indexes_of,
    path_in_area,
    semantics_of,
    signals_of,
)

FIRST_BLOCK: Final = 101
BYTES: Final = 40  # per machine
TAGS: Final = {
    "state": (0, "DBW{}:INT"),
    "good": (2, "DBD{}:DINT"),
    "scrap": (6, "DBD{}:DINT"),
    "pri": (10, "DBD{}:REAL"),
    "order": (14, "DBB{}:STRING[8]"),
    "temperature": (24, "DBB{}:STRING[10]"),
}
PERIOD_S: Final = 1.0
TEMPERATURE_PERIOD_S: Final = 30.0
TEXT_MAX: Final = {"order": 8, "temperature": 10}
# Only F is in the table: values with another unit are rejected and quarantined.
_FAHRENHEIT: Final = "{'unit F': double(value.split(' ')[0])}['unit ' + value.split(' ')[1]]"


def block_of(plant: Plant, machine: PlantMachine) -> int:
    return FIRST_BLOCK + indexes_of(plant, machine)[0]


def byte_of(plant: Plant, machine: PlantMachine, signal: str) -> int:
    return indexes_of(plant, machine)[1] * BYTES + TAGS[signal][0]


def tag_value_of(plant: Plant, machine: PlantMachine, signal: str, value: Value) -> Value:
    """Return the content of the tag. Sensors send their unit; one sends an unexpected unit."""
    if signal != "temperature":
        return int(value) if signal == "state" else value
    if machine.name == plant.wrong_unit:
        return f"{(float(value) - 32) / 1.8:.1f} C"
    return f"{value} F"


def _mapping(plant: Plant, _history: bool) -> Tree:
    """Return one template for all machines, which differ only in block and byte offsets."""
    variables = {"line": "text", "machine": "text"} | dict.fromkeys(signals_of(plant), "text")
    rules = [
        {"source": f"${{{signal}}}", "equipment": path_in_area(plant, "${line}/${machine}")}
        | semantics_of(plant, signal, plant.name)
        | _unit(signal)
        for signal in signals_of(plant)
    ]
    machines = [
        {"line": machine.line, "machine": machine.name}
        | {signal: _tag(plant, machine, signal) for signal in signals_of(plant)}
        for machine in plant.machines
    ]
    return {
        "enums": enums_of(plant),
        "templates": {"machine": {"variables": variables, "rules": rules}},
        "apply": [{"template": "machine", "with": machines}],
    }


def _unit(signal: str) -> Tree:
    if signal != "temperature":
        return {}
    return {"source_unit": "degF", "input": "text", "expression": _FAHRENHEIT}


def _options(plant: Plant, address: PlantAddress) -> Tree:
    return {
        "host": address.host,
        "port": address.port,
        "period_s": PERIOD_S,
        "items": [
            {"address": _tag(plant, machine, signal)}
            | ({"period_s": TEMPERATURE_PERIOD_S} if signal == "temperature" else {})
            for machine in plant.machines
            for signal in signals_of(plant)
        ],
    }


def _tag(plant: Plant, machine: PlantMachine, signal: str) -> str:
    return f"DB{block_of(plant, machine)}.{TAGS[signal][1].format(byte_of(plant, machine, signal))}"


def s7_profile_of(plant: Plant) -> ProtocolProfile:
    """Return the profile; a machine's addresses depend on all machines of the plant."""
    tags = {(m, signal): _tag(plant, m, signal) for m in plant.machines for signal in TAGS}
    return ProtocolProfile(
        lambda machine, signal: tags[machine, signal],
        _mapping,
        _options,
        lambda machine, signal, value: tag_value_of(plant, machine, signal, value),
    )
