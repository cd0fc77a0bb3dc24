"""Pueb-5: an MES that pushes JSON, one row per machine and instant, until it receives 2xx."""

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

SOURCE: Final = "maquinas"
TIME: Final = "hora"
FIELDS: Final = {
    "state": "estado",
    "good": "buenas",
    "scrap": "rechazadas",
    "order": "orden",
    "pri": "ciclo_s",
    "temperature": "temperatura",
}


def _address(machine: PlantMachine, signal: str) -> str:
    return f"planta/{machine.line}/{machine.name}#{FIELDS[signal]}"


def _mapping(plant: Plant, _history: bool) -> Tree:
    rules = [
        {
            "source": f"planta/{{linea}}/{{maquina}}#{FIELDS[signal]}",
            "equipment": path_in_area(plant, "{linea}/{maquina}"),
        }
        | semantics_of(plant, signal, plant.name)
        for signal in signals_of(plant)
    ]
    return {"enums": enums_of(plant), "rules": rules}


def _options(plant: Plant, address: PlantAddress) -> Tree:
    source = {
        "auth": {"method": "key", "secret": {"file": address.key_file}},
        "records": "momentos",
        "key": ["maquina", TIME],
        "as": "readings",
        "readings": {
            "address": "planta/{linea}/{maquina}",
            "values": [FIELDS[signal] for signal in signals_of(plant)],
        },
        "time": {"path": TIME},
    }
    return {"host": address.host, "port": address.port, "sources": {SOURCE: source}}


WEBHOOK: Final = ProtocolProfile(_address, _mapping, _options)
