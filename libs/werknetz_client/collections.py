"""The collections of the API, declared once for both clients.

`AsyncCollection` and its subclasses do the work; `blocking.py` derives the same without `await`.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from werknetz_client.transport import Transport

Row = dict[str, Any]
Names = str | list[str] | tuple[str, ...]
C = TypeVar("C")  # a collection
E = TypeVar("E")  # a collection whose items can be set
S = TypeVar("S")  # the signals
Q = TypeVar("Q")  # the equipment


class AsyncCollection:
    """Items of one kind: `iter` for all that match, `list` for them at once, `get` for one."""

    def __init__(self, transport: Transport, name: str) -> None:
        self.transport = transport
        self.name = name

    def iter(self, /, **filters: object) -> AsyncIterator[Row]:
        """Yield the items that match, page by page."""
        return self.transport.pages(f"/{self.name}", filters)

    def csv(self, /, rows_max: int | None = None, **filters: object) -> AsyncIterator[str]:
        """Yield the API's CSV in pieces: one header line, then at most `rows_max` rows."""
        return self.transport.csv(f"/{self.name}", filters, rows_max=rows_max)

    async def get(self, name: str | int) -> Row:
        row: Row = await self.transport.get(f"/{self.name}/{quote(str(name))}")
        return row

    async def list(self, /, **filters: object) -> "list[Row]":
        return [row async for row in self.iter(**filters)]


class AsyncEditableCollection(AsyncCollection):
    """Master data: items that can also be set."""

    async def put(self, name: str, body: object) -> Any:
        """Create or change an item; fields that are left out stay as they are."""
        return await self.transport.put(f"/{self.name}/{quote(name)}", body)


class AsyncChangeableCollection(AsyncCollection):
    """What sources introduce and people change: items whose fields can be set one by one."""

    async def change(self, name: str | int, /, **fields: object) -> Row:
        """Change fields of an item; those that are left out stay as they are."""
        row: Row = await self.transport.patch(f"/{self.name}/{quote(str(name))}", fields)
        return row


class AsyncEquipment(AsyncChangeableCollection):
    """Equipment, with what machines did: `states` and `counts`."""

    def states(self, path: str, /, **options: object) -> AsyncIterator[Row]:
        """Yield the states of a machine, whole; options: start, end, as_of, limit."""
        return self.transport.pages(f"/{self.name}/{quote(path)}/states", options)

    async def counts(self, path: str, /, **options: object) -> Row:
        """Return counted parts by window as `items`; options: start, end, granularity, as_of."""
        row: Row = await self.transport.get(f"/{self.name}/{quote(path)}/counts", options)
        return row


class AsyncSignals(AsyncChangeableCollection):
    def samples(self, /, signal: int, **options: object) -> AsyncIterator[Row]:
        """Yield samples; options: start, end, granularity, max_points, limit."""
        return self.transport.pages(f"/signals/{signal}/samples", options)


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


class AsyncApiKeys(AsyncCollection):
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


class Resources(Generic[C, E, S, Q]):
    """One attribute for each collection of the API."""

    def __init__(
        self, collection: Callable[[str], C], editable: Callable[[str], E], signals: S, equipment: Q
    ) -> None:
        self.signals = signals
        self.equipment = equipment
        self.plants = collection("plants")
        self.orders = collection("orders")
        self.operations = collection("operations")
        self.connectors = collection("connectors")
        self.gaps = collection("gaps")
        self.backlog = collection("backlog")
        self.quarantine = collection("quarantine")
        self.quarantine_groups = collection("quarantine/groups")
        self.mappings = collection("mappings")
        self.replays = collection("replays")
        self.events = collection("events")
        self.suppliers = editable("suppliers")
        self.sites = editable("sites")
        self.supply_policies = collection("supply_policies")
        self.call_offs = collection("call_offs")
        self.due_lines = collection("due_lines")
        self.shipments = collection("shipments")
        self.receipts = collection("receipts")
        self.cumulatives = collection("cumulatives")
        self.materials = editable("materials")
        self.warehouses = editable("warehouses")
        self.stock_levels = collection("stock_levels")
        self.stock_movements = collection("stock_movements")
        self.stock_projection = collection("stock_projection")
        self.days_of_supply = collection("days_of_supply")
        self.shortage_warnings = collection("shortage_warnings")
        self.line_materials = editable("line_materials")
        self.line_rates = editable("line_rates")
        self.characteristics = collection("characteristics")
        self.shifts = collection("shifts")
        self.findings = collection("findings")
        self.reasons = editable("reasons")
        self.reason_codes = editable("reason_codes")
        self.stop_thresholds = editable("stop_thresholds")
        self.annotations = collection("annotations")
