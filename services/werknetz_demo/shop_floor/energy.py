"""The demo's energy: meter readings of a line from files, and a line about what they say."""

from typing import Any, Final

from werknetz_demo.run import Demo
from werknetz_simulator.plants.plant import EMDEN_1
from werknetz_simulator.plants.systems import energy

LINE_PATH: Final = energy.LINE_PATH
KPI: Final = "comprehensive_energy_consumption"


async def wait_for_energy(demo: Demo) -> str:
    """Wait until the energy of the line is computed; return a line about it."""
    items: list[dict[str, Any]] = []
    pending: list[object] = [-1, None]  # marked buckets, and the newest sample of the plant

    async def is_answered() -> bool:
        pending[:] = (
            await demo.database.dirty_bucket_count(0, demo.now_us),
            await demo.database.latest_us(EMDEN_1, demo.now_us),
        )
        query = {
            "equipment": energy.LINE_PATH, "kpi": [KPI, "co2_per_item"], "start": "-7d",
            "granularity": "none",
        }  # fmt: skip
        items[:] = (await demo.api.get("/api/v1/kpi_values", query))["items"]
        return items[0]["inputs"]["energy_kwh"] is not None

    await demo.wait_until(is_answered, f"edge-{EMDEN_1.name}", progress=lambda: tuple(pending))
    sums = items[0]["inputs"]
    per_item = ", ".join(_text_of(item) for item in items)
    return (
        f"{EMDEN_1.name} {energy.LINE}: {sums['energy_kwh']:,.0f} kWh in 7 days,"
        f" {sums['energy_unallocated_kwh']:,.0f} of them in no machine's meter; {per_item}"
    )


def _text_of(item: dict[str, Any]) -> str:
    if item["value"] is None:
        return f"– ({item['reason']})"
    unit = str(item["unit"]).partition("/")[0]
    noun = "kg of CO2" if item["kpi"] == "co2_per_item" else unit
    return f"{item['value']:.3g} {noun} per item"
