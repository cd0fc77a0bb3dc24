"""The demo's KPIs of people, parts and capacity: their inputs, and a line about them.

Measurements and attendance come from files through an edge, capacities through the API.
"""

from typing import Any, Final

from werknetz_demo.plants import count_table_rows, state_of
from werknetz_demo.run import Demo
from werknetz_simulator.plants.plan import instant_of
from werknetz_simulator.plants.plant import EMDEN_1
from werknetz_simulator.plants.systems.inspection import (
    CHARACTERISTICS,
    LINE,
    MACHINES,
    capacity_of,
)
from werknetz_simulator.protocols.names.inspection import CONNECTOR
from werknetz_simulator.serve import INSPECTION_FOLDER

LINE_PATH: Final = MACHINES[0].path.rpartition("/")[0]
CHARACTERISTIC: Final = f"{MACHINES[0].path}:{CHARACTERISTICS[0].name}"
CAPACITIES: Final = "/api/v1/equipment_capacities"
_OF_LINE: Final = ["worker_efficiency", "first_pass_yield", "equipment_load_ratio"]
_OF_CHARACTERISTIC: Final = ["process_capability", "critical_process_capability"]


async def set_capacities(demo: Demo) -> None:
    """Set the capacity of each machine of the line that has none."""

    async def is_set() -> bool:
        items = (await demo.api.get(CAPACITIES, {"under": LINE_PATH, "limit": "1000"}))["items"]
        has_one = {item["equipment"] for item in items}
        valid_from = instant_of(demo.history_start_us(EMDEN_1)).isoformat()
        for machine in MACHINES:
            if machine.path not in has_one:
                body = {"valid_from": valid_from, "items_per_hour": capacity_of(machine)}
                await demo.api.put(f"{CAPACITIES}/{machine.path}", body)
        return True

    await demo.wait_until(is_set, "api")


async def wait_for_inspection(demo: Demo) -> str:
    """Wait until all rows of the files are stored and projected; return a line about the KPIs."""
    rows = count_table_rows(state_of(demo) / INSPECTION_FOLDER)
    counts: dict[str, int] = {}
    pending = [-1]

    async def has_all() -> bool:
        counts.update(await demo.database.event_counts([CONNECTOR]))
        pending[0] = await demo.database.pending_supply_work()
        return sum(counts.values()) >= rows and not pending[0]

    await demo.wait_until(
        has_all, f"edge-{EMDEN_1.name}", progress=lambda: (dict(counts), pending[0])
    )
    items: list[dict[str, Any]] = []

    async def is_answered() -> bool:
        items.clear()
        listed = await demo.api.get("/api/v1/characteristics", {"under": LINE_PATH})
        subjects = [("equipment", LINE_PATH, _OF_LINE)]
        if CHARACTERISTIC in {item["name"] for item in listed["items"]}:
            # A history of one day may be a Sunday without a part.
            subjects.append(("characteristic", CHARACTERISTIC, _OF_CHARACTERISTIC))
        for subject, path, kpis in subjects:
            query = {subject: path, "kpi": kpis, "start": "-7d", "granularity": "none"}
            items.extend((await demo.api.get("/api/v1/kpi_values", query))["items"])
        return True

    await demo.wait_until(is_answered, "api")
    values = ", ".join(_text_of(item) for item in items)
    return (
        f"{EMDEN_1.name} {LINE}: {counts.get('quality_inspected', 0)} measurements, "
        f"{counts.get('attendance_recorded', 0)} attendances; last 7 days: {values}"
    )


def _text_of(item: dict[str, Any]) -> str:
    name = str(item["kpi"]).replace("_", " ")
    if item["value"] is None:
        return f"{name} – ({item['reason']})"
    return f"{name} {item['value']:.3g}"
