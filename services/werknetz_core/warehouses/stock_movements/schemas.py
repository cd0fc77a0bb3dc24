"""Counts and movements as the API shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class StockMovementView(BaseModel):
    """A count or a movement, with the balance after it."""

    event_id: UUID
    event: str
    leg: int  # 1: the second side of a movement between two locations
    kind: str  # stock_counted, stock_moved, goods_received, material_consumed
    at: datetime
    warehouse: str
    location: str | None
    material: str
    quantity: float | None
    unit: str | None
    base_quantity: float | None  # null: the unit does not match the material's
    balance: float | None  # after it
    difference: float | None  # of a count: counted − expected
    document: str | None
    reason: str | None
    batch: str | None
    status: str | None
    order_number: str | None
    known_from: datetime
