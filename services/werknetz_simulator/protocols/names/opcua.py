"""Emden-1: OPC UA nodes with PackML's states, numbered as OPC 30060 does."""

from typing import Final

from werknetz_simulator.plants.machine import Plant, PlantMachine
from werknetz_simulator.protocols.names.profile import (
    PlantAddress,
    ProtocolProfile,
    Tree,
    Value,
    path_in_area,
    semantics_of,
)

NAMES: Final = {
    "state": "StateCurrent",
    "good": "GoodCount",
    "scrap": "ScrapCount",
    "order": "OrderNumber",
    "pri": "IdealCycleTime",
    "temperature": "Temperature",
}


def namespace_of(plant: str) -> str:
    return f"urn:nordwerk:{plant}"


def identifier_of(machine: PlantMachine, signal: str) -> str:
    return f"{machine.line}.{machine.name}.{NAMES[signal]}"


def _address(machine: PlantMachine, signal: str) -> str:
    return f"nsu={namespace_of(machine.plant)};s={identifier_of(machine, signal)}"


def _mapping(plant: Plant, _history: bool) -> Tree:
    rules = [
        {
            "source": f"nsu={namespace_of(plant.name)};s={{line}}.{{machine}}.{name}",
            "equipment": path_in_area(plant, "{line}/{machine}"),
        }
        | semantics_of(plant, signal, "packml/opc-30060")
        for signal, name in NAMES.items()
    ]
    return {"rules": rules}


def _options(plant: Plant, address: PlantAddress) -> Tree:
    return {
        "url": address.url,
        "policy": "None",
        "mode": "None",
        "allow_insecure": True,
        "browse": [{"root": f"/Objects/{plant.name.title()}", "depth": 8}],
    }


def _raw(_machine: PlantMachine, signal: str, value: Value) -> Value:
    return int(value) if signal == "state" else value


OPCUA: Final = ProtocolProfile(_address, _mapping, _options, _raw)
