"""What an edge is told of the simulated plants: the YAML of `werknetz edge`, as a tree."""

from typing import Any

from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.protocols.names.profile import Where
from werknetz_simulator.protocols.names.profiles import dialect_of


def mapping_of(plant: Plant, *, history: bool = False) -> dict[str, Any]:
    """Return the mapping; that of the history reads values with times of their own."""
    return {
        "name": f"{plant.name}-history" if history else plant.name,
        "version": 1,
        "time_zone": plant.plan.time_zone,
        "unmapped": "quarantine",
    } | dialect_of(plant).mapping(plant, history)


def live_of(plant: Plant, where: Where, spool: str) -> dict[str, Any]:
    """Return the whole file of the plant's live edge."""
    options = dialect_of(plant).options(plant, where)
    return _file(plant, plant.protocol, options, spool) | {"mapping": mapping_of(plant)}


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
