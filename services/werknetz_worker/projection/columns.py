"""The columns of fact rows in the order in which they are written, and how a row is built."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from werknetz_worker.projection.event_revisions import EventRevision

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


@dataclass(frozen=True, slots=True)
class Measure:
    """`factor`: base units in one unit of the event; None: the unit does not fit."""

    unit: str | None
    factor: float | None

    def base(self, quantity: float | None) -> float | None:
        """Return a quantity in the base unit; raise ValueError if it is beyond all numbers."""
        if quantity is None or self.factor is None:
            return None
        base = quantity * self.factor
        if not math.isfinite(base):
            raise ValueError(f"{quantity} {self.unit} is no finite number in the base unit")
        return base


def row_of(
    table: str, event: EventRevision, measure: Measure, resolved: dict[str, Any]
) -> tuple[Any, ...]:
    """Build a row; resolved values replace fields of the event with the same name."""
    values = {
        "event_id": event.event_id,
        "revision": event.revision,
        "known_from": event.known_from,
        "known_to": event.known_to,
        "at": event.at,
        "quantity": event.number("quantity"),
        "unit": event.text("unit"),
        "base_quantity": measure.base(event.number("quantity")),
        **resolved,
    }
    return tuple(
        [values[name] if name in values else _value_of(event, name) for name in TABLES[table]]
    )


_INSTANTS: Final = {
    "due_from": "due_from_us",
    "due_until": "due_until_us",
    "cumulative_since": "cumulative_since_us",
    "last_receipt_at": "last_receipt_us",
    "despatched_at": "despatched_us",
    "arrives_at": "arrives_us",
}
_NUMBERS: Final = frozenset(
    {
        "last_receipt_quantity",
        "package_count",
        "on_order_quantity",
        "reorder_level",
        "value",
        "lower_limit",
        "upper_limit",
    }
)
_LISTS: Final = frozenset({"packed_in", "handling_units"})


def _value_of(event: EventRevision, name: str) -> str | float | datetime | list[str] | None:
    if _INSTANTS.get(name, name) not in event.body:
        return [] if name in _LISTS else None
    if name in _INSTANTS:
        return event.instant(_INSTANTS[name])
    if name in _NUMBERS:
        return event.number(name)
    return event.texts(name) if name in _LISTS else event.text(name)
