"""Warehouses, what is in them and what went in and out, as the API shows them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Moving = Literal["stock_moved", "goods_received", "material_consumed"]


class WarehouseView(BaseModel):
    key: str
    name: str
    code: str  # as messages say it
    site: str | None
    plant: str | None
    moved_by: list[Moving]  # which events move its stock
    materials: int
    open_findings: int


class WarehouseDetailView(WarehouseView):
    locations: int
    last_count_at: datetime | None
    last_movement_at: datetime | None


class WarehouseChange(BaseModel):
    """What is not given stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: Word | None = None
    code: Word | None = None
    site: Word | None = Field(None, description="Key of the site that it is at.")
    plant: Word | None = Field(None, description="Equipment path of the plant that it serves.")
    moved_by: Annotated[list[Moving], Field(max_length=3)] | None = None


class StockLevelView(BaseModel):
    warehouse: str
    location: str | None
    material: str
    description: str
    quantity: float | None  # null: nothing was known of it then
    unit: str | None
    value: float | None  # quantity × unit cost
    currency: str | None
    counted_at: datetime | None  # the count that it starts from; null: none yet
    moved_at: datetime | None  # the last movement after it


class StockMovementView(BaseModel):
    """A count or a movement, with what was there afterwards."""

    event_id: UUID
    event: str
    leg: int  # 1: the other side of a movement between two locations
    kind: str  # stock_counted, stock_moved, goods_received, material_consumed
    at: datetime
    warehouse: str
    location: str | None
    material: str
    quantity: float | None
    unit: str | None
    base_quantity: float | None  # null: the unit does not fit the material's
    balance: float | None  # after it
    difference: float | None  # of a count: counted less expected
    document: str | None
    reason: str | None
    batch: str | None
    status: str | None
    order_number: str | None
    known_from: datetime
