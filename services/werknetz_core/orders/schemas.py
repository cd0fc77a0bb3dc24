"""Production orders as the API shows them."""

from datetime import datetime

from pydantic import BaseModel


class OrderView(BaseModel):
    equipment: str
    order_number: str
    planned_run_s_per_item: float | None
    planned_quantity: float | None
    material: str | None
    started_at: datetime | None
    ended_at: datetime | None
