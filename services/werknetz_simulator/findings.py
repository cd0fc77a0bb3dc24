"""One deliberate finding per plant: it is part of the simulated events, so the KPIs show it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class PlantFinding:
    plant: str
    what: str
    where: str
    command: str  # the command or route that shows it


PLANT_FINDINGS: Final = (
    PlantFinding(
        "emden-1",
        "a Monday start-up loss: every machine stays idle for 35 to 60 minutes",
        "early shifts of Mondays",
        "werknetz kpi availability nordwerk/emden-1 --start -28d --by shift",
    ),
    PlantFinding(
        "zwick-2",
        "a starved line that waits for a late supplier",
        "halle-2",
        "werknetz losses supply",
    ),
    PlantFinding(
        "zwick-2",
        "a clock-change day: the night shift is 9 hours long in October and 7 in March",
        "nacht, the last Sunday of October and of March",
        "werknetz kpi oee nordwerk/zwick-2 --start -30d --by shift",
    ),
    PlantFinding(
        "palma-3",
        "a shift that never enters stop reasons in the MES",
        "noche",
        "/api/v1/events?kind=state_changed&connector=palma-3-mes",
    ),
    PlantFinding(
        "brati-4",
        "a drifting cycle time: 1.8 % slower every day until the tool is changed",
        "linka-2/bruska-2",
        "werknetz kpi effectiveness nordwerk/brati-4/obrobna/linka-2/bruska-2 --start -8d --by 1d",
    ),
    PlantFinding(
        "chatt-6",
        "a sensor that sends C where all others send F: its values are quarantined",
        "line-c/oven-2",
        "werknetz quarantine groups",
    ),
)
"""Pueb-5 has no finding; it has its own holidays and no clock changes."""
