"""Losses, comparisons and targets of the API: where time goes, and how far the goal is."""

from typing import Any
from urllib.parse import quote

from werknetz_client.collections import AsyncEditableCollection, Names, Row


class AsyncTargets(AsyncEditableCollection):
    """Targets: `list` with their current state, `get` with contributions, `put`, `withdraw`."""

    async def list(self, /, **filters: object) -> "list[Row]":
        rows: list[Row] = (await self.transport.get(f"/{self.name}", filters))["items"]
        return rows

    async def show(self, key: str, /, **options: object) -> Row:
        """Return a target; options: scenario ("set_up:0.5"), reach_by."""
        row: Row = await self.transport.get(f"/{self.name}/{quote(key)}", options)
        return row

    async def withdraw(self, key: str, reason: str | None = None) -> None:
        path = f"/{self.name}/{quote(key)}"
        await self.transport.request("DELETE", path, {"reason": reason})


class AsyncLosses:
    """Loss times, rankings of losses, the overview of equipment, and comparisons of plants."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport

    async def times(
        self, /, equipment: Names, *, start: str = "-24h", **options: object
    ) -> list[Row]:
        """Return calendar time down to good time of each equipment; options: end, tz."""
        query = {"equipment": equipment, "start": start, **options}
        rows: list[Row] = (await self.transport.get("/loss_times", query))["items"]
        return rows

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

    async def overview(self, /, under: str, **options: object) -> Row:
        """Return an equipment and those below it now; options: depth, start."""
        row: Row = await self.transport.get("/overview", {"under": under, **options})
        return row

    async def comparison(self, /, under: str, **options: object) -> Row:
        """Return plants ranked as far as they are comparable; options: kpi, start, end, level."""
        row: Row = await self.transport.get("/comparisons", {"under": under, **options})
        return row
