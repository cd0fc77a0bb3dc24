"""Shortage warnings with their acknowledgements, and suppliers with their KPIs."""

from typing import Any, Final

from werknetz_client.collections import AsyncCollection, AsyncEditableCollection, Row
from werknetz_client.items.losses import ShortageWarningItem
from werknetz_client.items.supply import SupplierItem

_ONE_PAGE: Final = frozenset({"limit", "cursor"})


class AsyncShortageWarnings(AsyncCollection[ShortageWarningItem]):
    """Lines that will stop: `iter`, `list`, and `acknowledge`, `withdraw`.

    `acknowledged=False` lists those that nobody acknowledged as they are now.
    """

    async def acknowledge(
        self, warehouse: str, material: str, /, *, until: str, **fields: object
    ) -> Row:
        """Acknowledge a warning as you saw it, until an instant.

        Fields: comment; short_at of the warning, horizon_days of its list, and `lines`, the
        equipment of its lines, where not all of them are meant.
        """
        body = {"warehouse": warehouse, "material": material, "until": until, **fields}
        row: Row = await self.transport.post("/shortage_warnings:acknowledge", body)
        return row

    async def withdraw(self, number: int, /) -> None:
        """Withdraw an acknowledgement by its id."""
        await self.transport.request("DELETE", f"/shortage_acknowledgements/{number}")


class AsyncSuppliers(AsyncEditableCollection[SupplierItem]):
    """Suppliers: `iter`, `list`, `get`, `put`, and `ranking` with KPIs."""

    async def ranking(self, /, *, start: str = "-28d", **options: Any) -> Row:
        """Return suppliers with KPIs, the lowest OTIF first, and the policies; options: end.

        It follows the pages: `items` has all suppliers, unless `limit` or `cursor` names a page.
        """
        filters = {"with": "kpis", "sort": "rank", "start": start, **options}
        row: Row = await self.transport.get("/suppliers", filters)
        while row["next_cursor"] is not None and not options.keys() & _ONE_PAGE:
            page = await self.transport.get("/suppliers", filters | {"cursor": row["next_cursor"]})
            policies = {policy["key"]: policy for policy in [*row["policies"], *page["policies"]]}
            row |= {
                "items": [*row["items"], *page["items"]],
                "policies": list(policies.values()),
                "next_cursor": page["next_cursor"],
            }
        return row
