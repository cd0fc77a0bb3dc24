"""Stock levels as the API shows them."""

from datetime import datetime

from pydantic import BaseModel


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
