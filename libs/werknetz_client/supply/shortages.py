"""Shortage warnings with their acknowledgements, and suppliers with their KPIs."""

from typing import Any

from werknetz_client.collections import AsyncCollection, AsyncEditableCollection, Row
from werknetz_client.items.losses import ShortageWarningItem
from werknetz_client.items.supply import SupplierItem


class AsyncShortageWarnings(AsyncCollection[ShortageWarningItem]):
    """Lines that will stop: `iter`, `list`, and `acknowledge`, `withdraw`.

    `acknowledged=False` lists those that nobody acknowledged as they are now.
    """

    async def acknowledge(
        self, warehouse: str, material: str, /, *, until: str, **fields: object
    ) -> Row:
        """Acknowledge a warning; fields: comment, and short_at of the warning as you saw it."""
        body = {"warehouse": warehouse, "material": material, "until": until, **fields}
        row: Row = await self.transport.post("/shortage_warnings:acknowledge", body)
        return row

    async def withdraw(self, number: int, /) -> None:
        """Withdraw an acknowledgement by its id."""
        await self.transport.request("DELETE", f"/shortage_acknowledgements/{number}")


class AsyncSuppliers(AsyncEditableCollection[SupplierItem]):
    """Suppliers: `iter`, `list`, `get`, `put`, and `ranking` with KPIs."""

    async def ranking(self, /, *, start: str = "-28d", **options: Any) -> Row:
        """Return suppliers with KPIs, the lowest OTIF first, and the policies; options: end."""
        filters = {"with": "kpis", "sort": "rank", "start": start, **options}
        row: Row = await self.transport.get("/suppliers", filters)
        return row
