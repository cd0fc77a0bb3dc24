"""Zwick-2: JSON over MQTT with German words, decimal commas and local times."""

from typing import Final

from werknetz_simulator.plants.machine import PlantMachine, Plant
from werknetz_simulator.protocols.names.profile import (
    Dialect,
    Tree,
    Where,
    below,
    enums_of,
    meaning_of,
)

CYCLE_WORDS: Final = {"good": "gut", "scrap": "ausschuss", "rework": "nacharbeit"}
STATE_WORDS: Final = {"state": "zustand", "order": "auftrag", "pri": "soll_s"}
TIME_FORM: Final = "%d.%m.%Y %H:%M:%S,%f"
_MESSAGES: Final = {"zyklus": CYCLE_WORDS | {"temperature": "temperatur"}, "zustand": STATE_WORDS}


def topic_of(machine: PlantMachine, message: str) -> str:
    return f"werk/{machine.line}/{machine.name}/{message}"


def _address(machine: PlantMachine, signal: str) -> str:
    message = "zustand" if signal in STATE_WORDS else "zyklus"
    return f"{topic_of(machine, message)}#{_MESSAGES[message][signal]}"


def _mapping(plant: Plant, history: bool) -> Tree:
    rules = [
        _rule(plant, message, signal, word, history)
        for message, fields in _MESSAGES.items()
        for signal, word in fields.items()
    ]
    if not history:
        rules += [
            {"source": f"werk/{{halle}}/{{maschine}}/{m}#zeit", "ignore": True} for m in _MESSAGES
        ]
    return {"enums": enums_of(plant), "rules": rules}


def _rule(plant: Plant, message: str, signal: str, word: str, history: bool) -> Tree:
    rule: Tree = {
        "source": f"werk/{{halle}}/{{maschine}}/{message}#{word}",
        "equipment": below(plant, "{halle}/{maschine}"),
    }
    if not history:
        rule["time"] = {"path": "zeit", "format": TIME_FORM, "zone": plant.plan.time_zone}
        if signal in {"temperature", "pri"}:
            rule["decimal"] = "comma"
    return rule | meaning_of(plant, signal, plant.name)


def _options(_plant: Plant, where: Where) -> Tree:
    topics = [f"werk/{{halle}}/{{maschine}}/{message}" for message in _MESSAGES]
    return {
        "url": where.url,
        "topics": [{"topic": topic, "payload": "json", "unique": True} for topic in topics],
    }


MQTT: Final = Dialect(_address, _mapping, _options)
