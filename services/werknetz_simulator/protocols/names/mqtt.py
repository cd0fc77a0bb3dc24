"""Zwick-2: JSON over MQTT with German field names, decimal commas and local times."""

from typing import Final

from werknetz_simulator.plants.machine import Plant, PlantMachine
from werknetz_simulator.protocols.names.profile import (
    PlantAddress,
    ProtocolProfile,
    Tree,
    enums_of,
    path_in_area,
    semantics_of,
)

CYCLE_FIELDS: Final = {"good": "gut", "scrap": "ausschuss", "rework": "nacharbeit"}
STATE_FIELDS: Final = {"state": "zustand", "order": "auftrag", "pri": "soll_s"}
TIME_FORM: Final = "%d.%m.%Y %H:%M:%S,%f"
_MESSAGES: Final = {"zyklus": CYCLE_FIELDS | {"temperature": "temperatur"}, "zustand": STATE_FIELDS}


def topic_of(machine: PlantMachine, message: str) -> str:
    return f"werk/{machine.line}/{machine.name}/{message}"


def _address(machine: PlantMachine, signal: str) -> str:
    message = "zustand" if signal in STATE_FIELDS else "zyklus"
    return f"{topic_of(machine, message)}#{_MESSAGES[message][signal]}"


def _mapping(plant: Plant, history: bool) -> Tree:
    rules = [
        _rule(plant, message, signal, field, history)
        for message, fields in _MESSAGES.items()
        for signal, field in fields.items()
    ]
    if not history:
        rules += [
            {"source": f"werk/{{halle}}/{{maschine}}/{m}#zeit", "ignore": True} for m in _MESSAGES
        ]
    return {"enums": enums_of(plant), "rules": rules}


def _rule(plant: Plant, message: str, signal: str, field: str, history: bool) -> Tree:
    rule: Tree = {
        "source": f"werk/{{halle}}/{{maschine}}/{message}#{field}",
        "equipment": path_in_area(plant, "{halle}/{maschine}"),
    }
    if not history:
        rule["time"] = {"path": "zeit", "format": TIME_FORM, "zone": plant.plan.time_zone}
        if signal in {"temperature", "pri"}:
            rule["decimal"] = "comma"
    return rule | semantics_of(plant, signal, plant.name)


def _options(_plant: Plant, address: PlantAddress) -> Tree:
    topics = [f"werk/{{halle}}/{{maschine}}/{message}" for message in _MESSAGES]
    return {
        "url": address.url,
        "topics": [{"topic": topic, "payload": "json", "unique": True} for topic in topics],
    }


MQTT: Final = ProtocolProfile(_address, _mapping, _options)
