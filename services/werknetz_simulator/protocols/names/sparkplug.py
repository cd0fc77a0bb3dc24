"""Brati-4: Sparkplug B, one edge node per line, one device per machine."""

from typing import Final

from werknetz_simulator.plants.machine import Plant, PlantMachine
from werknetz_simulator.protocols.names.profile import (
    PlantAddress,
    ProtocolProfile,
    Tree,
    enums_of,
    path_in_area,
    semantics_of,
    signals_of,
)

METRICS: Final = {
    "state": "Stav",
    "good": "Dobre",
    "scrap": "Nepodarky",
    "rework": "Opravene",
    "order": "Zakazka",
    "pri": "Takt",
    "temperature": "Teplota",
}


def host_of(plant: Plant) -> str:
    """Return the host id that the nodes wait for: that of the plant's edge."""
    return f"{plant.name}-sparkplug"


def _address(machine: PlantMachine, signal: str) -> str:
    return f"spBv1.0/{machine.plant}/{machine.line}/{machine.name}#{METRICS[signal]}"


def _mapping(plant: Plant, _history: bool) -> Tree:
    rules = [
        {
            "source": f"spBv1.0/{plant.name}/{{linka}}/{{stroj}}#{METRICS[signal]}",
            "equipment": path_in_area(plant, "{linka}/{stroj}"),
        }
        | semantics_of(plant, signal, plant.name)
        for signal in signals_of(plant)
    ]
    return {"enums": enums_of(plant), "rules": rules}


def _options(plant: Plant, address: PlantAddress) -> Tree:
    return {"url": address.url, "groups": [plant.name], "host_id": host_of(plant)}


SPARKPLUG: Final = ProtocolProfile(_address, _mapping, _options)
