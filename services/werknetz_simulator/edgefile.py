"""What an edge is told of the simulated plants: the YAML of `werknetz edge`, as a tree."""

from typing import Any, Final

from werknetz_simulator.mqtt_plant import CYCLE_WORDS, STATE_WORDS
from werknetz_simulator.opcua_plant import VARIABLES, namespace_of
from werknetz_simulator.plant import EMDEN_1, ROLLOVER, Kind, Plant

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
    Kind.PRODUCING: "producing",
    Kind.SETUP: "setup",
    Kind.IDLE: "idle",
    Kind.FAULT: "malfunction",
    Kind.BLOCKED: "blocked",
    Kind.STARVED: "starved",
    Kind.SUSPENDED: "suspended",
    Kind.MAINTENANCE: "maintenance",
    Kind.REPAIR: "repair",
    Kind.OFF: "off",
}
TIME_FORM: Final = "%d.%m.%Y %H:%M:%S,%f"


def mapping_of(plant: Plant, *, history: bool = False) -> dict[str, Any]:
    """Return the mapping; that of the history reads plain numbers, with times of their own."""
    mapping: dict[str, Any] = {
        "name": f"{plant.name}-history" if history else plant.name,
        "version": 1,
        "time_zone": plant.plan.time_zone,
        "unmapped": "quarantine",
    }
    if plant is EMDEN_1:
        return mapping | {"rules": [_opcua_rule(plant, signal) for signal in VARIABLES]}
    words = {code: WORDS[meant] for _, code, meant in plant.codes if meant in WORDS}
    messages = {"zyklus": CYCLE_WORDS | {"temperature": "temperatur"}, "zustand": STATE_WORDS}
    rules = [
        _mqtt_rule(plant, message, signal, word, history=history)
        for message, fields in messages.items()
        for signal, word in fields.items()
    ]
    if not history:
        rules += [
            {"source": f"werk/{{halle}}/{{maschine}}/{m}#zeit", "ignore": True} for m in messages
        ]
    return mapping | {"enums": {plant.name: words}, "rules": rules}


def _opcua_rule(plant: Plant, signal: str) -> dict[str, Any]:
    area = plant.machines[0].area
    rule: dict[str, Any] = {
        "source": f"nsu={namespace_of(plant.name)};s={{line}}.{{machine}}.{VARIABLES[signal][0]}",
        "equipment": f"{plant.path}/{area}/{{line}}/{{machine}}",
        "signal": signal,
        "role": ROLES[signal],
    }
    return rule | _special(plant, signal, "packml/opc-30060")


def _mqtt_rule(
    plant: Plant, message: str, signal: str, word: str, *, history: bool
) -> dict[str, Any]:
    area = plant.machines[0].area
    rule: dict[str, Any] = {
        "source": f"werk/{{halle}}/{{maschine}}/{message}#{word}",
        "equipment": f"{plant.path}/{area}/{{halle}}/{{maschine}}",
        "signal": signal,
        "role": ROLES[signal],
    }
    if not history:
        rule["time"] = {"path": "zeit", "format": TIME_FORM, "zone": plant.plan.time_zone}
        if signal in {"temperature", "pri"}:
            rule["decimal"] = "comma"
    return rule | _special(plant, signal, plant.name)


def _special(plant: Plant, signal: str, states: str) -> dict[str, Any]:
    match signal:
        case "state":
            return {"states": states}
        case "good" | "scrap" | "rework" if plant.counters_restart:
            return {"counter": {"reset": "to_zero"}}
        case "good" | "scrap" | "rework":
            return {"counter": {"reset": "rollover", "modulus": ROLLOVER}}
        case "order":
            return {"datatype": "text"}
        case "pri":
            return {"unit": "s"}
        case _:
            return {"unit": "degC"}


def live_of(plant: Plant, url: str, spool: str) -> dict[str, Any]:
    """Return the whole file of the plant's live edge."""
    options: dict[str, Any]
    if plant is EMDEN_1:
        protocol = "opcua"
        options = {
            "url": url,
            "policy": "None",
            "mode": "None",
            "allow_insecure": True,
            "browse": [{"root": f"/Objects/{plant.name.title()}", "depth": 8}],
        }
    else:
        protocol = "mqtt"
        topics = [f"werk/{{halle}}/{{maschine}}/{message}" for message in ("zyklus", "zustand")]
        options = {
            "url": url,
            "topics": [{"topic": t, "payload": "json", "unique": True} for t in topics],
        }
    return _file(plant, protocol, options, spool) | {"mapping": mapping_of(plant)}


def history_of(plant: Plant, options: dict[str, Any], spool: str) -> dict[str, Any]:
    """Return the whole file of the edge that loads the plant's history."""
    whole = _file(plant, "history", {"plant": plant.name, **options}, spool)
    # What is loaded again from the truth needs no raw copy to be run again.
    return whole | {"raw": {"keep": False}, "mapping": mapping_of(plant, history=True)}


def _file(plant: Plant, protocol: str, options: dict[str, Any], spool: str) -> dict[str, Any]:
    return {
        "connector": f"{plant.name}-{protocol}",
        "protocol": protocol,
        "spool": {"folder": spool},
        "options": options,
    }
