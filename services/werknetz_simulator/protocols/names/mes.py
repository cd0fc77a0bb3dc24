"""Edge configuration for the MES of Palma-3: three append-only tables in a SQLite file."""

from pathlib import Path
from typing import Any, Final

from werknetz_simulator.plants.machine import Plant
from werknetz_simulator.plants.plan import SECOND_US
from werknetz_simulator.protocols.names.profile import path_in_area

PLANT: Final = "palma-3"
CONNECTOR: Final = f"{PLANT}-mes"
BOOKED_STOP_MIN_US: Final = 180 * SECOND_US  # shorter stops are not entered
JOBS, STOPS, INSPECTIONS = "ordenes", "paros", "calidad"
STATES: Final = {
    "averia": "malfunction",
    "reparacion": "repair",
    "preparacion": "setup",
    "salida llena": "blocked",
    "sin material": "starved",
}
_SCOPE: Final = "record.nave + '/' + record.maquina"


def mes_edge_of(plant: Plant, database: Path, spool: str) -> dict[str, Any]:
    """Return the configuration of the edge that reads the tables."""
    sources = [
        {"name": table, "table": table, "id": "id", "append": True, "lag": 10, "time": "momento"}
        for table in (JOBS, STOPS, INSPECTIONS)
    ]
    return {
        "connector": CONNECTOR,
        "protocol": "sql",
        "spool": {"folder": spool},
        "options": {"url": f"sqlite:///{database}", "poll_s": 2.0, "sources": sources},
        "mapping": {
            "name": CONNECTOR,
            "version": 1,
            "time_zone": plant.plan.time_zone,
            "events": _events(plant),
        },
    }


def _events(plant: Plant) -> list[dict[str, Any]]:
    equipment = {"expression": f"'{path_in_area(plant, '')}' + {_SCOPE}"}
    job = {"equipment": equipment, "order_number": "orden", "material": "articulo"}
    started = {"planned_quantity": "previstas", "planned_run_s_per_item": "ciclo_s"}
    finished = {"good_quantity": "buenas", "scrap_quantity": "rechazadas"}
    return [
        _event(JOBS, "job_started", job | started, when="record.suceso == 'inicio'"),
        _event(JOBS, "job_finished", job | finished, when="record.suceso == 'fin'"),
        _event(
            STOPS,
            "state_changed",
            {
                "equipment": equipment,
                "state": {"field": "estado", "values": STATES},
                "reason": "motivo",  # empty where the shift entered none
                "until_us": "hasta",
                "order_number": "orden",
            },
        ),
        _event(
            INSPECTIONS,
            "quality_inspected",
            {
                "equipment": equipment,
                "inspected_quantity": "revisadas",
                "good_quantity": "buenas",
                "scrap_quantity": "rechazadas",
                "order_number": "orden",
                "defect": "defecto",
            },
        ),
    ]


def _event(table: str, kind: str, fields: dict[str, Any], when: str = "") -> dict[str, Any]:
    return {"source": table, "kind": kind, "fields": fields} | ({"when": when} if when else {})
