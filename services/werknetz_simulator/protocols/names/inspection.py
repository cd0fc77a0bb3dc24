"""Edge configuration for Emden-1's measuring machine and time recording: CSV, decimal commas."""

from pathlib import Path
from typing import Any, Final

from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.protocols.names.profile import path_in_area

CONNECTOR: Final = "emden-1-inspection"
MEASURED_PREFIX, PRESENT_PREFIX = "messwerte_", "anwesenheit_"
MEASURED_COLUMNS: Final = (
    *("Zeit", "Linie", "Maschine", "Seriennummer", "Merkmal", "Wert", "Untergrenze"),
    *("Obergrenze", "Einheit", "Befund"),
)
PRESENT_COLUMNS: Final = (
    *("Kommt", "Geht", "Linie", "Maschine", "Personalnummer", "Anwesend_s", "Arbeit_s"),
)
UNIT: Final = "mm"
SETTLE_S: Final = 1.0  # files appear in one step
POLL_S: Final = 2.0
_MEASURED, _PRESENT = "measured", "present"


def inspection_edge_of(plant: Plant, folder: Path, spool: str) -> dict[str, Any]:
    """Return the configuration of the edge that reads the folder."""
    inbox = {"folder": str(folder), "pattern": "*.csv", "settle_s": SETTLE_S, "poll_s": POLL_S}
    return {
        "connector": CONNECTOR,
        "protocol": "tables",
        "spool": {"folder": spool},
        "options": {"inbox": inbox, "sources": _sources(plant)},
        "mapping": {
            "name": CONNECTOR,
            "version": 1,
            "time_zone": plant.plan.time_zone,
            "events": _events(plant),
        },
    }


def _sources(plant: Plant) -> list[dict[str, Any]]:
    german = {"as": "records", "delimiter": ";", "decimal": "comma"}
    zone = plant.plan.time_zone
    return [
        german
        | {
            "name": _MEASURED,
            "pattern": f"{MEASURED_PREFIX}*.csv",
            "numbers": ["Wert", "Untergrenze", "Obergrenze"],
            "time": {"column": "Zeit", "zone": zone},
            "key": ["Zeit", "Maschine", "Seriennummer"],
        },
        german
        | {
            "name": _PRESENT,
            "pattern": f"{PRESENT_PREFIX}*.csv",
            "numbers": ["Anwesend_s", "Arbeit_s"],
            "time": {"column": "Kommt", "zone": zone},
            "key": ["Kommt", "Maschine", "Personalnummer"],
        },
    ]


def _events(plant: Plant) -> list[dict[str, Any]]:
    path = f"'{path_in_area(plant, '')}' + record.Linie + '/' + record.Maschine"
    equipment = {"expression": path}
    return [
        {
            "source": _MEASURED,
            "kind": "quality_inspected",
            "fields": {
                "equipment": equipment,
                "serial_number": "Seriennummer",
                "characteristic": "Merkmal",
                "value": "Wert",
                "lower_limit": "Untergrenze",
                "upper_limit": "Obergrenze",
                "unit": "Einheit",
                "defect": "Befund",  # empty: none
            },
        },
        {
            "source": _PRESENT,
            "kind": "attendance_recorded",
            "fields": {
                "equipment": equipment,
                "person": "Personalnummer",
                "until_us": "Geht",
                "attended_s": "Anwesend_s",
                "work_s": "Arbeit_s",
            },
        },
    ]
