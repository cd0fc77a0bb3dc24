"""The collections of the API, declared once for both clients.

`AsyncCollection` and its subclasses do the work; `blocking.py` derives the same without `await`.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

from werknetz_client.frame import Library, table_of
from werknetz_client.items.access import ApiKeyItem
from werknetz_client.items.plant import EquipmentItem, LatestSignalItem
from werknetz_client.items.stops import ReasonItem
from werknetz_client.transport import Progress, Transport

Row = dict[str, Any]
Names = str | list[str] | tuple[str, ...]
R = TypeVar("R")
"""The items of a collection: one of the types of `werknetz_client.items`."""


class AsyncCollection(Generic[R]):
    """Items of one kind: `iter` for all that match, `list` and `frame` for them at once, `get`.

    `progress` of a long walk is called after each page with the number of items so far.
    """

    def __init__(self, transport: Transport, name: str) -> None:
        self.transport = transport
        self.name = name

    def iter(self, /, *, progress: Progress | None = None, **filters: object) -> AsyncIterator[R]:
        """Yield the items that match, page by page."""
        pages = self.transport.pages(f"/{self.name}", filters, progress)
        return cast("AsyncIterator[R]", pages)

    def csv(self, /, rows_max: int | None = None, **filters: object) -> AsyncIterator[str]:
        """Yield the API's CSV in pieces: one header line, then at most `rows_max` rows."""
        return self.transport.csv(f"/{self.name}", filters, rows_max=rows_max)

    async def get(self, name: str | int) -> Row:
        row: Row = await self.transport.get(f"/{self.name}/{quote(str(name))}")
        return row

    async def list(self, /, *, progress: Progress | None = None, **filters: object) -> "list[R]":
        return [row async for row in self.iter(progress=progress, **filters)]

    async def frame(
        self,
        /,
        *,
        library: Library | None = None,
        progress: Progress | None = None,
        **filters: object,
    ) -> Any:
        """Return the items that match as a polars or pandas data frame; instants are in UTC."""
        rows = await self.list(progress=progress, **filters)
        return table_of(cast("list[Row]", rows), library)


class AsyncEditableCollection(AsyncCollection[R]):
    """Master data: items that can also be set."""

    async def put(self, name: str, body: object) -> Any:
        """Create or change an item; fields that are left out stay as they are."""
        return await self.transport.put(f"/{self.name}/{quote(name)}", body)


class AsyncReasons(AsyncEditableCollection[ReasonItem]):
    """Reasons of stops and scrap: `iter`, `list`, `get`, `put`, and `order`."""

    async def order(
        self, codes: Sequence[str], /, *, plant: str | None = None, why: str | None = None
    ) -> None:
        """Put reasons of a plant, or of the group's standard, into this order."""
        body = {"codes": [*codes], "plant": plant, "why": why}
        await self.transport.post(f"/{self.name}:order", body)


class AsyncChangeableCollection(AsyncCollection[R]):
    """What sources introduce and people change: items whose fields can be set one by one."""

    async def change(self, name: str | int, /, **fields: object) -> Row:
        """Change fields of an item; those that are left out stay as they are."""
        row: Row = await self.transport.patch(f"/{self.name}/{quote(str(name))}", fields)
        return row


class AsyncEquipment(AsyncChangeableCollection[EquipmentItem]):
    """Equipment, with what machines did: `states` and `counts`."""

    def states(
        self, path: str, /, *, progress: Progress | None = None, **options: object
    ) -> AsyncIterator[Row]:
        """Yield the states of a machine, whole; options: start, end, as_of, limit."""
        return self.transport.pages(f"/{self.name}/{quote(path)}/states", options, progress)

    async def counts(self, path: str, /, **options: object) -> Row:
        """Return counted parts by window as `items`; options: start, end, granularity, as_of."""
        row: Row = await self.transport.get(f"/{self.name}/{quote(path)}/counts", options)
        return row

    def counts_csv(self, path: str, /, **options: object) -> AsyncIterator[str]:
        """Yield counted parts by window as the API's CSV; options as for `counts`."""
        return self.transport.csv(f"/{self.name}/{quote(path)}/counts", options)


class AsyncSignals(AsyncChangeableCollection[LatestSignalItem]):
    """Signals: `list(latest=True)` has the newest value of each; `samples` of one."""

    def samples(
        self, /, signal: int, *, progress: Progress | None = None, **options: object
    ) -> AsyncIterator[Row]:
        """Yield samples; options: start, end, granularity, max_points, limit."""
        return self.transport.pages(f"/signals/{signal}/samples", options, progress)


class AsyncKpis:
    """KPI definitions and values."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    async def definitions(self) -> list[Row]:
        rows: list[Row] = await self.transport.get("/kpis")
        return rows

    async def values(
        self, /, kpi: Names, equipment: Names = (), *, start: str | None = None, **options: object
    ) -> list[Row]:
        """Return values; options: end, granularity, tz, divisor, other scopes, group_by.

        Scopes instead of equipment: order, characteristic, supplier, warehouse. `group_by`: order,
        product or team; `product` and `team` select. Default start: -24h; of an order, its own.
        """
        rows: list[Row] = (await self.answer(kpi, equipment, start=start, **options))["items"]
        return rows

    async def answer(
        self, /, kpi: Names, equipment: Names = (), *, start: str | None = None, **options: object
    ) -> Row:
        """Return values as `items`, and `ranges`: what is covered, and by which named shift."""
        query = {"kpi": kpi, "equipment": equipment, "start": start, **options}
        row: Row = await self.transport.get("/kpi_values", query)
        return row

    def csv(
        self, /, kpi: Names, equipment: Names = (), *, start: str | None = None, **options: object
    ) -> AsyncIterator[str]:
        """Yield values as the API's CSV; options as for `values`."""
        query = {"kpi": kpi, "equipment": equipment, "start": start, **options}
        return self.transport.csv("/kpi_values", query)

    async def explain(
        self, /, kpi: str, equipment: Names = (), *, start: str | None = None, **options: object
    ) -> Row:
        """Return how a value is computed; options: order, end, tz, divisor, as_of."""
        query = {"kpi": kpi, "equipment": equipment, "start": start, **options}
        row: Row = await self.transport.get("/kpi_values/explain", query)
        return row


class AsyncApiKeys(AsyncCollection[ApiKeyItem]):
    """API keys: `iter`, `list`, and `create`, `rotate`, `revoke`, for admins."""

    async def create(self, name: str, /, **fields: object) -> Row:
        """Create a key; fields: role, scopes, plants, expires_days. `key` is shown only here."""
        row: Row = await self.transport.post("/api_keys", {"name": name, **fields})
        return row

    async def rotate(
        self, prefix: str, /, *, overlap_hours: int = 168, expires_days: int | None = None
    ) -> Row:
        """Give a key a new secret, in `key`; the former one is valid for `overlap_hours`."""
        body = {"overlap_hours": overlap_hours, "expires_days": expires_days}
        row: Row = await self.transport.post(f"/api_keys/{quote(prefix)}:rotate", body)
        return row

    async def revoke(self, prefix: str, /) -> Row:
        """Revoke a key: it stops working within seconds."""
        response = await self.transport.request("DELETE", f"/api_keys/{quote(prefix)}")
        row: Row = response.json()
        return row
