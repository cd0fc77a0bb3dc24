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
    window_from: datetime  # on time from then up to, not with, …
    window_until: datetime
    commitment: str | None
    quantity: float
    delivered_quantity: float
    open_quantity: float
    state: Literal["open", "measured"]
    late: bool  # not there although its window is over, or came after it
    is_uncertain: bool  # what says otherwise may have been lost before it was accepted
    on_time: bool | None
    in_full: bool | None
    delay_s: float | None
    first_received_at: datetime | None
    fulfilled_at: datetime | None
    event_ids: list[UUID]
    shipment_ids: list[UUID]  # of the events that announced it
    receipt_ids: list[UUID]
