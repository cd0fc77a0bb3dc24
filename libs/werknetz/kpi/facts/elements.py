"""Elements of equipment from facts: attendance, inspected parts, material, capacity and energy.

They are summed from the facts in force when a value is asked for, so a corrected fact counts at
once. `Elements` are computed by workers and stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.kpi.additive import element_names
from werknetz.kpi.elements import ELEMENT_NAMES, Elements


@dataclass(frozen=True, slots=True)
class EquipmentElements(Elements):
    # Personnel, in seconds
    attendances: float = 0.0  # records of attendance that touch the window
    apat_s: float = 0.0  # actual personnel attendance time, without breaks
    apwt_s: float = 0.0  # actual personnel work time
    # Parts with a serial number
    ip: float = 0.0  # inspected for the first time
    gp: float = 0.0  # of them good at the first inspection
    # Material, in the base unit of the consumed materials
    consumptions: float = 0.0  # records
    consumed_units: float = 0.0  # different base units, and one for each record without a unit
    cm: float = 0.0  # consumed material
    # Entered by people: integrated good quantity, and losses of material
    igq: float = 0.0
    igq_entries: float = 0.0
    pl: float = 0.0  # production loss
    pl_entries: float = 0.0
    stl: float = 0.0  # storage and transportation loss
    stl_entries: float = 0.0
    ol: float = 0.0  # other loss
    ol_entries: float = 0.0
    # Planned scrap of the orders that ran, and what equipment could produce in its planned time
    psq: float = 0.0
    psq_entries: float = 0.0
    epc: float = 0.0
    epc_known_s: float = 0.0  # planned operation time with a known capacity
    epc_pq: float = 0.0  # produced by equipment with a known capacity

    def lacks_data_for(self, inputs: Sequence[str]) -> bool:
        """Return whether a formula over times of the machine has no known time at all."""
        of_machine = [name for name in inputs if name in _TIMES_OF_MACHINE]
        return Elements.lacks_data_for(self, of_machine)


_TIMES_OF_MACHINE: Final = frozenset(n for n in ELEMENT_NAMES if not n.endswith("_known_s"))
FACT_ELEMENT_NAMES: Final = element_names(EquipmentElements)[len(ELEMENT_NAMES) :]
