"""Stock levels as the API shows them."""

from datetime import datetime

from pydantic import BaseModel

from werknetz_core.http.pagination import Page


class StockLevelView(BaseModel):
    warehouse: str
    location: str | None
    material: str
    description: str
    quantity: float | None  # null: unknown at that time
    unit: str | None
    value: float | None  # quantity × unit cost
    currency: str | None
    counted_at: datetime | None  # the last count; null: none yet
    moved_at: datetime | None  # the last movement after it


class StockLevelListView(Page[StockLevelView]):
    at: str
    known_at: str | None  # null: by what is known now
