"""Why a KPI has no value where a quantity is not reported: not measured is not zero."""

from typing import Final

NO_PRODUCED: Final = "nobody reports the produced quantity"
NO_GOOD: Final = "nobody reports the good quantity"
NO_SCRAP: Final = "nobody reports scrap, nor both produced and good quantity"
NO_REWORK: Final = "nobody reports rework"
NO_RUN_TIME: Final = "no planned run time per item is known"
NOTHING_PRODUCED: Final = "nothing was produced"
NO_ENERGY: Final = "nobody measures energy, or a carrier has no factor"
NO_CO2: Final = "an energy carrier has no CO2 factor"
