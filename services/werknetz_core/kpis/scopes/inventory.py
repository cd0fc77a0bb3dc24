"""Which inventory is turned, and by what its materials are added up: value, or one unit."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import asyncpg


@dataclass(frozen=True, slots=True)
class InventoryMeasure:
    measure: str | None  # value, quantity; None: nothing that could be added up
    unit: str  # the currency or the unit
    materials: int
    left_out: int

    @classmethod
    def nothing(cls) -> Self:
        return cls(None, "", 0, 0)

    @classmethod
    def of(cls, rows: list[asyncpg.Record]) -> Self:
        """Choose the currency that most materials have a cost in, else the one unit of all."""
        priced = Counter(row["currency"] for row in rows if row["unit_cost"] is not None)
        if priced:
            currency, count = min(priced.items(), key=lambda item: (-item[1], item[0]))
            return cls("value", currency, len(rows), len(rows) - count)
        units = {row["unit"] for row in rows}
        if len(units) == 1:
            return cls("quantity", units.pop(), len(rows), 0)
        return cls(None, "", len(rows), len(rows))

    def document(self) -> dict[str, object]:
        """Return it as it stands extra_fields a value."""
        return {
            "of": "purchased targets in the warehouse",
            "measured_by": self.measure,
            "unit": self.unit or None,
            "materials": self.materials,
            "left_out": self.left_out,
            "text": self._text(),
        }

    def _text(self) -> str:
        whose = f"purchased targets in the warehouse, {self.materials} materials"
        match self.measure:
            case "value":
                rest = f"; {self.left_out} of them left out, without a cost in it"
                by = f"{whose}, by value in {self.unit or 'no currency'}"
                return by + (rest if self.left_out else "")
            case "quantity":
                return f"{whose}, by quantity in {self.unit or 'no unit'}: no unit costs are known"
            case _:
                return f"{whose}, with different units and without unit costs: not added up"


def inventory_measures(rows: Iterable[asyncpg.Record]) -> dict[int, InventoryMeasure]:
    """Return the inventory of each warehouse, by its id."""
    by_warehouse: dict[int, list[asyncpg.Record]] = {}
    for row in rows:
        by_warehouse.setdefault(row["warehouse_id"], []).append(row)
    return {warehouse: InventoryMeasure.of(found) for warehouse, found in by_warehouse.items()}
