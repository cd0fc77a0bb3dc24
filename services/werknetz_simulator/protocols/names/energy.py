"""Edge configuration for Emden-1's energy management: CSV of meter readings, decimal commas."""

from pathlib import Path
from typing import Any, Final

from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.plants.systems.energy import GAS, KWH_MODULUS
from werknetz_simulator.protocols.names.profile import path_in_area

CONNECTOR: Final = "emden-1-energy"
PREFIX: Final = "zaehler_"
POWER_COLUMN, GAS_COLUMN = "Strom_kWh", "Erdgas_m3"
COLUMNS: Final = ("Zeit", "Linie", "Maschine", POWER_COLUMN, GAS_COLUMN)
WHOLE_LINE: Final = "gesamt"  # in the column of the machine: the meter of the line
SETTLE_S: Final = 1.0  # files appear in one step
POLL_S: Final = 2.0


def energy_edge_of(plant: Plant, folder: Path, spool: str) -> dict[str, Any]:
    """Return the configuration of the edge that reads the folder."""
    inbox = {"folder": str(folder), "pattern": "*.csv", "settle_s": SETTLE_S, "poll_s": POLL_S}
    source = {
        "name": "meters",
        "pattern": f"{PREFIX}*.csv",
        "as": "readings",
        "delimiter": ";",
        "decimal": "comma",
        "address": "meters/{Linie}/{Maschine}",
        "time": {"column": "Zeit", "zone": plant.plan.time_zone},
    }
    power = {
        "role": "energy", "unit": "kWh",
        "counter": {"reset": "rollover", "modulus": KWH_MODULUS, "max_increment": KWH_MODULUS / 2},
    }  # fmt: skip
    return {
        "connector": CONNECTOR,
        "protocol": "tables",
        "spool": {"folder": spool},
        "options": {"inbox": inbox, "sources": [source]},
        "mapping": {
            "name": CONNECTOR,
            "version": 1,
            "time_zone": plant.plan.time_zone,
            "rules": [
                {"source": f"meters/{{linie}}/{WHOLE_LINE}#{GAS_COLUMN}", "ignore": True},
                {
                    "source": f"meters/{{linie}}/{WHOLE_LINE}#{POWER_COLUMN}",
                    "equipment": path_in_area(plant, "{linie}"),
                    "signal": "electricity",
                    **power,
                },
                {
                    "source": f"meters/{{linie}}/{{maschine}}#{POWER_COLUMN}",
                    "equipment": path_in_area(plant, "{linie}/{maschine}"),
                    "signal": "electricity",
                    **power,
                },
                {
                    "source": f"meters/{{linie}}/{{maschine}}#{GAS_COLUMN}",
                    "equipment": path_in_area(plant, "{linie}/{maschine}"),
                    "signal": GAS,
                    "role": "energy",
                    "carrier": GAS,
                    "unit": "m^3",
                },
            ],
        },
    }
