"""How the inventory of a warehouse is measured for turns: by value, or by quantity in one unit."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import asyncpg


@dataclass(frozen=True, slots=True)
class InventoryMeasure:
    measure: str | None  # value, quantity; None: not addable
    unit: str  # the currency or the unit
    materials: int
    left_out: int

    @classmethod
    def none(cls) -> Self:
        return cls(None, "", 0, 0)

    @classmethod
    def from_materials(cls, rows: list[asyncpg.Record]) -> Self:
        """Choose the currency of most unit costs, else the unit that all materials share."""
        priced = Counter(row["currency"] for row in rows if row["unit_cost"] is not None)
        if priced:
            currency, count = min(priced.items(), key=lambda item: (-item[1], item[0]))
            return cls("value", currency, len(rows), len(rows) - count)
        units = {row["unit"] for row in rows}
        if len(units) == 1:
            return cls("quantity", units.pop(), len(rows), 0)
        return cls(None, "", len(rows), len(rows))

    def to_document(self) -> dict[str, object]:
        """Return the field of the response."""
        return {
            "contents": "purchased parts in the warehouse",
            "measured_by": self.measure,
            "unit": self.unit or None,
            "materials": self.materials,
            "left_out": self.left_out,
            "text": self._text(),
        }

    def _text(self) -> str:
        subject = f"purchased parts in the warehouse, {self.materials} materials"
        match self.measure:
            case "value":
                excluded = f"; {self.left_out} of them left out, without a cost in it"
                text = f"{subject}, by value in {self.unit or 'no currency'}"
                return text + (excluded if self.left_out else "")
            case "quantity":
                return f"{subject}, by quantity in {self.unit or 'no unit'}: no unit costs known"
            case _:
                return f"{subject}, with different units and without unit costs: not added up"


def inventory_measures(rows: Iterable[asyncpg.Record]) -> dict[int, InventoryMeasure]:
    """Return the measure of each warehouse, by its id."""
    by_warehouse: dict[int, list[asyncpg.Record]] = {}
    for row in rows:
        by_warehouse.setdefault(row["warehouse_id"], []).append(row)
    return {
        warehouse: InventoryMeasure.from_materials(of_warehouse)
        for warehouse, of_warehouse in by_warehouse.items()
    }
