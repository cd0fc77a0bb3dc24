"""Elements of a warehouse: additive over its materials and days.

What is turned is measured once for all: by value where unit costs are known, else by quantity
where every material has the same unit. Pieces and kilograms are never added up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Final, Self


@dataclass(frozen=True, slots=True)
class WarehouseElements:
    # Time, of each material by itself
    expected_s: float = 0.0  # since something was first told of it
    known_s: float = 0.0  # since it was first counted
    stock_out_s: float = 0.0
    stock_outs: float = 0.0  # that began
    # Time of the warehouse, in which it was known what lay there; and messages may be missing
    warehouse_s: float = 0.0
    lost_s: float = 0.0
    # By value or by quantity
    outflow: float = 0.0
    inflow: float = 0.0
    stock_s: float = 0.0  # stock × seconds
    unmeasured: float = 0.0  # days of materials that cannot be added to the others

    def __add__(self, other: Self) -> Self:
        names = WAREHOUSE_ELEMENT_NAMES
        return type(self)(*(getattr(self, name) + getattr(other, name) for name in names))

    @classmethod
    def sum(cls, parts: Iterable[Self]) -> Self:
        total = cls()
        for part in parts:
            total += part
        return total

    @property
    def coverage(self) -> float | None:
        """Share of the time in which it is known what lay there and nothing may be missing."""
        if self.expected_s <= 0:
            return None
        lost = min(self.lost_s / self.warehouse_s, 1.0) if self.warehouse_s > 0 else 0.0
        return max(0.0, min(1.0, self.known_s / self.expected_s) - lost)

    @property
    def late_share(self) -> float | None:
        return None  # of samples: stock has none

    def hides(self, inputs: Sequence[str]) -> bool:
        """Whether nothing is known of what a formula would need."""
        nothing = self.expected_s > 0 and (self.known_s <= 0 or self.coverage == 0.0)
        return nothing and not _TIMES.isdisjoint(inputs)


_TIMES: Final = frozenset({"known_s", "warehouse_s"})
WAREHOUSE_ELEMENT_NAMES: Final = tuple(field.name for field in fields(WarehouseElements))
