"""Pueb-5: an MES that pushes JSON, a row for each moment of a machine, until it hears 2xx."""

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
            "equipment": below(plant, "{linea}/{maquina}"),
        }
        | meaning_of(plant, signal, plant.name)
        for signal in signals_of(plant)
    ]
    return {"enums": enums_of(plant), "rules": rules}


def _options(plant: Plant, where: Where) -> Tree:
    source = {
        "auth": {"method": "key", "secret": {"file": where.key_file}},
        "records": "momentos",
        "key": ["maquina", TIME],
        "as": "readings",
        "readings": {
            "address": "planta/{linea}/{maquina}",
            "values": [FIELDS[signal] for signal in signals_of(plant)],
        },
        "time": {"path": TIME},
    }
    return {"host": where.host, "port": where.port, "sources": {SOURCE: source}}


WEBHOOK: Final = Dialect(_address, _mapping, _options)
