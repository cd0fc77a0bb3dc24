"""One attribute for each collection that needs no methods of its own, in both clients."""

from collections.abc import Iterator
from typing import Any, Generic

from werknetz_client.blocking import Blocking, LoopThread, blocking, blocking_iterator
from werknetz_client.collections import (
    AsyncCollection,
    AsyncEditableCollection,
    AsyncReasons,
    R,
    Row,
)
from werknetz_client.frame import Library
from werknetz_client.items.kpis import (
    CharacteristicItem,
)
from werknetz_client.items.losses import (
    LossItem,
)
from werknetz_client.items.plant import (
    BacklogItem,
    ConnectorItem,
    GapItem,
    MappingNameItem,
    PlantItem,
    QuarantineGroupItem,
    QuarantineItem,
    ReplayItem,
    ShiftItem,
)
from werknetz_client.items.stops import (
    AnnotationItem,
    OperationItem,
    OrderItem,
    ReasonCodeItem,
    StopThresholdItem,
)
from werknetz_client.items.supply import (
    CallOffItem,
    CumulativeItem,
    DaysOfSupplyItem,
    DueLineItem,
    FindingItem,
    LineMaterialItem,
    LineRateItem,
    MaterialItem,
    PolicyVersionItem,
    ReceiptItem,
    ShipmentItem,
    SiteItem,
    StockLevelItem,
    StockMovementItem,
    StockProjectionItem,
    WarehouseItem,
)
from werknetz_client.supply.shortages import AsyncShortageWarnings, AsyncSuppliers
from werknetz_client.transport import Progress, Transport


class Collection(Blocking[AsyncCollection[R]], Generic[R]):
    """Items of one kind: `iter` for all that match, `list` and `frame` for them at once, `get`.

    `progress` of a long walk is called after each page with the number of items so far.
    """

    def iter(self, /, *, progress: Progress | None = None, **filters: object) -> Iterator[R]:
        """Yield the items that match, page by page."""
        return self.loop.iterate(self.asynchronous.iter(progress=progress, **filters))

    def csv(self, /, rows_max: int | None = None, **filters: object) -> Iterator[str]:
        """Yield the API's CSV in pieces: one header line, then at most `rows_max` rows."""
        return self.loop.iterate(self.asynchronous.csv(rows_max, **filters))

    def get(self, name: str | int) -> Row:
        return self.loop.wait(self.asynchronous.get(name))

    def list(self, /, *, progress: Progress | None = None, **filters: object) -> "list[R]":
        return self.loop.wait(self.asynchronous.list(progress=progress, **filters))

    def frame(
        self,
        /,
        *,
        library: Library | None = None,
        progress: Progress | None = None,
        **filters: object,
    ) -> Any:
        """Return the items that match as a polars or pandas data frame; instants are in UTC."""
        return self.loop.wait(
            self.asynchronous.frame(library=library, progress=progress, **filters)
        )


class EditableCollection(Collection[R]):
    """Master data: items that can also be set."""

    asynchronous: AsyncEditableCollection[R]

    def put(self, name: str, body: object) -> Any:
        """Create or change an item; fields that are left out stay as they are."""
        return self.loop.wait(self.asynchronous.put(name, body))


class Reasons(Blocking[AsyncReasons]):
    """Reasons of stops and scrap, and their order: see `AsyncReasons`."""

    iter = blocking_iterator(AsyncReasons.iter)
    csv = blocking_iterator(AsyncReasons.csv)
    list = blocking(AsyncReasons.list)
    frame = blocking(AsyncReasons.frame)
    get = blocking(AsyncReasons.get)
    put = blocking(AsyncReasons.put)
    order = blocking(AsyncReasons.order)


class ShortageWarnings(Blocking[AsyncShortageWarnings]):
    """Lines that will stop, and who acknowledged it: see `AsyncShortageWarnings`."""

    iter = blocking_iterator(AsyncShortageWarnings.iter)
    csv = blocking_iterator(AsyncShortageWarnings.csv)
    list = blocking(AsyncShortageWarnings.list)
    frame = blocking(AsyncShortageWarnings.frame)
    acknowledge = blocking(AsyncShortageWarnings.acknowledge)
    withdraw = blocking(AsyncShortageWarnings.withdraw)


class Suppliers(Blocking[AsyncSuppliers]):
    """Suppliers, and their ranking: see `AsyncSuppliers`."""

    iter = blocking_iterator(AsyncSuppliers.iter)
    csv = blocking_iterator(AsyncSuppliers.csv)
    get = blocking(AsyncSuppliers.get)
    list = blocking(AsyncSuppliers.list)
    frame = blocking(AsyncSuppliers.frame)
    put = blocking(AsyncSuppliers.put)
    ranking = blocking(AsyncSuppliers.ranking)


class AsyncResources:
    """The collections of the asynchronous client."""

    def __init__(self, transport: Transport) -> None:
        t = self.transport = transport
        self.plants = AsyncCollection[PlantItem](t, "plants")
        self.orders = AsyncCollection[OrderItem](t, "orders")
        self.operations = AsyncCollection[OperationItem](t, "operations")
        self.connectors = AsyncCollection[ConnectorItem](t, "connectors")
        self.gaps = AsyncCollection[GapItem](t, "gaps")
        self.backlog = AsyncCollection[BacklogItem](t, "backlog")
        self.quarantine = AsyncCollection[QuarantineItem](t, "quarantine")
        self.quarantine_groups = AsyncCollection[QuarantineGroupItem](t, "quarantine/groups")
        self.mappings = AsyncCollection[MappingNameItem](t, "mappings")
        self.replays = AsyncCollection[ReplayItem](t, "replays")
        self.supply_policies = AsyncCollection[PolicyVersionItem](t, "supply_policies")
        self.call_offs = AsyncCollection[CallOffItem](t, "call_offs")
        self.due_lines = AsyncCollection[DueLineItem](t, "due_lines")
        self.shipments = AsyncCollection[ShipmentItem](t, "shipments")
        self.receipts = AsyncCollection[ReceiptItem](t, "receipts")
        self.cumulatives = AsyncCollection[CumulativeItem](t, "cumulatives")
        self.stock_levels = AsyncCollection[StockLevelItem](t, "stock_levels")
        self.stock_movements = AsyncCollection[StockMovementItem](t, "stock_movements")
        self.stock_projection = AsyncCollection[StockProjectionItem](t, "stock_projection")
        self.days_of_supply = AsyncCollection[DaysOfSupplyItem](t, "days_of_supply")
        self.shortage_warnings = AsyncShortageWarnings(t, "shortage_warnings")
        self.characteristics = AsyncCollection[CharacteristicItem](t, "characteristics")
        self.shifts = AsyncCollection[ShiftItem](t, "shifts")
        self.findings = AsyncCollection[FindingItem](t, "findings")
        self.annotations = AsyncCollection[AnnotationItem](t, "annotations")
        self.supply_caused_losses = AsyncCollection[LossItem](t, "losses/supply-caused")
        self.suppliers = AsyncSuppliers(t, "suppliers")
        self.sites = AsyncEditableCollection[SiteItem](t, "sites")
        self.materials = AsyncEditableCollection[MaterialItem](t, "materials")
        self.warehouses = AsyncEditableCollection[WarehouseItem](t, "warehouses")
        self.line_materials = AsyncEditableCollection[LineMaterialItem](t, "line_materials")
        self.line_rates = AsyncEditableCollection[LineRateItem](t, "line_rates")
        self.reasons = AsyncReasons(t, "reasons")
        self.reason_codes = AsyncEditableCollection[ReasonCodeItem](t, "reason_codes")
        self.stop_thresholds = AsyncEditableCollection[StopThresholdItem](t, "stop_thresholds")


class Resources:
    """The same without `await`."""

    def __init__(self, loop: LoopThread, client: AsyncResources) -> None:
        self.plants = Collection(loop, client.plants)
        self.orders = Collection(loop, client.orders)
        self.operations = Collection(loop, client.operations)
        self.connectors = Collection(loop, client.connectors)
        self.gaps = Collection(loop, client.gaps)
        self.backlog = Collection(loop, client.backlog)
        self.quarantine = Collection(loop, client.quarantine)
        self.quarantine_groups = Collection(loop, client.quarantine_groups)
        self.mappings = Collection(loop, client.mappings)
        self.replays = Collection(loop, client.replays)
        self.supply_policies = Collection(loop, client.supply_policies)
        self.call_offs = Collection(loop, client.call_offs)
        self.due_lines = Collection(loop, client.due_lines)
        self.shipments = Collection(loop, client.shipments)
        self.receipts = Collection(loop, client.receipts)
        self.cumulatives = Collection(loop, client.cumulatives)
        self.stock_levels = Collection(loop, client.stock_levels)
        self.stock_movements = Collection(loop, client.stock_movements)
        self.stock_projection = Collection(loop, client.stock_projection)
        self.days_of_supply = Collection(loop, client.days_of_supply)
        self.shortage_warnings = ShortageWarnings(loop, client.shortage_warnings)
        self.characteristics = Collection(loop, client.characteristics)
        self.shifts = Collection(loop, client.shifts)
        self.findings = Collection(loop, client.findings)
        self.annotations = Collection(loop, client.annotations)
        self.supply_caused_losses = Collection(loop, client.supply_caused_losses)
        self.suppliers = Suppliers(loop, client.suppliers)
        self.sites = EditableCollection(loop, client.sites)
        self.materials = EditableCollection(loop, client.materials)
        self.warehouses = EditableCollection(loop, client.warehouses)
        self.line_materials = EditableCollection(loop, client.line_materials)
        self.line_rates = EditableCollection(loop, client.line_rates)
        self.reasons = Reasons(loop, client.reasons)
        self.reason_codes = EditableCollection(loop, client.reason_codes)
        self.stop_thresholds = EditableCollection(loop, client.stop_thresholds)
