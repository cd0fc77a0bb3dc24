"""Due lines as the API shows them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from werknetz_core.deliveries.schemas import RelationView


class DueLineView(RelationView):
    document: str
    order_number: str | None
    group_key: str
    due_from: datetime
    due_until: datetime
    window_from: datetime  # on time from here …
    window_until: datetime  # … up to here, exclusive
    commitment: str | None
    quantity: float
    delivered_quantity: float
    open_quantity: float
    state: Literal["open", "measured"]
    late: bool  # still open after its window, or delivered after it
    is_uncertain: bool  # messages that would change it may have been lost
    on_time: bool | None
    in_full: bool | None
    delay_s: float | None
    first_received_at: datetime | None
    fulfilled_at: datetime | None
    event_ids: list[UUID]
    shipment_ids: list[UUID]  # events that announced it
    receipt_ids: list[UUID]
