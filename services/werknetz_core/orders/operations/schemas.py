"""Operations of orders as the API shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class OperationView(BaseModel):
    """A step of an order at a machine, from the events of its start and end."""

    order_number: str
    operation: str
    equipment: str  # as named in the events
    material: str | None
    planned_quantity: float | None
    planned_run_s_per_item: float | None
    planned_setup_s: float | None
    planned_end_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    good_quantity: float | None
    scrap_quantity: float | None
    rework_quantity: float | None
    event_ids: list[UUID]
