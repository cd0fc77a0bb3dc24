"""Edge configuration files for the simulated plants: the YAML of `werknetz edge`, as a tree."""

from typing import Any

from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.protocols.names.profile import PlantAddress
from werknetz_simulator.protocols.names.profiles import profile_of


def mapping_of(plant: Plant, *, history: bool = False) -> dict[str, Any]:
    """Return the mapping. The history mapping expects values that carry their own timestamps."""
    return {
        "name": f"{plant.name}-history" if history else plant.name,
        "version": 1,
        "time_zone": plant.plan.time_zone,
        "unmapped": "quarantine",
    } | profile_of(plant).mapping(plant, history)


def live_edge_of(plant: Plant, address: PlantAddress, spool: str) -> dict[str, Any]:
    """Return the configuration of the plant's live edge."""
    options = profile_of(plant).options(plant, address)
    return _file(plant, plant.protocol, options, spool) | {"mapping": mapping_of(plant)}


def history_edge_of(plant: Plant, options: dict[str, Any], spool: str) -> dict[str, Any]:
    """Return the configuration of the edge that loads the plant's history."""
    config = _file(plant, "history", {"plant": plant.name, **options}, spool)
    # History can be generated again, so no raw copy is stored for replay.
    return config | {"raw": {"keep": False}, "mapping": mapping_of(plant, history=True)}


def _file(plant: Plant, protocol: str, options: dict[str, Any], spool: str) -> dict[str, Any]:
    return {
        "connector": f"{plant.name}-{protocol}",
        "protocol": protocol,
        "spool": {"folder": spool},
        "options": options,
    }
