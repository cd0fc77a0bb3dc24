"""Edge configuration for the quality files of Chatt-6: CSV, 12-hour times, Fahrenheit."""

from pathlib import Path
from typing import Any, Final

from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.protocols.names.profile import path_in_area

CONNECTOR: Final = "chatt-6-quality"
TIME_FORM: Final = "%m/%d/%Y %I:%M:%S %p"
COLUMNS: Final = (
    *("Time", "Line", "Machine", "Order", "Checked", "Good", "Scrap", "Defect", "Part Temp F"),
)
SETTLE_S: Final = 1.0  # files appear in one step
POLL_S: Final = 2.0


def quality_edge_of(plant: Plant, folder: Path, spool: str) -> dict[str, Any]:
    """Return the configuration of the edge that reads the folder."""
    source = {
        "name": "quality",
        "as": "records",
        "delimiter": ",",
        "numbers": ["Checked", "Good", "Scrap", "Part Temp F"],
        "time": {"column": "Time", "format": TIME_FORM, "zone": plant.plan.time_zone},
        "key": ["Time", "Line", "Machine"],
    }
    inbox = {"folder": str(folder), "pattern": "*.csv", "settle_s": SETTLE_S, "poll_s": POLL_S}
    event = {
        "source": "quality",
        "kind": "quality_inspected",
        "fields": {
            "equipment": {
                "expression": f"'{path_in_area(plant, '')}' + record.Line + '/' + record.Machine"
            },
            "order_number": "Order",
            "inspected_quantity": "Checked",
            "good_quantity": "Good",
            "scrap_quantity": "Scrap",
            "defect": "Defect",
            "characteristic": {"constant": "part temperature"},
            "value": {"field": "Part Temp F", "unit": "degC", "source_unit": "degF"},
            "unit": {"constant": "degC"},
        },
    }
    return {
        "connector": CONNECTOR,
        "protocol": "tables",
        "spool": {"folder": spool},
        "options": {"inbox": inbox, "sources": [source]},
        "mapping": {
            "name": CONNECTOR,
            "version": 1,
            "time_zone": plant.plan.time_zone,
            "events": [event],
        },
    }
