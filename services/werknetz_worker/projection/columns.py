"""The columns of fact rows in the order in which they are written, and how a row is built."""

from datetime import datetime
from typing import Any, Final

from werknetz_worker.projection.bodies import (
    AdviceBody,
    CallOffBody,
    GoodsBody,
    InspectionBody,
    ReceiptBody,
    StockBody,
)
from werknetz_worker.projection.event_revisions import EventRevision, bounded_instant_of

Row = tuple[Any, ...]
_HEAD: Final = ("event_id", "revision", "known_from", "known_to", "at")
_MEASURED: Final = ("quantity", "unit", "base_quantity")
_ORDER: Final = ("order_number", "order_line")

CALL_OFF: Final = (
    *_HEAD, "relation_id", *_MEASURED, "document", "line", "replaces", "issued_at", "due_from",
    "due_until", "due_kind", "commitment", "cumulative_quantity", "cumulative_received",
    "cumulative_since", "last_receipt", "last_receipt_quantity", "last_receipt_at", *_ORDER,
    "point_of_use",
)  # fmt: skip
SHIPMENT: Final = (
    *_HEAD, "relation_id", "supplier_id", *_MEASURED, "document", "line", "shipment",
    "delivery_note", "announced_at", "despatched_at", "arrives_at", "handling_unit", "packed_in",
    "handling_units", "package_type", "package_count", "carrier", "cumulative_quantity", "batch",
    *_ORDER,
)  # fmt: skip
RECEIPT: Final = (
    *_HEAD, "relation_id", "supplier_id", *_MEASURED, "document", "line", "shipment",
    "delivery_note", "received_at", "accepted_quantity", "rejected_quantity", "discrepancy",
    "warehouse_id", "stock_item_id", *_ORDER, "batch",
)  # fmt: skip
COUNT: Final = (
    *_HEAD, "stock_item_id", *_MEASURED, "document", "batch", "status", "owner", "keeper",
    "on_order_quantity", "reorder_level",
)  # fmt: skip
MOVEMENT: Final = (
    *_HEAD, "leg", "kind", "stock_item_id", *_MEASURED, "document", "reason", "batch", "status",
    "order_number",
)  # fmt: skip
CONSUMPTION: Final = (
    *_HEAD, "equipment_id", "equipment", "material_id", *_MEASURED, "order_number", "batch",
)  # fmt: skip
INSPECTION: Final = (
    *_HEAD, "equipment_id", "equipment", "serial_number", "characteristic", "value", "lower_limit",
    "upper_limit", "unit", "defect", "is_good", "order_number",
)  # fmt: skip
TABLES: Final = {
    "call_off_entries": CALL_OFF,
    "shipment_lines": SHIPMENT,
    "receipt_lines": RECEIPT,
    "stock_counts": COUNT,
    "stock_movements": MOVEMENT,
    "consumptions": CONSUMPTION,
    "inspections": INSPECTION,
}
OF_KIND: Final = {
    "delivery_called_off": ("call_off_entries",),
    "shipment_announced": ("shipment_lines",),
    "goods_received": ("receipt_lines", "stock_movements"),
    "stock_counted": ("stock_counts",),
    "stock_moved": ("stock_movements",),
    "material_consumed": ("consumptions", "stock_movements"),
    "quality_inspected": ("inspections",),
}


def call_off_row(event: EventRevision, named: CallOffBody, relation: int | None) -> Row:
    base = event.measure.base
    return (
        event.event_id, event.revision, event.known_from, event.known_to, event.at, relation,
        named.quantity, named.unit, base(named.quantity), named.document, named.line,
        named.replaces, document_at(event, named.document_us), _at(named.due_from_us),
        _at(named.due_until_us), named.due_kind, named.commitment, base(named.cumulative_quantity),
        base(named.cumulative_received), _at(named.cumulative_since_us), named.last_receipt,
        base(named.last_receipt_quantity), _at(named.last_receipt_us), named.order_number,
        named.order_line, named.point_of_use,
    )  # fmt: skip


def shipment_row(event: EventRevision, named: AdviceBody, relation: int | None) -> Row:
    base = event.measure.base
    return (
        event.event_id, event.revision, event.known_from, event.known_to, event.at, relation,
        event.supplier_id, named.quantity, named.unit, base(named.quantity), named.document,
        named.line, named.shipment, named.delivery_note, document_at(event, named.document_us),
        _at(named.despatched_us), _at(named.arrives_us), named.handling_unit,
        named.packed_in or [], named.handling_units or [], named.package_type,
        named.package_count, named.carrier, base(named.cumulative_quantity), named.batch,
        named.order_number, named.order_line,
    )  # fmt: skip


def receipt_row(
    event: EventRevision, named: ReceiptBody, relation: int | None, accepted: float | None,
    place: tuple[int | None, int | None],
) -> Row:  # fmt: skip
    """Build a row. `place`: the warehouse and the stock item."""
    base = event.measure.base
    return (
        event.event_id, event.revision, event.known_from, event.known_to, event.at, relation,
        event.supplier_id, named.quantity, named.unit, base(named.quantity), named.document,
        named.line, named.shipment, named.delivery_note, document_at(event, named.received_us),
        base(accepted), base(named.rejected_quantity), named.discrepancy, *place,
        named.order_number, named.order_line, named.batch,
    )  # fmt: skip


def count_row(event: EventRevision, named: StockBody, item: int, quantity: float | None) -> Row:
    return (
        event.event_id, event.revision, event.known_from, event.known_to, event.at, item, quantity,
        named.unit, event.measure.base(quantity), named.document, named.batch, named.status,
        named.owner, named.keeper, named.on_order_quantity, named.reorder_level,
    )  # fmt: skip


def movement_row(
    event: EventRevision, item: int, quantity: float | None, *, leg: int = 0,
    at: datetime | None = None,
) -> Row:  # fmt: skip
    """Build a row. `quantity`: in the unit of the event, negative for what leaves the item."""
    named = event.named
    stock = named if isinstance(named, StockBody) else StockBody()
    return (
        event.event_id, event.revision, event.known_from, event.known_to, at or event.at, leg,
        event.kind, item, quantity, named.unit, event.measure.base(quantity), named.document,
        stock.reason, named.batch, stock.status, named.order_number,
    )  # fmt: skip


def consumption_row(event: EventRevision, named: GoodsBody, equipment: int | None) -> Row:
    return (
        event.event_id, event.revision, event.known_from, event.known_to, event.at, equipment,
        named.equipment, event.material_id, named.quantity, named.unit,
        event.measure.base(named.quantity), named.order_number, named.batch,
    )  # fmt: skip


def inspection_row(
    event: EventRevision, named: InspectionBody, equipment: int | None, is_good: bool | None
) -> Row:
    return (
        event.event_id, event.revision, event.known_from, event.known_to, event.at, equipment,
        named.equipment, named.serial_number, named.characteristic, named.value,
        named.lower_limit, named.upper_limit, named.unit, named.defect, is_good,
        named.order_number,
    )  # fmt: skip


def document_at(event: EventRevision, at_us: int | None) -> datetime:
    """Return the instant that a document states, else that of the event."""
    return event.at if at_us is None else bounded_instant_of(at_us)


def _at(at_us: int | None) -> datetime | None:
    return None if at_us is None else bounded_instant_of(at_us)
