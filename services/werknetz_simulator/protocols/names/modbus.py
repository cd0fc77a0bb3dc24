"""Palma-3: a Modbus TCP gateway, one unit per line, one block of holding registers per machine."""

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

BLOCK: Final = 10  # registers per machine
ORDER_REGISTERS: Final = 4  # eight characters
OFFSETS: Final = {"state": 0, "good": 1, "scrap": 2, "pri": 3, "temperature": 4, "order": 5}
NAMES: Final = {
    "state": "estado",
    "good": "buenas",
    "scrap": "rechazadas",
    "pri": "ciclo",
    "temperature": "temperatura",
    "order": "orden",
}
TENTHS: Final = frozenset({"pri", "temperature"})  # seconds and degrees, as whole tenths
PERIOD_S: Final = 1.0
TEMPERATURE_PERIOD_S: Final = 30.0


def unit_of(plant: Plant, machine: PlantMachine) -> int:
    return indexes_of(plant, machine)[0] + 1


def registers_of(signal: str, value: Value) -> list[int]:
    """Return the register contents of a signal, from its offset on."""
    if signal == "order":
        text = str(value).encode("ascii").ljust(2 * ORDER_REGISTERS, b"\0")
        return [int.from_bytes(text[n : n + 2], "big") for n in range(0, len(text), 2)]
    return [round(float(value) * 10) if signal in TENTHS else int(value)]


def _address(machine: PlantMachine, signal: str) -> str:
    return f"{machine.line}/{machine.name}/{NAMES[signal]}"


def _mapping(plant: Plant, _history: bool) -> Tree:
    rules = [
        {
            "source": f"{{nave}}/{{maquina}}/{NAMES[signal]}",
            "equipment": path_in_area(plant, "{nave}/{maquina}"),
        }
        | semantics_of(plant, signal, plant.name)
        | ({"scale": 0.1} if signal in TENTHS else {})
        for signal in signals_of(plant)
    ]
    return {"enums": enums_of(plant), "rules": rules}


def _options(plant: Plant, address: PlantAddress) -> Tree:
    return {
        "host": address.host,
        "port": address.port,
        "period_s": PERIOD_S,
        "items": [
            _item(plant, machine, signal)
            for machine in plant.machines
            for signal in signals_of(plant)
        ],
    }


def _item(plant: Plant, machine: PlantMachine, signal: str) -> Tree:
    _, number = indexes_of(plant, machine)
    item: Tree = {
        "name": _address(machine, signal),
        "unit": unit_of(plant, machine),
        "address": f"holding/{number * BLOCK + OFFSETS[signal]}",
    }
    if signal == "order":
        return item | {"datatype": "string", "length": ORDER_REGISTERS}
    if signal == "temperature":
        return item | {"datatype": "int16", "period_s": TEMPERATURE_PERIOD_S}
    return item


def _raw(_machine: PlantMachine, signal: str, value: Value) -> Value:
    return value if signal == "order" else registers_of(signal, value)[0]


MODBUS: Final = ProtocolProfile(_address, _mapping, _options, _raw)
