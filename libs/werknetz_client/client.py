"""The Python client: `AsyncClient` does the work, `Client` is the same without await.

The sync face keeps an event loop in a thread, so it also works inside a notebook's own loop.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx2

from werknetz_client.frame import Library, frame_of
from werknetz_client.transport import Transport

T = TypeVar("T")
Names = str | list[str] | tuple[str, ...]
Row = dict[str, Any]
_CLOSED_WITHIN_S: Final = 10.0


class AsyncClient:
    """The platform, from Python. Use it as `async with AsyncClient() as client`."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout_s: float = 30.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.transport = Transport(url, key, timeout_s=timeout_s, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self.transport.__aexit__()

    def iterate(self, collection: str, **filters: object) -> AsyncIterator[Row]:
        """Yield every item of a collection, page by page."""
        return self.transport.pages(f"/{collection}", filters)

    async def get(self, path: str, **parameters: object) -> Row:
        found: Row = await self.transport.get(path, parameters)
        return found

    async def post(self, path: str, body: object) -> Any:
        """Send a body to any route, such as /mappings:diff; return the answer."""
        return await self.transport.post(path, body)

    async def put(self, path: str, body: object) -> Any:
        """Set what is at a path, such as /suppliers/kirchhoff; return how it is now."""
        return await self.transport.put(path, body)

    async def kpi_values(
        self, kpi: Names, equipment: Names = (), *, start: str = "-24h", **options: object
    ) -> list[Row]:
        """Return values; options: end, granularity, tz, divisor; or of a supplier, warehouse."""
        asked = {"kpi": kpi, "equipment": equipment, "start": start, **options}
        found: list[Row] = (await self.transport.get("/kpi_values", asked))["items"]
        return found

    async def explain(
        self, kpi: str, equipment: str, *, start: str = "-24h", **options: object
    ) -> Row:
        """Return why a value is what it is; options: end, tz, divisor."""
        asked = {"kpi": kpi, "equipment": equipment, "start": start, **options}
        found: Row = await self.transport.get("/kpi_values/explain", asked)
        return found

    async def definitions(self) -> list[Row]:
        found: list[Row] = await self.transport.get("/kpis")
        return found

    def samples(self, signal: int, **options: object) -> AsyncIterator[Row]:
        """Yield samples; options: start, end, granularity, max_points, limit."""
        return self.transport.pages(f"/signals/{signal}/samples", options)


class Client:
    """The platform, from Python. URL and key from the environment or ~/.config/werknetz."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout_s: float = 30.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._async = AsyncClient(url, key, timeout_s=timeout_s, transport=transport)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="werknetz client", daemon=True
        )
        self._thread.start()
        self.plants = Collection(self, "plants")
        self.equipment = Collection(self, "equipment")
        self.signals = Signals(self, "signals")
        self.stops = Collection(self, "stops")
        self.orders = Collection(self, "orders")
        self.connectors = Collection(self, "connectors")
        self.gaps = Collection(self, "gaps")
        self.quarantine = Collection(self, "quarantine")
        self.mappings = Collection(self, "mappings")
        self.replays = Collection(self, "replays")
        self.events = Collection(self, "events")
        self.suppliers = Setting(self, "suppliers")
        self.sites = Setting(self, "sites")
        self.supply_policies = Collection(self, "supply_policies")
        self.call_offs = Collection(self, "call_offs")
        self.due_lines = Collection(self, "due_lines")
        self.shipments = Collection(self, "shipments")
        self.receipts = Collection(self, "receipts")
        self.cumulatives = Collection(self, "cumulatives")
        self.materials = Setting(self, "materials")
        self.warehouses = Setting(self, "warehouses")
        self.stock_levels = Collection(self, "stock_levels")
        self.stock_movements = Collection(self, "stock_movements")
        self.stock_projection = Collection(self, "stock_projection")
        self.days_of_supply = Collection(self, "days_of_supply")
        self.early_warnings = Collection(self, "losses/early-warnings")
        self.line_materials = Setting(self, "line_materials")
        self.line_rates = Setting(self, "line_rates")
        self.findings = Collection(self, "findings")
        self.operations = Collection(self, "operations")
        self.kpis = Kpis(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and thread. Safe to call twice."""
        if self._loop.is_closed():
            return
        self.wait(self._async.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSED_WITHIN_S)
        self._loop.close()

    @property
    def core(self) -> AsyncClient:
        return self._async

    def get(self, path: str, **parameters: object) -> Any:
        """Get any route, such as /quarantine/groups."""
        return self.wait(self._async.get(path, **parameters))

    def post(self, path: str, body: object) -> Any:
        """Send a body to any route, such as /mappings:diff; return the answer."""
        return self.wait(self._async.post(path, body))

    def put(self, path: str, body: object) -> Any:
        """Set what is at a path, such as /suppliers/kirchhoff; return how it is now."""
        return self.wait(self._async.put(path, body))

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def walk(self, rows: AsyncIterator[Row]) -> Iterator[Row]:
        """Yield what an async iterator yields."""
        end: Final = object()

        async def following() -> object:
            return await anext(rows, end)

        while (row := self.wait(following())) is not end:
            assert isinstance(row, dict)  # noqa: S101 - narrows what pages yield
            yield row


class Collection:
    """Things of one kind: `iter` for all that match, `list` for them at once, `get` for one."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self.name = name

    def iter(self, **filters: object) -> Iterator[Row]:
        return self._client.walk(self._client.core.iterate(self.name, **filters))

    def list(self, **filters: object) -> "list[Row]":
        return [*self.iter(**filters)]

    def get(self, name: str | int) -> Row:
        return self._client.wait(self._client.core.get(f"/{self.name}/{quote(str(name))}"))

    def __iter__(self) -> Iterator[Row]:
        return self.iter()


class Setting(Collection):
    """Things that are also set: master data."""

    def put(self, name: str, body: object) -> Any:
        """Make or change one; what is not given stays as it is."""
        return self._client.put(f"/{self.name}/{quote(name)}", body)


class Signals(Collection):
    def samples(self, signal: int, **options: object) -> Iterator[Row]:
        """Yield samples; options: start, end, granularity, max_points, limit."""
        return self._client.walk(self._client.core.samples(signal, **options))


class Kpis:
    def __init__(self, client: Client) -> None:
        self._client = client

    def definitions(self) -> list[Row]:
        return self._client.wait(self._client.core.definitions())

    def values(
        self, kpi: Names, equipment: Names = (), *, start: str = "-24h", **options: object
    ) -> list[Row]:
        """Return values; options: end, granularity, tz, divisor; or of a supplier, warehouse."""
        core = self._client.core
        return self._client.wait(core.kpi_values(kpi, equipment, start=start, **options))

    def explain(self, kpi: str, equipment: str, *, start: str = "-24h", **options: object) -> Row:
        """Return why a value is what it is; options: end, tz, divisor."""
        core = self._client.core
        return self._client.wait(core.explain(kpi, equipment, start=start, **options))

    def frame(
        self,
        kpi: Names,
        equipment: Names = (),
        *,
        start: str = "-24h",
        library: Library | None = None,
        **options: object,
    ) -> Any:
        """Return values as a data frame of polars or pandas; options: end, granularity, tz."""
        return frame_of(self.values(kpi, equipment, start=start, **options), library)
