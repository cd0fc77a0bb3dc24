"""What each plant has for a newcomer to find: planted in its truth, not painted on its numbers."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class PlantFinding:
    plant: str
    what: str
    where: str
    command: str  # the question that shows it


PLANT_FINDINGS: Final = (
    PlantFinding(
        "emden-1",
        "a Monday start-up loss: every machine waits 35 to 60 minutes on a cold morning",
        "early shifts of Mondays",
        "werknetz kpi availability nordwerk/emden-1 --start -28d --by shift",
    ),
    PlantFinding(
        "zwick-2",
        "a starved line whose cause is a late supplier",
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
        "a shift that never tags its stops: the MES has no reason for any of them",
        "noche",
        "/api/v1/events?kind=state_changed&connector=palma-3-mes",
    ),
    PlantFinding(
        "brati-4",
        "a drifting cycle time: 1.8 % slower every day, until the tool is changed",
        "linka-2/bruska-2",
        "werknetz kpi effectiveness nordwerk/brati-4/obrobna/linka-2/bruska-2 --start -8d --by 1d",
    ),
    PlantFinding(
        "chatt-6",
        "a sensor with a wrong unit: it says C where all others say F, and is not believed",
        "line-c/oven-2",
        "werknetz quarantine groups",
    ),
)
"""Pueb-5 has none of the six: it has holidays of its own, and no clock changes at all."""
