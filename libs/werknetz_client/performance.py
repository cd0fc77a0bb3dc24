"""Losses, comparisons, targets and capacities of the API."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from werknetz_client.collections import AsyncEditableCollection, Names, Row
from werknetz_client.items.losses import TargetItem
from werknetz_client.items.plant import CapacityItem, EnergyCarrierItem
from werknetz_client.transport import Transport


class AsyncTargets(AsyncEditableCollection[TargetItem]):
    """Targets: `list` with their current state, `get` with contributions, `put`, `withdraw`."""

    async def show(self, key: str, /, **options: object) -> Row:
        """Return a target; options: scenario ("set_up:0.5"), reach_by."""
        row: Row = await self.transport.get(f"/{self.name}/{quote(key)}", options)
        return row

    async def withdraw(self, key: str, reason: str | None = None) -> None:
        path = f"/{self.name}/{quote(key)}"
        await self.transport.request("DELETE", path, {"reason": reason})


class AsyncEnergyCarriers(AsyncEditableCollection[EnergyCarrierItem]):
    """Factors of energy carriers: `iter`, `list`, `put`, `delete`."""

    async def delete(
        self, carrier: str, equipment: str, valid_from: str, *, reason: str | None = None
    ) -> None:
        """Delete an entry: the one before it holds on, or that of the equipment above."""
        query = {"equipment": equipment, "valid_from": valid_from, "reason": reason}
        await self.transport.request("DELETE", f"/{self.name}/{quote(carrier)}", query)


class AsyncCapacities(AsyncEditableCollection[CapacityItem]):
    """What machines can produce in an hour: `iter`, `list`, `put`, `delete`."""

    async def delete(self, machine: str, /, *, valid_from: str) -> None:
        """Delete the entry that begins at the instant; the one before it holds on."""
        query = {"valid_from": valid_from}
        await self.transport.request("DELETE", f"/{self.name}/{quote(machine)}", query)


class AsyncLosses:
    """Loss times, rankings of losses, the overview of equipment, and comparisons of plants."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    async def times(
        self, /, equipment: Names, *, start: str = "-24h", **options: object
    ) -> list[Row]:
        """Return calendar time down to good time of each equipment; options: end, tz."""
        query = {"equipment": equipment, "start": start, **options}
        rows: list[Row] = (await self.transport.get("/loss_times", query))["items"]
        return rows

    def times_csv(
        self, /, equipment: Names, *, start: str = "-24h", **options: object
    ) -> AsyncIterator[str]:
        """Yield steps and their parts as the API's CSV; options as for `times`."""
        query = {"equipment": equipment, "start": start, **options}
        return self.transport.csv("/loss_times", query)

    async def ranking(
        self,
        /,
        under: Names = (),
        *,
        group_by: Names = "category",
        start: str = "-7d",
        **options: object,
    ) -> Row:
        """Return losses by group with totals; options: end, compare, kind, sort, limit, tz."""
        query = {"under": under, "group_by": group_by, "start": start, **options}
        row: Row = await self.transport.get("/losses", query)
        return row

    def csv(
        self,
        /,
        under: Names = (),
        *,
        group_by: Names = "category",
        start: str = "-7d",
        **options: object,
    ) -> AsyncIterator[str]:
        """Yield the rows of a ranking as the API's CSV; options as for `ranking`."""
        query = {"under": under, "group_by": group_by, "start": start, **options}
        return self.transport.csv("/losses", query)

    async def overview(self, /, under: str, **options: object) -> Row:
        """Return an equipment and those below it now; options: depth, start."""
        row: Row = await self.transport.get("/overview", {"under": under, **options})
        return row

    async def comparison(self, /, under: str, **options: object) -> Row:
        """Return plants ranked as far as they are comparable; options: kpi, start, end, level."""
        row: Row = await self.transport.get("/comparisons", {"under": under, **options})
        return row
