"""Shipments, their lines and handling units as the API shows them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class ShipmentView(BaseModel):
    id: int
    supplier: str
    site: str | None
    document: str
    delivery_note: str | None
    state: Literal["announced", "in_transit", "overdue", "partly_received", "received"]
    announced_at: datetime
    despatched_at: datetime | None
    arrives_at: datetime | None
    received_at: datetime | None
    carrier: str | None
    line_count: int


class ShipmentReceiptView(BaseModel):
    event_id: UUID
    event: str
    document: str
    received_at: datetime
    accepted_quantity: float | None
    rejected_quantity: float | None
    discrepancy: str | None


class ShipmentLineView(BaseModel):
    event_id: UUID
    event: str
    line: str | None
    material: str | None
    dock: str | None
    quantity: float | None
    unit: str | None
    base_quantity: float | None
    received_quantity: float | None
    open_quantity: float | None
    handling_unit: str | None
    batch: str | None
    order_number: str | None
    order_line: str | None
    receipts: list[ShipmentReceiptView]


class HandlingUnitView(BaseModel):
    """A package with its contents."""

    label: str
    package_type: str | None
    lines: list[UUID]  # events of the lines packed directly in it
    contains: list["HandlingUnitView"]


class ShipmentDetailView(ShipmentView):
    lines: list[ShipmentLineView]
    handling_units: list[HandlingUnitView]
