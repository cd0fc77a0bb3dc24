"""Receipts as the API shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class ReceiptView(BaseModel):
    event_id: UUID
    event: str
    supplier: str | None
    material: str | None
    site: str | None
    dock: str | None
    warehouse: str | None
    document: str
    line: str | None
    delivery_note: str | None
    shipment: str | None
    received_at: datetime
    quantity: float | None
    unit: str | None
    base_quantity: float | None
    accepted_quantity: float | None
    rejected_quantity: float | None
    discrepancy: str | None
    order_number: str | None
    order_line: str | None
    batch: str | None
    known_from: datetime
