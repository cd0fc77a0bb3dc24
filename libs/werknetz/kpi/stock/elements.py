"""Elements of a warehouse: additive over its materials and days.

Flows are measured in one way: by value if unit costs are known, else by quantity if all materials
have the same unit. Pieces and kilograms are never added up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.kpi.additive import AdditiveElements, element_names


@dataclass(frozen=True, slots=True)
class StockElements(AdditiveElements):
    # Time, of each material by itself
    expected_s: float = 0.0  # since its first event
    known_s: float = 0.0  # since it was first counted
    stock_out_s: float = 0.0
    stock_outs: float = 0.0  # that began
    # Time of the warehouse in which stock was known, and in which messages may be missing
    warehouse_s: float = 0.0
    lost_s: float = 0.0
    # By value or by quantity
    outflow: float = 0.0
    inflow: float = 0.0
    stock_s: float = 0.0  # stock × seconds
    unmeasured: float = 0.0  # days of materials whose unit differs from the others

    @property
    def coverage(self) -> float | None:
        """Share of the time in which stock is known and no message may be missing."""
        if self.expected_s <= 0:
            return None
        lost = min(self.lost_s / self.warehouse_s, 1.0) if self.warehouse_s > 0 else 0.0
        return max(0.0, min(1.0, self.known_s / self.expected_s) - lost)

    def lacks_data_for(self, inputs: Sequence[str]) -> bool:
        """Return whether a formula over known time has none."""
        return self.coverage == 0.0 and not _TIMES.isdisjoint(inputs)


_TIMES: Final = frozenset({"known_s", "warehouse_s"})
STOCK_ELEMENT_NAMES: Final = element_names(StockElements)
