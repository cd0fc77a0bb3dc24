"""Brati-4: Sparkplug B, an edge node a line, a device a machine."""

from typing import Final

from werknetz_simulator.plants.machine import PlantMachine, Plant
from werknetz_simulator.protocols.names.profile import (
    Dialect,
    Tree,
    Where,
    below,
    enums_of,
    meaning_of,
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
    """Return the host application that the nodes wait for: the plant's edge."""
    return f"{plant.name}-sparkplug"


def _address(machine: PlantMachine, signal: str) -> str:
    return f"spBv1.0/{machine.plant}/{machine.line}/{machine.name}#{METRICS[signal]}"


def _mapping(plant: Plant, _history: bool) -> Tree:
    rules = [
        {
            "source": f"spBv1.0/{plant.name}/{{linka}}/{{stroj}}#{METRICS[signal]}",
            "equipment": below(plant, "{linka}/{stroj}"),
        }
        | meaning_of(plant, signal, plant.name)
        for signal in signals_of(plant)
    ]
    return {"enums": enums_of(plant), "rules": rules}


def _options(plant: Plant, where: Where) -> Tree:
    return {"url": where.url, "groups": [plant.name], "host_id": host_of(plant)}


SPARKPLUG: Final = Dialect(_address, _mapping, _options)
